r"""Ablations of S2: one thing of Eq. 1 changed at a time, to see what its gain is due to.

S2 is taught by the expert of the mixture's SNR. If that is what helps, then a teacher drawn by
lot, or one teacher for all SNRs, must do less well. Other choices ask whether the paper's is the
best one: the neighbouring teacher, a blend of teachers, the one with the smallest error on the
very crop, a teacher that is heard only where it is better than the student, easy SNRs first.

Each ablation trains under the name `S2-<ablation>`, with S2's data, budget and alpha.

Notebook: 06_ablation_s1_vs_s2.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snrlib import losses
from snrlib.datasets.crops import Crops
from snrlib.support.devices import send
from snrlib.teachers import TEACHER_SNRS, assign, supervise
from snrlib.training.objectives import (
    Distillation,
    Objective,
    Supervised,
    emphasised,
    own_loss,
)

GENERALIST = "T-all"  # a teacher that was trained on all of the student's SNRs


def neighbour(snr_db: float | Iterable[float]) -> list[str]:
    """The teacher of 5 dB less: T1 at -10, T2 at 0, T3 at 10 dB, where S2 has T2, T3 and T4.

    In the paper's own Table 2, T2 is better than T3 at 0 dB, and T3 (in PESQ) than T4 at 10 dB.
    """
    return assign(np.asarray(snr_db, dtype=np.float64) - 5.0)


def generalist(snr_db: float | Iterable[float]) -> list[str]:
    """One teacher for every SNR."""
    return [GENERALIST] * np.atleast_1d(np.asarray(snr_db)).size


@dataclass(frozen=True)
class RandomTeacher(Distillation):
    """Each row's teacher is drawn by lot: a teacher's knowledge without its range.

    The lot depends on the progress of the training alone, so that a training that was killed
    goes on with the same teachers.
    """

    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """Estimates of randomly chosen teachers, (batch, samples)."""
        lots = np.random.default_rng(int(progress * 1e9)).integers(
            len(TEACHER_SNRS), size=len(noisy)
        )
        names = list(TEACHER_SNRS)
        return supervise(self.teachers, noisy, snr_db, lambda _: [names[lot] for lot in lots])


@dataclass(frozen=True)
class SoftChoice(Distillation):
    """Every teacher is heard, the more the nearer its SNRs are.

    Attributes:
        width_db: at this distance from a teacher's nearest SNR its share has fallen to 61 %
            (a Gaussian; shares add up to 1).
    """

    width_db: float = 5.0

    def shares(self, snr_db: Tensor) -> Tensor:
        """How much of the target comes from T1 to T4: (batch, 4), rows add up to 1."""
        near = torch.stack(
            [
                (snr_db[:, None] - torch.tensor(snrs, dtype=snr_db.dtype)).abs().amin(dim=1)
                for snrs in TEACHER_SNRS.values()
            ],
            dim=1,
        )
        return torch.softmax(-0.5 * (near / self.width_db) ** 2, dim=1)

    @torch.no_grad()
    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """The blend of all teachers' estimates, (batch, samples); four forward passes."""
        shares = send(self.shares(snr_db), noisy.device)
        heard = torch.stack([self.teachers[name](noisy) for name in TEACHER_SNRS], dim=1)
        return (shares[:, :, None] * heard.to(noisy.dtype)).sum(dim=1)


@dataclass(frozen=True)
class Quieter(SoftChoice):
    """The clean speech, as quiet as it is in the blend of the teachers: their level alone.

    Estimates that are made for least squares are the quieter the less is known; a blend of four
    that were made for other SNRs is quieter still. SI-SDR, PESQ and STOI do not mind.
    """

    @torch.no_grad()
    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """Clean speech times its share in the blend, row by row: (batch, samples)."""
        blend = super().target(noisy, clean, snr_db, progress)
        power = clean.square().sum(dim=-1, keepdim=True).clamp_min(1e-12)
        return clean * (blend * clean).sum(dim=-1, keepdim=True) / power


@dataclass(frozen=True)
class BestTeacher(Distillation):
    """Each row's teacher is the one with the smallest squared error on that very crop."""

    @torch.no_grad()
    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """The estimates nearest to the clean speech, (batch, samples); four forward passes."""
        heard = torch.stack([self.teachers[name](noisy) for name in TEACHER_SNRS], dim=1)
        error = (heard - clean[:, None]).square().mean(dim=-1)
        best = error.argmin(dim=1)
        return heard[torch.arange(len(noisy), device=noisy.device), best].to(noisy.dtype)


@dataclass(frozen=True)
class WhereBetter(Distillation):
    """A teacher is heard only on rows where it is nearer to the clean speech than the student.

    On the other rows the student learns from the clean speech alone.
    """

    def __call__(
        self, model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
    ) -> Tensor:
        """The loss of one batch, a scalar."""
        target = self.target(noisy, clean, snr_db, progress)
        estimate, target, clean = emphasised(self.emphasis, model(noisy), target, clean)
        with torch.no_grad():
            better = (target - clean).square().mean(-1) < (estimate - clean).square().mean(-1)
            alpha = self.alpha_at(progress) * better.to(noisy.dtype)
        taught = losses.supervised(estimate, target, alpha)
        return taught + losses.supervised(estimate, clean, 1 - alpha)


