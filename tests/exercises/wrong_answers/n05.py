"""Typical wrong answers to the exercises of notebook 05, and a word their diagnosis must have."""

import numpy as np
import torch

from snrlib import losses, teachers


def first_of_a_tie(snr):
    return teachers.assign(snr)[0]


def by_range(snr):
    """Inside which range an SNR lies, which is not which teacher was trained nearest."""
    return "T1" if snr < -10.5 else "T2" if snr < 0 else "T3" if snr < 9.75 else "T4"


def distance(a, b):
    return 0.5 * (a - b).square().mean()


def teacher_learns(student, teacher, noisy, clean, alpha):
    s = student(noisy)
    return alpha * distance(s, teacher(noisy)) + (1 - alpha) * distance(s, clean)


def frozen(scale=1.0, swap=False, cut=False, numbers=False):
    def loss(student, teacher, noisy, clean, alpha):
        taught = teacher(noisy).detach()
        s = student(noisy)
        alpha = 1 - alpha if swap else alpha
        first = distance(s.detach() if cut else s, taught)
        total = scale * (alpha * first + (1 - alpha) * distance(s, clean))
        return total.item() if numbers else total

    return loss


def summed(student, teacher, noisy, clean, alpha):
    return noisy.numel() * losses.distillation(student(noisy), teacher(noisy), clean, alpha)


def one_blend(student, teacher, noisy, clean, alpha):
    blend = alpha * teacher(noisy).detach() + (1 - alpha) * clean
    return distance(student(noisy), blend)


def nothing_learns(student, teacher, noisy, clean, alpha):
    with torch.no_grad():
        return losses.distillation(student(noisy), teacher(noisy), clean, alpha)


WRONG = [
    ("05.1", (first_of_a_tie,), "lower number"),
    ("05.1", (by_range,), "trained"),
    ("05.1", (lambda snr: 2,), '"T1" to "T4"'),
    ("05.2", (teacher_learns,), "teacher gets a gradient"),
    ("05.2", (frozen(2.0),), "one half"),
    ("05.2", (frozen(swap=True),), "wrong distance"),
    ("05.2", (frozen(cut=True),), "detached"),
    ("05.2", (frozen(numbers=True),), "no tensor"),
    ("05.2", (one_blend,), "distance to the blend"),
    ("05.2", (summed,), "sum over all samples"),
    ("05.2", (nothing_learns,), "no gradient reaches the student"),
    ("05.3", (lambda a: -10 * np.log10(a),), "amplitudes"),
    ("05.3", (lambda a: 20 * np.log10(a),), "sign"),
    ("05.3", (lambda a: -20 * np.log10(1 - a),), "1 - alpha"),
    ("05.3", (lambda a: -20 * np.log(a),), "base 10"),
    ("05.3", (lambda a: 6.02,), "more"),
    ("05.4", (lambda t, y, a, c: a * t + c * y,), "too loud"),
    ("05.4", (lambda t, y, a, c: (c * t + a * y) / (a + c),), "wrong signals"),
    ("05.4", (lambda t, y, a, c: (t + y) / 2,), "ignores"),
    ("05.4", (lambda t, y, a, c: t - y,), "solve"),
    ("05.5", (lambda t, y, a: a * t + (1 - a) * y,), "squares"),
    ("05.5", (lambda t, y, a: y if a > 0.5 else t,), "steeper"),
    ("05.5", (lambda t, y, a: 7.0,), "corners"),
    ("05.6", (0.75,), "teacher's share"),
    ("05.6", (0.0625,), "variances"),
    ("05.6", (4,), "more scatter"),
    ("05.6", (0.5,), "less"),
]
