"""The systems of the study by name: what each is trained on, towards what, and for how long.

Teachers `T1` to `T4`; `S1`, the student without teachers; `S2`, the student of Eq. 1; and the
trainings that explain S2, whose names say how they differ from it: `alpha0.25` (another weight
of the teachers, on the shorter budget of the sweep), `S2-smoothing` (a blend of clean and noisy
speech in the teachers' place).

Notebooks: 04_teacher_training, 05_distillation, 06_ablation_s1_vs_s2.
"""

from dataclasses import dataclass, replace
from typing import Any

from snrlib.errors import SnrlibError
from snrlib.teachers import TEACHER_SNRS
from snrlib.training import Budget

TEACHERS = tuple(TEACHER_SNRS)
BASELINES = ("wavenet", "psa_bilstm", "crn")


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
            speech as noisy as the teachers' outputs), or "own" (the network's own loss).
        alpha: weight of the teachers in Eq. 1; 0 where there are none.
    """

    name: str
    data: str
    architecture: str
    arguments: dict[str, Any]
    budget: Budget
    target: str = "clean"
    alpha: float = 0.0

    @property
    def teachers(self) -> tuple[str, ...]:
        """The teachers that must have been trained before."""
        return TEACHERS if self.target in ("teachers", "smoothing") else ()


def find(name: str, profile: dict[str, Any]) -> System:
    """The system of that name at the size of a profile.

    Raises:
        SnrlibError: no such system.
    """
    unet = {"architecture": "unet", "arguments": profile["model"]}
    if name in TEACHERS:
        return System(name, name, **unet, budget=budget(profile["teacher"]))
    student = System(name, "student", **unet, budget=budget(profile["student"]))
    alpha = float(profile["student"]["alpha"])
    if name == "S1":
        return student
    if name == "S2":
        return replace(student, target="teachers", alpha=alpha)
    if name == "S2-smoothing":
        return replace(student, target="smoothing", alpha=alpha)
    if name.startswith("alpha") and _number(name[5:]) is not None:
        short = replace(student.budget, steps=profile["alpha"]["steps"])
        value = float(name[5:])
        target = "teachers" if value > 0 else "clean"
        return replace(student, target=target, alpha=value, budget=short)
    if name in BASELINES and name in profile:
        numbers = profile[name]
        chosen = {key: value for key, value in numbers.items() if key != "model"}
        return replace(
            student,
            architecture=name,
            arguments=numbers.get("model", {}),
            budget=budget({**profile["student"], **chosen}),
            target="own",
        )
    known = [*TEACHERS, "S1", "S2", "S2-smoothing", "alpha0.25", *BASELINES]
    raise SnrlibError(f"There is no system '{name}'; choose for example {', '.join(known)}.")


def budget(section: dict[str, Any]) -> Budget:
    """The budget that a section of a profile describes."""
    known = Budget.__dataclass_fields__
    return Budget(**{key: value for key, value in section.items() if key in known})


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
