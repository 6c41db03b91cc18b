"""What is measured on: the embedded speech with noise, and networks at two sizes."""

from functools import cache

import numpy as np
import pandas
import torch

from snrlib import corpora, datasets, mixing
from snrlib.audio import SAMPLE_RATE
from snrlib.datasets import bank
from snrlib.datasets.bank import FULL_SCALE
from snrlib.models.unet import UNet

NARROW = {"channels": 8, "growth": 4}  # of the profile `fast`
NOISE = "noise"


@cache
def speech_and_noise(utterances: int = 60) -> tuple[pandas.DataFrame, bank.Bank]:
    """A student's recipe with gains, and the bank with its embedded speech and white noise."""
    speech = corpora.speech("embedded")
    speech = speech[speech["split"].isin(["train", "test"])]
    speech = speech.groupby("split", group_keys=False).head(utterances)
    spoken = bank.open_bank(speech)
    hiss = np.random.default_rng(0).normal(0, 0.05 * FULL_SCALE, 60 * SAMPLE_RATE)
    samples = np.concatenate([spoken.samples, hiss.astype(np.int16)])
    begins = {**spoken.begins, NOISE: (len(spoken.samples), len(hiss))}
    held = bank.Bank(samples, begins, spoken.checksum)
    noises = pandas.DataFrame({"id": [NOISE], "path": [NOISE], "samples": len(hiss), "seen": True})
    table = datasets.recipe("student", speech, noises, 1, utterances)
    return datasets.fill_gains(table, held), held


def crops(batch: int, device: torch.device | str = "cpu") -> datasets.Crops:
    """Training examples of the material."""
    table, held = speech_and_noise()
    table = table[table["split"] == "train"].reset_index(drop=True)
    return datasets.Crops(table, held, batch, device=device)


def pairs(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Clean and noisy utterances at 0 dB."""
    table, held = speech_and_noise()
    chosen = table[table["snr_db"] == 0].head(count)
    mixtures = [datasets.mixture(row, held) for row in chosen.to_dict("records")]
    return [(mixture.speech, mixture.noisy) for mixture in mixtures]


def recording(seconds: float) -> np.ndarray:
    """Noisy speech, float32 (samples,), of any length."""
    noisy = np.concatenate([noisy for _, noisy in pairs(20)])
    return mixing.loop(noisy, round(seconds * SAMPLE_RATE))


def unet(narrow: bool = False) -> UNet:
    """A U-Net at the paper's size, or that of the profile `fast`; its batch norms have run."""
    torch.manual_seed(0)
    network = UNet(NARROW["channels"], NARROW["growth"]) if narrow else UNet()
    with torch.no_grad():
        network.train()(0.1 * torch.randn(2, 4096))
    return network
