"""Two references that no training can excuse: log-MMSE below, the oracle mask above.

Log-MMSE is what the field had before networks: it follows the noise's spectrum through the
recording and attenuates each time-frequency point by what the statistics of Gaussian spectra
say. A network that does no better has learnt nothing. The oracle phase-sensitive mask knows the
clean speech: no method that multiplies the noisy spectrum by a factor in [0, 1] can come nearer
to it, in squared error, than this one. What a masking method scores lies between the two.

The package `logmmse` on PyPI (1.5, 2020, no longer kept) estimates the noise from the first
frames only, and no kept package has the method, so here it is in a few lines.

Notebook: 07_baselines.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from snrlib.models.psa_bilstm import phase_sensitive_target
from snrlib.models.stft import istft, stft
from snrlib.support.errors import AudioError

Spectrum = NDArray[np.complexfloating]


def log_mmse(noisy: ArrayLike) -> NDArray[np.float32]:
    """The log-spectral amplitude estimate of the speech in `noisy` `(samples,)`; same length.

    The a-priori SNR is decision-directed: 98 % what the last frame's estimate says, 2 % what
    this frame shows, and at least -15 dB, below which residual noise starts to chirp.

    Raises:
        AudioError: not a one-dimensional array of finite numbers.

    Source: Ephraim and Malah, "Speech enhancement using a minimum mean-square error
        log-spectral amplitude estimator", 1985, equation 20; the decision-directed a-priori SNR
        in their paper of 1984, equation 51.
    Notebook: 07_baselines.
    """
    signal = _waveform(noisy, "noisy recording")
    if not signal.any():
        return signal
    spectrum = _spectrum(signal)
    power = np.abs(spectrum) ** 2
    noise = np.maximum(noise_power(power), 1e-10 * power.mean())
    posterior = np.minimum(power / noise, 1e4)
    gains = np.ones_like(power)
    before = np.ones(power.shape[1])  # estimated speech power over noise power, last frame
    for frame, snr in enumerate(posterior):
        prior = np.maximum(0.98 * before + 0.02 * np.maximum(snr - 1, 0), 10**-1.5)
        # An attenuation: in deep gaps of the noise the formula alone would amplify.
        gains[frame] = np.minimum(log_spectral_gain(prior, snr), 1)
        before = gains[frame] ** 2 * snr
    return _signal(gains * spectrum, len(signal))


def log_spectral_gain(
    prior: NDArray[np.floating], posterior: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The factor that turns a noisy magnitude into the estimate of the speech's.

    The exponential of the expected log magnitude of the speech, given the noisy spectrum, when
    speech and noise are complex Gaussians.

    Args:
        prior: speech power over noise power (xi in the paper).
        posterior: noisy power over noise power (gamma in the paper).

    Source: Ephraim and Malah 1985, equation 20.
    """
    from scipy.special import exp1  # scipy loads slowly

    wiener = prior / (1 + prior)
    return wiener * np.exp(0.5 * exp1(np.maximum(wiener * posterior, 1e-8)))


def noise_power(power: NDArray[np.floating]) -> NDArray[np.floating]:
    """The noise's power at each point of a noisy power spectrogram `(frames, bins)`.

    A running average that takes in what is there to the degree that it is probably not speech,
    speech being assumed to come as often as not and 15 dB above the noise where it comes.

    Source: Gerkmann and Hendriks, "Unbiased MMSE-based noise power estimation with low
        complexity and low tracking delay", 2012, section V.
    """
    speech_snr = 10**1.5
    estimate = power[:5].mean(axis=0)  # 60 ms, before anyone speaks if all goes well
    smoothed = np.full(power.shape[1], 0.5)  # probability of speech over the last 100 ms
    result = np.empty_like(power)
    for frame, observed in enumerate(power):
        ratio = observed / np.maximum(estimate, np.finfo(power.dtype).tiny)
        exponent = np.minimum(ratio * speech_snr / (1 + speech_snr), 100)
        probability = 1 / (1 + (1 + speech_snr) * np.exp(-exponent))
        smoothed = 0.9 * smoothed + 0.1 * probability
        # Where "speech" never ends, it is noise that has become louder: let some of it in.
        probability = np.where(smoothed > 0.99, np.minimum(probability, 0.99), probability)
        update = (1 - probability) * observed + probability * estimate
        estimate = 0.8 * estimate + 0.2 * update
        result[frame] = estimate
    return result


def oracle_psm(noisy: ArrayLike, clean: ArrayLike) -> NDArray[np.float32]:
    """`noisy` through the oracle phase-sensitive mask of `clean`; both `(samples,)`.

    The mask is `|s| cos(angle(s) - angle(y)) / |y|`, clipped to [0, 1]: the best real factor
    for every time-frequency point, known only to one who has the clean speech.

    Raises:
        AudioError: not two one-dimensional arrays of finite numbers and of one length.

    Source: Erdogan et al. 2015, section 3.
    Notebook: 07_baselines.
    """
    mixture, speech = _waveform(noisy, "noisy recording"), _waveform(clean, "clean speech")
    if mixture.shape != speech.shape:
        raise AudioError(
            f"The noisy recording has {len(mixture)} samples and the clean speech "
            f"{len(speech)}: give the two signals of one mixture."
        )
    y, s = stft(torch.from_numpy(mixture)[None]), stft(torch.from_numpy(speech)[None])
    magnitude = y.abs()
    mask = phase_sensitive_target(y, s) / magnitude.clamp(min=torch.finfo(torch.float32).tiny)
    return istft(mask * y, len(mixture))[0].numpy()


def _waveform(signal: ArrayLike, what: str) -> NDArray[np.float32]:
    array = np.asarray(signal, dtype=np.float32)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise AudioError(
            f"The {what} must be one channel of finite numbers, not an array of shape "
            f"{array.shape}{'' if array.ndim != 1 else ' with NaN or infinities'}."
        )
    return array


def _spectrum(signal: NDArray[np.float32]) -> Spectrum:
    return stft(torch.from_numpy(signal)[None])[0].numpy()


def _signal(spectrum: Spectrum, samples: int) -> NDArray[np.float32]:
    return istft(torch.from_numpy(spectrum.astype(np.complex64))[None], samples)[0].numpy()
