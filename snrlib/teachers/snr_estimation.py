"""How noisy is it? The SNR of a recording, estimated without training, and with a little.

The teachers need an SNR to be chosen by, and a real recording does not come with one.

WADA-SNR needs no training: speech amplitudes are mostly small and sometimes large (a gamma
distribution), noise makes them Gaussian, and how far a recording is between the two says how
much noise there is. Gaussian is where it ends: below about -5 dB all mixtures look alike, noises
that are themselves peaky (babble, factory) look like speech at -6 dB, and speech with other
pauses than the paper's shifts every answer by some dB.

:class:`SpectralEstimator` is fitted to training mixtures in a second: in each of eight bands, how
far the mean power is above the power in the quietest, the middle and the loudest moments (pauses
show the noise), the spectrum's shape, and their squares, through one linear map.

Notebook: 07_baselines.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from snrlib.models.stft import BINS, stft
from snrlib.support.errors import AudioError, SnrlibError

GAMMA_SHAPE = 0.4  # of clean speech's amplitudes (Kim and Stern 2008, section 2)
LOWEST, HIGHEST = -20, 60  # dB; estimates stay inside
# Edges of eight bands in bins of 50 Hz, each about 1.7 times as wide as the last.
BANDS = np.unique(np.geomspace(2, BINS, 9).round().astype(int))
RIDGE = 10.0  # pulls the weights of features that say the same towards each other


def estimate_snr_db(noisy: ArrayLike) -> float:
    """The SNR of a noisy recording `(samples,)` in dB, from -20 to 60.

    Energy ratio over the whole recording, like :func:`snrlib.mixing.snr_db`. Samples that are
    exactly zero are padding and do not count.

    Raises:
        AudioError: not a one-dimensional array of finite numbers, or silence.

    Source: Kim and Stern, "Robust signal-to-noise ratio estimation based on waveform amplitude
        distribution analysis", 2008.
    Notebook: 07_baselines.
    """
    amplitudes = _sounding(noisy)
    grid, values = statistic_by_snr()
    return float(np.interp(peakiness(amplitudes), values, grid))


class SpectralEstimator:
    """SNR from band powers, by ridge regression on mixtures whose SNR is known.

    Args:
        recordings: noisy recordings `(samples,)` to learn from; a few hundred are enough.
        snr_db: their SNRs in dB.

    Raises:
        SnrlibError: fewer recordings than the map has weights, or SNRs of another number.
    """

    def __init__(self, recordings: Iterable[ArrayLike], snr_db: ArrayLike) -> None:
        features = np.array([band_features(noisy) for noisy in recordings])
        known = np.asarray(snr_db, dtype=np.float64)
        if len(features) != len(known) or len(features) <= 2 * features.shape[-1]:
            raise SnrlibError(
                f"{len(features)} recordings with {len(known)} SNRs are no basis for an estimate; "
                "give a few hundred of each."
            )
        self.centre, self.spread = features.mean(axis=0), features.std(axis=0) + 1e-9
        self.range = known.min(), known.max()
        design = self._design(features)
        penalty = RIDGE * np.eye(design.shape[1])
        penalty[0, 0] = 0  # the mean SNR is not pulled anywhere
        self.weights = np.linalg.solve(design.T @ design + penalty, design.T @ known)

    def __call__(self, noisy: ArrayLike) -> float:
        """The SNR of a recording in dB, inside the range of those it was fitted to.

        Raises:
            AudioError: not a one-dimensional array of finite numbers, or silence.
        """
        estimate = self._design(band_features(noisy)[None]) @ self.weights
        return float(np.clip(estimate[0], *self.range))

    def _design(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled = (features - self.centre) / self.spread
        return np.concatenate([np.ones((len(scaled), 1)), scaled, scaled**2], axis=1)


def band_features(noisy: ArrayLike) -> NDArray[np.float64]:
    """What :class:`SpectralEstimator` looks at: numbers that do not depend on the level.

    For each band and for the whole: mean power over that of the 10 %, 50 % and 90 % moments,
    in dB. Then each band's share of the power in dB, and :func:`peakiness`.
    """
    amplitudes = _sounding(noisy)
    signal = torch.from_numpy(np.array(noisy, dtype=np.float32))
    power = stft(signal[None])[0].abs().square().double().numpy()
    bands = np.add.reduceat(power, BANDS[:-1], axis=1)
    bands = np.concatenate([bands, power.sum(axis=1, keepdims=True)], axis=1)
    bands = bands[bands[:, -1] > 0]
    bands = 10 * np.log10(bands + 1e-9 * bands[:, -1].mean())
    mean = 10 * np.log10((10 ** (bands / 10)).mean(axis=0))
    moments = np.quantile(bands, [0.1, 0.5, 0.9], axis=0)
    shape = mean[:-1] - mean[-1]
    return np.concatenate([(mean - moments).ravel(), shape, [peakiness(amplitudes)]])


def peakiness(amplitudes: NDArray[np.floating]) -> float:
    """How unequal amplitudes are: the log of their mean minus the mean of their logs.

    It does not depend on the level: 0.409 for Gaussian noise, more the more peaks stand out.
    Source: Kim and Stern 2008, equation 9.
    """
    return float(np.log(amplitudes.mean()) - np.log(amplitudes).mean())


@cache
def statistic_by_snr() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """SNRs in dB, and the :func:`peakiness` that speech in Gaussian noise has at each.

    Computed, not tabulated: both distributions are replaced by their quantiles.
    """
    from scipy.special import gammaincinv, ndtri  # scipy loads slowly

    speech = gammaincinv(GAMMA_SHAPE, (np.arange(20_000) + 0.5) / 20_000)
    speech /= np.sqrt(np.mean(speech**2))
    noise = ndtri((np.arange(4_000) + 0.5) / 4_000)  # of power 1
    # First for one speech sample at a time, then averaged over what speech samples there are.
    samples = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 600)])
    amplitude = np.array([np.abs(sample + noise).mean() for sample in samples])
    log_amplitude = np.array([np.log(np.abs(sample + noise)).mean() for sample in samples])
    grid = np.arange(LOWEST, HIGHEST + 1.0)
    values = []
    for snr_db in grid:
        scaled = speech * 10 ** (snr_db / 20)
        mean = np.interp(scaled, samples, amplitude).mean()
        values.append(np.log(mean) - np.interp(scaled, samples, log_amplitude).mean())
    return grid, np.array(values)


def _sounding(noisy: ArrayLike) -> NDArray[np.float64]:
    """The amplitudes of a recording without the zeros that pad it."""
    signal = np.asarray(noisy, dtype=np.float64)
    if signal.ndim != 1 or not np.isfinite(signal).all():
        raise AudioError(
            "An SNR is estimated from one channel of finite numbers: mix channels down and "
            "leave out NaN and infinities."
        )
    amplitudes = np.abs(signal[signal != 0])
    if not len(amplitudes):
        raise AudioError("Silence has no SNR to estimate: leave this recording out.")
    return amplitudes
