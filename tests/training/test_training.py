"""A training is a function of its settings, however often it is killed on the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from snrlib import audio, datasets, models, training
from snrlib.datasets import bank
from snrlib.models import checkpoint
from snrlib.support.errors import SnrlibError
from snrlib.training import loop
from snrlib.training.ablations import Smoothing, smoothing_shares
from snrlib.training.objectives import Distillation, Supervised, own_loss

SIZE = {"channels": 4, "growth": 1, "depth": 4, "decimations": 2}
SETTINGS = {"model": {"class": "unet", "arguments": SIZE}, "seed": 3}


def corpus(folder: Path) -> tuple[dict[str, datasets.Crops], bank.Bank]:
    """Crops of a corpus of tones in noise, small enough to learn from in seconds."""
    rng = np.random.default_rng(0)
    speech = pandas.DataFrame(
        {
            "id": [f"u{i}" for i in range(9)],
            "speaker": "s",
            "path": [str(folder / f"u{i}.wav") for i in range(9)],
            "samples": 6_000,
            "split": ["train"] * 8 + ["test"],
        }
    )
    noises = pandas.DataFrame(
        {"id": ["n"], "path": [str(folder / "n.wav")], "samples": 60_000, "seen": True}
    )
    if not (folder / "n.wav").exists():
        for i, path in enumerate(speech["path"]):
            audio.write(path, 0.2 * np.sin(0.05 * (i + 3) * np.arange(6_000)), subtype="PCM_16")
        audio.write(folder / "n.wav", 0.1 * rng.standard_normal(60_000), subtype="PCM_16")
    held = bank.open_bank(pandas.concat([speech, noises]), folder / "banks")
    table = datasets.fill_gains(datasets.recipe("student", speech, noises, 1), held)
    return {
        split: datasets.Crops(
            table[table["split"] == split].reset_index(drop=True), held, 4, 3, samples=2_048
        )
        for split in ("train", "valid")
    }, held


def train(folder: Path, steps: int = 30, name: str = "S1", **changes) -> Path:
    """A short training of a very narrow network; also what the killed process runs."""
    torch.manual_seed(3)
    crops, _ = corpus(folder)
    budget = training.Budget(steps, 4, 5e-3, "onecycle", valid_every=5, valid_crops=5)
    arguments = {"objective": Supervised(), "settings": SETTINGS, "budget": budget, **changes}
    return training.train(
        name, models.create("unet", **SIZE), crops["train"], crops["valid"],
        folder=folder / "models" / name, accelerator="cpu", **arguments,
    )  # fmt: skip


KILLED = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {here!r})
import test_training
from snrlib.training import loop
loop.RESUME_EVERY = 0.1
test_training.train(Path(sys.argv[1]), steps=60)
"""


def test_a_killed_training_ends_with_the_weights_of_an_uninterrupted_one(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    script = KILLED.format(here=str(Path(__file__).parent))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def command(folder: Path) -> list[str]:
        folder.mkdir(exist_ok=True)
        return [sys.executable, "-c", script, str(folder)]

    kills = 0
    for earlier in (1, 3):  # history rows to wait for before each kill
        process = subprocess.Popen(command(killed), env=environment)
        history = killed / "models" / "S1" / "history.csv"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if history.exists() and len(history.read_text().splitlines()) > earlier:
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills == 2, "the training ended before it could be killed"
    assert not (killed / "models" / "S1" / "model.json").exists()
    subprocess.run(command(killed), env=environment, check=True)
    subprocess.run(command(whole), env=environment, check=True)
    for file in ("weights.safetensors", "last.safetensors"):
        one, other = (
            checkpoint.read_tensors(folder / "models" / "S1" / file) for folder in (whole, killed)
        )
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    columns = ["step", "learning_rate", "train_loss", "valid_loss"]
    histories = [training.history(f / "models" / "S1")[columns] for f in (whole, killed)]
    pandas.testing.assert_frame_equal(*histories)


def test_averaged_weights_are_what_is_validated_and_kept(tmp_path, monkeypatch):
    budget = training.Budget(20, 4, 5e-3, valid_every=20, valid_crops=5, average=0.8)
    folder = train(tmp_path, budget=budget)
    kept, last = (
        checkpoint.read_tensors(folder / f"{file}.safetensors") for file in ("weights", "last")
    )
    assert any(not torch.equal(kept[key], last[key]) for key in kept)
    monkeypatch.setattr(loop, "RESUME_EVERY", 0.0)
    again = train(tmp_path / "saved often", budget=budget)
    assert all(
        torch.equal(value, kept[key])
        for key, value in checkpoint.read_tensors(again / "weights.safetensors").items()
    ), "saving on the way changes nothing"
    torch.manual_seed(3)
    model = models.create("unet", **SIZE)
    model.load_state_dict(kept)
    crops, _ = corpus(tmp_path)
    noisy, clean, snr_db = crops["valid"].fixed(5)
    with torch.no_grad():
        loss = sum(
            float(Supervised()(model.eval(), *rows, 1.0)) * len(rows[0])
            for rows in zip(noisy.split(4), clean.split(4), snr_db.split(4), strict=True)
        )
    assert training.history(folder)["valid_loss"].iloc[-1] == pytest.approx(loss / 5, rel=1e-4)


def test_a_stopped_average_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "RESUME_EVERY", 0.0)
    budget = training.Budget(12, 4, 5e-3, valid_every=4, valid_crops=5, average=0.9)
    whole = train(tmp_path / "whole", budget=budget)
    step, calls = loop.Step.__call__, []

    def dies(self, *arguments):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(loop.Step, "__call__", dies)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", budget=budget)
    stopped = train(tmp_path / "stopped", budget=budget)
    one, other = (checkpoint.read_tensors(f / "weights.safetensors") for f in (whole, stopped))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_without_an_average_a_training_is_called_what_it_was():
    assert "average" not in training.Budget(5).facts()
    assert training.Budget(5, average=0.9).facts()["average"] == 0.9


