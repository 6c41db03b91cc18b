"""Progress with the time left: one line in a terminal, one output in a notebook.

`tqdm.auto` draws a widget that is blank in offline HTML and plain `tqdm` stacks lines in a
saved notebook, so in a notebook the kit updates a single display in place.
"""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from snrlib.support.kernel import in_notebook
from snrlib.support.text import duration

_report: Callable[[int, int], None] | None = None


def report(told: Callable[[int, int], None] | None) -> None:
    """Lets every progress of this process be told to `told(done, total)` instead of drawn.

    For a process that works beside others, whose parent draws one line for all.
    """
    global _report
    _report = told


class Drawn:
    """One line that is drawn again and again in the same place; subclasses say what it reads."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._last_drawn = self.started
        self._text = ""
        self._handle: Any = None
        self._notebook = in_notebook()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def line(self) -> str:
        """The line, as text."""
        raise NotImplementedError

    def due(self) -> None:
        """Draws the line if the last one is old enough."""
        interval = 0.5 if (self._notebook or self._terminal or _report) else 30.0
        if time.monotonic() - self._last_drawn >= interval:
            self._draw()

    def _draw(self) -> None:
        self._last_drawn = time.monotonic()
        self._text = self.line()
        if self._notebook:
            from IPython.display import display

            text = {"text/plain": self._text}
            if self._handle is None:
                self._handle = display(text, raw=True, display_id=True)
            else:
                self._handle.update(text, raw=True)
        elif self._terminal:
            print(f"\r\x1b[2K{self._text}", end="", file=sys.stderr, flush=True)
        else:
            print(self._text, file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A job that took no time worth speaking of leaves no line behind.
        if self._handle is not None or time.monotonic() - self.started > 5:
            self._draw()
            if self._terminal and not self._notebook:
                print(file=sys.stderr)
        elif self._terminal and not self._notebook:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


class Progress(Drawn):
    """Counts work done and says how long the rest will take.

    Args:
        total: number of steps of the whole job.
        label: what is being done ("T1", "scoring S2").
        unit: what is counted ("step", "mixture").
        done: how many steps an earlier run had finished; they do not count for the speed.

    Example:
        >>> with Progress(400, "T1") as progress:
        ...     progress.update(1, loss="0.012")
    """

    def __init__(self, total: int, label: str, unit: str = "step", done: int = 0) -> None:
        super().__init__()
        self.total, self.label, self.unit = total, label, unit
        self.done = self._done_before = done
        self.shown: dict[str, str] = {}
        self._drawn = -1

    def update(self, n: int = 1, **shown: str) -> None:
        """Counts `n` more steps; keyword values are shown behind the count."""
        self.done += n
        self.shown.update(shown)
        self.due()

    def line(self) -> str:
        """The progress line, as text."""
        seconds = time.monotonic() - self.started
        new = self.done - self._done_before
        words = [f"{self.label}: {self.done:,} of {self.total:,} {self.unit}s"]
        words += [f"{name.replace('_', ' ')} {value}" for name, value in self.shown.items()]
        if new > 0 and seconds > 0:
            rate = new / seconds
            words.append(f"{rate:.1f} {self.unit}s/s" if rate < 100 else f"{rate:.0f} per s")
            if self.done < self.total:
                words.append(f"{duration((self.total - self.done) / rate)} left")
            else:
                words.append(f"took {duration(seconds)}")
        return ", ".join(words)

    def _draw(self) -> None:
        self._drawn = self.done
        if _report is None:
            super()._draw()
        else:
            self._last_drawn = time.monotonic()
            _report(self.done, self.total)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.done == self._drawn and not self._terminal:
            return  # the last line said it all
        super().__exit__(kind, error, trace)
