"""Exercises that check themselves: a verdict in words, no traceback, and no answer given away.

A notebook's exercise is a task, a stub to fill in, a hint and a worked solution. Stub and
solution end with the same call, :func:`check`, which finds the check of that exercise in this
package (one module per notebook, such as `n01_data_construction`) and shows what it says.

A check takes the reader's answer (a function or a value). It raises :class:`NotYet` with a
sentence that names what is wrong, or returns a sentence that says what was confirmed. Its
docstring says what is asked for; a reader who has filled in nothing gets to see it.

In a notebook an exercise is four cells with the tags `exercise`, `stub`, `hint` and `solution`.
tests/test_exercises.py holds the notebooks to that, runs all stubs and solutions, and feeds the
checks with the typical mistakes of tests/wrong_answers.
"""

import html
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from snrlib.exercises.answers import (
    NotYet,
    Untouched,
    compare,
    guarded,
    option,
    parts,
    quantity,
    signal,
    untouched,
)
from snrlib.support.errors import SnrlibError
from snrlib.support.text import with_minus_signs

__all__ = [
    "NotYet",
    "Verdict",
    "check",
    "compare",
    "exercise",
    "numbers",
    "option",
    "quantity",
    "signal",
    "verdict",
]

Check = Callable[..., str]

_CHECKS: dict[str, Check] = {}


@dataclass(frozen=True)
class Verdict:
    """What is said about an answer: HTML in a notebook, the same words elsewhere.

    Args:
        number: of the exercise, such as "01.2".
        solved: whether the answer passes.
        sentence: what was confirmed, or what is wrong.
        folded: show the sentence on a click only: that of a worked solution gives answers away.
    """

    number: str
    solved: bool
    sentence: str
    folded: bool = False

    def __repr__(self) -> str:
        return f"{self.number} {'solved' if self.solved else 'not yet'}: {self.sentence}"

    def _repr_html_(self) -> str:
        # Text and ground are the page's own, so that the box reads on light and on dark; only
        # what JupyterLab keeps in a notebook that it does not trust.
        colour, mark = ("#2a9464", "✓ solved") if self.solved else ("#b87400", "○ not yet")
        sentence = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.sentence))
        if self.folded:
            text = (
                f"<details><summary>{self.number} {mark}: what the check says to the worked "
                f"solution</summary>{sentence}</details>"
            )
        else:
            text = f"<strong>{self.number} {mark}</strong>: {sentence}"
        return (
            f'<div style="border-left: 5px solid {colour}; padding: 6px 12px; margin: 6px 0; '
            f'max-width: 56em;">{text}</div>'
        )


def exercise(number: str) -> Callable[[Check], Check]:
    """Registers a function as the check of an exercise.

    Args:
        number: of the notebook and of the exercise in it, such as "01.2".

    Raises:
        SnrlibError: there is another check of that number, or it does not say what is asked for.
    """

    def register(function: Check) -> Check:
        other = _CHECKS.get(number)
        if other and other.__qualname__ != function.__qualname__:
            raise SnrlibError(
                f"Exercise {number} has two checks, {other.__qualname__} and "
                f"{function.__qualname__}; give one of them another number."
            )
        if not function.__doc__:
            raise SnrlibError(
                f"The check of exercise {number} has no docstring; write there what is asked for."
            )
        _CHECKS[number] = function
        return function

    return register


def check(number: str, answer: Any, *more: Any, solution: bool = False) -> None:
    """Shows whether an answer solves an exercise and, if not, what is wrong with it.

    Args:
        number: of the exercise, such as "01.2".
        answer: the reader's function or value.
        more: further answers, where the exercise asks for several.
        solution: this is the worked solution, which has to pass.

    Raises:
        SnrlibError: there is no such exercise, or the worked solution does not pass.

    Notebook: 01_data_construction.
    """
    found = verdict(number, answer, *more)
    if solution and not found.solved:
        raise SnrlibError(
            f"The worked solution of exercise {number} does not pass its check: {found.sentence}"
        )
    from IPython.display import display

    display(replace(found, folded=solution))


def verdict(number: str, answer: Any, *more: Any) -> Verdict:
    """What :func:`check` shows, as a value.

    Raises:
        SnrlibError: there is no such exercise.
    """
    function = _find(number)
    asked = f"Asked for: {_asked(function)}"
    answers = (answer, *more)
    try:
        if any(untouched(given) for given in answers):
            raise Untouched
        return Verdict(number, True, with_minus_signs(function(*map(guarded, answers))))
    except Untouched:
        values = [part for given in answers for part in parts(given) if not callable(part)]
        begun = any(not untouched(value) for value in values)
        missing = "something is not filled in" if begun else "nothing is filled in"
        return Verdict(number, False, f"{missing}. {asked}")
    except NotYet as wrong:
        return Verdict(number, False, with_minus_signs(str(wrong)))
    except Exception as error:  # whatever an answer of an unforeseen kind sets off in a check
        kind = type(error).__name__
        return Verdict(number, False, f"this answer cannot be checked ({kind}: {error}). {asked}")


def numbers(notebook: str = "") -> list[str]:
    """The numbers of all exercises, or of those of one notebook ("01"), in order."""
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith(f"n{notebook}") and module.name[1:3].isdigit():
            import_module(f"{__name__}.{module.name}")
    return sorted(number for number in _CHECKS if number.startswith(notebook))


def _find(number: str) -> Check:
    known = numbers(number[:2])
    if number not in known:
        there = f"there are {', '.join(known)}" if known else "that notebook has none"
        raise SnrlibError(f"There is no exercise {number!r}; {there}.")
    return _CHECKS[number]


def _asked(function: Check) -> str:
    paragraph = (function.__doc__ or "").strip().split("\n\n")[0]
    text = " ".join(paragraph.split())
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
