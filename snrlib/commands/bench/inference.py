"""Inference: a recording through the paper's U-Net, as it is and as the kit runs it."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from snrlib.audio import SAMPLE_RATE
from snrlib.commands.bench import material
from snrlib.commands.bench.figure import Figure, compare
from snrlib.commands.bench.training import wait
from snrlib.enhancement import Enhancer
from snrlib.support import devices


def figures(quick: bool) -> Iterator[Figure]:
    """bf16 where there is any, and float32; each with its distance from the plain output."""
    seconds = 8 if quick else 30
    noisy = material.recording(seconds)
    model, device = material.unet(), devices.local()
    plain = Enhancer(model, {}, device, precision="eager")
    whole = plain.enhance(noisy)
    precisions = ["float32", "auto"] if devices.computes_in_bf16("cpu") else ["float32"]
    for precision in precisions:
        kit = Enhancer(model, {}, device, precision=precision)
        difference = float(np.abs(kit.enhance(noisy) - whole).max())
        figure = compare(
            f"enhancing {seconds} s with the paper's U-Net, precision {precision}",
            "the network as it was trained, float32, eager", partial(plain.enhance, noisy),
            "Enhancer.enhance", partial(kit.enhance, noisy), 3 if quick else 7,
            target=0.086 / 0.05 if precision == "auto" else None, per=len(noisy) / SAMPLE_RATE,
            wait=wait, difference=difference,
        )  # fmt: skip
        yield figure
