"""How noisy is it? The SNR of a recording, estimated from its amplitudes alone (WADA-SNR).

The teachers need an SNR to be chosen by, and a real recording does not come with one. Speech
amplitudes are mostly small and sometimes large (a gamma distribution); noise makes them
Gaussian. How far a recording is between the two says how much noise there is, with no
training and in one formula. Gaussian is where it ends: below about -5 dB all mixtures look
alike, and noises that are themselves peaky (babble, factory) look like speech at -6 dB.

Notebook: 07_baselines.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv, ndtri

from snrlib.errors import AudioError

GAMMA_SHAPE = 0.4  # of clean speech's amplitudes (Kim and Stern 2008, section 2)
LOWEST, HIGHEST = -20, 60  # dB; estimates stay inside


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
    signal = np.asarray(noisy, dtype=np.float64)
    if signal.ndim != 1 or not np.isfinite(signal).all():
        raise AudioError(
            "An SNR is estimated from one channel of finite numbers: mix channels down and "
            "leave out NaN and infinities."
        )
    amplitudes = np.abs(signal[signal != 0])
    if not len(amplitudes):
        raise AudioError("Silence has no SNR to estimate: leave this recording out.")
    grid, values = statistic_by_snr()
    return float(np.interp(peakiness(amplitudes), values, grid))


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
