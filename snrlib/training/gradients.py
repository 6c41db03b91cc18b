r"""What an objective tells the weights: one direction that all batches share, and chance around it.

The gradient of a batch is $g_i = \mu + \varepsilon_i$: the step that helps on average, and what
this batch adds by chance. Two objectives with the same $\mu$ lead to the same network, the one
with less $\varepsilon$ on a straighter way; so whether teachers add *knowledge* or only make the
way straighter can be read off the gradients, at any weights, without training to the end.

Both parts come from gradients of $n$ batches without bias: the mean of $g_i \cdot g_j$ over
$i \ne j$ is $|\mu|^2$, and what the mean of $|g_i|^2$ exceeds it by is the power of the chance.

Notebook: 06_ablation_s1_vs_s2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd
import torch
from torch import Tensor, nn

from snrlib.datasets.crops import Crops
from snrlib.support.errors import SnrlibError
from snrlib.support.progress import Progress
from snrlib.training.objectives import Objective


@dataclass(frozen=True)
class Parts:
    """Direction and chance of one objective at given weights.

    Attributes:
        common: $|\\mu|^2$, power of what all batches share; at small sizes chance can make the
            estimate negative.
        chance: mean power of what a single batch adds.
        batches: how many were measured.
        cosine: of the angle between $\\mu$ and that of the first objective measured with it; NaN
            where one of the two directions was not found.
    """

    common: float
    chance: float
    batches: int
    cosine: float = float("nan")

    @property
    def found(self) -> bool:
        """Whether the direction stands out from what chance leaves in the mean of all batches."""
        return self.common > self.chance / self.batches

    @property
    def noise_to_signal(self) -> float:
        """How many batches must be averaged until direction and chance are equally strong."""
        return self.chance / self.common if self.found else float("inf")


class Gradients:
    """Gradients of objectives on the same batches, summed up as they come.

    Only sums are kept, so memory does not grow with the number of batches.

    Args:
        names: of the objectives; the first is the reference of the angles.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self.batches = 0
        self._sum: dict[str, Tensor] = {}
        self._power = dict.fromkeys(self.names, 0.0)  # of each with itself
        self._product = dict.fromkeys(self.names, 0.0)  # of each with the reference

    def add(self, gradients: Mapping[str, Tensor]) -> None:
        """Takes the gradients of one more batch, a vector per objective."""
        reference = gradients[self.names[0]]
        for name in self.names:
            g = gradients[name]
            self._sum[name] = self._sum[name] + g if self.batches else g.clone()
            self._power[name] += float(g @ g)
            self._product[name] += float(reference @ g)
        self.batches += 1

    def parts(self) -> dict[str, Parts]:
        """Direction and chance by objective.

        Raises:
            SnrlibError: fewer than two batches.
        """
        n = self.batches
        if n < 2:
            raise SnrlibError("Direction and chance are told apart with at least two batches.")
        first = self._sum[self.names[0]]
        found: dict[str, Parts] = {}
        for name, total in self._sum.items():
            # Products of different batches: all products less those of a batch with itself.
            common = (float(total @ total) - self._power[name]) / (n * (n - 1))
            along = (float(first @ total) - self._product[name]) / (n * (n - 1))
            part = Parts(common, self._power[name] / n - common, n)
            reference = found.get(self.names[0], part)
            if reference.found and part.found:
                cosine = along / (reference.common * common) ** 0.5
                part = replace(part, cosine=min(1.0, max(-1.0, cosine)))
            found[name] = part
        return found


def measure(
    model: nn.Module, objectives: Mapping[str, Objective], crops: Crops, batches: int = 50
) -> pd.DataFrame:
    """Direction and chance of objectives at the weights of `model`, over the same batches.

    The network is left as it was: no step is taken, and batch norm's averages are put back.

    Args:
        model: a network under way or at its end.
        objectives: by name; the first is the reference of the angles.
        crops: training examples.
        batches: how many.

    Returns:
        One row per objective: `common, chance, noise_to_signal, cosine`, see :class:`Parts`, and
        the mean `loss`.
    """
    was_training = model.training
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    gathered = Gradients(objectives)
    losses = dict.fromkeys(objectives, 0.0)
    model.train()
    try:
        with Progress(batches, "gradients") as progress:
            for step in range(batches):
                noisy, clean, snr_db = crops.batch_at(step)
                taken = {}
                for name, objective in objectives.items():
                    loss = objective(model, noisy, clean, snr_db, 0.0)
                    taken[name] = torch.cat(
                        [g.flatten() for g in torch.autograd.grad(loss, weights)]
                    )
                    losses[name] += float(loss.detach()) / batches
                gathered.add(taken)
                progress.update()
    finally:
        model.train(was_training)
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
    parts = gathered.parts()
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
