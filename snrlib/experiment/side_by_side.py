"""Independent trainings side by side, each in a process of its own.

A narrow network cannot use many cores, so four teachers at once take little longer than one. How
many threads a training computes with is part of its budget, so that its weights do not depend on
how many others ran beside it. Each process keeps its own resume state: what is killed here goes on
like a single training.

Notebook: 04_teacher_training.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from snrlib.support import progress
from snrlib.support.errors import SnrlibError
from snrlib.support.progress import Drawn
from snrlib.support.text import duration, listed

MEMORY_BYTES = 1.2e9  # that one training beside others may need: PyTorch, network, a batch
GRACE_SECONDS = 20.0  # until a training that was asked to stop is ended


def at_once(trainings: int, threads: int, gpus: int = 0) -> int:
    """How many trainings run at once on this machine.

    Args:
        trainings: how many there are.
        threads: that one of them computes with; 0 for as many as there are cores.
        gpus: where there are some, each training has one for itself.
    """
    if gpus:
        return min(trainings, gpus)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    room = (cores or 1) // threads if threads else 1
    return max(1, min(trainings, room, _memory() // int(MEMORY_BYTES)))


def train(
    names: Sequence[str],
    opening: dict[str, Any],
    jobs: int,
    work: Callable[..., None],
    **options: Any,
) -> None:
    """Runs `work(opening, name, options)` for every name, `jobs` processes at a time.

    Args:
        names: the systems to train, in the order in which they start.
        opening: what opens the run in another process.
        jobs: processes at a time.
        work: trains one; a function of a module, since it is looked up there by each process.
        options: handed on.

    Raises:
        SnrlibError: a training failed; the others were stopped and can go on.
        KeyboardInterrupt: after all of them were stopped.
    """
    context = multiprocessing.get_context("spawn")
    told, tasks = context.SimpleQueue(), context.SimpleQueue()
    for name in [*names, *[None] * jobs]:
        tasks.put(name)
    board = _Board(names)
    processes = [
        context.Process(target=_run, args=(work, opening, options, number, tasks, told))
        for number in range(jobs)
    ]
    try:
        with board:
            for process in processes:
                process.start()
            alive = processes
            while alive and not board.failed:
                wait([process.sentinel for process in alive], timeout=0.3)
                _listen(told, board)
                for number, process in enumerate(processes):
                    if process.exitcode and number in board.working:
                        board.failed.setdefault(board.working[number], _end(process.exitcode))
                alive = [process for process in processes if process.is_alive()]
            _stop(alive)
            _listen(told, board)
    except BaseException:
        _stop([process for process in processes if process.is_alive()])
        raise
    if board.failed:
        name, why = next(iter(board.failed.items()))
        others = [n for n in names if n != name and n not in board.finished]
        rest = f" {listed(others)} stopped with it; the same command continues." if others else ""
        raise SnrlibError(f"The training of {name} failed: {why}{rest}")


def _run(
    work: Callable[..., None],
    opening: dict[str, Any],
    options: dict[str, Any],
    number: int,
    tasks: Any,
    told: Any,
) -> None:
    """One process: trains the next name until there is none."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which stops all
    os.environ["LOCAL_RANK"] = str(number)  # which GPU, see snrlib.support.devices
    try:
        while (name := tasks.get()) is not None:
            told.put((number, name, "begun", None))
            progress.report(partial(_tell, told, number, name))
            work(opening, name, options)
            told.put((number, name, "done", None))
    except SnrlibError as error:
        told.put((number, name, "failed", str(error)))
        raise SystemExit(1) from error
    except KeyboardInterrupt as error:
        raise SystemExit(1) from error


def _tell(told: Any, number: int, name: str, done: int, total: int) -> None:
    told.put((number, name, "at", (done, total)))


def _end_with_parent() -> None:
    """A process whose parent was killed ends: nobody would hear of its result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _listen(told: Any, board: "_Board") -> None:
    """Takes what the processes have said so far: (process, name, kind, content)."""
    while not told.empty():
        board.hear(*told.get())


def _stop(processes: list[Any]) -> None:
    """Asks the processes to stop, and ends those that do not."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE_SECONDS
    for process in processes:
        process.join(max(0.1, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _end(code: int) -> str:
    """What the exit code of a process that said nothing means."""
    if code == -getattr(signal, "SIGKILL", 9):
        return "its process was killed; the machine may have run out of memory (try fewer --jobs)."
    return f"its process ended with code {code}."


def _memory() -> int:
    """Bytes of memory that are free for trainings."""
    try:
        import psutil  # ipykernel brings it
    except ImportError:
        return 1 << 62
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container
    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):
        free = min(free, int(limit.read_text()))
    return free


class _Board(Drawn):
    """Where all trainings stand, on one line."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names, self.finished = list(names), set[str]()
        self.failed: dict[str, str] = {}  # name -> why
        self.working: dict[int, str] = {}  # process -> what it trains
        self.at: dict[str, tuple[int, int]] = {}
        self.first: dict[str, int] = {}  # steps that an earlier run had done

    def hear(self, number: int, name: str, kind: str, content: Any) -> None:
        """Takes one message: "begun", "at" (steps done, of), "done" or "failed" (why)."""
        if kind == "begun":
            self.working[number] = name
        elif kind == "failed":
            self.failed[name] = content
        elif kind == "done":
            self.finished.add(name)
            self.working.pop(number, None)
        else:
            self.at[name] = content
            self.first.setdefault(name, content[0])
        self.due()

    def line(self) -> str:
        """The line, as text: each training's part, and the time left."""
        words = []
        for name in self.names:
            done, total = self.at.get(name, (0, 0))
            if name in self.finished:
                words.append(f"{name} done")
            else:
                words.append(f"{name} {100 * done // total} %" if total else f"{name} waits")
        seconds = time.monotonic() - self.started
        if len(self.finished) == len(self.names):
            return f"{', '.join(words)}; took {duration(seconds)}"
        known = [total for _, total in self.at.values()]
        new = sum(done - self.first[n] for n, (done, _) in self.at.items())
        if not new or not known:
            return ", ".join(words)
        # Those that have not begun are taken to be as long as the longest that has.
        unknown = [n for n in self.names if n not in self.at and n not in self.finished]
        rest = sum(total - done for n, (done, total) in self.at.items() if n not in self.finished)
        rest += len(unknown) * max(known)
        return f"{', '.join(words)}; about {duration(rest * seconds / new)} left"
