r"""When SNRs pull against each other: three ways to keep the loudest noise from spoiling the rest.

A network of limited size serves all SNRs with one set of weights. Where the gradient of one part
of a batch points against that of another ($g_a \cdot g_b < 0$), a step that helps one undoes the
other: the tasks *interfere*. Rows can be weighted, the conflicting part of each gradient can be
taken out (PCGrad: Yu et al., "Gradient surgery for multi-task learning", NeurIPS 2020), or every
step can be given to one SNR alone.

Notebook: 06_ablation_s1_vs_s2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from snrlib import losses
from snrlib.datasets.crops import Crops
from snrlib.support.devices import send

LOUDEST = (-20.0,)  # the rows of the student's set that hold the least speech


@dataclass(frozen=True)
class Weighted:
    """S1's objective with a weight for every SNR.

    Attributes:
        weights: by SNR in dB; 1 for those that are not named.
        until: the part of the training after which the weights change sides: then the SNRs
            named count fully. 1 keeps them to the end.
    """

    weights: dict[float, float] = field(default_factory=lambda: dict.fromkeys(LOUDEST, 0.0))
    until: float = 1.0

    def __call__(
        self, model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
    ) -> Tensor:
        """The loss of one batch, a scalar."""
        named = self.weights if progress < self.until or self.until >= 1 else {}
        weight = torch.tensor([named.get(float(snr), 1.0) for snr in snr_db.tolist()])
        return losses.supervised(model(noisy), clean, send(weight, noisy.device))


@dataclass(frozen=True)
class Projected:
    """S1's objective with conflicting gradients projected away from each other (PCGrad).

    The rows of a batch form two groups, those at the SNRs `against` and all others. Where the
    gradients of the two conflict, each loses its part along the other before they are added.
    The value of the loss is that of S1; its gradient is the projected one.

    Attributes:
        against: SNRs in dB of the first group.
    """

    against: Sequence[float] = LOUDEST

    def __call__(
        self, model: nn.Module, noisy: Tensor, clean: Tensor, snr_db: Tensor, progress: float
    ) -> Tensor:
        """The loss of one batch, a scalar."""
        # Fabric's wrapper allows one backward pass a step; autocast holds inside it all the same.
        model = getattr(model, "module", model)
        rows = 0.5 * (model(noisy) - clean).square().mean(dim=-1)
        first = send(
            torch.isin(snr_db, torch.tensor(self.against, dtype=snr_db.dtype)), rows.device
        )
        parts = [rows[group].sum() / len(rows) for group in (first, ~first) if bool(group.any())]
        if len(parts) < 2 or not torch.is_grad_enabled():
            return rows.mean()
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        gradients = [
            torch.cat([g.flatten() for g in torch.autograd.grad(part, weights, retain_graph=True)])
            for part in parts
        ]
        wanted = projected(*gradients)
        pieces = wanted.split([weight.numel() for weight in weights])
        # A plane with the wanted slope: backward through it leaves that gradient on the weights.
        plane = torch.stack(
            [
                (weight.flatten() * piece).sum()
                for weight, piece in zip(weights, pieces, strict=True)
            ]
        ).sum()
        return rows.mean().detach() + plane - plane.detach()


def projected(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two gradients, each without its part along the other where they conflict.

    Example:
        >>> projected(torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0]))
        tensor([0.5000, 1.5000])
    """
    along = one @ other
    if along >= 0:
        return one + other
    return (one - along / (other @ other) * other) + (other - along / (one @ one) * one)


class OneSNR(Crops):
    """Training examples of which every batch holds one SNR only, each in its turn."""

    def rows(self, step: int) -> Tensor:
        """Which rows of the recipe form the batch of `step`: (batch,)."""
        snrs = self._snr_db.unique()
        here = torch.nonzero(self._snr_db == snrs[step % len(snrs)]).flatten()
        shuffle = np.random.default_rng([self.seed, 5, step]).integers(len(here), size=self.batch)
        return here[torch.from_numpy(shuffle)]
