"""Each control changes one thing of Eq. 1, and only that."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from snrlib import losses
from snrlib.experiment import profiles, systems
from snrlib.teachers import TEACHER_SNRS, averaged
from snrlib.training import ablations
from snrlib.training.ablations import ABLATIONS
from snrlib.training.objectives import Distillation

STUDENT_SNRS = [-20.0, -10.0, 0.0, 10.0, 20.0]


class Scales(nn.Module):
    """A network whose output is its input times a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, noisy: Tensor) -> Tensor:
        return self.factor * noisy


@pytest.fixture
def teachers() -> dict[str, nn.Module]:
    scales = {"T1": 0.1, "T2": 0.2, "T3": 0.3, "T4": 0.4, ablations.GENERALIST: 0.5}
    return {name: Scales(scale).requires_grad_(False) for name, scale in scales.items()}


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    noisy, clean = torch.randn(2, 5, 256, generator=generator)
    return noisy, clean, torch.tensor(STUDENT_SNRS)


def test_the_neighbour_is_the_teacher_one_range_below() -> None:
    assert ablations.neighbour(STUDENT_SNRS) == ["T1", "T1", "T2", "T3", "T4"]


def test_soft_shares_add_up_to_one_and_prefer_the_nearest_teacher(teachers: dict) -> None:
    shares = ablations.SoftChoice(teachers).shares(torch.tensor(STUDENT_SNRS))
    assert torch.allclose(shares.sum(dim=1), torch.ones(5))
    assert shares.argmax(dim=1).tolist() == [0, 1, 2, 3, 3]
    # 0 dB is T3's, 1 dB away from T2's: exp(-(1/5)^2 / 2) as much weight.
    assert float(shares[2, 1] / shares[2, 2]) == pytest.approx(0.980199, abs=1e-5)


def test_a_soft_target_is_the_blend_of_all_teachers(
    teachers: dict, batch: tuple[Tensor, ...]
) -> None:
    noisy, clean, snr_db = batch
    soft = ablations.SoftChoice(teachers)
    factors = soft.shares(snr_db) @ torch.tensor([0.1, 0.2, 0.3, 0.4])
    target = soft.target(noisy, clean, snr_db, 0.5)
    assert torch.allclose(target, factors[:, None] * noisy, atol=1e-6)


def test_the_mean_of_all_teachers_has_equal_shares(teachers: dict) -> None:
    mean = ablations.objective("mean", teachers, 0.5, 0.0)
    assert isinstance(mean, ablations.SoftChoice)
    assert torch.equal(mean.shares(torch.tensor(STUDENT_SNRS)), torch.full((5, 4), 0.25))


def test_quieter_speech_has_the_level_of_the_mean_and_nothing_else_of_it(
    teachers: dict, batch: tuple[Tensor, ...]
) -> None:
    noisy, clean, snr_db = batch
    quieter = ablations.objective("quieter", teachers, 0.5, 0.0)
    assert isinstance(quieter, ablations.Quieter)
    target = quieter.target(noisy, clean, snr_db, 0.5)
    # The teachers scale by 0.1 to 0.4, so the mean by 0.25; of its 0.25 x, y explains as much:
    shares = 0.25 * (noisy * clean).sum(dim=1) / clean.square().sum(dim=1)
    assert torch.allclose(target, shares[:, None] * clean, atol=1e-6)
    left = 0.25 * noisy - target
    assert torch.allclose((left * clean).sum(dim=1), torch.zeros(5), atol=1e-3)
    assert not quieter.target(noisy, torch.zeros_like(clean), snr_db, 0.5).any(), "silence stays"


def test_the_best_teacher_has_the_smallest_error_on_each_row(teachers: dict) -> None:
    noisy = torch.ones(4, 64)
    clean = torch.tensor([0.0, 0.22, 0.31, 0.9])[:, None] * noisy
    target = ablations.BestTeacher(teachers).target(noisy, clean, torch.zeros(4), 0.0)
    assert torch.allclose(target[:, 0], torch.tensor([0.1, 0.2, 0.3, 0.4]))


def test_random_teachers_are_all_heard_and_the_same_at_the_same_step(
    teachers: dict, batch: tuple[Tensor, ...]
) -> None:
    noisy, clean, snr_db = batch
    random = ablations.RandomTeacher(teachers)
    drawn = [random.target(noisy, clean, snr_db, step / 200) for step in range(200)]
    again = [random.target(noisy, clean, snr_db, step / 200) for step in range(200)]
    assert all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True))
    factors = torch.stack(drawn)[:, :, 0] / noisy[:, 0]
    for factor in (0.1, 0.2, 0.3, 0.4):  # a quarter each, +- 4 standard deviations of 1,000
        share = torch.isclose(factors, torch.tensor(factor)).float().mean()
        assert float(share) == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 1000) ** 0.5)


def test_where_the_teacher_is_worse_only_the_clean_speech_counts(teachers: dict) -> None:
    noisy = torch.ones(2, 64)
    clean = torch.tensor([[0.3], [1.0]]) * noisy  # T3 says 0.3: right for the first row only
    student = Scales(0.8)
    loss = ablations.WhereBetter(teachers, alpha=0.5)(student, noisy, clean, torch.zeros(2), 0.0)
    # First row: half of it towards 0.3 from both; second row: towards 1.0 alone.
    assert loss.item() == pytest.approx((0.5 * 0.5**2 + 0.5 * 0.2**2) / 2, rel=1e-5)


