"""Agreement: a training in bf16 learns what the float32 one learns."""

import tempfile
from collections.abc import Iterator

import torch

from snrlib import training
from snrlib.commands.bench import material
from snrlib.commands.bench.figure import Figure
from snrlib.models import create
from snrlib.support import devices
from snrlib.training.objectives import Supervised


def figures(quick: bool) -> Iterator[Figure]:
    """Validation losses over 500 steps of a narrow U-Net: two seeds in float32, one in "auto"."""
    steps = 50 if quick else 500
    plain, other = _losses("32-true", 0, steps), _losses("32-true", 1, steps)
    fast = _losses("auto", 0, steps)
    distance = [abs(a - b) / a for a, b in zip(plain, fast, strict=True)]
    noise = [abs(a - b) / a for a, b in zip(plain, other, strict=True)]
    yield Figure(
        f"validation loss of {steps} steps, narrow U-Net", "float32", "precision auto",
        plain, fast, unit="",
        facts={
            "bf16": devices.computes_in_bf16(),
            "largest difference, relative": max(distance),
            "the same between two seeds": max(noise),
        },
    )  # fmt: skip


def _losses(precision: str, seed: int, steps: int) -> list[float]:
    torch.manual_seed(seed)
    model = create("unet", **material.NARROW)
    crops, valid = (material.crops(8, devices.local()) for _ in range(2))
    budget = training.Budget(steps, 8, valid_every=steps // 5, precision=precision)
    settings = {"model": {"class": "unet", "arguments": material.NARROW}}
    with tempfile.TemporaryDirectory() as folder:
        training.train(
            f"{precision} {seed}", model, crops, valid, Supervised(), budget, folder, settings
        )
        return training.history(folder)["valid_loss"].tolist()
