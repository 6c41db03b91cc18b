"""The systems of the study by name: what each is trained on, towards what, and for how long.

Teachers `T1` to `T4`; `S1`, the student without teachers; `S2`, the student of Eq. 1; and the
trainings that explain S2, whose names say how they differ from it: `alpha0.25` (another weight
of the teachers, on the shorter budget of the sweep), `S2-smoothing` (a blend of clean and noisy
speech in the teachers' place), and the other controls of :mod:`snrlib.controls`, such as
`S2-random`; `S1-widening` is `S2-widening` without teachers. `S1-from-T2` and `S2-from-T2` start
from a teacher's weights instead of from random ones, `S2-from-average` from the mean of all
teachers' weights. `S1-seed2`, `S2-seed2` and so on are trained once more on the same data, from
other initial weights, with crops in another order; `S1-steps500` is a training of 500 steps with
a schedule of its own. The baselines are `wavenet`, `psa_bilstm` and `crn` at their papers' sizes
only: at any other size they are called `crn-narrow` (or `-wide`), everywhere.

Notebooks: 04_teacher_training, 05_distillation, 06_ablation_s1_vs_s2, 07_baselines.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import torch

from snrlib import models
from snrlib.training.ablations import CONTROLS, GENERALIST
from snrlib.support.errors import SnrlibError
from snrlib.teachers import TEACHER_SNRS
from snrlib.training import Budget

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
        target: "clean", "teachers" (Eq. 1), "smoothing" (Eq. 1 with blends of clean and noisy
            speech as noisy as the teachers' outputs), one of `snrlib.controls.CONTROLS`, or "own"
            (the network's own loss).
        alpha: weight of the teachers in Eq. 1; 0 where there are none.
        replicate: 1, or which further training with other random numbers this is.
        start: "" for random initial weights, a teacher, or "average" (of the teachers' weights).
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

    @property
    def before(self) -> tuple[str, ...]:
        """Whose weights it starts from; they must have been trained before."""
        return TEACHERS if self.start == "average" else (self.start,) if self.start else ()

    @property
    def teachers(self) -> tuple[str, ...]:
        """The teachers that must have been trained before."""
        if self.target == "one-teacher":
            return (GENERALIST,)
        without = self.target in ("clean", "own") or self.name.startswith("S1")
        return () if without else TEACHERS


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
            system = replace(system, budget=replace(system.budget, steps=steps))
        return replace(system, name=name, replicate=replicate)
    student = System(name, "student", **unet, budget=budget(profile["student"]))
    alpha = float(profile["student"]["alpha"])
    if name == "S1":
        return student
    if name == "S2":
        return replace(student, target="teachers", alpha=alpha)
    if name == "S2-smoothing":
        return replace(student, target="smoothing", alpha=alpha)
    if started := re.fullmatch(rf"(S1|S2)-from-({'|'.join(TEACHERS)}|average)", name):
        return replace(find(started[1], profile), name=name, start=started[2])
    if name == "S1-widening":
        return replace(student, target="widening")
    if name.startswith("S2-") and name[3:] in CONTROLS:
        return replace(student, target=name[3:], alpha=alpha)
    if name.startswith("alpha") and _number(name[5:]) is not None:
        short = replace(student.budget, steps=profile["alpha"]["steps"])
        value = float(name[5:])
        target = "teachers" if value > 0 else "clean"
        return replace(student, target=target, alpha=value, budget=short)
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
        return replace(
            student,
            architecture=architecture,
            arguments=numbers.get("model", {}),
            budget=budget({**profile["student"], **chosen}),
            target="own",
        )
    controls = [f"S2-{control}" for control in ("smoothing", *CONTROLS)]
    known = [
        *TEACHERS,
        "S1",
        "S2",
        "S2-seed2",
        "S2-steps500",
        "S2-from-T2",
        "S2-from-average",
        "alpha0.25",
        *controls,
        *baselines(profile),
    ]
    raise SnrlibError(f"There is no system '{name}'; choose for example {', '.join(known)}.")


def variant(name: str) -> tuple[str, int | None, int]:
    """The system that a name is a variant of, its steps (None: the profile's), its replicate.

    Example:
        >>> variant("S2-random-steps500-seed2")
        ('S2-random', 500, 2)
    """
    found = re.fullmatch(r"(.+?)(?:-steps(\d+))?(?:-seed(\d+))?", name)
    if found is None:
        return name, None, 1
    return found[1], None if found[2] is None else int(found[2]), int(found[3] or 1)


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
            "snrlib/profiles/fast.toml."
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
