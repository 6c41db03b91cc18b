"""Relative paths mean the folder of whoever gives them, wherever the kit is."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import snrlib
from snrlib import corpora
from snrlib.commands.plan import plan
from snrlib.support import files


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A user's folder with a profile, speech and a noise."""
    rng = np.random.default_rng(0)
    for name in ("sp/001/a.wav", "sp/NA/a.wav", "n/hum.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(8_000), 16_000)
    fast = Path(snrlib.__file__).parent / "experiment" / "profiles" / "fast.toml"
    (tmp_path / "mine.toml").write_text(fast.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_profile_corpora_and_run_folder_are_the_users(elsewhere, monkeypatch):
    given = {"profile": "mine.toml", "run_dir": "out", "speech": "folder:sp"}
    run = snrlib.open_run(**given, seen_noise="folder:n", quiet=True)
    assert run.folder == elsewhere / "out"
    assert set(run.speech["speaker"]) == {"001", "NA"}
    assert run.settings["speech"] == f"folder:{elsewhere / 'sp'}"
    # The same run, from another folder.
    monkeypatch.chdir(elsewhere / "sp")
    again = {"profile": "../mine.toml", "run_dir": "../out", "speech": "folder:."}
    assert snrlib.open_run(**again, seen_noise="folder:../n", quiet=True).speech.equals(run.speech)


def test_a_study_keeps_its_results_where_its_user_is(elsewhere):
    assert plan("mine.toml", "out").folder == elsewhere / "out"
    assert plan("fast", "").folder == files.kit_root() / "runs" / "fast"


def test_plain_run_names_stay_in_the_kit(elsewhere):
    assert files.run_folder("runs/x") == files.kit_root() / "runs" / "x"
    assert corpora.absolute("embedded,librispeech") == "embedded,librispeech"
