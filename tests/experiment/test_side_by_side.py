"""Trainings beside each other end with the weights of trainings one after the other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snrlib import open_run
from snrlib.experiment import profiles, side_by_side
from snrlib.experiment.run import Run
from snrlib.models import checkpoint
from snrlib.support.errors import SnrlibError

STEPS = {
    "steps": 12, "batch": 4, "learning_rate": 2e-3, "valid_every": 4, "valid_crops": 4,
    "precision": "32-true", "schedule": "constant", "threads": 1,
}  # fmt: skip
NAMES = ["T1", "T2", "T3"]


def open_tiny(folder: Path, **changes) -> Run:
    """A run whose trainings take a second; the profile is the same in every process."""
    text = (Path(profiles.__file__).parent / "fast.toml").read_text(encoding="utf-8")
    (folder / "tiny.toml").write_text(text, encoding="utf-8")
    run = open_run(profile=str(folder / "tiny.toml"), run_dir=str(folder / "run"), quiet=True)
    run.profile["data"] |= {"utterances": 12, "test_utterances": 1}
    run.profile["model"] = {"channels": 2, "growth": 1, "depth": 3, "decimations": 2}
    for section in ("teacher", "student"):
        run.profile[section] |= {**STEPS, **changes}
    run.profile["growth"]["mixtures"] = 1
    return run


def fingerprints(run: Run) -> dict[str, str]:
    return {name: checkpoint.fingerprint(run.model_folder(name)) for name in NAMES}


@pytest.fixture(scope="module")
def one_after_another(tmp_path_factory) -> dict[str, str]:
    run = open_tiny(tmp_path_factory.mktemp("alone"))
    for name in NAMES:
        run.train(name)
    return fingerprints(run)


def test_one_failure_stops_all_and_the_rest_ends_with_the_weights_of_one_after_another(
    tmp_path, one_after_another
) -> None:
    run = open_tiny(tmp_path)
    (run.model_folder("T2")).parent.mkdir(parents=True)
    run.model_folder("T2").write_text("no folder can be made here", encoding="utf-8")
    with pytest.raises(SnrlibError, match=r"The training of T2 failed: .*T2"):
        run.train_all(NAMES, jobs=2)
    run.model_folder("T2").unlink()
    assert list(run.train_all(NAMES, jobs=2)) == NAMES
    assert fingerprints(run) == one_after_another
    # What is trained is not trained again.
    before = (run.model_folder("T1") / checkpoint.WEIGHTS).stat().st_mtime_ns
    run.train_all(NAMES, jobs=2)
    assert (run.model_folder("T1") / checkpoint.WEIGHTS).stat().st_mtime_ns == before


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import test_side_by_side as case
if __name__ == "__main__":
    case.open_tiny(Path({folder!r}), steps=100_000).train_all(case.NAMES, jobs=2)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_no_training_outlives_the_process_that_started_it(tmp_path) -> None:
    import psutil

    script = tmp_path / "killed.py"
    here = str(Path(__file__).parent)
    script.write_text(KILLED.format(here=here, folder=str(tmp_path)), encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ})
    history = tmp_path / "run" / "models" / "T1" / "resume" / "state.safetensors"
    until = time.monotonic() + 120
    while not history.exists() and time.monotonic() < until:
        assert parent.poll() is None, "the trainings ended before they could be stopped"
        time.sleep(0.05)
    children = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait(60)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive and len(children) >= 2
    assert not (tmp_path / "run" / "models" / "T1" / checkpoint.DESCRIPTION).exists()


def test_a_student_is_not_trained_beside_its_teachers(tmp_path) -> None:
    with pytest.raises(SnrlibError, match="S2 needs T1"):
        open_tiny(tmp_path).train_all(["T1", "T2", "T3", "T4", "S2"])


def test_as_many_at_once_as_there_are_cores_and_memory(monkeypatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(side_by_side, "_memory", lambda: int(3.7e9))
    assert side_by_side.at_once(4, threads=1) == 3, "memory for three"
    monkeypatch.setattr(side_by_side, "_memory", lambda: 1 << 40)
    assert side_by_side.at_once(4, threads=1) == 4
    assert side_by_side.at_once(9, threads=2) == 4
    assert side_by_side.at_once(4, threads=0) == 1, "a wide network fills the cores alone"
    assert side_by_side.at_once(4, threads=1, gpus=2) == 2


def test_the_line_says_where_all_are() -> None:
    board = side_by_side._Board(["T1", "T2"])
    board.started -= 10
    board.hear(0, "T1", "at", (0, 100))
    board.hear(0, "T1", "at", (50, 100))
    assert board.line() == "T1 50 %, T2 waits; about 30 s left"
    board.hear(0, "T1", "done", None)
    board.hear(1, "T2", "done", None)
    assert board.line().startswith("T1 done, T2 done; took 10 s")
