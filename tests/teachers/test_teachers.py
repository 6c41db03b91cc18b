"""The teacher of a mixture is the one whose SNRs contain, or come nearest to, its own."""

import pytest
import torch
from torch import nn

from snrlib import teachers
from snrlib.support.errors import SnrlibError


class Adds(nn.Module):
    """A teacher that adds a constant, and counts the rows it was asked about."""

    def __init__(self, constant: float) -> None:
        super().__init__()
        self.constant, self.rows = constant, 0

    def forward(self, noisy):
        self.rows += len(noisy)
        return noisy + self.constant


def test_the_students_snrs_go_to_the_papers_teachers():
    assert teachers.assign([-20, -10, 0, 10, 20]) == ["T1", "T2", "T3", "T4", "T4"]


def test_every_teacher_gets_its_own_snrs():
    for name, snrs in teachers.TEACHER_SNRS.items():
        assert teachers.assign(snrs) == [name] * 4


def test_other_snrs_go_to_the_nearest_and_ties_to_the_lower_number():
    assert teachers.assign([-15, -10.5, 0.4, 0.5, 0.6, 9.5, 30, -40]) == [
        "T1", "T1", "T3", "T2", "T2", "T3", "T4", "T1",
    ]  # fmt: skip
    assert teachers.assign(5) == ["T3"]


def test_an_snr_must_be_finite():
    with pytest.raises(SnrlibError, match="finite"):
        teachers.assign([0, float("nan")])


def test_each_row_is_enhanced_once_by_its_own_teacher():
    four = {name: Adds(10.0 * i) for i, name in enumerate(teachers.TEACHER_SNRS, start=1)}
    noisy = torch.randn(6, 50)
    snr_db = torch.tensor([20.0, -20.0, 0.0, -10.0, 10.0, -20.0])
    target = teachers.supervise(four, noisy, snr_db)
    direct = torch.stack(
        [
            four[name](row[None])[0]
            for row, name in zip(noisy, teachers.assign(snr_db.tolist()), strict=True)
        ]
    )
    assert torch.equal(target, direct)
    assert sum(teacher.rows for teacher in four.values()) == 6 + 6  # the six above were direct


def test_a_missing_teacher_is_named():
    with pytest.raises(SnrlibError, match="T4 is needed"):
        teachers.supervise({"T1": Adds(1)}, torch.zeros(1, 8), torch.tensor([20.0]))
