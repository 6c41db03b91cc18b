"""The systems of the study by name: what each is trained on, towards what, and for how long.

Teachers `T1` to `T4`, and `T-all`, one teacher for all SNRs; `S1`, the student without teachers;
`S2`, the student of Eq. 1. A longer name says how a training differs, in one grammar:

    S2[-<ablation> | -alpha<weight> | -from-<teacher> | -from-average][-steps<N>][-seed<N>]

An ablation is one of :mod:`snrlib.training.ablations`, such as `S2-random`; `S2-alpha0.25` gives
the teachers another weight; `S2-from-T2` starts from a teacher's weights instead of from random
ones, `S2-from-average` from the mean of all teachers'; `-steps500` is a training of 500 steps with
a schedule of its own; `-seed2` is trained once more on the same data, from other initial weights,
with crops in another order. `S1-widening` and `S1-from-T2` are the same without teachers. The
baselines are `wavenet`, `psa_bilstm` and `crn` at their papers' sizes only: at any other size they
are called `crn-narrow` (or `-wide`), everywhere.

Notebooks: 04_teacher_training, 05_distillation, 06_ablation_s1_vs_s2, 07_baselines.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

import torch

from snrlib import models
from snrlib.evaluation.seeds import variant
from snrlib.models import classical
from snrlib.support.errors import SnrlibError
from snrlib.support.files import kit_root
from snrlib.teachers import TEACHER_SNRS
from snrlib.training import Budget
from snrlib.training.ablations import ABLATIONS, GENERALIST

TEACHERS = tuple(TEACHER_SNRS)
# The baselines and their parameters at the papers' sizes (PSA-BiLSTM: 2 x 384 units, a ruling).
BASELINES = {"wavenet": 6_342_657, "psa_bilstm": 5_349_281, "crn": 17_579_459}


@dataclass(frozen=True)
class System:
    """How one system comes about.

    Attributes:
        name: in tables and folders.
        data: the data set it trains on ("T1" to "T4", "student").
        architecture: a name that :func:`snrlib.models.create` knows.
        arguments: of the network.
        budget: steps, learning rate, schedule.
        target: what it learns towards, as :func:`snrlib.training.ablations.objective` takes it.
        alpha: weight of the teachers in Eq. 1; 0 where there are none.
        replicate: 1, or which further training with other random numbers this is.
        start: "" for random initial weights, a teacher, or "average" (of the teachers' weights).
        taught: whether teachers take part.
        followed: whether PESQ and STOI are followed while it learns (Fig. 4).
    """

    name: str
    data: str
    architecture: str
    arguments: dict[str, Any]
    budget: Budget
    target: str = "clean"
    alpha: float = 0.0
    replicate: int = 1
    start: str = ""
    taught: bool = False
    followed: bool = False

    @property
    def before(self) -> tuple[str, ...]:
        """Whose weights it starts from; they must have been trained before."""
        return TEACHERS if self.start == "average" else (self.start,) if self.start else ()

    @property
    def teachers(self) -> tuple[str, ...]:
        """The teachers that must have been trained before."""
        if not self.taught:
            return ()
        return (GENERALIST,) if self.target == "one-teacher" else TEACHERS


def find(name: str, profile: dict[str, Any]) -> System:
    """The system of that name at the size of a profile.

    Raises:
        SnrlibError: no such system.
    """
    unet = {"architecture": "unet", "arguments": profile["model"]}
    if name in TEACHERS:
        return System(name, name, **unet, budget=budget(profile["teacher"]))
    if name == GENERALIST:
        return System(name, "student", **unet, budget=budget(profile["teacher"]))
    plain, steps, replicate = variant(name)
    if plain != name:
        system = find(plain, profile)
        if steps is not None:
            system = replace(system, budget=replace(system.budget, steps=steps), followed=False)
        return replace(system, name=name, replicate=replicate)
    student = _student(name, System(name, "student", **unet, budget=budget(profile["student"])),
                       float(profile["student"]["alpha"]))  # fmt: skip
    if student is not None:
        return student
    architecture = name.removesuffix("-narrow").removesuffix("-wide")
    if architecture in BASELINES:
        right = baseline(architecture, profile)
        if name != right:
            raise SnrlibError(
                f"In profile '{profile.get('name', '?')}' the {architecture} is not '{name}' but "
                f"'{right}': bare names are kept for the papers' sizes."
            )
        numbers = profile[architecture]
        chosen = {key: value for key, value in numbers.items() if key != "model"}
        return System(
            name, "student", architecture, numbers.get("model", {}),
            budget({**profile["student"], **chosen}), target="own",
        )  # fmt: skip
    known = [
        *TEACHERS,
        "S1",
        "S2",
        "S2-seed2",
        "S2-steps500",
        "S2-from-T2",
        "S2-from-average",
        "S2-alpha0.25",
        *(f"S2-{ablation}" for ablation in ABLATIONS),
        *baselines(profile),
    ]
    raise SnrlibError(f"There is no system '{name}'; choose for example {', '.join(known)}.")


def _student(name: str, base: System, alpha: float) -> System | None:
    """The student of that name without its steps and seed; None for no student's name."""
    first, _, change = name.partition("-")
    if first not in ("S1", "S2"):
        return None
    taught = first == "S2"
    system = replace(
        base,
        target="teachers" if taught else "clean",
        alpha=alpha if taught else 0.0,
        taught=taught,
        followed=not change,
    )
    if not change:
        return system
    if change.startswith("from-") and change[5:] in (*TEACHERS, "average"):
        return replace(system, start=change[5:])
    weight = _number(change[5:]) if change.startswith("alpha") else None
    if taught and weight is not None and 0 <= weight <= 1:
        target = "teachers" if weight > 0 else "clean"
        return replace(system, target=target, alpha=weight, taught=weight > 0)
    if change == "widening" or (taught and change in ABLATIONS):
        return replace(system, target=change)
    return None


def baselines(profile: dict[str, Any]) -> list[str]:
    """What the three baselines are called at the size of a profile, for example "crn-narrow"."""
    return [
        baseline(architecture, profile) for architecture in BASELINES if architecture in profile
    ]


def baseline(architecture: str, profile: dict[str, Any]) -> str:
    """What a baseline is called at the size of a profile: its bare name is the paper's size.

    Raises:
        SnrlibError: the profile has no section for it.
    """
    if architecture not in profile:
        raise SnrlibError(
            f"Profile '{profile.get('name', '?')}' has no section [{architecture}]; copy one from "
            "snrlib/experiment/profiles/fast.toml."
        )
    with torch.device("meta"):  # counted, not filled with numbers
        network = models.create(architecture, **profile[architecture].get("model", {}))
    size, papers = models.parameters(network), BASELINES[architecture]
    return architecture + ("" if size == papers else "-narrow" if size < papers else "-wide")


def budget(section: dict[str, Any]) -> Budget:
    """The budget that a section of a profile describes."""
    known = Budget.__dataclass_fields__
    return Budget(**{key: value for key, value in section.items() if key in known})


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# Which notebook trains what, for the reader who starts in the middle; all else is trained by name.
_NOTEBOOKS = {
    **dict.fromkeys(TEACHERS, "04_teacher_training"),
    **dict.fromkeys(("S1", "S2"), "05_distillation"),
    "S2-smoothing": "06_ablation_s1_vs_s2",
    **{f"{name}{size}": "07_baselines" for name in BASELINES for size in ("", "-narrow", "-wide")},
}


def how_to_train(name: str, profile: str, folder: Path) -> str:
    """What to do for a model that is not there: the notebook that trains it, or the command.

    Args:
        name: of the system.
        profile: of the run, by name or path.
        folder: the run folder.
    """
    usual = kit_root() / "runs" / profile
    here = f"--profile {profile}" + (f" --run-dir {quote(str(folder))}" if folder != usual else "")
    if name in _NOTEBOOKS:
        number = _NOTEBOOKS[name]
        return f"run notebook {number} first (snrlib study {here} runs all in order)"
    return f"no notebook trains it: snrlib train {name} {here}"


# References that are not trained: "oracle" ones are given the mixture with its clean speech.
REFERENCES = {
    "log_mmse": (classical.log_mmse, False),
    "oracle_psm": (lambda mixture: classical.oracle_psm(mixture.noisy, mixture.speech), True),
}
