"""Recorded tables come with their captions; what is not there is simply not shown."""

import json
from pathlib import Path

from snrlib import enhancement, released


def test_a_folder_without_tables_gives_none(tmp_path: Path) -> None:
    assert released.tables(tmp_path) == {} and released.tables(tmp_path / "missing") == {}


def test_a_recorded_table_comes_with_its_caption(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("system,snr_db,stoi\nS2,0,0.8\n")
    (tmp_path / "long.json").write_text(json.dumps({"caption": "LibriSpeech, 50,000 steps"}))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    ((name, (table, caption)),) = released.tables(tmp_path).items()
    assert name == "long" and caption.startswith("LibriSpeech") and table["stoi"].tolist() == [0.8]


def test_without_released_weights_there_are_no_scores(monkeypatch) -> None:
    monkeypatch.setattr(enhancement, "released", lambda: [])
    assert released.scores(None) is None