BASELINES = {
    "wavenet": {"channels": 2, "stacks": 1, "dilations": 3, "head": [3, 2]},
    "psa_bilstm": {"units": 3, "layers": 1},
    "crn": {"channels": [1, 1, 2, 2, 2]},
}


@pytest.mark.parametrize("name", BASELINES)
def test_a_stopped_baseline_ends_with_the_weights_of_an_uninterrupted_one(
    name, tmp_path, monkeypatch
):
    monkeypatch.setattr(loop, "RESUME_EVERY", 0.0)
    crops, _ = corpus(tmp_path)
    settings = {"model": {"class": name, "arguments": BASELINES[name]}}
    budget = training.Budget(12, 4, 2e-3, "onecycle", valid_every=4, valid_crops=5)

    def baseline(folder: Path, stop_at: int = 0) -> Path:
        def objective(model, noisy, clean, snr_db, progress):
            if stop_at and progress >= stop_at / budget.steps:
                raise KeyboardInterrupt
            return own_loss(model, noisy, clean, snr_db, progress)

        torch.manual_seed(3)
        return training.train(
            name, models.create(name, **BASELINES[name]), crops["train"], crops["valid"],
            objective, budget, tmp_path / folder, settings, accelerator="cpu",
        )  # fmt: skip

    for step in (3, 9):
        with pytest.raises(KeyboardInterrupt):
            baseline("stopped", step)
    stopped, whole = baseline("stopped"), baseline("whole")
    for file in ("weights.safetensors", "last.safetensors"):
        one, other = (checkpoint.read_tensors(folder / file) for folder in (stopped, whole))
        assert all(torch.equal(one[key], other[key]) for key in one)
    losses = [training.history(folder)["valid_loss"].tolist() for folder in (stopped, whole)]
    assert losses[0] == losses[1]


def test_training_learns(tmp_path):
    history = training.history(train(tmp_path, steps=60))
    assert list(history.columns) == training.HISTORY_COLUMNS
    assert history["step"].tolist() == list(range(5, 61, 5))
    assert history["valid_loss"].iloc[-1] < 0.8 * history["valid_loss"].iloc[0]


def test_the_tables_use_the_weights_of_the_best_validation_loss(tmp_path):
    folder = train(tmp_path)
    _, card = checkpoint.load(folder)
    history = training.history(folder)
    best = history.loc[history["valid_loss"].idxmin()]
    assert card["training"]["best_step"] == best["step"]
    assert card["training"]["examples"] == 30 * 4


def test_best_weights_are_chosen_by_an_objective_that_does_not_move(tmp_path):
    asked: dict[bool, set[float]] = {True: set(), False: set()}

    def moving(model, noisy, clean, snr_db, progress):
        asked[torch.is_grad_enabled()].add(progress)
        return (1 + progress) * Supervised()(model, noisy, clean, snr_db, progress)

    fixed = training.history(train(tmp_path, name="fixed"))["valid_loss"]
    changing = training.history(train(tmp_path, name="moving", objective=moving))["valid_loss"]
    assert len(asked[True]) == 30 and asked[False] == {1.0}
    # Adam does not care about a factor, so both are one training: one validates at twice the loss.
    assert np.allclose(changing, 2 * fixed, rtol=0.05)


