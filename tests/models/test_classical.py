"""References that no training can excuse: log-MMSE and the oracle phase-sensitive mask."""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from snrlib.models.classical import log_mmse, log_spectral_gain, noise_power, oracle_psm
from snrlib.models.stft import stft
from snrlib.support.errors import AudioError

RATE = 16_000


def db(signal, error):
    return 10 * np.log10(np.sum(signal**2) / np.sum(error**2))


def speech_like(seconds=3.0, seed=0):
    """Bursts of a voiced sound between pauses: what log-MMSE assumes of speech."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    pulses = (np.diff(np.floor(time * 120), prepend=0) > 0).astype(float)
    voiced = lfilter([1], [1, -1.7, 0.9], pulses) + 0.01 * rng.normal(size=len(time))
    talking = np.clip(np.sin(2 * np.pi * 1.5 * (time - 0.4)) * 4, 0, 1) * (time > 0.4)
    return (voiced * talking).astype(np.float32)


def noisy_pair(snr_db, seed=0):
    clean = speech_like(seed=seed)
    noise = np.random.default_rng(seed + 1).normal(size=len(clean)).astype(np.float32)
    noise *= np.linalg.norm(clean) / np.linalg.norm(noise) / 10 ** (snr_db / 20)
    return clean + noise, clean


@pytest.mark.parametrize(("prior", "posterior"), [(0.1, 0.5), (1.0, 1.0), (1.0, 4.0), (10.0, 8.0)])
def test_the_gain_is_the_mean_log_magnitude_of_the_speech_given_the_mixture(prior, posterior):
    """Against a million draws from the posterior that Ephraim and Malah start from."""
    rng = np.random.default_rng(0)
    noise_power_, observed = 1.0, np.sqrt(posterior)
    wiener = prior / (1 + prior)
    spread = np.sqrt(wiener * noise_power_ / 2)
    draws = wiener * observed + spread * (rng.normal(size=10**6) + 1j * rng.normal(size=10**6))
    expected = np.exp(np.mean(np.log(np.abs(draws)))) / observed
    gain = log_spectral_gain(np.array(prior), np.array(posterior))
    assert gain == pytest.approx(expected, rel=0.005)


def test_at_high_snr_the_gain_is_the_wiener_filters():
    assert log_spectral_gain(np.array(1e4), np.array(1e4)) == pytest.approx(1e4 / (1e4 + 1))


def test_the_noise_tracker_finds_the_power_of_noise():
    noise = np.random.default_rng(0).normal(size=5 * RATE).astype(np.float32) * 0.1
    power = stft(torch.from_numpy(noise)[None])[0].abs().square().numpy()
    tracked = noise_power(power)[50:]
    assert 10 * np.log10(tracked.mean() / power.mean()) == pytest.approx(0, abs=1.5)


def test_the_noise_tracker_follows_noise_that_becomes_louder():
    noise = np.random.default_rng(0).normal(size=6 * RATE).astype(np.float32) * 0.1
    noise[2 * RATE :] *= 10 ** (10 / 20)
    power = stft(torch.from_numpy(noise)[None])[0].abs().square().numpy()
    tracked = noise_power(power)
    late = 10 * np.log10(tracked[-100:].mean() / tracked[100:190].mean())
    assert late == pytest.approx(10, abs=2)


@pytest.mark.parametrize("snr_db", [0, 5, 10])
def test_log_mmse_raises_the_snr_in_steady_noise(snr_db):
    noisy, clean = noisy_pair(snr_db)
    assert db(clean, log_mmse(noisy) - clean) > snr_db + 3


def test_log_mmse_quietens_pauses():
    noisy, clean = noisy_pair(5)
    pause = clean[2_000:6_000] == 0
    assert pause.all()
    assert db(log_mmse(noisy)[2_000:6_000], noisy[2_000:6_000]) < -10


def test_log_mmse_does_not_depend_on_the_level():
    noisy, _ = noisy_pair(5)
    np.testing.assert_allclose(log_mmse(1000 * noisy), 1000 * log_mmse(noisy), rtol=0, atol=2)


@pytest.mark.parametrize("snr_db", [-10, 0, 10])
def test_no_other_mask_comes_nearer_than_the_oracle(snr_db):
    """Not Wiener's, not the magnitudes' ratio: the ceiling of masking methods."""
    noisy, clean = noisy_pair(snr_db)
    y, s = (stft(torch.from_numpy(x)[None])[0].numpy() for x in (noisy, clean))
    n = y - s
    rivals = [
        np.abs(s) ** 2 / (np.abs(s) ** 2 + np.abs(n) ** 2),
        np.minimum(np.abs(s) / np.abs(y), 1),
        np.ones(y.shape),
    ]
    best = stft(torch.from_numpy(oracle_psm(noisy, clean))[None])[0].numpy()
    # Overlap-add changes spectra a little, to the rivals' disadvantage as well as its own.
    ceiling = np.sum(np.abs(best - s) ** 2)
    assert all(ceiling <= np.sum(np.abs(mask * y - s) ** 2) for mask in rivals)
    assert db(clean, oracle_psm(noisy, clean) - clean) > snr_db + 3


def test_the_oracle_returns_a_clean_recording_unchanged():
    clean = speech_like(1.0)
    np.testing.assert_allclose(oracle_psm(clean, clean), clean, atol=1e-5)


@pytest.mark.parametrize("samples", [1, 2, 161, 5_000])
def test_as_many_samples_come_out_as_go_in(samples):
    signal = np.random.default_rng(0).normal(size=samples).astype(np.float32)
    for estimate in (log_mmse(signal), oracle_psm(signal, 0.5 * signal)):
        assert estimate.shape == (samples,)
        assert estimate.dtype == np.float32
        assert np.isfinite(estimate).all()


def test_silence_stays_silence():
    silence = np.zeros(1_000, np.float32)
    assert not log_mmse(silence).any()
    assert not oracle_psm(silence, silence).any()


def test_what_is_no_waveform_is_refused():
    with pytest.raises(AudioError, match="one channel"):
        log_mmse(np.zeros((2, 100)))
    with pytest.raises(AudioError, match="NaN"):
        log_mmse([0.0, np.nan])
    with pytest.raises(AudioError, match="100 samples"):
        oracle_psm(np.zeros(100), np.zeros(90))