def test_fading_goes_from_the_teacher_alone_to_the_clean_speech_alone(
    teachers: dict, batch: tuple[Tensor, ...]
) -> None:
    noisy, clean, snr_db = batch
    fading = ablations.objective("fading", teachers, 0.5, 0.0)
    student = Scales(0.7)
    teacher = Distillation(teachers).target(noisy, clean, snr_db, 0.0)
    first = fading(student, noisy, clean, snr_db, 0.0)
    last = fading(student, noisy, clean, snr_db, 1.0)
    assert torch.isclose(first, losses.supervised(student(noisy), teacher))
    assert torch.isclose(last, losses.supervised(student(noisy), clean))


def test_widening_lets_the_far_snrs_in_until_half_of_the_training() -> None:
    widening = ablations.Widening({})
    snr_db = torch.tensor(STUDENT_SNRS)
    far = {0.0: 0, 0.1: 0, 0.25: 10, 0.4: 10, 0.5: 20, 1.0: 20}
    for progress, reach in far.items():
        assert widening.rows(snr_db, progress).tolist() == (snr_db.abs() <= reach).tolist()
    assert widening.rows(torch.tensor([20.0, -10.0]), 0.0).tolist() == [False, True], "never none"


def test_widening_is_eq_1_on_the_rows_that_are_in(
    teachers: dict, batch: tuple[Tensor, ...]
) -> None:
    noisy, clean, snr_db = batch
    student, middle = Scales(0.7), slice(1, 4)
    eq_1 = Distillation(teachers)(student, noisy[middle], clean[middle], snr_db[middle], 0.3)
    widening = ablations.objective("widening", teachers, 0.5, 0.0)
    assert torch.equal(widening(student, noisy, clean, snr_db, 0.3), eq_1)
    alone = ablations.objective("widening", {}, 0.0, 0.0)(student, noisy, clean, snr_db, 1.0)
    assert torch.isclose(alone, losses.supervised(student(noisy), clean))
    assert systems.find("S1-widening", profiles.load("cpu")).teachers == ()


@pytest.mark.parametrize("name", ABLATIONS)
def test_a_control_has_the_students_data_budget_and_network(name: str) -> None:
    numbers = profiles.load("cpu")
    control, student = systems.find(f"S2-{name}", numbers), systems.find("S2", numbers)
    for part in ("data", "architecture", "arguments", "budget", "alpha"):
        assert getattr(control, part) == getattr(student, part)
    wanted = (ablations.GENERALIST,) if name == "one-teacher" else tuple(TEACHER_SNRS)
    assert control.teachers == wanted


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_control_teaches_the_student_and_no_teacher(
    name: str, teachers: dict, batch: tuple[Tensor, ...]
) -> None:
    student = Scales(0.7)
    crops = SimpleNamespace(batch_at=lambda step: batch)
    ablations.objective(name, teachers, 0.5, 0.0, crops)(student, *batch, 0.25).backward()
    assert student.factor.grad is not None and student.factor.grad != 0
    assert all(teacher.factor.grad is None for teacher in teachers.values())


def test_a_replicate_differs_in_its_random_numbers_only() -> None:
    numbers = profiles.load("cpu")
    again = systems.find("S2-seed3", numbers)
    assert (again.name, again.replicate, again.target) == ("S2-seed3", 3, "teachers")
    assert again.budget == systems.find("S2", numbers).budget


def test_a_budget_of_its_own_changes_the_steps_only() -> None:
    numbers = profiles.load("cpu")
    short = systems.find("S2-random-steps500-seed2", numbers)
    assert (short.budget.steps, short.replicate, short.target) == (500, 2, "random")
    plain = systems.find("S2-random", numbers)
    assert replace(short.budget, steps=plain.budget.steps) == plain.budget
    assert (short.data, short.arguments, short.alpha) == (plain.data, plain.arguments, plain.alpha)


def test_a_student_may_start_from_a_teacher_or_from_the_average_of_all() -> None:
    numbers = profiles.load("cpu")
    system = systems.find("S2-from-T2-steps500", numbers)
    assert (system.start, system.before, system.target) == ("T2", ("T2",), "teachers")
    assert systems.find("S1-from-T2", numbers).target == "clean"
    assert systems.find("S2-from-average", numbers).before == tuple(TEACHER_SNRS)
    assert systems.find("S2", numbers).before == ()


def test_averaged_weights_are_means_and_counters_stay_whole() -> None:
    one, other = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        one.weight.copy_(torch.tensor([1.0, 2.0]))
        other.weight.copy_(torch.tensor([3.0, 6.0]))
    other.num_batches_tracked.fill_(4)
    mean = averaged([one, other])
    assert torch.equal(mean["weight"], torch.tensor([2.0, 4.0]))
    assert mean["num_batches_tracked"] == 2 and mean["num_batches_tracked"].dtype == torch.int64
    assert all(torch.equal(averaged([one])[key], value) for key, value in one.state_dict().items())


def test_a_profile_without_weight_for_the_teachers_takes_none_away_from_a_control() -> None:
    numbers = profiles.load("cpu")
    numbers = {**numbers, "student": {**numbers["student"], "alpha": 0.0}}
    for name in ("S2", "S2-alpha1", "S2-fading", "S2-widening"):
        assert systems.find(name, numbers).teachers == tuple(TEACHER_SNRS)
    assert systems.find("S1-widening-steps500", numbers).teachers == ()
