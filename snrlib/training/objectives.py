r"""What a network is trained towards: the objectives that the one training loop minimises.

An objective maps (model, noisy, clean, snr_db, progress) to a loss; `progress` runs from 0 to 1
over a training. S1 and the teachers learn from clean speech, S2 from Eq. 1; what is changed
in Eq. 1 to explain S2 is in :mod:`snrlib.training.ablations`.

Notebooks: 05_distillation, 06_ablation_s1_vs_s2.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from snrlib import losses
from snrlib.support.devices import send
from snrlib.teachers import assign, supervise

# (model, noisy, clean, snr_db, progress) -> loss
Objective = Callable[[nn.Module, Tensor, Tensor, Tensor, float], Tensor]


@dataclass(frozen=True)
class Supervised:
    """Objective of the teachers and of S1: half the squared distance to the clean speech.

    `balance` weighs rows by their SNR, see :func:`snrlib.losses.row_weight`; `emphasis` raises
    the treble of both signals, see :func:`snrlib.losses.pre_emphasised`.
    """

    balance: float = 0.0
    emphasis: float = 0.0

    def __call__(
        self, model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
    ) -> Tensor:
        """The loss of one batch, a scalar."""
        estimate, clean = emphasised(self.emphasis, model(noisy), clean)
        return losses.supervised(estimate, clean, row_weights(snr_db, self.balance, noisy))


@dataclass(frozen=True)
class Distillation:
    """Objective of S2: Eq. 1, each row with the teacher of its SNR.

    Attributes:
        teachers: the frozen networks by name.
        alpha: weight of the teachers (paper: 0.5), constant, or from first to last step.
        balance: as in :class:`Supervised`.
        choose: which teacher supervises which SNR; the paper's hard choice by default.
        emphasis: as in :class:`Supervised`.
    """

    teachers: dict[str, nn.Module]
    alpha: float | tuple[float, float] = 0.5
    balance: float = 0.0
    choose: Callable[..., list[str]] = assign
    emphasis: float = 0.0

    def __call__(
        self, model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
    ) -> Tensor:
        """The loss of one batch, a scalar."""
        target = self.target(noisy, clean, snr_db, progress)
        weight = row_weights(snr_db, self.balance, noisy)
        estimate, target, clean = emphasised(self.emphasis, model(noisy), target, clean)
        return losses.distillation(estimate, target, clean, self.alpha_at(progress), weight)

    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """What the teachers say: (batch, samples); the controls say something else."""
        return supervise(self.teachers, noisy, snr_db, self.choose)

    def alpha_at(self, progress: float) -> float:
        """The teachers' weight at that part of the training."""
        first, last = self.alpha if isinstance(self.alpha, tuple) else (self.alpha, self.alpha)
        return first + (last - first) * progress


def own_loss(
    model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
) -> Tensor:
    """Objective of the baselines: the loss of their own papers."""
    return model.loss(noisy, clean)  # type: ignore[operator]


def emphasised(coefficient: float, *signals: Tensor) -> list[Tensor]:
    """All signals with their treble raised."""
    return [losses.pre_emphasised(signal, coefficient) for signal in signals]


def row_weights(snr_db: Tensor, balance: float, noisy: Tensor) -> Tensor | None:
    """How much each row counts, (batch,); None where all count alike."""
    return send(losses.row_weight(snr_db, balance), noisy.device) if balance else None
