r"""The losses of teachers and students (paper, Eq. 1).

$L = \alpha \frac12 \|f_s(x) - f_t(x)\|^2 + (1-\alpha) \frac12 \|f_s(x) - y\|^2$: half the squared
distance to the teacher's output and half the squared distance to the clean speech, here as
means over samples (Adam does not care about the factor). Rows of a batch may carry weights.

Notebook: 05_distillation.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from snrlib.support.errors import SnrlibError


def supervised(estimate: Tensor, clean: Tensor, weight: Tensor | None = None) -> Tensor:
    """Half the mean squared error: the loss of the teachers and of S1 (Eq. 1 with alpha = 0).

    Args:
        estimate: (batch, samples).
        clean: (batch, samples).
        weight: (batch,), one factor per row; None for ones.
    """
    rows = 0.5 * (estimate - clean).square().mean(dim=-1)
    return rows.mean() if weight is None else (weight * rows).mean()


def distillation(
    student: Tensor,
    teacher: Tensor,
    clean: Tensor,
    alpha: float = 0.5,
    weight: Tensor | None = None,
) -> Tensor:
    """Eq. 1: the loss of S2.

    Args:
        student: the student's estimate (batch, samples).
        teacher: the estimate of each row's teacher (batch, samples), without gradient.
        clean: (batch, samples).
        alpha: weight of the teacher, 0 to 1 (paper: 0.5, chosen on the validation data).
        weight: (batch,), one factor per row; None for ones.

    Raises:
        SnrlibError: an alpha outside 0 to 1.
    """
    if not 0 <= alpha <= 1:
        raise SnrlibError(f"alpha weighs teacher against clean speech: 0 to 1, not {alpha}.")
    to_teacher = supervised(student, teacher.detach(), weight)
    return alpha * to_teacher + (1 - alpha) * supervised(student, clean, weight)


def pre_emphasised(signal: Tensor, coefficient: float) -> Tensor:
    r"""The signal with its treble raised, $x_n - c\,x_{n-1}$: (batch, samples).

    Speech has 30 dB less power at 6 kHz than at 500 Hz, so least squares on the waveform hardly
    sees fricatives. Of signals that all went through this filter, Eq. 1 is still two L2 terms.
    A ruling of this kit; the paper's is 0, which leaves signals as they are.

    Args:
        signal: (batch, samples).
        coefficient: 0 to 1; 0.7 gives -10 dB at the bottom and +5 dB at the top.
    """
    if not coefficient:
        return signal
    return signal - coefficient * functional.pad(signal, (1, 0))[..., :-1]


def row_weight(snr_db: Tensor, balance: float) -> Tensor:
    r"""How much each row of a batch counts, so that no SNR is neglected: (batch,).

    Mixtures are scaled to one level, so the error that is left on a row is about that of a
    Wiener filter, $S N / (S + N)$: large where speech and noise are equally strong, and tiny
    at both ends of the SNR range. The weight is its reciprocal, relative to 0 dB, to the power
    `balance`: 0 weighs all rows alike, 1 lets every SNR count the same. A ruling of this kit
    (the paper says nothing about level); notebook 04 shows what was measured.

    Args:
        snr_db: (batch,) in dB.
        balance: 0 to 1.
    """
    return torch.cosh(snr_db * (math.log(10) / 20)).pow(2 * balance)
