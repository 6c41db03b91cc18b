"""Executes one notebook with the Python that runs this, watched for time, memory and Ctrl-C."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
from ipykernel.kernelspec import RESOURCES
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from snrlib.commands.notebooks import quiet_papermill
from snrlib.support.errors import SnrlibError
from snrlib.support.files import atomic
from snrlib.support.text import duration


def execute(
    source: nbformat.NotebookNode,
    output: Path,
    parameters: dict[str, Any],
    cell_limit: int | None = None,
    failed: Path | None = None,
    name: str = "",
) -> int:
    """Executes a notebook with the Python that runs this, and returns its peak memory in MB.

    Args:
        source: the notebook.
        output: where the executed notebook goes, only if it succeeded.
        parameters: values for its parameters; their names must have been checked.
        cell_limit: seconds that one cell may take; None: any time.
        failed: where the notebook goes if it failed.
        name: what to call it in messages.

    Raises:
        SnrlibError: a cell failed, took too long, or the kernel died.
    """
    name = name or output.stem
    failed = failed or output.with_name(f"{output.stem}.failed.ipynb")
    code_cells = sum(cell.cell_type == "code" for cell in source.cells)
    watch = _Watch(code_cells)
    with atomic(output) as unfinished:
        try:
            with quiet_papermill(), watch:
                papermill.execute_notebook(
                    source,
                    # papermill fills braces in file names from the parameters
                    str(unfinished).replace("{", "{{").replace("}", "}}"),
                    parameters=parameters,
                    kernel_name="python3",
                    progress_bar=False,
                    cwd=os.getcwd(),  # relative paths mean the user's folder
                    execution_timeout=cell_limit,
                    kernel_manager_class=_ThisPython,
                    on_cell_start=watch.cell,
                )
        except (PapermillExecutionError, CellTimeoutError, DeadKernelError) as error:
            os.replace(unfinished, failed)
            raise SnrlibError(_failure(name, error, watch, cell_limit, failed)) from error
    return watch.peak_mb


def _failure(
    name: str, error: Exception, watch: "_Watch", cell_limit: int | None, failed: Path
) -> str:
    """Notebook, cell and error as one block that can be read without opening anything."""
    code = watch.source.strip().splitlines()
    shown = [f"    {line}" for line in code[:12]] + (["    ..."] if len(code) > 12 else [])
    if isinstance(error, CellTimeoutError):
        limit = duration(cell_limit or 0)
        what = [f"The cell took longer than the profile allows ({limit})."]
    elif isinstance(error, DeadKernelError):
        what = ["The kernel died; the system may have run out of memory."]
    else:
        assert isinstance(error, PapermillExecutionError)
        what = [f"{error.ename}: {error.evalue}"]
        if not error.ename.endswith("SnrlibError") and error.ename not in _REFUSALS:
            trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)).splitlines()
            what += ["", *[f"    {line}" for line in trace[-15:-1]]]
    return "\n".join(
        [
            f"{name} stopped at code cell {watch.position} of {watch.cells}:",
            "",
            *shown,
            "",
            *what,
            "",
            f"The notebook up to there: {failed}",
            "What was finished is kept; the same command continues.",
        ]
    )


# Errors that say in one sentence what to do: a trace would bury it.
_REFUSALS = {"AudioError", "MetricError"}


class _ThisPython(AsyncKernelManager):
    """Kernel python3 is the interpreter that runs this, whatever is registered by that name."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
        return KernelSpec(
            resource_dir=str(RESOURCES),
            argv=[*command, "-f", "{connection_file}", "--log-level=50"],
            display_name="Python 3",
            language="python",
        )


class _Watch:
    """Follows one execution: which cell, how much memory, and Ctrl-C."""

    def __init__(self, cells: int) -> None:
        self.cells = cells  # code cells
        self.position = 0  # of the running code cell, counted from 1
        self.source = ""
        self.peak_mb = 0
        self._terminal = sys.stdout.isatty()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def __enter__(self) -> "_Watch":
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        if self._terminal:
            print("\r\x1b[2K", end="", flush=True)

    def cell(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """Called by nbclient before each cell."""
        if cell.cell_type != "code":
            return
        if "injected-parameters" not in cell.metadata.get("tags", []):
            self.position += 1
        self.source = cell.source
        if self._terminal:
            took = duration(time.monotonic() - self._began)
            line = f"    cell {self.position} of {self.cells}, {took}"
            print(f"\r\x1b[2K{line}", end="", flush=True)
        # nbclient answers Ctrl-C and SIGTERM by stopping the kernel and reports a dead kernel;
        # here they end the study (the kernel is stopped on the way out).
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(RuntimeError, NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, _interrupt)

    def _measure(self) -> None:
        import psutil  # ipykernel brings it

        here = psutil.Process()
        while not self._stopped.wait(0.5):
            total = 0
            for process in here.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
            self.peak_mb = max(self.peak_mb, total // 2**20)


def _interrupt() -> None:
    raise KeyboardInterrupt
