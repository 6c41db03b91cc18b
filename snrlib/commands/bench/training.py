"""The training step: the kit's beside a plain float32 loop, on CPU or GPU."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import torch
from torch import nn

from snrlib.commands.bench import material, plain
from snrlib.commands.bench.figure import Figure, compare
from snrlib.datasets.crops import CROP
from snrlib.support import devices
from snrlib.training.objectives import Objective, Supervised
from snrlib.training.step import Step

SAMPLES_PER_SECOND = 16_000


def wait() -> None:
    """Waits for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def kit_step(
    model: nn.Module, batch: int, precision: str = "auto", objective: Objective | None = None
) -> Callable[[], Any]:
    """One step as :mod:`snrlib.training` does it."""
    fabric = devices.fabric("auto", 1, 1, precision)
    crops = material.crops(batch, fabric.device)
    step, number = Step(fabric, model, crops, objective or Supervised()), count()
    step.network.train()

    def one() -> None:
        step(next(number), 2e-3, 0.0)

    one.captured = step.captured  # type: ignore[attr-defined]
    return one


def figures(quick: bool) -> Iterator[Figure]:
    """Narrow and paper's network at the batch size of their profiles; on a GPU also larger."""
    device = devices.local()
    gpu = device.type == "cuda"
    for name, narrow, batch in (("narrow", True, 8), ("the paper's", False, 16)):
        if quick and not (narrow or gpu):
            continue
        theirs = plain.PlainStep(material.unet(narrow), batch, device)
        ours = kit_step(material.unet(narrow), batch)
        calls = 10 if narrow or gpu else 1

        def many(step: Callable[[], Any], calls: int = calls) -> None:
            for _ in range(calls):
                step()

        yield compare(
            f"a training step, {name} U-Net, batch {batch}",
            "Dataset, DataLoader, float32, eager", partial(many, theirs),
            "snrlib.training.step", partial(many, ours),
            3 if quick else 7, per=calls, wait=wait,
            target=None if narrow else 4.0 if gpu else 2.0 if devices.computes_in_bf16() else 1.0,
            graphs=bool(getattr(ours, "captured", False)),
        )  # fmt: skip
    if gpu:
        yield from _saturation(quick)


def _saturation(quick: bool) -> Iterator[Figure]:
    """Where the GPU is full, and what fills it: arithmetic or memory traffic."""
    flops, moved = _cost()
    peak, bandwidth = _matmul_peak(), _copy_bandwidth()
    for batch in (16, 64, 256) if quick else (16, 32, 64, 128, 256, 512):
        try:
            ours = kit_step(material.unet(), batch)
            size = 1 << 13
            a = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
            figure = compare(
                f"arithmetic of a training step, the paper's U-Net, batch {batch}",
                "its arithmetic at the speed of a large bf16 product, measured here",
                partial(torch.mm, a, a), "snrlib.training.step", ours, 5, wait=wait,
            )  # fmt: skip
        except torch.cuda.OutOfMemoryError:
            return
        seconds = sorted(figure.values)[len(figure.values) // 2]
        ideal = batch * flops / peak
        yield Figure(
            figure.name, figure.reference, figure.ours,
            [ideal] * len(figure.values), figure.values,
            facts={
                "examples per second": batch / seconds,
                "fraction of arithmetic peak": ideal / seconds,
                "fraction of memory bandwidth": batch * moved / bandwidth / seconds,
                "TFLOP/s": batch * flops / seconds / 1e12,
            },
        )  # fmt: skip
        del ours, a
        torch.cuda.empty_cache()


def _cost() -> tuple[float, float]:
    """Floating-point operations and bytes of one example's step, estimated from the layers.

    Forward, gradient by input and gradient by weight cost the same arithmetic. Bytes: in bf16,
    each feature is written and read by convolution, norm (twice) and activation, and about
    twice as often on the way back.
    """
    from snrlib.models import cost

    model = material.unet()
    operations = 3 * 2 * cost.multiply_accumulates(model, 1.024) * CROP / SAMPLES_PER_SECOND
    features = sum(layer.channels * layer.samples for layer in model.layers(CROP))
    return operations, features * 2.0 * (7 + 14)


def _matmul_peak() -> float:
    size = 1 << 13
    a = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
    return 2 * size**3 / _best(lambda: a @ a)


def _copy_bandwidth() -> float:
    a = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    return 2 * (1 << 30) / _best(lambda: b.copy_(a))


def _best(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(10):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / 1000)
    return min(times)
