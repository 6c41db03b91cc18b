"""The checks of notebook 05: who teaches what, Eq. 1, and what it really asks for.

Notebook: 05_distillation.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from snrlib import losses, teachers
from snrlib.exercises import NotYet, exercise, quantity
from snrlib.exercises.answers import signal

_GRID = np.arange(-25, 25.5, 0.5)
_STUDENT = (-20, -10, 0, 10, 20)


def _owners(snr: float) -> int:
    """How many teachers are equally near."""
    near = [min(abs(snr - own) for own in snrs) for snrs in teachers.TEACHER_SNRS.values()]
    return near.count(min(near))


@exercise("05.1")
def ties_go_up(choose: Callable[[float], str]) -> str:
    """A function of one SNR in dB that returns "T1" to "T4": the teacher trained at the nearest
    SNR, ties going to the higher number.
    """

    def distance(name: str, snr: float) -> float:
        return min(abs(snr - own) for own in teachers.TEACHER_SNRS[name])

    names = list(teachers.TEACHER_SNRS)
    changed = []
    # Plain cases first: who chooses by ranges should not be told about ties.
    for snr in sorted(_GRID.tolist(), key=lambda snr: _owners(snr) > 1):
        given = choose(snr)
        if given not in names:
            raise NotYet(
                f'for {snr:g} dB the function returns {given!r}; the teachers are "T1" to "T4".'
            )
        nearest = min(distance(name, snr) for name in names)
        tied = [name for name in names if distance(name, snr) == nearest]
        if given == tied[-1]:
            if len(tied) > 1:
                changed.append(snr)
            continue
        if given in tied:
            raise NotYet(
                f"{snr:g} dB is a tie of {' and '.join(tied)}, and it still goes to the lower "
                "number. min() returns the first of equals: in which order does it see them?"
            )
        raise NotYet(
            f"{snr:g} dB goes to {given}, trained {distance(given, snr):g} dB away, though "
            f"another was trained {nearest:g} dB away. Compare with each SNR a teacher was "
            "trained at, not with the ends or the middle of its range."
        )
    assert not set(changed) & set(_STUDENT)
    listed = ", ".join(f"{snr:g}" for snr in changed)
    return (
        f"the teacher changes at {listed} dB. None of these is an SNR that the student trains "
        "at, so the rule for ties changes nothing in this study."
    )


@exercise("05.2")
def loss_of_a_step(loss: Callable[..., torch.Tensor]) -> str:
    """A function of (student, teacher, noisy, clean, alpha), the first two of them networks, that
    returns Eq. 1 (means over samples), through which no gradient reaches the teacher.
    """
    torch.manual_seed(5)
    student, teacher = (nn.Conv1d(1, 1, 5, padding=2).double() for _ in range(2))
    noisy, clean = torch.randn(2, 3, 1, 64, dtype=torch.float64)
    for alpha in (0.5, 0.2):
        student.zero_grad()
        teacher.zero_grad()
        with torch.no_grad():
            to_teacher = losses.supervised(student(noisy), teacher(noisy)).item()
            to_clean = losses.supervised(student(noisy), clean).item()
        wanted = alpha * to_teacher + (1 - alpha) * to_clean
        found = loss(student, teacher, noisy, clean, alpha)
        if not isinstance(found, torch.Tensor):
            raise NotYet(
                "the loss is no tensor, so nothing can be learned from it: leave out "
                ".item() and NumPy."
            )
        value = quantity(found.detach())
        for factor, why in (
            (2.0, "twice Eq. 1: each of its distances has a factor of one half."),
            (float(noisy.numel()), "a sum over all samples; the kit's ruling is the mean."),
            (2.0 * noisy.numel(), "a sum without the halves; the kit's ruling is the mean."),
        ):
            if np.isclose(value, factor * wanted, rtol=1e-6):
                raise NotYet(f"this is {factor:g} times too large: {why}")
        swapped = (1 - alpha) * to_teacher + alpha * to_clean
        if alpha != 0.5 and np.isclose(value, swapped, rtol=1e-6):
            raise NotYet("alpha weighs the wrong distance: at alpha = 1 there is only the teacher.")
        with torch.no_grad():
            apart = losses.supervised(teacher(noisy), clean).item()
        if np.isclose(value, wanted - alpha * (1 - alpha) * apart, rtol=1e-6):
            raise NotYet(
                "this is the distance to the blend alpha t + (1 - alpha) y: its gradient is that "
                "of Eq. 1, its value is smaller by alpha (1 - alpha) / 2 |t - y|^2, which the "
                "student cannot change. Asked is Eq. 1 itself."
            )
        if not np.isclose(value, wanted, rtol=1e-6):
            raise NotYet(
                f"for alpha = {alpha:g} the loss is {value:.4f} and Eq. 1 gives "
                f"{wanted:.4f} (mean over all samples)."
            )
        if not found.requires_grad:
            raise NotYet(
                "the value is right, but no gradient reaches the student either: only "
                "the teacher's output is to be cut off."
            )
        found.backward()
        if teacher.weight.grad is not None and teacher.weight.grad.abs().max() > 0:
            raise NotYet(
                "the value is right, but the teacher gets a gradient: it would be trained to "
                "agree with the student. Compute its output under torch.no_grad(), or detach it."
            )
        got = student.weight.grad.clone() if student.weight.grad is not None else None
        student.zero_grad()
        with torch.no_grad():
            taught = teacher(noisy)
        losses.distillation(student(noisy), taught, clean, alpha).backward()
        right = student.weight.grad
        if got is None or right is None or not torch.allclose(got, right, rtol=1e-6):
            raise NotYet(
                "the value is right and the student's gradient is not: is the student's "
                "output detached in one of the two terms?"
            )
    return "Eq. 1 to six digits, the student's gradient is right, and the teacher gets none."


@exercise("05.3")
def decibels_closer(closer: Callable[[float], float]) -> str:
    """A function of alpha that returns by how many dB the error of the blend is smaller than the
    error of the teacher, a positive number.
    """
    for alpha in (0.5, 0.1, 0.8):
        value, right = quantity(closer(alpha), "dB"), -20 * np.log10(alpha)
        where = f"at alpha = {alpha:g} the function gives {value:.2f} dB"
        if np.isclose(value, right, atol=0.01):
            continue
        if np.isclose(value, -right, atol=0.01):
            raise NotYet(f"{where}: the size is right, the sign is not. Asked is how much smaller.")
        if np.isclose(value, right / 2, atol=0.01):
            raise NotYet(
                f"{where}: alpha is a ratio of amplitudes, not of energies. Which factor "
                "stands before the logarithm then?"
            )
        if np.isclose(value, -20 * np.log10(1 - alpha), atol=0.01):
            raise NotYet(
                f"{where}: that belongs to 1 - alpha. What is the blend minus the clean speech?"
            )
        if np.isclose(value, right * np.log(10), atol=0.01):
            raise NotYet(f"{where}: decibels take the logarithm to base 10.")
        raise NotYet(
            f"{where}; it should be {'more' if value < right else 'less'}. Write down "
            "the blend minus the clean speech and compare it with the teacher's "
            "error."
        )
    return "6.0 dB at alpha = 0.5, whatever the mixture and however good the teacher."


@exercise("05.4")
def one_blend(blend: Callable[..., Any]) -> str:
    """A function of (teacher, clean, a, c) that returns the one target b whose squared distance,
    times (a + c) / 2, has the same gradient as a/2 (s - t)^2 + c/2 (s - y)^2.
    """
    draws = np.random.default_rng(4)
    taught, clean, student = draws.standard_normal((3, 50))
    for a, c in ((0.5, 0.5), (1.0, 3.0), (0.2, 0.3)):
        target = signal(blend(taught, clean, a, c), taught)
        if np.allclose(
            (a + c) * (student - target), a * (student - taught) + c * (student - clean)
        ):
            continue
        where = f"with a = {a:g} and c = {c:g}"
        if np.allclose(target, a * taught + c * clean):
            raise NotYet(
                f"{where} the target is {a + c:g} times too loud: its weights add up to "
                "a + c. What must the weights of a blend add up to?"
            )
        if np.allclose(target, (c * taught + a * clean) / (a + c)):
            raise NotYet(f"{where} the weights stand at the wrong signals: a is the teacher's.")
        if np.allclose(target, (taught + clean) / 2):
            raise NotYet(f"{where} the target ignores the weights.")
        raise NotYet(
            f"{where} the gradient differs. Set a (s - t) + c (s - y) = 0 and solve for s."
        )
    return (
        "the blend depends on a / (a + c) only; a + c scales the gradient, which Adam divides "
        "out again. Eq. 1 loses nothing by writing alpha and 1 - alpha."
    )


@exercise("05.5")
def absolute_distances(lowest: Callable[..., float]) -> str:
    """A function of the numbers (teacher, clean, alpha) that returns the value s at which
    alpha |s - teacher| + (1 - alpha) |s - clean| is lowest, for any alpha but 0.5.
    """
    for taught, clean, alpha in (
        (2.0, 0.0, 0.6),
        (2.0, 0.0, 0.4),
        (-1.0, 3.0, 0.9),
        (1.0, 4.0, 0.1),
    ):
        value = quantity(lowest(taught, clean, alpha))
        right = taught if alpha > 0.5 else clean
        if np.isclose(value, right, atol=1e-3):
            continue
        where = f"for teacher {taught:g}, clean {clean:g}, alpha {alpha:g}"
        if np.isclose(value, alpha * taught + (1 - alpha) * clean, atol=1e-3):
            raise NotYet(
                f"{where} you return {value:g}, the blend: that is the lowest point of "
                "squares. Draw the two V-shaped lines and add them."
            )
        if np.isclose(value, clean + taught - right, atol=1e-3):
            raise NotYet(
                f"{where} you return {value:g}: go one step from there towards the other "
                "signal. Which of the two slopes is steeper?"
            )
        raise NotYet(
            f"{where} the sum is lower elsewhere than at {value:g}. It is made of "
            "straight pieces, so look at their corners."
        )
    return (
        "there is no blend: the stronger of the two masters gets everything, and at 0.5 any "
        "value between them will do. It is the squares that make Eq. 1 a compromise."
    )


@exercise("05.6")
def calmer_targets(ratio: float) -> str:
    """Your prediction, a number: how many times as much as with clean speech a student's answer
    scatters from training set to training set, when it learns from blends with alpha = 0.75.
    """
    value = quantity(ratio)
    draws = np.random.default_rng(6)
    # The best constant answer to one kind of mixture: the mean of its targets. The teacher's
    # answer is the same each time; the clean speech that the mixture came from is not.
    clean = draws.standard_normal((4_000, 20))
    taught = 0.3
    with_clean = clean.mean(axis=1).std()
    with_blend = (0.75 * taught + 0.25 * clean).mean(axis=1).std()
    found = with_blend / with_clean
    measured = f"4,000 simulated trainings with 20 examples each give {found:.2f}"
    if abs(value - found) < 0.02:
        return f"{measured}: the teacher's part of the target does not scatter at all."
    if np.isclose(value, 0.75, atol=0.02):
        raise NotYet(
            f"you predict {value:g}, the teacher's share. Which part of the blend is the "
            "same in every training set, and which is not?"
        )
    if np.isclose(value, 0.0625, atol=0.005):
        raise NotYet(
            f"you predict {value:g}: right for variances. Asked is how far answers "
            "scatter, in their own unit."
        )
    if value > 1:
        raise NotYet(
            f"you predict {value:g}, more scatter than without a teacher. Is the "
            "teacher's output drawn anew for each example?"
        )
    raise NotYet(
        f"you predict {value:g}; it is {'less' if value > found else 'more'}. Only the "
        "clean part of alpha t + (1 - alpha) y scatters."
    )
