"""Scoring on a cluster gives what scoring here gives, also when a worker dies."""

import os
import signal
import threading
import time

import numpy as np
import pandas
import pytest

from snrlib import evaluation, mixing
from snrlib.evaluation import scoring
from snrlib.support.errors import SnrlibError

SNRS = (-10, 0, 10)


def recipe(utterances: int) -> pandas.DataFrame:
    rows = [
        {
            "mixture": f"m{u}-{snr}", "utterance": f"u{u}", "speaker": "s", "noise": "white",
            "noise_seen": "seen", "snr_db": float(snr), "snr_seen": "seen",
        }
        for u in range(utterances) for snr in SNRS
    ]  # fmt: skip
    return pandas.DataFrame(rows)


def read(row) -> mixing.Mixture:
    """Noise in bursts, long enough that a score takes a while."""
    rng = np.random.default_rng(int(row["utterance"][1:]))
    bursts = np.repeat(rng.random(24) > 0.4, 8_000)
    speech = 0.1 * rng.standard_normal(len(bursts)) * bursts
    return mixing.mix(speech, rng.standard_normal(len(bursts)), row["snr_db"])


def scored(path) -> pandas.DataFrame:
    return evaluation.score(
        "noisy", recipe(6), None, path=path, metrics=["stoi", "si_sdr"], read=read
    )


def test_a_worker_that_dies_costs_no_score(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr(scoring, "BLOCK_MIXTURES", 6)
    here = scored(tmp_path / "here.csv")
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as machines:

        def kill() -> None:
            part = tmp_path / "there.csv.part"
            while not part.exists():
                time.sleep(0.01)
            with distributed.Client(machines.scheduler_address, set_as_default=False) as client:
                pid = next(iter(client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        with scoring.joined(machines.scheduler_address):
            there = scored(tmp_path / "there.csv")
        killer.join(timeout=30)
    assert killed
    pandas.testing.assert_frame_equal(there, here)


def test_without_an_address_nothing_changes():
    with scoring.joined(""):
        pass


def test_a_scheduler_that_does_not_answer_is_named():
    pytest.importorskip("distributed", reason="Dask is not installed")
    with (
        pytest.raises(SnrlibError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        scoring.joined("tcp://127.0.0.1:9", patience=0.5),
    ):
        pass


def test_a_cluster_without_dask_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(SnrlibError, match="pip install distributed"),
        scoring.joined("tcp://127.0.0.1:9"),
    ):
        pass
