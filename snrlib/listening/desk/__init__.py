"""The desk: mixtures made, enhanced and heard inside a page, with no kernel and no network.

Choose a sentence and a noise, turn the SNR, and hear what the students, the teachers, the teacher
in charge and the mean of all four make of it. `build` writes the page into a site, `show` puts it
into a notebook.

Notebook: 00_start_here, 05_distillation, 06_ablation_s1_vs_s2.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snrlib.listening.desk.page import build
    from snrlib.listening.desk.showing import show

__all__ = ["build", "show"]

_LAZY = {"build": "snrlib.listening.desk.page", "show": "snrlib.listening.desk.showing"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'snrlib.listening.desk' has no attribute '{name}'")
