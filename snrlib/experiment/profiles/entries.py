"""What may stand in a profile: every entry with its kind and its bounds, and nothing else.

A misspelt key would otherwise be ignored, and a study of hours would run with another number than
the one that was written down. A new entry is a line here.

Notebook: 00_start_here.
"""

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from snrlib.metrics import METRICS
from snrlib.models import MODELS
from snrlib.support.errors import SnrlibError


@dataclass(frozen=True)
class Entry:
    """What one entry takes.

    Attributes:
        kind: bool, int, float (a whole number will do), str or list.
        low: the smallest number that makes sense.
        high: the largest.
        choices: the only values, of the entry or of a list's members.
        members: what a list holds.
    """

    kind: type
    low: float = float("-inf")
    high: float = float("inf")
    choices: tuple[str, ...] = ()
    members: type | None = None

    def objection(self, value: Any) -> str:
        """What is wrong with a value, as the end of "... must be"; empty where nothing is."""
        if self.kind is list:
            if not isinstance(value, list):
                return "a list"
            inner = Entry(self.members or float, self.low, self.high, self.choices)
            wrong = [found for found in map(inner.objection, value) if found]
            return f"a list of {wrong[0]}" if wrong else ""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        right = number if self.kind is float else isinstance(value, self.kind)
        if not right or (self.kind is int and isinstance(value, bool)):
            return {bool: "true or false", int: "a whole number", float: "a number"}.get(
                self.kind, "text in quotes"
            )
        if self.choices and value not in self.choices:
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        if self.kind in (int, float) and not self.low <= value <= self.high:
            return f"between {self.low:g} and {self.high:g}"
        return ""


COUNT = Entry(int, 1, 1e9)
RATE = Entry(float, 1e-9, 1.0)
SHARE = Entry(float, 0.0, 1.0)
TEXT = Entry(str)

BUDGET = {
    "steps": COUNT,
    "batch": Entry(int, 1, 1e5),
    "learning_rate": RATE,
    "schedule": Entry(str, choices=("constant", "halve", "onecycle")),
    "valid_every": COUNT,
    "valid_crops": COUNT,
    "halve_epochs": COUNT,
    "precision": Entry(str, choices=("auto", "32-true", "bf16-mixed")),
    "threads": Entry(int, 0, 1024),
    "average": Entry(float, 0.0, 0.999999),
}
TOP = {
    "title": TEXT,
    "tiny": Entry(bool),
    "cell_minutes": Entry(float, 0.01, 1e6),
    "start": TEXT,
}
SECTIONS: dict[str, dict[str, Entry]] = {
    "data": {
        "speech": TEXT,
        "seen_noise": TEXT,
        "unseen_noise": TEXT,
        "utterances": COUNT,
        "test_utterances": COUNT,
        "test_noises": Entry(int, 0, 1e6),
        "train_noises": Entry(int, 0, 1e6),
        "shared_speakers": Entry(bool),
        "offset": Entry(str, choices=("removed", "kept")),
        "student_snrs": Entry(list, -100.0, 100.0, members=float),
        "metrics": Entry(list, choices=tuple(METRICS), members=str),
    },
    "level": {
        "over": Entry(str, choices=("crop", "utterance")),
        "balance": SHARE,
        "emphasis": SHARE,
    },
    "teacher": BUDGET,
    "student": {**BUDGET, "alpha": SHARE},
    "alpha": {"values": Entry(list, 0.0, 1.0, members=float), "steps": COUNT},
    "growth": {"mixtures": Entry(int, 0, 1e6)},
}


def check(profile: dict[str, Any], path: Path) -> None:
    """Refuses what a profile may not hold.

    Args:
        profile: what the file says.
        path: of the file.

    Raises:
        SnrlibError: an unknown section or key (the nearest right name is given), a value of
            another kind, or one that makes no sense.
    """
    baselines = [name for name in MODELS if name != "unet"]
    sections = [*SECTIONS, "model", "cost", *baselines]
    for name, value in profile.items():
        if isinstance(value, dict):
            if name not in sections:
                raise SnrlibError(f"{path}: there is no section [{name}]; {_near(name, sections)}")
            if name == "model":
                _check_arguments("unet", value, f"[{name}]", path)
            elif name in baselines:
                own = dict(value)
                _check_arguments(name, own.pop("model", {}), f"[{name}.model]", path)
                _check_section(own, BUDGET, f"[{name}]", path)
            elif name != "cost":  # seconds by notebook: keys are names of notebooks
                _check_section(value, SECTIONS[name], f"[{name}]", path)
            else:
                kinds = dict.fromkeys(value, Entry(float, 0.0))
                _check_section(value, kinds, f"[{name}]", path)
        elif name in sections:
            raise SnrlibError(f"{path}: '{name}' is a section; write [{name}] above its entries.")
        else:
            _check_section({name: value}, TOP, "the top", path)


def _check_section(values: dict[str, Any], known: dict[str, Entry], where: str, path: Path) -> None:
    for key, value in values.items():
        if key not in known:
            raise SnrlibError(f"{path}: {where} has no entry '{key}'; {_near(key, known)}")
        objection = known[key].objection(value)
        if objection:
            raise SnrlibError(f"{path}: {key} = {value!r} in {where} must be {objection}.")


def _check_arguments(network: str, values: dict[str, Any], where: str, path: Path) -> None:
    """Arguments of a network: whole numbers, or lists of them, under the names of its class."""
    module, name = MODELS[network].split(":")
    known = inspect.signature(getattr(import_module(module), name)).parameters
    size = Entry(int, 1, 1e5)
    for key, value in values.items():
        if key not in known:
            raise SnrlibError(f"{path}: {where} has no entry '{key}'; {_near(key, known)}")
        if isinstance(known[key].default, bool):
            objection = Entry(bool).objection(value)
        else:
            listed = Entry(list, size.low, size.high, members=int)
            objection = (listed if isinstance(known[key].default, tuple) else size).objection(value)
        if objection:
            raise SnrlibError(f"{path}: {key} = {value!r} in {where} must be {objection}.")


def _near(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else f"choose from {', '.join(known)}."
