r"""What is done to a network's output at both ends of the SNR range, without training.

Below -10 dB the estimates of least squares are dull and choppy; at 20 dB a network adds more
error than there was noise. Which case it is the output tells itself: its **own SNR**,
$10\log_{10}(|s|^2/|x-s|^2)$ of output $s$ and noisy input $x$, is near the true one. The
post-filter then does two things: the output's spectrum is projected onto the noisy one with real
gains between 0 and 1 (they cannot invent anything, and keep the phase of the recording), and some
of the noisy recording is mixed back, more the lower the own SNR is.

Released models may carry one (`post_filter` in their card); scores of the study are without it.

Notebook: 07_baselines.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from snrlib.models import stft

_PIECE = 512 * stft.HOP  # samples filtered at a time: bounds the memory


def own_snr_db(noisy: np.ndarray, enhanced: np.ndarray) -> float:
    """The SNR of a recording as the network's own output tells it, in dB.

    Nothing is fitted: what the network kept counts as speech, what it took away as noise.

    Args:
        noisy: (samples,).
        enhanced: (samples,), the network's output for it.
    """
    return _decibels(_energy(enhanced), _energy(np.subtract(noisy, enhanced, dtype=np.float64)))


@dataclass(frozen=True)
class PostFilter:
    """Projection onto the noisy spectrogram, and the noisy recording mixed back.

    Attributes:
        low: share of the noisy recording in the output at very low own SNRs.
        high: the same at high ones.
        centre_db: the own SNR where the share is half way.
        width_db: how slowly it changes there; the share follows a sigmoid.
    """

    low: float
    high: float
    centre_db: float
    width_db: float

    @classmethod
    def of(cls, card: dict[str, Any]) -> "PostFilter | None":
        """The post-filter that a model's card names; None without one."""
        numbers = card.get("post_filter")
        return (
            None if numbers is None else cls(**{k: float(numbers[k]) for k in cls.__annotations__})
        )

    def facts(self) -> dict[str, float]:
        """The entry `post_filter` of a card."""
        return asdict(self)

    def share(self, own_db: float) -> float:
        """How much of the output is the noisy recording, from `high` to `low`."""
        lowness = 1 / (1 + math.exp(min(700.0, (own_db - self.centre_db) / self.width_db)))
        return self.high + (self.low - self.high) * lowness

    def __call__(self, noisy: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
        """The filtered output, float32 (samples,).

        Args:
            noisy: (samples,) at 16 kHz.
            enhanced: (samples,), the network's output for it.
        """
        share = self.share(own_snr_db(noisy, enhanced))
        return np.concatenate([*self.stream([noisy], [enhanced], share), np.empty(0, np.float32)])

    def stream(
        self, noisy: Iterable[np.ndarray], enhanced: Iterable[np.ndarray], share: float
    ) -> Iterator[np.ndarray]:
        """The same piece by piece, for recordings that do not fit the memory.

        Args:
            noisy: the recording, cut anywhere.
            enhanced: the network's output, cut anywhere.
            share: of the noisy recording; the one thing that must be known beforehand.
        """
        # One hop before and behind a piece: those frames reach into it.
        reach, before = 2 * stft.HOP, 0
        held = np.empty((2, 0), np.float32)
        for both in _together(noisy, enhanced):
            held = np.concatenate([held, both], axis=1)
            while held.shape[1] >= before + _PIECE + reach:
                whole = self._filtered(held[:, : before + _PIECE + reach], share)
                yield whole[before : before + _PIECE]
                held, before = held[:, before + _PIECE - reach :], reach
        if held.shape[1] > before:
            yield self._filtered(held, share)[before:]

    @staticmethod
    def _filtered(both: np.ndarray, share: float) -> np.ndarray:
        """The gains `share + (1 - share) mask` on the noisy spectrum of a stretch."""
        noisy, enhanced = stft.stft(torch.from_numpy(np.ascontiguousarray(both)))
        power = noisy.abs().square()
        mask = ((enhanced * noisy.conj()).real / power.clamp(min=1e-37)).clamp(0, 1)
        gain = share + (1 - share) * mask
        return stft.istft((gain * noisy)[None], both.shape[1])[0].numpy()


def measured_own_snr_db(noisy: Iterable[np.ndarray], enhanced: Iterable[np.ndarray]) -> float:
    """:func:`own_snr_db` of a recording that comes in pieces."""
    return _decibels(*kept_and_taken(noisy, enhanced))


def kept_and_taken(
    noisy: Iterable[np.ndarray], enhanced: Iterable[np.ndarray]
) -> tuple[float, float]:
    """The energy that a network kept of a recording, and the energy that it took away.

    Args:
        noisy: the recording, cut anywhere.
        enhanced: the network's output, cut anywhere.
    """
    kept = taken = 0.0
    for both in _together(noisy, enhanced):
        kept += _energy(both[1])
        taken += _energy(np.subtract(both[0], both[1], dtype=np.float64))
    return kept, taken


def _together(noisy: Iterable[np.ndarray], enhanced: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Two signals that are cut differently, as stretches of both: (2, samples)."""
    waiting, enhanced = np.empty(0, np.float32), iter(enhanced)
    for block in noisy:
        block = np.asarray(block, np.float32)
        while len(waiting) < len(block):
            more = next(enhanced, None)
            if more is None:
                break
            waiting = np.concatenate([waiting, np.asarray(more, np.float32)])
        yield np.stack([block[: len(waiting)], waiting[: len(block)]])
        waiting = waiting[len(block) :]


def _energy(signal: np.ndarray) -> float:
    return float(np.sum(np.square(signal, dtype=np.float64)))


def _decibels(kept: float, taken: float) -> float:
    return 10 * math.log10((kept + 1e-30) / (taken + 1e-30))