@dataclass(frozen=True)
class Widening(Distillation):
    """Training begins with the mixtures nearest to 0 dB, and lets the others in bit by bit.

    At progress p of the training a batch loses the rows beyond +-`widest_db` p / `whole_at`; the
    nearest to 0 dB always stay. Without teachers it is the same curriculum for S1.

    Attributes:
        widest_db: where the students' SNRs end (20 dB).
        whole_at: the part of the training after which no row is left out.
    """

    widest_db: float = 20.0
    whole_at: float = 0.5

    def rows(self, snr_db: Tensor, progress: float) -> Tensor:
        """Which rows of a batch are learned from, (batch,) of bool; never none."""
        distance = snr_db.abs()
        reach = self.widest_db * progress / self.whole_at
        return distance <= max(reach, float(distance.min()))

    def __call__(
        self, model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
    ) -> Tensor:
        """The loss of one batch, a scalar."""
        rows = self.rows(snr_db, progress)
        near = rows.to(noisy.device)
        return super().__call__(model, noisy[near], clean[near], snr_db[rows], progress)

    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """The teachers' estimates, (batch, samples); clean speech where there are no teachers."""
        return super().target(noisy, clean, snr_db, progress) if self.teachers else clean


@dataclass(frozen=True)
class Smoothing(Distillation):
    r"""Eq. 1 with a blend of clean and noisy speech instead of a teacher.

    The blend $t' = y + c\,(x - y)$ has as much error as the teacher leaves: if it does as well as
    the teacher, the gain of S2 is smoothing and not the teachers' knowledge.

    Attributes:
        shares: how much of the noise the blend keeps, by SNR (:func:`smoothing_shares`).
    """

    shares: dict[float, float] = field(default_factory=dict)

    def target(self, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float) -> Tensor:
        """The blends, (batch, samples)."""
        kept = torch.tensor([self.shares[round(float(s), 3)] for s in snr_db.tolist()])
        return clean + send(kept, noisy.device)[:, None] * (noisy - clean)


@torch.no_grad()
def smoothing_shares(
    teachers: dict[str, nn.Module], crops: Crops, batches: int = 20
) -> dict[float, float]:
    """The share of the noise that has as much energy as the teacher's error, by SNR.

    Args:
        teachers: frozen networks by name.
        crops: the student's training examples, on which the errors are measured.
        batches: how many of them.
    """
    errors: dict[float, float] = {}
    noises: dict[float, float] = {}
    for step in range(batches):
        noisy, clean, snr_db = crops.batch_at(step)
        left = (supervise(teachers, noisy, snr_db) - clean).square().mean(dim=-1).tolist()
        added = (noisy - clean).square().mean(dim=-1).tolist()
        for snr, error, noise in zip(snr_db.tolist(), left, added, strict=True):
            snr = round(snr, 3)
            errors[snr] = errors.get(snr, 0.0) + error
            noises[snr] = noises.get(snr, 0.0) + noise
    return {snr: (errors[snr] / noises[snr]) ** 0.5 for snr in sorted(errors)}


# name of the ablation -> (objective, what it is given besides teachers and alpha)
ABLATIONS: dict[str, tuple[type[Distillation], dict[str, Any]]] = {
    "random": (RandomTeacher, {}),
    "one-teacher": (Distillation, {"choose": generalist}),
    "neighbour": (Distillation, {"choose": neighbour}),
    "soft": (SoftChoice, {}),
    # What a random teacher says on average: all four, with equal shares.
    "mean": (SoftChoice, {"width_db": float("inf")}),
    "quieter": (Quieter, {"width_db": float("inf")}),
    "best": (BestTeacher, {}),
    "where-better": (WhereBetter, {}),
    "fading": (Distillation, {"alpha": (1.0, 0.0)}),
    "widening": (Widening, {}),
    # Its shares are measured on the student's own crops, see `objective`.
    "smoothing": (Smoothing, {}),
}


def objective(
    target: str,
    teachers: dict[str, nn.Module],
    alpha: float,
    balance: float,
    crops: Crops | None = None,
    emphasis: float = 0.0,
) -> Objective:
    """What a network is trained towards: the one place that knows what a target's name means.

    Args:
        target: "clean", "own" (the network's own loss), "teachers" (Eq. 1), or a key of
            `ABLATIONS`.
        teachers: frozen networks by name.
        alpha: the weight of Eq. 1, unless the ablation changes it.
        balance: as in :class:`snrlib.training.objectives.Supervised`.
        crops: the student's training examples, on which "smoothing" measures its teachers.
        emphasis: as in :class:`snrlib.training.objectives.Supervised`.
    """
    if target == "own":
        return own_loss
    if target == "clean":
        return Supervised(balance, emphasis)
    kind, changes = ABLATIONS.get(target, (Distillation, {}))
    if kind is Smoothing and crops is not None:
        changes = {"shares": smoothing_shares(teachers, crops)}
    common = {"alpha": alpha, "balance": balance, "emphasis": emphasis}
    return kind(**{"teachers": teachers, **common, **changes})
