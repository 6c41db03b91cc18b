"""The SNR of a recording from its amplitudes alone."""

import numpy as np
import pytest

from snrlib.errors import AudioError
from snrlib.snr_estimation import estimate_snr_db, peakiness, statistic_by_snr


def mixture(snr_db, samples=400_000, seed=0):
    """What the method assumes: gamma-distributed speech in Gaussian noise."""
    rng = np.random.default_rng(seed)
    speech = rng.gamma(0.4, size=samples) * rng.choice([-1, 1], size=samples)
    noise = rng.normal(size=samples)
    speech *= np.linalg.norm(noise) / np.linalg.norm(speech) * 10 ** (snr_db / 20)
    return speech + noise


@pytest.mark.parametrize(("snr_db", "tolerance"), [(-5, 2), (0, 0.5), (5, 0.5), (10, 0.5), (20, 1)])
def test_gamma_speech_in_gaussian_noise_is_estimated_right(snr_db, tolerance):
    assert estimate_snr_db(mixture(snr_db)) == pytest.approx(snr_db, abs=tolerance)


def test_the_statistic_is_the_published_one():
    """Values that circulate with the authors' implementation, found there by simulation."""
    grid, values = statistic_by_snr()
    published = {-20: 0.4097, -10: 0.4123, -5: 0.4245, -1: 0.4516}
    for snr_db, value in published.items():
        assert values[grid == snr_db][0] == pytest.approx(value, abs=1e-3)


def test_the_statistic_of_gaussian_noise_has_a_closed_form():
    """log(sqrt(2 / pi)) + (Euler's constant + log 2) / 2."""
    closed = 0.5 * np.log(2 / np.pi) + 0.5 * (np.euler_gamma + np.log(2))
    noise = np.abs(np.random.default_rng(0).normal(size=10**6))
    assert peakiness(noise) == pytest.approx(closed, abs=2e-3)
    assert statistic_by_snr()[1][0] == pytest.approx(closed, abs=1e-3)


def test_the_statistic_grows_with_the_snr():
    assert (np.diff(statistic_by_snr()[1]) > 0).all()


def test_the_level_does_not_matter_nor_do_zeros_that_pad():
    noisy = mixture(7, 50_000)
    estimate = estimate_snr_db(noisy)
    assert estimate_snr_db(1e-3 * noisy) == pytest.approx(estimate)
    assert estimate_snr_db(np.pad(noisy, (0, 20_000))) == pytest.approx(estimate)


def test_silence_and_broken_signals_are_refused():
    with pytest.raises(AudioError, match="Silence"):
        estimate_snr_db(np.zeros(100))
    with pytest.raises(AudioError, match="one channel"):
        estimate_snr_db(np.array([1.0, np.inf]))
