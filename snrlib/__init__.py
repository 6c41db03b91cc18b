"""snrlib: learn, hear and reproduce SNR-based teachers-student speech enhancement.

Everything here is loaded when first used, so that `import snrlib` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from snrlib.support.errors import AudioError, MetricError, SnrlibError

if TYPE_CHECKING:
    from snrlib.enhancement import Enhancer, load_model
    from snrlib.experiment.run import Run, open_run
    from snrlib.listening import compare, explore

__version__ = "0.1.0"

_LAZY = {
    "Enhancer": "snrlib.enhancement",
    "load_model": "snrlib.enhancement",
    "compare": "snrlib.listening",
    "explore": "snrlib.listening",
    "Run": "snrlib.experiment.run",
    "open_run": "snrlib.experiment.run",
}

__all__ = [
    "AudioError",
    "Enhancer",
    "MetricError",
    "Run",
    "SnrlibError",
    "__version__",
    "compare",
    "explore",
    "load_model",
    "open_run",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'snrlib' has no attribute '{name}'")
