"""How fast is it here: every figure a ratio against the plain way, measured side by side.

Machines are noisy and differ, so a number of seconds says little. Each figure of `snrlib bench`
times a stated reference (how one would write it without this kit) and the kit's own way in
turn, in one process, and reports the median ratio with its spread.
"""

import os
import platform
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from snrlib.commands.bench.figure import Figure
from snrlib.support.errors import SnrlibError

# Each is a module of this package with `figures(quick) -> Iterable[Figure]`.
PARTS = {
    "startup": "importing the package, asking for help",
    "crops": "making a batch of training examples",
    "inference": "enhancing a recording with the paper's U-Net",
    "training": "a training step, the paper's U-Net and a narrow one",
    "distillation": "a step of S2: one teacher per row",
    "scoring": "PESQ, STOI and the others on all cores",
    "long_audio": "an hour of audio: memory and time",
    "banks": "hours of speech: memory of building and training",
    "agreement": "losses of the fast and of the plain training",
    "page": "the desk in a browser: from the knob to the sound",
}
_SLOW = {"agreement"}  # trains several times; only when asked for, or in a full run
_ASKED = {"page"}  # needs a browser that programs can drive; only when asked for


def measure(
    only: Iterable[str] = (),
    quick: bool = False,
    found: Callable[[Figure], None] = lambda figure: None,
) -> dict[str, Any]:
    """Measures the parts asked for; a report that can be written as JSON.

    Args:
        only: names of :data:`PARTS`; empty for all that need no browser.
        quick: fewer repeats and smaller work: a minute or two, and rougher figures.
        found: called with each figure as soon as it is there.

    Raises:
        SnrlibError: a part that does not exist.
    """
    left_out = _ASKED | (_SLOW if quick else set())
    chosen = list(only) or [part for part in PARTS if part not in left_out]
    for part in chosen:
        if part not in PARTS:
            raise SnrlibError(f"There is nothing called '{part}' to measure; {', '.join(PARTS)}.")
    figures = []
    for part in chosen:
        for figure in import_module(f"snrlib.commands.bench.{part}").figures(quick):
            found(figure)
            figures.append({"part": part, **figure.described()})
    return {"machine": machine(), "quick": quick, "figures": figures}


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, cores, GPU, versions."""
    import torch

    from snrlib.models import checkpoint
    from snrlib.support.devices import computes_in_bf16

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "bf16": computes_in_bf16(),
        "gpu": gpu,
        "system": platform.platform(),
        "versions": checkpoint.versions(),
        "commit": checkpoint.commit(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model n")]
    except OSError:
        names = []
    return names[-1] if names else platform.processor() or platform.machine()
