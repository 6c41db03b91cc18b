"""Hearing the study: players that work everywhere, live mixing, and blind tests.

Three layers, each where it can live: a plain table of audio elements (also in an untrusted
notebook and in exported pages), a panel that switches between aligned sources (where scripts
run), and widgets that mix on the spot (where a kernel runs). Levels are never changed
silently: one gain for all the sources of a comparison, and it is printed.

Notebook: 00_start_here, 09_listening_test.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from snrlib.listening.players import Players, compare, players

if TYPE_CHECKING:
    from snrlib.listening.explorer import explore

__all__ = ["Players", "compare", "explore", "players"]

_LAZY = {"explore": "snrlib.listening.explorer"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'snrlib.listening' has no attribute '{name}'")
