"""Audio comes in as float32 at 16 kHz, or is refused with a sentence that names the file."""

import logging

import numpy as np
import pytest
import soundfile

from snrlib import audio
from snrlib.support.errors import AudioError, SnrlibError

TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_what_is_written_is_read(tmp_path, suffix):
    path = audio.write(tmp_path / f"tone{suffix}", TONE)
    again = audio.read(path)
    assert again.dtype == np.float32 and again.shape == TONE.shape
    tolerance = {".wav": 0, ".flac": 1e-6, ".ogg": 0.05}[suffix]
    assert np.abs(again - TONE).max() <= tolerance


def test_a_part_is_the_part_of_the_whole(tmp_path):
    path = audio.write(tmp_path / "tone.wav", TONE)
    assert np.array_equal(audio.read(path, 100, 50), TONE[100:150])
    with pytest.raises(AudioError, match="ends before sample 8050"):
        audio.read(path, 7_950, 100)


@pytest.mark.parametrize("rate", [8_000, 19_980, 22_050, 44_100, 48_000])
def test_other_rates_are_resampled_to_the_length_the_header_promises(tmp_path, rate, caplog):
    time = np.arange(rate) / rate
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1_000 * time), rate)
    with caplog.at_level(logging.INFO, "snrlib.audio"):
        signal = audio.read(tmp_path / "a.wav")
    assert "resampled" in caplog.text
    assert len(signal) == audio.info(tmp_path / "a.wav").samples == 16_000
    spectrum = np.abs(np.fft.rfft(signal[2_000:14_000] * np.hanning(12_000)))
    assert abs(spectrum.argmax() * 16_000 / 12_000 - 1_000) < 2  # the tone keeps its pitch
    middle = signal[4_000:12_000]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, abs=2e-3)  # and its level


def test_channels_are_averaged(tmp_path, caplog):
    soundfile.write(tmp_path / "stereo.wav", np.stack([TONE, 0 * TONE], axis=1), 16_000, "FLOAT")
    with caplog.at_level(logging.INFO, "snrlib.audio"):
        assert np.allclose(audio.read(tmp_path / "stereo.wav"), TONE / 2)
    assert "2 channels mixed down" in caplog.text


def test_a_file_of_one_sample_is_a_file(tmp_path):
    audio.write(tmp_path / "one.wav", np.array([0.25]))
    assert audio.read(tmp_path / "one.wav").tolist() == [0.25]


def broken(folder, kind):
    path = folder / f"{kind}.wav"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is not audio")
    elif kind == "no samples":
        soundfile.write(path, np.zeros(0), 16_000)
    elif kind == "nan":
        soundfile.write(path, np.array([0, np.nan, 0]), 16_000, "FLOAT")
    elif kind == "infinite":
        soundfile.write(path, np.array([0, np.inf, 0]), 16_000, "FLOAT")
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "does not exist"),
        ("empty", "is empty"),
        ("text", "not audio"),
        ("no samples", "holds no audio"),
        ("nan", "NaN"),
        ("infinite", "NaN or infinite"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path, kind, says):
    path = broken(tmp_path, kind)
    with pytest.raises(AudioError, match=says) as refused:
        audio.read(path)
    assert path.name in str(refused.value)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_truncated_file_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 80_000)
    path = audio.write(tmp_path / f"noise{suffix}", noise, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(AudioError, match=r"truncated|not audio"):
        audio.read(path)


def test_integer_formats_refuse_to_clip_and_floats_keep_everything(tmp_path):
    loud = TONE * 10
    with pytest.raises(AudioError, match="would clip"):
        audio.write(tmp_path / "loud.flac", loud)
    assert not (tmp_path / "loud.flac").exists()
    assert np.array_equal(audio.read(audio.write(tmp_path / "loud.wav", loud)), loud)


def test_nothing_is_left_of_a_signal_that_cannot_be_written(tmp_path):
    for signal in (np.array([np.nan]), np.zeros((2, 3))):
        with pytest.raises(AudioError):
            audio.write(tmp_path / "bad.wav", signal)
    with pytest.raises(AudioError, match="unknown audio format"):
        audio.write(tmp_path / "bad.xyz", TONE)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SnrlibError, match="file stands where a folder is needed"):
        audio.write(tmp_path / "file" / "a.wav", TONE)


def test_a_full_scale_sine_has_minus_three_dbfs():
    sine = np.sin(2 * np.pi * np.arange(16_000) / 100)
    assert audio.rms_dbfs(sine) == pytest.approx(-3.0103, abs=1e-3)
    assert audio.rms_dbfs(np.zeros(9)) == -np.inf
