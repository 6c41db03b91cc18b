"""The SNR of a recording from its amplitudes alone."""

import numpy as np
import pytest

from snrlib.support.errors import AudioError, SnrlibError
from snrlib.teachers.snr_estimation import (
    SpectralEstimator,
    estimate_snr_db,
    peakiness,
    statistic_by_snr,
)


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


def spoken(snr_db, seed):
    """Bursts of filtered noise with pauses, in steady white noise."""
    rng = np.random.default_rng(seed)
    syllables = np.repeat(rng.random(40) < 0.6, 800)
    speech = np.convolve(rng.normal(size=32_000), np.ones(8) / 8, "same") * syllables
    noise = rng.normal(size=32_000)
    speech *= np.linalg.norm(noise) / np.linalg.norm(speech) * 10 ** (snr_db / 20)
    return (speech + noise).astype(np.float32)


@pytest.fixture(scope="module")
def fitted():
    snrs = np.random.default_rng(1).uniform(-20, 20, 300)
    return SpectralEstimator([spoken(snr, seed) for seed, snr in enumerate(snrs)], snrs)


def test_a_fitted_estimator_knows_recordings_it_has_not_heard(fitted):
    snrs = np.arange(-18, 19, 2.0)
    estimates = [fitted(spoken(snr, 1_000 + i)) for i, snr in enumerate(snrs)]
    assert np.abs(estimates - snrs).mean() < 2


def test_a_fitted_estimate_does_not_depend_on_the_level_and_stays_in_range(fitted):
    noisy = spoken(5, 2_000)
    assert fitted(1e-2 * noisy) == pytest.approx(fitted(noisy), abs=0.01)
    assert fitted(np.pad(noisy, (0, 16_000))) == pytest.approx(fitted(noisy), abs=0.3)
    assert -20 <= fitted(np.random.default_rng(0).normal(size=16_000)) <= 20
    with pytest.raises(AudioError, match="Silence"):
        fitted(np.zeros(1_000, np.float32))


def test_a_handful_of_recordings_is_no_basis():
    with pytest.raises(SnrlibError, match="a few hundred"):
        SpectralEstimator([spoken(0, 0)] * 10, [0.0] * 10)
