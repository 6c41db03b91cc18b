"""The reference: how one would train without this kit, written as tutorials do.

A Dataset mixes one item at a time with NumPy, a DataLoader stacks them, the network runs
eagerly in float32. All recordings lie decoded in memory, which is kind to the reference.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from snrlib.commands.bench import material
from snrlib.datasets.crops import CROP
from snrlib.models.unet import UNet


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


def plainly(net: UNet, noisy: Tensor) -> Tensor:
    """The U-Net as one writes it down from the paper, in PyTorch's usual memory layout.

    Args:
        net: holds the weights.
        noisy: (batch, samples), a multiple of the network's `crop_multiple`.
    """
    features = waveform = noisy.unsqueeze(1)
    skips: list[Tensor] = []
    for number, block in enumerate(net.encoder):
        features = nn.Sequential.forward(block, features)  # type: ignore[arg-type]
        skips.append(features)
        features = features[..., ::2] if number < net.decimations else features
    features = nn.Sequential.forward(net.bottleneck, features)
    for number, block in zip(reversed(range(len(skips))), net.decoder, strict=True):
        if number < net.decimations:
            features = nn.functional.interpolate(
                features, scale_factor=2, mode="linear", align_corners=net.align_corners
            )
        both = torch.cat([features, skips[number]], dim=1)
        features = nn.Sequential.forward(block, both)  # type: ignore[arg-type]
    return torch.tanh(net.output(torch.cat([features, waveform], dim=1))).squeeze(1)


class PlainStep:
    """One training step the plain way: float32, eager, Adam as it comes."""

    def __init__(self, model: UNet, batch: int, device: torch.device) -> None:
        self.model, self.device = model.to(device).train(), device
        self.optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        self.batches = batches(batch)

    def __call__(self) -> None:
        noisy, clean = (part.to(self.device) for part in next(self.batches))
        loss = 0.5 * nn.functional.mse_loss(plainly(self.model, noisy), clean)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        loss.item()  # for the progress bar
