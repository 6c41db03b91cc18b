"""`snrlib data check` is the one answer to: is my corpus sound?"""

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from odd_files import LIST, RATE, write

from snrlib.commands.cli import cli
from snrlib.support import tables


def voice(seconds=2.0, seed=0):
    """Noise that swings as speech does."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    return 0.2 * np.clip(np.sin(2 * np.pi * 2 * t), 0.001, 1) * rng.standard_normal(len(t))


def check(folder, *options):
    answer = CliRunner().invoke(cli, ["data", "check", f"folder:{folder}", "--jobs", "1", *options])
    return answer, answer.output + str(answer.exception or "")


@pytest.fixture
def corpus(tmp_path):
    for n, speaker in enumerate(("anna", "ben")):
        (tmp_path / "c" / speaker).mkdir(parents=True)
        for i in range(3):
            soundfile.write(
                tmp_path / "c" / speaker / f"{i}.wav", voice(seed=10 * n + i), RATE, "FLOAT"
            )
    return tmp_path / "c"


def test_a_sound_corpus_passes_with_speakers_levels_table_and_figure(corpus, tmp_path):
    made = ["--table", str(tmp_path / "t.csv"), "--figure", str(tmp_path / "f.png")]
    answer, said = check(corpus, *made)
    assert answer.exit_code == 0, said
    assert "[ODD]" not in said
    assert "speakers: train (1)" in said
    assert len(tables.read(tmp_path / "t.csv")) == 6
    assert (tmp_path / "f.png").stat().st_size > 5_000


@pytest.mark.parametrize(
    ("signal", "says"),
    [
        (8 * voice(), "goes beyond full scale"),
        (np.clip(8 * voice(), -0.9, 0.9), "is clipped"),
        (1e-4 * voice(), "is very quiet"),
        (voice() + 0.1, "has an offset of 0."),
        (np.concatenate([voice(), np.zeros(RATE), voice(seed=3)]), "1.0 s of digital silence"),
        (0.1 * np.random.default_rng(0).standard_normal(2 * RATE), "too steady for speech"),
        (voice(seed=1), "holds the same audio as"),
    ],
)
def test_what_is_odd_is_named_and_can_be_used(corpus, signal, says):
    soundfile.write(corpus / "anna" / "odd.wav", signal, RATE, "FLOAT")
    answer, said = check(corpus)
    assert answer.exit_code == 0, said
    assert "[ODD]" in said
    assert says in said
    assert "odd.wav" in said


@pytest.mark.parametrize("signal", [np.zeros(RATE), np.full(RATE, 0.25)])
def test_a_silent_file_is_a_problem(corpus, signal):
    soundfile.write(corpus / "anna" / "odd.wav", signal, RATE, "FLOAT")
    answer, said = check(corpus)
    assert answer.exit_code
    assert "odd.wav is silent" in said


def test_audio_in_training_and_test_is_a_problem(corpus):
    for split, speaker in (("train", "anna"), ("test", "ben")):
        (corpus / split).mkdir()
        (corpus / speaker).rename(corpus / split / speaker)
    soundfile.write(corpus / "test" / "ben" / "copy.wav", voice(seed=1), RATE, "FLOAT")
    answer, said = check(corpus)
    assert answer.exit_code
    assert "hold the same audio" in said


def test_a_voice_in_training_and_test_is_a_problem(corpus):
    for split, speaker in (("train", "anna"), ("test", "ben")):
        (corpus / split).mkdir()
        (corpus / speaker).rename(corpus / split / "anna")
    answer, said = check(corpus)
    assert answer.exit_code
    assert "share voices" in said


@pytest.mark.parametrize("odd", [o for o in LIST if o.refusal][::4], ids=lambda odd: odd.name)
def test_a_file_that_cannot_be_used_is_named(corpus, odd):
    write(corpus / "anna", odd)
    answer, said = check(corpus)
    assert answer.exit_code
    assert odd.name in said
