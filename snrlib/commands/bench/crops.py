"""Crops: a batch from the bank, beside a Dataset that mixes one item at a time."""

from collections.abc import Iterator
from itertools import count

from snrlib.commands.bench import material, plain
from snrlib.commands.bench.figure import Figure, compare
from snrlib.commands.bench.training import kit_step, wait
from snrlib.support import devices


def figures(quick: bool) -> Iterator[Figure]:
    """The batch against the reference's, and its share of a narrow network's step."""
    batch, device = 8, devices.local()
    crops = material.crops(batch, device)
    theirs, steps = plain.batches(batch), count()
    repeats = 5 if quick else 20

    def ours() -> None:
        for _ in range(10):
            crops.batch_at(next(steps))

    yield compare(
        "a batch of 8 crops", "a Dataset that mixes one item at a time, and a DataLoader",
        lambda: [next(theirs) for _ in range(10)], "Crops.batch_at", ours, repeats,
        per=10, wait=wait,
    )  # fmt: skip
    step = kit_step(material.unet(narrow=True), batch, "32-true")
    yield compare(
        "making a batch beside a narrow network's training step",
        "the whole step, float32, batch 8", lambda: [step() for _ in range(10)],
        "its crops alone", ours, repeats, per=10, wait=wait, target=1 / 0.03,
    )  # fmt: skip
