"""Long audio: memory and time of a file that is enhanced block by block."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from snrlib import audio
from snrlib.commands.bench import material
from snrlib.commands.bench.figure import Figure
from snrlib.commands.bench.memory import measured
from snrlib.enhancement import Enhancer, enhance_file


def figures(quick: bool) -> Iterator[Figure]:
    """An hour with the paper's U-Net (quick: six minutes with a narrow one)."""
    minutes = 6 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "long.wav"
        minute = (material.recording(60) * 0.5).clip(-1, 1)
        with audio.writer(source, subtype="PCM_16") as append:
            for _ in range(minutes):
                append(minute)
        files = [str(source), str(Path(folder) / "whole.wav"), str(Path(folder) / "blocks.wav")]
        whole = measured("snrlib.commands.bench.long_audio:at_once", files[0], files[1], quick)
        blocks = measured(
            "snrlib.commands.bench.long_audio:block_by_block", files[0], files[2], quick
        )
        difference = max(
            float(np.abs(a - b).max())
            for a, b in zip(audio.blocks(files[1]), audio.blocks(files[2]), strict=True)
        )
    size = "a narrow" if quick else "the paper's"
    yield Figure(
        f"memory of enhancing {minutes} min with {size} U-Net",
        "the recording read, enhanced and written as a whole", "snrlib enhance",
        [whole["peak_mb"]], [blocks["peak_mb"]], unit="MB",
        facts={
            "real time": blocks["seconds"] / (60 * minutes),
            "difference": difference,
            "allowed MB": 700,
        },
    )  # fmt: skip


def at_once(source: str, target: str, narrow: bool) -> None:
    """The whole file in memory."""
    enhancer = Enhancer(material.unet(narrow), {})
    audio.write(target, enhancer.enhance(audio.read(source)))


def block_by_block(source: str, target: str, narrow: bool) -> None:
    """As `snrlib enhance` does it."""
    enhance_file(Enhancer(material.unet(narrow), {}), source, target)
