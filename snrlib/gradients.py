r"""What an objective tells the weights: one direction that all batches share, and chance around it.

The gradient of a batch is $g_i = \mu + \varepsilon_i$: the step that helps on average, and what
this batch adds by chance. Two objectives with the same $\mu$ lead to the same network, the one
with less $\varepsilon$ on a straighter way; so whether teachers add *knowledge* or only make the
way straighter can be read off the gradients, at any weights, without training to the end.

Both parts come from gradients of $n$ batches without bias: the mean of $g_i \cdot g_j$ over
$i \ne j$ is $|\mu|^2$, and what the mean of $|g_i|^2$ exceeds it by is the power of the chance.

Notebook: 06_ablation_s1_vs_s2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from snrlib.datasets import Crops
from snrlib.errors import SnrlibError
from snrlib.objectives import Objective
from snrlib.progress import Progress


@dataclass(frozen=True)
class Parts:
    """Direction and chance of one objective at given weights.

    Attributes:
        common: $|\\mu|^2$, power of what all batches share; at small sizes chance can make the
            estimate negative.
        chance: mean power of what a single batch adds.
        cosine: of the angle between $\\mu$ and that of the first objective measured with it.
    """

    common: float
    chance: float
    cosine: float

    @property
    def noise_to_signal(self) -> float:
        """How many batches must be averaged until direction and chance are equally strong."""
        return self.chance / self.common if self.common > 0 else float("inf")


def split(gradients: Mapping[str, Tensor]) -> dict[str, Parts]:
    """Direction and chance of objectives whose gradients were taken on the same batches.

    Args:
        gradients: by objective, (batches, weights), all of one shape; the first is the reference.

    Raises:
        SnrlibError: fewer than two batches.
    """
    reference = next(iter(gradients.values()))
    if len(reference) < 2:
        raise SnrlibError("Direction and chance are told apart with at least two batches.")
    common = {name: _shared(g, g) for name, g in gradients.items()}
    first = next(iter(common.values()))
    parts = {}
    for name, g in gradients.items():
        power = float(g.square().sum(dim=1).mean())
        both = max(first, 0.0) ** 0.5 * max(common[name], 0.0) ** 0.5
        cosine = _shared(reference, g) / both if both > 0 else float("nan")
        parts[name] = Parts(common[name], power - common[name], cosine)
    return parts


def _shared(one: Tensor, other: Tensor) -> float:
    """The mean product of gradients of different batches: chance cancels in it."""
    n = len(one)
    whole = one.sum(dim=0) @ other.sum(dim=0)
    return float((whole - (one * other).sum()) / (n * (n - 1)))


def measure(
    model: nn.Module, objectives: Mapping[str, Objective], crops: Crops, batches: int = 50
) -> pd.DataFrame:
    """Direction and chance of objectives at the weights of `model`, over the same batches.

    The network is left as it was: no step is taken, and batch norm's averages are put back.

    Args:
        model: a network under way or at its end.
        objectives: by name; the first is the reference of the angles.
        crops: training examples.
        batches: how many; their gradients are kept in memory.

    Returns:
        One row per objective: `common, chance, noise_to_signal, cosine`, see :class:`Parts`, and
        the mean `loss`.
    """
    was_training = model.training
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    taken: dict[str, list[Tensor]] = {name: [] for name in objectives}
    losses = dict.fromkeys(objectives, 0.0)
    model.train()
    try:
        with Progress(batches, "gradients") as progress:
            for step in range(batches):
                noisy, clean, snr_db = crops.batch_at(step)
                for name, objective in objectives.items():
                    loss = objective(model, noisy, clean, snr_db, 0.0)
                    taken[name].append(
                        torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)])
                    )
                    losses[name] += float(loss.detach()) / batches
                progress.update()
    finally:
        model.train(was_training)
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
    parts = split({name: torch.stack(rows) for name, rows in taken.items()})
    return pd.DataFrame(
        {
            name: {
                "common": part.common,
                "chance": part.chance,
                "noise_to_signal": part.noise_to_signal,
                "cosine": part.cosine,
                "loss": losses[name],
            }
            for name, part in parts.items()
        }
    ).T.rename_axis("objective")
