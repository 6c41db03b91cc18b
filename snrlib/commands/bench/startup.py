"""Start-up: what importing the package costs, beside importing what it is built on."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from snrlib.commands.bench.figure import Figure, compare


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def figures(quick: bool) -> Iterator[Figure]:
    """`import snrlib` and `snrlib --help`, each in a new process."""
    repeats = 3 if quick else 7
    for name, arguments in (
        ("import snrlib", ("-c", "import snrlib")),
        ("snrlib --help", ("-m", "snrlib", "--help")),
    ):
        yield compare(
            name, "a package that imports torch and pandas at once",
            lambda: _python("-c", "import torch, pandas"), "imports when first used",
            partial(_python, *arguments), repeats,
        )  # fmt: skip
