"""The reference: how one would train without this kit, written as tutorials do.

A Dataset mixes one item at a time with NumPy, a DataLoader stacks them, the network runs
eagerly in float32. All recordings lie decoded in memory, which is kind to the reference.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from snrlib.bench import material
from snrlib.datasets import CROP


class Mixtures(Dataset[tuple[Tensor, Tensor]]):
    """Crops of the bench's material, one at a time."""

    def __init__(self) -> None:
        table, held = material.speech_and_noise()
        self.rows = table[table["split"] == "train"].to_dict("records")
        self.held = held
        self.rng = np.random.default_rng(0)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        row = self.rows[index]
        speech = self.held[row["speech_path"]]
        noise = self.held.part(row["noise_path"], row["noise_start"], len(speech))
        ratio = 10 ** (row["snr_db"] / 10)
        noise = noise * np.sqrt(np.sum(speech**2) / (np.sum(noise**2) * ratio))
        start = self.rng.integers(0, max(1, len(speech) - CROP + 1))
        clean = np.zeros(CROP, np.float32)
        noisy = np.zeros(CROP, np.float32)
        part = speech[start : start + CROP]
        clean[: len(part)] = part
        noisy[: len(part)] = part + noise[start : start + CROP]
        factor = 0.1 / max(1e-5, np.sqrt(np.mean(noisy**2)))
        return torch.from_numpy(noisy * factor), torch.from_numpy(clean * factor)


def batches(batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end, (batch, samples) noisy and clean."""
    loader = DataLoader(Mixtures(), batch, shuffle=True, drop_last=True)
    while True:
        yield from loader


class PlainStep:
    """One training step the plain way: float32, eager, Adam as it comes."""

    def __init__(self, model: nn.Module, batch: int, device: torch.device) -> None:
        self.model, self.device = model.to(device).train(), device
        self.optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        self.batches = batches(batch)

    def __call__(self) -> None:
        noisy, clean = (part.to(self.device) for part in next(self.batches))
        loss = 0.5 * nn.functional.mse_loss(self.model(noisy), clean)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        loss.item()  # for the progress bar
