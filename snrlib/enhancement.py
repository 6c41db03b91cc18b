"""Whole recordings through a fixed-length model: any length, any level, same length out.

The network was trained on crops of one level; recordings have any length and any loudness. An
:class:`Enhancer` scales the recording to the model's level, runs it piece by piece with enough
context that no seam is left, and undoes the scaling.

Notebook: 03_time_domain_unet.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from snrlib import audio, checkpoint
from snrlib.audio import SAMPLE_RATE
from snrlib.errors import AudioError, SnrlibError
from snrlib.files import kit_root

RELEASED = Path(__file__).parent / "assets" / "models"
METHODS = ("seamless", "chunks", "overlap_add")
CHUNK = 16_384  # the crop that models are trained on
PIECE = 1 << 18  # samples (16 s) enhanced at a time: bounds the memory, whatever the recording


class Enhancer:
    """A trained network that takes recordings as they are.

    Attributes:
        name: as it stands in tables.
        model: the network, in eval mode.
        card: its description (`model.json`).
    """

    def __init__(
        self, model: nn.Module, card: dict[str, Any], device: torch.device | str = "cpu"
    ) -> None:
        self.model, self.card, self.device = model.eval().to(device), card, torch.device(device)
        self.name = str(card.get("name", "model"))
        self.level_rms = float(card.get("level", {}).get("rms", getattr(model, "level_rms", 0.1)))

    def __repr__(self) -> str:
        return f"Enhancer({self.name}, {self.card.get('parameters', 0):,} parameters)"

    def enhance(
        self, noisy: np.ndarray, sample_rate: int = SAMPLE_RATE, method: str = "seamless"
    ) -> np.ndarray:
        """The enhanced recording: float32 (samples,), same length and level as `noisy`.

        Args:
            noisy: (samples,), any level; silence comes back as silence.
            sample_rate: of `noisy`, in Hz; other rates are resampled to 16 kHz and back.
            method: "seamless" gives the output of the network over the whole recording, in
                pieces with context; "chunks" cuts into consecutive crops of 16,384 samples, as
                the paper's fixed input length suggests; "overlap_add" overlaps such crops by
                half with a Hann window. Notebook 03 measures their seams.

        Raises:
            AudioError: not a mono signal, or NaN or infinities in it.
            SnrlibError: an unknown method.
        """
        noisy = np.asarray(noisy)
        if method not in METHODS:
            raise SnrlibError(f"There is no method '{method}'; choose {', '.join(METHODS)}.")
        if noisy.ndim != 1:
            raise AudioError(f"A mono recording (samples,) is needed, not shape {noisy.shape}.")
        if not np.isfinite(noisy).all():
            raise AudioError("The recording holds NaN or infinities; export it again.")
        noisy = noisy.astype(np.float32)
        if sample_rate != SAMPLE_RATE:
            down = audio.resample(noisy, sample_rate, SAMPLE_RATE)
            up = audio.resample(self.enhance(down, method=method), SAMPLE_RATE, sample_rate)
            return np.pad(up, (0, max(0, len(noisy) - len(up))))[: len(noisy)]
        rms = float(np.sqrt(np.mean(np.square(noisy, dtype=np.float64)))) if len(noisy) else 0.0
        if rms == 0:
            return np.zeros_like(noisy)
        factor = self.level_rms / rms
        run = {"seamless": self._seamless, "chunks": self._chunks, "overlap_add": self._overlap}
        scaled = (noisy * np.float64(factor)).astype(np.float32)
        return (run[method](scaled) / np.float64(factor)).astype(np.float32)

    __call__ = enhance

    @torch.inference_mode()
    def _forward(self, signal: np.ndarray) -> np.ndarray:
        """The network's output for a signal of any length, zero-padded to what it can take."""
        multiple = getattr(self.model, "crop_multiple", 1)
        padded = np.pad(signal, (0, -len(signal) % multiple))
        enhanced = self.model(torch.from_numpy(padded)[None].to(self.device))
        return enhanced[0, : len(signal)].float().cpu().numpy()

    def _seamless(self, noisy: np.ndarray) -> np.ndarray:
        context = getattr(self.model, "context", None)
        if context is None or len(noisy) <= PIECE + 2 * context:
            return self._forward(noisy)
        enhanced = np.empty_like(noisy)
        for begin in range(0, len(noisy), PIECE):
            end = min(begin + PIECE, len(noisy))
            first = max(0, begin - context)
            piece = self._forward(noisy[first : end + context])
            enhanced[begin:end] = piece[begin - first : end - first]
        return enhanced

    def _chunks(self, noisy: np.ndarray) -> np.ndarray:
        padded = np.pad(noisy, (0, -len(noisy) % CHUNK))
        pieces = [self._forward(padded[i : i + CHUNK]) for i in range(0, len(padded), CHUNK)]
        return np.concatenate(pieces)[: len(noisy)]

    def _overlap(self, noisy: np.ndarray) -> np.ndarray:
        hop = CHUNK // 2
        padded = np.pad(noisy, (hop, hop + -len(noisy) % hop))
        window = np.sin(np.pi * (np.arange(CHUNK) + 0.5) / CHUNK).astype(np.float32) ** 2
        enhanced = np.zeros_like(padded)
        for begin in range(0, len(padded) - hop, hop):
            enhanced[begin : begin + CHUNK] += window * self._forward(padded[begin : begin + CHUNK])
        return enhanced[hop : hop + len(noisy)]


def released() -> list[str]:
    """The names of the models that come with the kit."""
    return sorted(path.parent.name for path in RELEASED.glob(f"*/{checkpoint.DESCRIPTION}"))


def load_model(name_or_folder: str | Path, device: torch.device | str = "cpu") -> Enhancer:
    """A trained model, ready for recordings.

    Args:
        name_or_folder: the name of a released model ("S2"), or a folder that holds one
            (`runs/fast/models/S2`).
        device: where it computes.

    Raises:
        SnrlibError: no such model; the sentence lists what there is.

    Example:
        >>> enhanced = snrlib.load_model("S2").enhance(noisy)
    """
    folder = RELEASED / str(name_or_folder)
    if str(name_or_folder) not in released():
        folder = Path(name_or_folder)
        if not folder.is_absolute() and not folder.is_dir():
            folder = kit_root() / folder
        if not (folder / checkpoint.DESCRIPTION).is_file():
            raise SnrlibError(
                f"There is no model '{name_or_folder}': released are "
                f"{', '.join(released()) or 'none'}; otherwise give a folder that holds "
                f"{checkpoint.DESCRIPTION}, such as runs/fast/models/S2."
            )
    model, card = checkpoint.load(folder)
    return Enhancer(model, card, device)
