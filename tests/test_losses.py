"""Eq. 1 and the identity that explains it."""

import pytest
import torch

from snrlib import losses
from snrlib.support.errors import SnrlibError

torch.manual_seed(0)
STUDENT, TEACHER, CLEAN = (torch.randn(3, 500, dtype=torch.float64) for _ in range(3))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 1.0])
def test_eq1_is_two_squared_distances(alpha):
    expected = (
        sum(
            alpha / 2 * (s - t) ** 2 + (1 - alpha) / 2 * (s - y) ** 2
            for s, t, y in zip(STUDENT.flatten(), TEACHER.flatten(), CLEAN.flatten(), strict=True)
        )
        / STUDENT.numel()
    )
    assert losses.distillation(STUDENT, TEACHER, CLEAN, alpha) == pytest.approx(expected.item())


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_eq1_is_regression_on_a_blend_plus_a_constant(alpha):
    """a/2 (s-t)^2 + (1-a)/2 (s-y)^2 = (s - [a t + (1-a) y])^2 / 2 + a (1-a)/2 (t-y)^2."""
    student = STUDENT.clone().requires_grad_()
    loss = losses.distillation(student, TEACHER, CLEAN, alpha)
    (gradient,) = torch.autograd.grad(loss, student)
    blend = alpha * TEACHER + (1 - alpha) * CLEAN
    blended = losses.supervised(student, blend)
    (blended_gradient,) = torch.autograd.grad(blended, student)
    assert torch.allclose(gradient, blended_gradient, atol=1e-15)
    constant = alpha * (1 - alpha) * losses.supervised(TEACHER, CLEAN)
    assert torch.allclose(loss, blended + constant)


def test_no_teacher_is_plain_supervision():
    direct = losses.supervised(STUDENT, CLEAN)
    assert losses.distillation(STUDENT, TEACHER, CLEAN, alpha=0) == direct
    assert direct == pytest.approx((0.5 * (STUDENT - CLEAN) ** 2).mean().item())


def test_no_gradient_reaches_the_teacher():
    teacher = TEACHER.clone().requires_grad_()
    student = STUDENT.clone().requires_grad_()
    losses.distillation(student, teacher, CLEAN).backward()
    assert teacher.grad is None and student.grad is not None


def test_row_weights_scale_rows():
    weight = torch.tensor([2.0, 0.0, 1.0], dtype=torch.float64)
    expected = (
        2 * losses.supervised(STUDENT[:1], CLEAN[:1]) + losses.supervised(STUDENT[2:], CLEAN[2:])
    ) / 3
    assert torch.allclose(losses.supervised(STUDENT, CLEAN, weight), expected)


def test_the_balance_undoes_the_wiener_error():
    """At one mixture level the error of a Wiener filter is SN/(S+N); balance 1 undoes it."""
    snr_db = torch.tensor([-20.0, -7.0, 0.0, 3.0, 20.0], dtype=torch.float64)
    ratio = 10 ** (snr_db / 10)
    wiener = ratio / (1 + ratio) ** 2  # S N / (S + N), with S + N = 1
    assert torch.allclose(losses.row_weight(snr_db, 1.0) * wiener, torch.full((5,), 0.25).double())
    assert torch.equal(losses.row_weight(snr_db, 0.0), torch.ones(5).double())


def test_alpha_is_a_share():
    with pytest.raises(SnrlibError, match="0 to 1"):
        losses.distillation(STUDENT, TEACHER, CLEAN, alpha=1.5)


def test_pre_emphasis_is_the_fields_filter():
    from scipy.signal import lfilter

    expected = lfilter([1, -0.9], [1], CLEAN.numpy())
    assert torch.allclose(losses.pre_emphasised(CLEAN, 0.9), torch.from_numpy(expected))
    assert losses.pre_emphasised(CLEAN, 0.0) is CLEAN


def test_eq1_of_pre_emphasised_signals_is_what_the_objectives_minimise():
    from snrlib.training.objectives import Distillation, Supervised

    class Same(torch.nn.Module):
        def forward(self, noisy):
            return noisy

    student, teacher, clean = (losses.pre_emphasised(s, 0.7) for s in (STUDENT, TEACHER, CLEAN))
    snr_db = torch.zeros(3)
    taught = Distillation({}, 0.5, emphasis=0.7)
    object.__setattr__(taught, "target", lambda *_: TEACHER)
    assert taught(Same(), STUDENT, CLEAN, snr_db, 0.0) == pytest.approx(
        losses.distillation(student, teacher, clean, 0.5).item()
    )
    assert Supervised(emphasis=0.7)(Same(), STUDENT, CLEAN, snr_db, 0.0) == pytest.approx(
        losses.supervised(student, clean).item()
    )
