"""Synthetic noises sound like their names, and their two parts share nothing."""

import numpy as np
import pytest
import soundfile
from scipy import signal as filters

from snrlib import audio, datasets
from snrlib.corpora import synthesis, synthetic_noises
from snrlib.corpora.sources import embedded
from snrlib.support.errors import SnrlibError

SECONDS = 25.0
RATE = 16_000


@pytest.fixture(scope="module")
def speech():
    return embedded.speech()


@pytest.fixture(scope="module")
def made(speech) -> dict[str, np.ndarray]:
    """Every noise, 25 s of it: 15 s for training, 10 s for the test."""
    return {
        name: synthetic_noises.make(name, 7, speech, seconds=SECONDS)
        for name in synthetic_noises.NAMES
    }


def parts(noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cut = int(len(noise) * synthetic_noises.TRAIN_FRACTION)
    return noise[:cut], noise[cut:]


def recurrence(first: np.ndarray, second: np.ndarray) -> float:
    """1 if the signals are shifted copies; about 5 / sqrt(samples) if they are unrelated.

    The generalised cross-correlation with phase transform (Knapp and Carter 1976): every
    frequency counts the same, so that a hum common to both does not look like a copy. Up to
    5 kHz: slowed-down voices have nothing above 6.
    """
    size = len(first) + len(second)
    cross = np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size))
    phase = cross / (np.abs(cross) + 1e-9)
    phase[int(len(phase) * 5 / 8) :] = 0
    return float(np.abs(np.fft.irfft(phase, size)).max() * 8 / 5)


