r"""Mixtures of speech and noise at a chosen signal-to-noise ratio.

The SNR of an utterance is the ratio of two energies over its whole length,
$\mathrm{SNR} = 10 \log_{10} (\sum s^2 / \sum n^2)$ dB. The speech keeps its level; the noise is
multiplied by one factor, the gain. Nothing here is clipped, renormalised or stripped of its mean;
offsets are taken out of recordings before they come here (:mod:`snrlib.datasets.bank`).
(The paper does not define its SNR; this is what its authors' public script computes.)

Notebook: 01_data_construction.
"""

import math
from typing import NamedTuple

import numpy as np

from snrlib.support.errors import AudioError

LOOP_FADE = 800  # samples (50 ms) over which a looped noise fades from its end to its start


class Mixture(NamedTuple):
    """`noisy = speech + noise`; all three are float32 (samples,).

    `noise` is already scaled: the noise as it was given, times `gain`.
    """

    noisy: np.ndarray
    speech: np.ndarray
    noise: np.ndarray
    gain: float
    snr_db: float


def energy(signal: np.ndarray) -> float:
    """The sum of squares of a signal, in double precision."""
    signal = np.asarray(signal, dtype=np.float64)
    return float(signal @ signal)


def snr_db(speech: np.ndarray, noise: np.ndarray) -> float:
    """The energy ratio of speech and noise in dB.

    Args:
        speech: (samples,).
        noise: (samples,), as it is added to the speech.

    Raises:
        AudioError: one of them is silent, so that the ratio is not defined.
    """
    return 10 * math.log10(_audible(speech, "speech") / _audible(noise, "noise"))


def noise_gain(speech_energy: float, noise_energy: float, snr_db: float) -> float:
    """The factor on the noise that gives the wanted SNR."""
    return math.sqrt(speech_energy / noise_energy) * 10 ** (-snr_db / 20)


def mix(speech: np.ndarray, noise: np.ndarray, snr_db: float) -> Mixture:
    """Speech and noise mixed at `snr_db`, with the speech untouched.

    Args:
        speech: float32 (samples,).
        noise: float32; its first `samples` are used, and it is looped when it has fewer.
        snr_db: wanted SNR over the whole utterance, in dB.

    Raises:
        AudioError: a silent signal, or an SNR that is not finite.
    """
    if not math.isfinite(snr_db):
        raise AudioError(f"An SNR of {snr_db} dB cannot be mixed; give a finite number of dB.")
    speech = np.asarray(speech, dtype=np.float32)
    noise = loop(np.asarray(noise, dtype=np.float32), len(speech))
    gain = noise_gain(_audible(speech, "speech"), _audible(noise, "noise"), snr_db)
    return apply_gain(speech, noise, gain, snr_db)


def apply_gain(speech: np.ndarray, noise: np.ndarray, gain: float, snr_db: float) -> Mixture:
    """The mixture with a gain that is already known, as a recipe stores it."""
    scaled = (noise * np.float64(gain)).astype(np.float32)
    return Mixture(speech + scaled, speech, scaled, float(gain), float(snr_db))


def loop(noise: np.ndarray, samples: int, fade: int = LOOP_FADE) -> np.ndarray:
    """The first `samples` of `noise`, repeated with a cross-fade when it is too short.

    The fade has equal power, so that noise keeps its loudness where its end meets its start.

    Raises:
        AudioError: an empty noise.
    """
    if len(noise) >= samples:
        return noise[:samples]
    if len(noise) == 0:
        raise AudioError("An empty noise cannot be looped; use a noise that holds audio.")
    fade = min(fade, len(noise) // 2)
    period = len(noise) - fade
    angle = (np.arange(fade) + 0.5) / max(fade, 1) * (np.pi / 2)
    meeting = noise[:fade] * np.sin(angle) + noise[period:] * np.cos(angle)
    again = np.concatenate([meeting, noise[fade:period]]).astype(np.float32)
    repeats = -(-(samples - period) // period)
    return np.concatenate([noise[:period], np.tile(again, repeats)])[:samples]


def _audible(signal: np.ndarray, what: str) -> float:
    total = energy(signal)
    if not total > 0:
        raise AudioError(f"The {what} is silent, so no SNR can be given; choose another part.")
    return total
