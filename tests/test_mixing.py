"""A mixture has the SNR it was asked for: in memory, and in the file written from it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snrlib import audio, mixing
from snrlib.support.errors import SnrlibError

offsets = st.floats(-0.5, 0.5)
snrs = st.floats(-30, 40).map(lambda snr: round(snr, 3))
seeds = st.integers(0, 2**32 - 1)


def signals(seed: int, speech_offset: float, noise_offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Bursts that are quiet for long, as speech is, and a steady noise, both with DC."""
    rng = np.random.default_rng(seed)
    envelope = np.repeat(rng.random(20) ** 4, 400)
    speech = 0.3 * envelope * rng.standard_normal(8_000) + speech_offset
    noise = rng.uniform(1e-3, 0.5) * rng.standard_normal(8_000) + noise_offset
    return speech.astype(np.float32), noise.astype(np.float32)


def measured(noisy: np.ndarray, speech: np.ndarray) -> float:
    """The SNR of a mixture, from the definition, in double precision."""
    added = noisy.astype(np.float64) - speech.astype(np.float64)
    return 10 * np.log10(np.sum(speech.astype(np.float64) ** 2) / np.sum(added**2))


@settings(max_examples=150, deadline=None)
@given(seeds, snrs, offsets, offsets)
def test_a_mixture_has_the_snr_it_was_asked_for(seed, snr, speech_offset, noise_offset):
    speech, noise = signals(seed, speech_offset, noise_offset)
    mixture = mixing.mix(speech, noise, snr)
    assert measured(mixture.noisy, mixture.speech) == pytest.approx(snr, abs=1e-3)
    assert mixing.snr_db(mixture.speech, mixture.noise) == pytest.approx(snr, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(seeds, snrs, offsets, offsets)
def test_the_file_of_a_mixture_has_that_snr_too(tmp_path_factory, seed, snr, a, b):
    speech, noise = signals(seed, a, b)
    mixture = mixing.mix(speech, noise, snr)
    path = tmp_path_factory.mktemp("mixture") / "noisy.wav"
    audio.write(path, mixture.noisy)
    stored = audio.read(path)
    assert np.array_equal(stored, mixture.noisy)  # 32-bit float: bit for bit, also beyond 1
    assert measured(stored, speech) == pytest.approx(snr, abs=1e-2)


def test_the_speech_keeps_its_level_and_the_parts_add_up():
    speech, noise = signals(1, 0, 0)
    mixture = mixing.mix(speech, noise, -7.5)
    assert mixture.speech is speech
    assert np.array_equal(mixture.noisy, mixture.speech + mixture.noise)
    assert np.allclose(mixture.noise, noise * mixture.gain, rtol=1e-6)
    assert {part.dtype for part in mixture[:3]} == {np.dtype(np.float32)}


def test_equal_energies_are_zero_decibels_and_ten_times_the_energy_ten():
    square = np.array([1, -1, 1, -1], dtype=np.float32)
    assert mixing.snr_db(square, square) == 0
    assert mixing.snr_db(square * np.sqrt(10), square) == pytest.approx(10, abs=1e-6)


def test_a_short_noise_is_looped_without_a_seam():
    tone = np.sin(2 * np.pi * 200 * np.arange(4_000) / 16_000).astype(np.float32)
    looped = mixing.loop(tone, 11_000)
    assert len(looped) == 11_000
    assert np.array_equal(looped[:3_200], tone[:3_200])
    steepest = np.abs(np.diff(tone)).max()
    assert np.abs(np.diff(looped)).max() < 1.5 * steepest  # a cut would jump


def test_a_looped_noise_keeps_its_power_where_it_meets_itself():
    noise = np.random.default_rng(0).standard_normal(8_000).astype(np.float32)
    looped = mixing.loop(noise, 200_000, fade=4_000)
    seams = np.concatenate([looped[i : i + 4_000] for i in range(4_000, 196_000, 4_000)])
    assert np.mean(seams**2) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("samples", [1, 2, 3, 799, 1_600])
def test_any_noise_can_be_looped(samples):
    looped = mixing.loop(np.ones(samples, np.float32), 5_000)
    assert looped.shape == (5_000,) and np.isfinite(looped).all()


@pytest.mark.parametrize("snr", [float("nan"), float("inf"), -float("inf")])
def test_an_snr_that_is_not_finite_is_refused(snr):
    with pytest.raises(SnrlibError, match="finite"):
        mixing.mix(np.ones(10), np.ones(10), snr)


def test_silence_has_no_snr():
    with pytest.raises(SnrlibError, match="noise is silent"):
        mixing.mix(np.ones(10), np.zeros(10), 0)
    with pytest.raises(SnrlibError, match="speech is silent"):
        mixing.mix(np.zeros(10), np.ones(10), 0)
    with pytest.raises(SnrlibError, match="empty noise"):
        mixing.mix(np.ones(10), np.zeros(0), 0)
