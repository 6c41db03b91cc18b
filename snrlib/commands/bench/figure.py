"""One figure: two ways of doing the same, timed in turn."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """How many times as fast (or as small) the kit's way is.

    Attributes:
        name: what is done.
        reference: the plain way, in words.
        ours: the kit's way, in words.
        reference_values, values: seconds (or megabytes), one of each per repeat.
        unit: of the values.
        target: the least ratio that the kit promises; None where none is promised.
        facts: further measurements.
    """

    name: str
    reference: str
    ours: str
    reference_values: list[float]
    values: list[float]
    unit: str = "s"
    target: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Reference by ours, repeat by repeat: neighbours in time share the machine's mood."""
        return [a / b for a, b in zip(self.reference_values, self.values, strict=True)]

    @property
    def ratio(self) -> float:
        """The median ratio."""
        return statistics.median(self.ratios)

    def described(self) -> dict[str, Any]:
        """The figure as plain values."""
        return {
            "figure": self.name,
            "reference": self.reference,
            "ours": self.ours,
            "unit": self.unit,
            "reference_values": _spread(self.reference_values),
            "values": _spread(self.values),
            "ratio": _spread(self.ratios),
            "target": self.target,
            "repeats": len(self.values),
            **self.facts,
        }

    def line(self) -> str:
        """The figure as one line of text."""
        low, high = min(self.ratios), max(self.ratios)
        middle, plain = statistics.median(self.values), statistics.median(self.reference_values)
        promised = f"; promised {self.target:g}" if self.target else ""
        facts = "".join(f"; {name} {_short(value)}" for name, value in self.facts.items())
        return (
            f"{self.name}: {self.ratio:.2f} times ({low:.2f} to {high:.2f}, {len(self.values)} "
            f"repeats{promised}): {middle:.3g} {self.unit} instead of {plain:.3g} {self.unit} "
            f"({self.reference}){facts}"
        )


def compare(
    name: str,
    reference: str,
    plain: Callable[[], Any],
    ours: str,
    kit: Callable[[], Any],
    repeats: int,
    target: float | None = None,
    per: float = 1.0,
    wait: Callable[[], None] = lambda: None,
    workers: bool = False,
    **facts: Any,
) -> Figure:
    """Times `plain` and `kit` in turn after one run of each to warm up.

    The ratio of processor time (with processes that were started and have ended) is kept beside
    that of wall time: on a busy machine it is the steadier one.

    Args:
        name, reference, ours, target, facts: of the figure.
        plain: does the work the plain way; kit: does it the kit's way.
        repeats: pairs of runs.
        per: how many units of work one call does.
        wait: called before each clock is read; waits for a GPU.
        workers: other processes work too, so that processor time here says nothing.
    """
    walls: tuple[list[float], list[float]] = ([], [])
    processor: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 1):
        for side, work in enumerate((plain, kit)):
            wait()
            wall, cpu = time.perf_counter(), _processor_time()
            work()
            wait()
            if repeat:  # the first of each warms up
                walls[side].append((time.perf_counter() - wall) / per)
                processor[side].append((_processor_time() - cpu) / per)
    busy = statistics.median(processor[0]) / max(1e-9, statistics.median(processor[1]))
    return Figure(
        name, reference, ours, *walls, target=target,
        facts=facts if workers else {"ratio of processor time": round(busy, 3), **facts},
    )  # fmt: skip


def _processor_time() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 6),
        "low": round(min(values), 6),
        "high": round(max(values), 6),
    }


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
