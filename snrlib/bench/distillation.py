"""Distillation: rows grouped by teacher, beside four teachers that all see the whole batch."""

from collections.abc import Iterator

import torch

from snrlib import devices
from snrlib.bench import material
from snrlib.bench.figure import Figure, compare
from snrlib.bench.training import wait
from snrlib.teachers import TEACHER_SNRS, assign, supervise


def figures(quick: bool) -> Iterator[Figure]:
    """The teachers' part of a step with narrow networks, batch 16."""
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
