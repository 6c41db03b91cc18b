"""Progress says what is done and how long the rest takes."""

import time

import pytest

from snrlib.support import progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7_500, "2 h 05 min")],
)
def test_durations_are_written_as_people_write_them(seconds, text):
    assert progress.duration(seconds) == text


def test_time_left_counts_the_work_of_this_run_only(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with progress.Progress(400, "T1", done=200) as shown:
        clock[0] += 10
        shown.update(100, loss="0.01")
        assert shown.line() == "T1: 300 of 400 steps, loss 0.01, 10.0 steps/s, 10 s left"


def test_a_short_job_leaves_no_line(capsys):
    with progress.Progress(3, "short") as shown:
        shown.update(3)
    assert capsys.readouterr().err == ""
