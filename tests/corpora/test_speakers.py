"""A voice has one name, whatever the layout, and is never in training and test unasked."""

from pathlib import PurePosixPath

import numpy as np
import pytest
from click.testing import CliRunner

from snrlib import SnrlibError, audio, corpora, datasets
from snrlib.commands.cli import cli
from snrlib.corpora import registered, speakers

LAYOUTS = {
    "wav48/p225/x.wav": "p225",
    "wav48_silence_trimmed/p225/p225_001_mic1.flac": "p225",
    "train-clean-100/1000/12340/x.wav": "1000",
    "train-clean-100/1000/12340/1000-12340-0001.flac": "1000",
    "LibriTTS/dev-clean/84/121123/84_121123_000007_000001.wav": "84",
    "1000-12340-0001.flac": "1000",
    "clean_trainset_wav/p225_000.wav": "p225",
    "clean_testset_wav/p232_001.wav": "p232",
    "TRAIN/DR1/FCJF0/SA1.WAV": "FCJF0",
    "vox1_dev_wav/wav/id10270/5r0dWxy17C8/00001.wav": "id10270",
    "wsj0/si_tr_s/011/011c0201.wav": "011",
    "read_speech/book_00000_chp_0009_reader_06709_0_seg_0.wav": "reader_06709",
    "cmu_us_bdl_arctic/wav/arctic_a0001.wav": "cmu_us_bdl_arctic",
    "anna/session1/x.wav": "anna",
    "anna/one.wav": "anna",
    "de/anna/one.wav": "anna",
    "test/anna/one.wav": "anna",
    "test_anna/one.wav": "test_anna",
    "anna_one.wav": "anna",
    "001/a.wav": "001",
    "NA/a.wav": "NA",
    "train/anna-1.wav": "anna",
}


@pytest.mark.parametrize(("path", "speaker"), LAYOUTS.items())
def test_known_layouts_are_recognised_and_others_use_the_nearest_folder(path, speaker):
    assert speakers.named([PurePosixPath(path)]) == [speaker]


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("train-clean-100/1/2/x.wav", "train"),
        ("dev-clean/1/2/x.wav", "test"),
        ("clean_testset_wav/p232_001.wav", "test"),
        ("clean_trainset_28spk_wav/p225_000.wav", "train"),
        ("si_tr_s/011/x.wav", "train"),
        ("Test/anna/x.wav", "test"),
        ("test_anna/x.wav", ""),
        ("contest/x.wav", ""),
    ],
)
def test_folders_say_what_a_recording_is_for(path, split):
    assert speakers.split(PurePosixPath(path)) == split


def corpus(root, places):
    rng = np.random.default_rng(0)
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        audio.write(root / place, rng.normal(0, 0.1, 8000))
    return f"folder:{root}"


def noise(root):
    return corpora.noises(corpus(root / "n", ["hum.wav"]), "")


def test_a_training_that_shares_a_voice_with_its_test_is_refused_unless_asked_for(tmp_path):
    places = [f"{part}/anna/{i}.wav" for part in ("train", "test") for i in range(6)]
    speech = corpora.speech(corpus(tmp_path / "s", places))
    with pytest.raises(SnrlibError, match=r"share a voice \(anna\)"):
        datasets.recipe("T1", speech, noise(tmp_path), 7, shared_speakers=False)
    assert len(datasets.recipe("T1", speech, noise(tmp_path), 7, shared_speakers=True))


def test_speakers_can_be_stated(tmp_path, monkeypatch):
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "talks"
    corpus(root, [f"2024_{who}_{i}.wav" for who in ("anna", "ben") for i in range(3)])
    assert set(corpora.speech(f"folder:{root}")["speaker"]) == {"2024"}
    stated = ["data", "add", "folder", str(root), "--speaker", r"\d+_([a-z]+)_"]
    answer = CliRunner().invoke(cli, stated, catch_exceptions=False)
    assert answer.exit_code == 0
    assert "anna" in answer.output
    assert set(corpora.speech(f"folder:{root}")["speaker"]) == {"anna", "ben"}
    wrong = CliRunner().invoke(cli, [*stated[:-1], "speaker(.)"])
    assert wrong.exit_code != 0
    assert "finds no speaker" in str(wrong.exception)
    assert registered.speaker_pattern(root) == stated[-1]
