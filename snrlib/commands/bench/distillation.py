"""Distillation: rows grouped by teacher, beside four teachers that all see the whole batch.

And what remembering the teachers' outputs would save. It would need crops that are cut once and
for all, one from each mixture, where the training cuts others every time; the kit does not do it.
"""

from collections.abc import Iterator

import torch

from snrlib.commands.bench import material
from snrlib.commands.bench.figure import Figure, compare
from snrlib.commands.bench.training import kit_step, wait
from snrlib.datasets.crops import CROP
from snrlib.support import devices
from snrlib.teachers import TEACHER_SNRS, assign, supervise
from snrlib.training.objectives import Distillation

STUDENT_MIXTURES = 22_000  # in the paper's training set


class Remembered(Distillation):
    """Eq. 1 with teachers' outputs that are at hand, here always the same ones."""

    def target(
        self, noisy: torch.Tensor, clean: torch.Tensor, snr_db: torch.Tensor, progress: float
    ) -> torch.Tensor:
        """(batch, samples)."""
        return clean


def figures(quick: bool) -> Iterator[Figure]:
    """The teachers' part of a step with narrow networks, batch 16; then whole steps."""
    device = devices.local()
    teachers: dict[str, torch.nn.Module] = {
        name: material.unet(narrow=True).to(device).eval() for name in TEACHER_SNRS
    }
    noisy, _, snr_db = material.crops(16, device).batch_at(0)
    names = assign(snr_db.tolist())

    @torch.no_grad()
    def all_four() -> torch.Tensor:
        every = {name: teacher(noisy) for name, teacher in teachers.items()}
        return torch.stack([every[name][row] for row, name in enumerate(names)])

    grouped = supervise(teachers, noisy, snr_db)
    yield compare(
        "teachers of a batch of 16", "all four teachers on every row", all_four,
        "one teacher per row", lambda: supervise(teachers, noisy, snr_db),
        5 if quick else 15, wait=wait,
        difference=float((grouped - all_four()).abs().max()),
    )  # fmt: skip
    asking = kit_step(material.unet(narrow=True), 16, objective=Distillation(teachers))
    remembering = kit_step(material.unet(narrow=True), 16, objective=Remembered(teachers))
    yield compare(
        "a step of S2 if the teachers' outputs were remembered (not done)",
        "teachers asked at every step", lambda: [asking() for _ in range(5)],
        "outputs at hand", lambda: [remembering() for _ in range(5)],
        3 if quick else 7, per=5, wait=wait,
        megabytes_to_remember=STUDENT_MIXTURES * CROP * 2 / 1e6,
    )  # fmt: skip
