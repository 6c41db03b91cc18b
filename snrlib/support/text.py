"""Numbers and lists as a sentence writes them: real minus signs, units, times."""

import math
import re
from collections.abc import Sequence
from typing import Any


def number(value: float, digits: int = 2, signed: bool = False) -> str:
    """A number as text, with a real minus sign; what rounds to zero has no sign."""
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def listed(names: Sequence[Any]) -> str:
    """Joins names as a sentence does (a, b and c), numbers with a real minus sign."""
    words = [f"{n:g}".replace("-", "−") if isinstance(n, int | float) else str(n) for n in names]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def with_minus_signs(sentence: str) -> str:
    """Numbers below zero with a minus sign, not with a hyphen."""
    return re.sub(r"(?<![\w.)\]])-(?=\d)", "−", sentence)


def duration(seconds: float) -> str:
    """Seconds as a person writes them: `8 s`, `3 min 20 s`, `2 h 05 min`."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def decibels(value: float) -> str:
    """A level as text: one decimal, a real minus sign, and -∞ for silence."""
    if math.isinf(value):
        return "−∞"
    return f"{value:.1f}".replace("-", "−")