def fluctuation(noise: np.ndarray, low: float, high: float) -> float:
    """How much the level above 1 kHz changes, relative to its mean, between two rates in Hz."""
    treble = filters.sosfilt(filters.butter(4, 1000, "high", fs=RATE, output="sos"), noise)
    envelope = np.sqrt(np.mean(treble[: len(treble) // 80 * 80].reshape(-1, 80) ** 2, axis=1))
    band = filters.butter(2, [low, high], "band", fs=RATE / 80, output="sos")
    return float(np.std(filters.sosfiltfilt(band, envelope / envelope.mean() - 1)))


def share_below(noise: np.ndarray, hertz: float) -> float:
    power = np.abs(np.fft.rfft(noise)) ** 2
    return float(power[: int(len(power) * hertz / 8000)].sum() / power.sum())


def test_there_are_five_seen_and_four_unseen_noises_and_all_are_called_synthetic():
    assert (len(synthetic_noises.SEEN), len(synthetic_noises.UNSEEN)) == (5, 4)
    assert not set(synthetic_noises.SEEN) & set(synthetic_noises.UNSEEN)
    assert all(name.startswith("synthetic ") for name in synthetic_noises.NAMES)


def test_both_parts_of_a_rendered_noise_last_a_minute_and_meet_where_recipes_cut():
    assert synthetic_noises.SECONDS * (1 - synthetic_noises.TRAIN_FRACTION) >= 60
    assert synthetic_noises.TRAIN_FRACTION == datasets.NOISE_TRAIN_FRACTION


def test_noises_have_the_length_and_level_promised(made):
    for name, noise in made.items():
        assert noise.dtype == np.float32 and noise.shape == (round(SECONDS * RATE),), name
        assert np.abs(noise).max() < 1, f"{name} would clip"
        for part in parts(noise):
            assert np.sqrt(np.mean(part**2)) == pytest.approx(synthetic_noises.RMS, rel=0.25), name


def test_the_same_seed_gives_the_same_noise_and_another_seed_another(speech):
    for name in ("synthetic factory", "synthetic babble"):
        once, again, other = (
            synthetic_noises.make(name, seed, speech, seconds=5) for seed in (1, 1, 2)
        )
        assert np.array_equal(once, again)
        assert recurrence(once, other) < 0.1


def test_no_stretch_of_the_training_part_returns_in_the_test_part(made):
    for name, noise in made.items():
        train, test = parts(noise)
        assert recurrence(train, test) < 0.06, name
    train, _ = parts(made["synthetic babble"])
    assert recurrence(train, train[16_000:]) > 0.2  # what a copy would look like


def test_the_parts_of_babble_are_made_of_different_sentences(speech):
    held_out = speech[speech["split"] == "noise"]
    first, second = synthetic_noises.held_out(speech, 0), synthetic_noises.held_out(speech, 1)
    assert set(first) == set(second) == set(held_out["speaker"])
    contents = [s.tobytes() for part in (first, second) for own in part.values() for s in own]
    assert len(contents) == len(set(contents)) == len(held_out)


def test_babble_has_six_or_more_different_talkers(speech):
    assert synthetic_noises.BABBLE_TALKERS >= 6
    rng = np.random.default_rng(3)
    voices = synthetic_noises.talkers(
        synthetic_noises.held_out(speech, 0), rng, 6 * RATE, synthetic_noises.BABBLE_TALKERS
    )
    assert len(voices) == synthetic_noises.BABBLE_TALKERS
    for number, voice in enumerate(voices):
        assert np.mean(np.square(voice)) == pytest.approx(1, rel=1e-3)
        assert all(recurrence(voice, other) < 0.1 for other in voices[number + 1 :])


def test_speech_shaped_noise_has_the_long_term_spectrum_of_the_training_speech(speech, made):
    # Measured here with plain periodograms of whole utterances, not with the kit's analysis.
    edges = synthesis.BANDS[:-1] * 2 ** (1 / 6)
    edges = edges[(edges > 100) & (edges < 7500)]

    def third_octaves(signals) -> np.ndarray:
        power = np.zeros(len(edges) - 1)
        for x in signals:
            frequencies = np.fft.rfftfreq(len(x), 1 / RATE)
            energy = np.abs(np.fft.rfft(x)) ** 2 / len(x)
            power += np.histogram(frequencies, edges, weights=energy)[0]
        return 10 * np.log10(power / power.sum())

    training = speech.loc[speech["split"] == "train", "path"]
    wanted = third_octaves(audio.read(path) for path in training)
    got = third_octaves(parts(made["synthetic speech-shaped noise"]))
    assert np.abs(got - wanted).max() < 1.5
    assert np.mean(np.abs(got - wanted)) < 0.6


def test_speech_shaped_noise_is_stationary_and_babble_has_syllables(made):
    shaped = made["synthetic speech-shaped noise"]
    seconds = np.square(shaped).reshape(-1, RATE).mean(axis=1)
    assert np.std(10 * np.log10(seconds)) < 0.5
    # Speech changes most at the rate of syllables, about 4 Hz.
    assert fluctuation(made["synthetic babble"], 2, 8) > 4 * fluctuation(shaped, 2, 8)


def test_engines_hum_and_machines_hammer(made):
    def strongest_line(noise: np.ndarray) -> float:
        """How far the highest narrow peak stands above its neighbourhood, in dB."""
        _, power = filters.welch(noise, RATE, nperseg=16_384)
        return float(np.max(10 * np.log10(power / filters.medfilt(power, 101))[10:4000]))

    for engine in ("synthetic engine 1", "synthetic engine 2"):
        assert strongest_line(made[engine]) > 12
        assert fluctuation(made[engine], 1, 8) < fluctuation(made["synthetic factory"], 1, 8)
    assert strongest_line(made["synthetic speech-shaped noise"]) < 8
    hammering = made["synthetic factory"]
    assert np.abs(hammering).max() > 5 * synthetic_noises.RMS


def test_a_bus_rumbles_and_a_crowd_talks(made):
    assert share_below(made["synthetic bus"], 500) > 0.9
    assert share_below(made["synthetic crowd"], 100) < 0.05
    for name in ("synthetic crowd", "synthetic cafe", "synthetic street"):
        assert share_below(made[name], 4000) - share_below(made[name], 200) > 0.3


def test_an_unknown_noise_or_speech_without_held_out_sentences_is_refused(speech):
    with pytest.raises(SnrlibError, match="choose from: synthetic speech-shaped noise"):
        synthetic_noises.make("synthetic rain", 1, speech)
    with pytest.raises(SnrlibError, match="two or more sentences"):
        synthetic_noises.make("synthetic babble", 1, speech[speech["split"] == "test"], seconds=2)
    with pytest.raises(SnrlibError, match="training speech"):
        synthetic_noises.make("synthetic speech-shaped noise", 1, speech[speech["split"] == "test"])


def test_noises_are_rendered_once_into_the_cache_with_16_bits(speech, tmp_path, monkeypatch):
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path))
    synthetic_noises.render(["synthetic bus"], speech, jobs=1)
    path = synthetic_noises.rendered_paths(speech)["synthetic bus"]
    assert [path] == list((tmp_path / "noises").iterdir())
    header = soundfile.info(path)
    assert (header.subtype, header.frames) == ("PCM_16", round(synthetic_noises.SECONDS * RATE))
    made = synthetic_noises.make("synthetic bus", synthetic_noises.SEED, speech)
    assert np.abs(audio.read(path) - made).max() <= 1 / 32_768
    written = path.stat().st_mtime_ns
    synthetic_noises.render(["synthetic bus"], speech, jobs=1)
    assert path.stat().st_mtime_ns == written


def test_other_speech_or_other_code_gives_other_files(speech):
    usual = synthetic_noises.rendered_paths(speech)
    assert usual == synthetic_noises.rendered_paths(speech.sample(frac=1, random_state=0))
    assert not set(usual.values()) & set(synthetic_noises.rendered_paths(speech[1:]).values())


def test_coloured_noise_has_the_levels_asked_for():
    curve = {63: -10.0, 250: 0.0, 1000: -12.0, 4000: -20.0}
    noise = synthesis.coloured(20 * RATE, np.random.default_rng(0), curve)
    got, wanted = synthesis.third_octave_levels(noise), synthesis.levels(curve)
    audible = (synthesis.BANDS > 60) & (synthesis.BANDS < 7000)
    assert np.abs(got - wanted)[audible].max() < 1.5


def test_a_hum_is_periodic_and_a_room_keeps_the_length():
    tone = synthesis.hum(100.0, RATE, [1, 0.5])
    assert np.allclose(tone[160:], tone[:-160], atol=0.02)
    click = np.zeros(RATE, np.float32)
    click[0] = 1
    answer = synthesis.room(click, np.random.default_rng(0), 0.5)
    assert answer.shape == click.shape
    energy = np.cumsum(answer[::-1] ** 2)[::-1]  # Schroeder's backward integration
    decay = 10 * np.log10(energy[[1600, 4800]])  # from 0.1 to 0.3 s: 24 dB at 60 dB in 0.5 s
    assert decay[0] - decay[1] == pytest.approx(24, abs=4)