def test_a_finished_training_is_not_repeated(tmp_path, monkeypatch):
    folder = train(tmp_path)
    before = (folder / "weights.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(loop, "_Training", None)
    assert train(tmp_path) == folder
    assert (folder / "weights.safetensors").stat().st_mtime_ns == before


def test_other_settings_in_the_same_folder_are_named(tmp_path):
    train(tmp_path, steps=10)
    with pytest.raises(SnrlibError, match=r"budget\.steps = 10, but 20 .* --fresh"):
        train(tmp_path, steps=20)
    train(tmp_path, steps=20, fresh=True)


def test_the_history_carries_what_was_heard(tmp_path):
    folder = train(
        tmp_path, listen=lambda model, step: {"valid_pesq_raw": step / 10, "valid_stoi": 0.5}
    )
    assert training.history(folder)["valid_pesq_raw"].tolist()[:2] == [0.5, 1.0]


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    def nothing(model, noisy, clean, snr_db, progress):
        return model(noisy).sum() * float("nan")

    with pytest.raises(SnrlibError, match="no longer a number at step 5"):
        train(tmp_path, objective=nothing)


def test_teachers_stay_frozen_and_in_eval_mode(tmp_path):
    torch.manual_seed(0)
    teachers = {name: models.create("unet", **SIZE).eval() for name in ("T1", "T2", "T3", "T4")}
    before = {n: {k: v.clone() for k, v in t.state_dict().items()} for n, t in teachers.items()}
    train(tmp_path, steps=6, objective=Distillation(teachers), name="S2")
    for name, teacher in teachers.items():
        assert not teacher.training
        assert all(torch.equal(v, before[name][k]) for k, v in teacher.state_dict().items())


def test_without_weight_on_the_teachers_s2_is_s1(tmp_path):
    teachers = {name: models.create("unet", **SIZE).eval() for name in ("T1", "T2", "T3", "T4")}
    one = train(tmp_path, steps=10, name="S1")
    other = train(tmp_path, steps=10, name="S2", objective=Distillation(teachers, alpha=0.0))
    a, b = (checkpoint.read_tensors(folder / "weights.safetensors") for folder in (one, other))
    assert all(torch.allclose(a[key], b[key], atol=1e-6) for key in a)


def test_the_smoothing_control_leaves_as_much_error_as_the_teacher(tmp_path):
    crops, _ = corpus(tmp_path)
    teachers = {name: models.create("unet", **SIZE).eval() for name in ("T1", "T2", "T3", "T4")}
    shares = smoothing_shares(teachers, crops["train"], batches=8)
    assert sorted(shares) == [-20, -10, 0, 10, 20]
    noisy, clean, snr_db = crops["train"].batch_at(0)
    kept = torch.tensor([shares[float(s)] for s in snr_db])
    objective = Smoothing({}, alpha=1.0, shares=shares)
    loss = objective(lambda x: clean, noisy, clean, snr_db, 0.0)
    assert loss == pytest.approx(
        float((0.5 * (kept[:, None] * (noisy - clean)) ** 2).mean()), rel=1e-5
    )


def test_schedules_are_the_papers_and_one_for_short_budgets():
    constant = training.Budget(100, learning_rate=2e-4, schedule="constant")
    assert {constant.rate(step, step) for step in range(100)} == {2e-4}
    halve = training.Budget(100, learning_rate=2e-3, schedule="halve")
    assert [halve.rate(0, epoch) for epoch in (0, 299.9, 300, 600)] == [2e-3, 2e-3, 1e-3, 5e-4]
    once = training.Budget(100, learning_rate=2e-3, schedule="onecycle")
    rates = [once.rate(step, 0) for step in range(100)]
    assert max(rates) <= 2e-3 and rates[0] < 2e-4 and rates[-1] < 1e-4
    assert rates.index(max(rates)) == pytest.approx(16, abs=1)


def test_the_halving_schedule_stops_after_a_stage_without_a_new_best(tmp_path):
    budget = training.Budget(400, 4, 1e-3, "halve", valid_every=5, valid_crops=5, halve_epochs=1)

    def gets_worse(model, noisy, clean, snr_db, progress):
        return 0 * model(noisy).sum() + 1 + progress

    folder = train(tmp_path, objective=gets_worse, budget=budget)
    _, card = checkpoint.load(folder)
    assert card["training"]["best_step"] == 5
    assert card["training"]["steps"] < 60


def test_a_budget_that_makes_no_sense_is_refused():
    with pytest.raises(SnrlibError, match="at least one"):
        training.Budget(0)
    with pytest.raises(SnrlibError, match="no schedule 'cosine'"):
        training.Budget(10, schedule="cosine")
