"""Banks: memory of building one from hours of speech and of training from it."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas

from snrlib import audio, datasets
from snrlib.audio import SAMPLE_RATE
from snrlib.commands.bench.figure import Figure
from snrlib.commands.bench.memory import measured
from snrlib.datasets import bank

SECONDS = 36  # of one file: 100 make an hour


def figures(quick: bool) -> Iterator[Figure]:
    """Building and training, at one size and at ten times that."""
    hours = 1.0 if quick else 10.0
    with tempfile.TemporaryDirectory() as folder:
        small = _both(folder, hours / 10)
        large = _both(folder, hours)
    for what in ("build", "train"):
        growth = (large[what]["anonymous_mb"] - small[what]["anonymous_mb"]) / (0.9 * hours)
        yield Figure(
            f"memory to {what}, {hours:g} h of speech", "all samples as float32 in memory",
            "a mapped int16 bank", [hours * 3600 * SAMPLE_RATE * 4 / (1 << 20)],
            [large[what]["anonymous_mb"]], unit="MB",
            facts={
                "MB more per hour": growth,
                "MB at 100 h": large[what]["anonymous_mb"] + growth * (100 - hours),
                "MB with pages of the mapped file": large[what]["peak_mb"],
                "seconds": large[what]["seconds"],
                "seconds to open": large["train"]["result"],
            },
        )  # fmt: skip


def _both(folder: str, hours: float) -> dict[str, dict[str, float]]:
    return {
        "build": measured("snrlib.commands.bench.banks:build", folder, hours),
        "train": measured("snrlib.commands.bench.banks:train", folder, hours),
    }


def records(folder: str, hours: float) -> pandas.DataFrame:
    """Records of `hours` of noise in place of speech: one file under many names."""
    first = Path(folder) / "0.wav"
    samples = SECONDS * SAMPLE_RATE
    if not first.exists():
        audio.write(first, np.random.default_rng(0).normal(0, 0.1, samples), subtype="PCM_16")
    count = max(4, round(hours * 3600 / SECONDS))
    paths = [Path(folder) / f"{number}.wav" for number in range(count)]
    for path in paths:
        if not path.exists():
            os.link(first, path)
    return pandas.DataFrame(
        {
            "id": [path.stem for path in paths],
            "speaker": "",
            "path": [str(path) for path in paths],
            "samples": samples,
            "split": ["test"] + ["train"] * (count - 1),
        }
    )


def build(folder: str, hours: float) -> int:
    """Decodes all files into a bank."""
    return len(bank.open_bank(records(folder, hours), Path(folder) / "banks").samples)


def train(folder: str, hours: float, batches: int = 300) -> float:
    """Draws batches from the whole bank; returns how long opening it took, in seconds."""
    listed = records(folder, hours)
    begin = time.perf_counter()
    held = bank.open_bank(listed, Path(folder) / "banks")
    seconds = time.perf_counter() - begin
    noises = listed.head(1).assign(seen=True)
    table = datasets.recipe("student", listed, noises, 1, utterances=len(listed))
    crops = datasets.Crops(datasets.fill_gains(table, held), held, 16)
    for step in range(batches):
        crops.batch_at(step)
    return seconds
