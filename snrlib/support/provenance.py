"""What a result depends on besides its settings: versions and the kit's commit."""

import platform
import subprocess
import sys
from functools import cache

import torch

from snrlib.support.files import kit_root


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    import numpy

    return {
        "snrlib": sys.modules["snrlib"].__version__,  # the package stands above this room
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
    }


@cache
def commit() -> str:
    """The kit's git commit, with a + when files differ from it; empty outside a checkout."""
    command = ["git", "-C", str(kit_root()), "describe", "--always", "--dirty=+", "--abbrev=10"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
