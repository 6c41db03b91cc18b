"""A folder of scores is read whole, and half-written files are nobody's scores."""

import pandas as pd

from snrlib.evaluation.scores import SCORE_COLUMNS, read_scores, write_scores


def table(system: str) -> pd.DataFrame:
    row = dict.fromkeys(SCORE_COLUMNS, 1.0) | {
        "system": system, "mixture": "test-00000", "utterance": "u", "speaker": "s",
        "noise": "white", "noise_seen": "seen", "snr_seen": "seen", "failure": "",
    }  # fmt: skip
    return pd.DataFrame([row])


def test_a_file_that_another_process_is_writing_is_not_read(tmp_path):
    write_scores(table("S1"), tmp_path / "S1.csv")
    write_scores(table("S2"), tmp_path / "S2.csv")
    # What write_scores of another process has put on disk so far.
    half = (tmp_path / "S2.csv").read_text()[:40]
    (tmp_path / ".T1.4711.unfinished.csv").write_text(half)
    assert read_scores(tmp_path)["system"].tolist() == ["S1", "S2"]
