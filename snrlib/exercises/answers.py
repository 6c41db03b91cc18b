"""What a reader hands in, made safe and readable for the checks.

A reader's function may be unfinished, raise, or change the arrays it is given; a number may be
text, a signal may have lost its last sample. Here each of these becomes a sentence.
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


class NotYet(Exception):
    """What is wrong with an answer, in a sentence that helps and does not give it away."""


class Untouched(Exception):
    """Nothing was filled in: the stub is as it was, or still holds an ellipsis."""


def untouched(answer: Any) -> bool:
    """Whether an answer, or a part of it, is None or `...`."""
    return any(part is None or part is ... for part in parts(answer))


def parts(answer: Any) -> list[Any]:
    """The values of a dictionary, list or tuple; anything else is one part."""
    if isinstance(answer, dict):
        return list(answer.values())
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def guarded(answer: Any) -> Any:
    """A reader's function such that calling it gives a result or a sentence; a value as it is.

    The function gets copies of arrays, tensors and tables. When it raises, the caller sees
    :class:`NotYet` with the error's words; when it returns nothing, :class:`Untouched`.
    """
    if not (inspect.isroutine(answer) or isinstance(answer, functools.partial)):
        return answer

    @functools.wraps(answer)
    def called(*arguments: Any, **options: Any) -> Any:
        try:
            result = answer(*map(_copy, arguments), **options)
        except NotImplementedError as error:
            raise Untouched from error
        except Exception as error:  # a reader's code may raise anything
            if "ellipsis" in str(error):
                raise Untouched from error
            given = ", ".join(map(_described, [*arguments, *options.values()])) or "no argument"
            name = getattr(answer, "__name__", "function")
            name = "your function" if name == "<lambda>" else f"your {name}()"
            what = f"{type(error).__name__}: {str(error).removesuffix('.')}"
            raise NotYet(f"{name} raised {what}; it was called with {given}.") from error
        if untouched(result):
            raise Untouched
        return result

    return called


def quantity(answer: Any, unit: str = "") -> float:
    """A number that a reader gave, as a float.

    Args:
        answer: a number, or an array or tensor that holds one.
        unit: what it should be in, for the sentence.

    Raises:
        NotYet: it is no single finite number.
    """
    wanted = "a number" + (f" in {unit}" if unit else "")
    if untouched(answer):
        raise Untouched
    if isinstance(answer, (str, bool, np.bool_)) or callable(answer):
        raise NotYet(f"this should be {wanted}, not {_described(answer)}.")
    try:
        array = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NotYet(f"this should be {wanted}, not {_described(answer)}.") from error
    if array.size != 1:
        raise NotYet(f"this should be {wanted}, not {_described(answer)}: is a mean missing?")
    value = float(array.reshape(()))
    if not math.isfinite(value):
        raise NotYet(
            f"this should be {wanted}, but it is {value}: look for a division by zero or the "
            "logarithm of zero."
        )
    return value


def compare(
    value: float,
    truth: float,
    tolerance: float,
    mistakes: Mapping[str, float] | None = None,
    unit: str = "",
) -> None:
    """Nothing, if a number is right; else a sentence on what made it wrong.

    Args:
        value: the reader's number.
        truth: what it should be.
        tolerance: how far off it may be.
        mistakes: sentence -> the number that this mistake leads to, the likeliest first.
        unit: of the numbers.

    Raises:
        NotYet: it is further off; the sentence is that of the mistake that fits, or says on
            which side of the truth the number lies.
    """
    if abs(value - truth) <= tolerance:
        return
    for sentence, wrong in (mistakes or {}).items():
        if abs(value - wrong) <= tolerance:
            raise NotYet(sentence)
    side = "high" if value > truth else "low"
    shown = f"{value:,.0f}" if 1_000 <= abs(value) < 1e9 else f"{value:.4g}"
    raise NotYet(f"{shown}{' ' if unit else ''}{unit} is too {side}.")


def option(answer: Any, options: Sequence[str]) -> str:
    """Which of several named options a reader chose; spelling in capitals or not is the same.

    Raises:
        NotYet: it is none of them.
    """
    for name in options:
        if isinstance(answer, str) and answer.strip().lower() == name.lower():
            return name
    quoted = ", ".join(f'"{name}"' for name in options)
    raise NotYet(f"{_described(answer)} is none of the options: {quoted}.")


def signal(answer: Any, like: np.ndarray) -> np.ndarray:
    """A signal or table of numbers that a reader's function returned, as float64.

    Args:
        answer: an array, a list or a tensor.
        like: an array of the shape that was asked for.

    Raises:
        NotYet: no numbers, another shape, or NaN and infinite ones among them.
    """
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu().numpy()
    try:
        array = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NotYet(f"this should be an array of numbers, not {_described(answer)}.") from error
    if array.shape != np.shape(like):
        raise NotYet(f"the result has the shape {array.shape}; asked for is {np.shape(like)}.")
    if not np.isfinite(array).all():
        raise NotYet("the result holds NaN or infinite numbers: look for a division by zero.")
    return array


def _copy(value: Any) -> Any:
    for method in ("clone", "copy"):  # tensors; arrays, tables, lists and dicts
        copied: Callable[[], Any] | None = getattr(value, method, None)
        if callable(copied) and not isinstance(value, type):
            return copied()
    return value


def _described(value: Any) -> str:
    """A value in a few words: short ones as they are, arrays by shape."""
    if hasattr(value, "shape") and np.shape(value):
        return f"an array of shape {tuple(value.shape)}"
    if inspect.isroutine(value):
        return "a function"
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
