"""A run trains what is asked for by name, on a study small enough for a test."""

import shutil
from pathlib import Path

import pytest
import torch

from snrlib import enhancement, open_run
from snrlib.experiment import profiles
from snrlib.experiment.run import Run
from snrlib.models import checkpoint
from snrlib.support.errors import SnrlibError

STILL = {"steps": 2, "batch": 4, "learning_rate": 0.0, "valid_every": 1, "valid_crops": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two-step trainings at a learning rate of zero: weights stay where they start."""
    folder = tmp_path_factory.mktemp("run")
    text = (Path(profiles.__file__).parent / "fast.toml").read_text(encoding="utf-8")
    profile = folder / "still.toml"
    profile.write_text(text, encoding="utf-8")
    run = open_run(profile=str(profile), run_dir=str(folder / "run"), quiet=True)
    run.profile["data"] |= {"utterances": 12, "test_utterances": 1}
    run.profile["model"] = {"channels": 2, "growth": 1, "depth": 3, "decimations": 2}
    for section in ("teacher", "student"):
        run.profile[section] |= {**STILL, "precision": "32-true", "schedule": "constant"}
    run.profile["growth"]["mixtures"] = 2
    return run


def weights(run: Run, name: str) -> torch.Tensor:
    return torch.cat([w.detach().flatten() for w in run.model(name).model.parameters()])


def test_a_student_of_teachers_that_are_not_there_is_told_where_they_are_made(run: Run) -> None:
    with pytest.raises(SnrlibError, match=r"T1 has not been trained .* notebook 04"):
        run.train("S2")
    with pytest.raises(SnrlibError, match=r"T2 has not been trained .* notebook 04"):
        run.train("S1-from-T2")


def test_systems_start_from_the_weights_that_their_names_say(run: Run) -> None:
    for name in ("T1", "T2", "T3", "T4"):
        run.train(name)
        # Another start for each: at a learning rate of zero, the seed alone would make them equal.
        model = run.model(name).model
        with torch.no_grad():
            for weight in model.parameters():
                weight += int(name[1])
        path = run.model_folder(name) / checkpoint.WEIGHTS
        checkpoint.write_tensors(path, model.state_dict())
    for name in ("S1", "S2", "S1-seed2", "S1-from-T2", "S2-from-T2-steps1", "S2-from-average"):
        run.train(name)
    assert torch.equal(weights(run, "S1"), weights(run, "S2"))  # one seed, one start
    assert not torch.equal(weights(run, "S1"), weights(run, "S1-seed2"))
    assert torch.equal(weights(run, "S1-from-T2"), weights(run, "T2"))
    assert torch.equal(weights(run, "S2-from-T2-steps1"), weights(run, "T2"))
    mean = torch.stack([weights(run, t) for t in ("T1", "T2", "T3", "T4")]).mean(dim=0)
    assert torch.allclose(weights(run, "S2-from-average"), mean, atol=1e-5)
    assert run.model("S2-from-T2-steps1").card["training"]["steps"] == 1
    assert set(run.model("S1-from-T2").card["settings"]["start"]) == {"T2"}


def test_what_is_trained_is_not_trained_again(run: Run, monkeypatch) -> None:
    run.train("S1-steps1")
    monkeypatch.setattr("snrlib.training.loop._Training.__call__", None)  # would be called
    run.train("S1-steps1")


def test_a_profile_can_go_on_from_the_models_of_another_run(run: Run, tmp_path: Path) -> None:
    run.train("S1-seed2")
    # Stands in for an S1 of that run: at a learning rate of zero, all of one seed are equal.
    (run.folder / "models" / "S1-seed2").rename(tmp_path / "S1")
    numbers = {**run.profile, "start": str(tmp_path)}
    further = Run(tmp_path / "further", numbers, run.settings)
    further.train("S1-steps1")
    began = torch.cat([w.flatten() for w in checkpoint.load(tmp_path / "S1")[0].parameters()])
    assert torch.equal(weights(further, "S1-steps1"), began)
    assert set(further.model("S1-steps1").card["settings"]["start"]) == {"S1"}
    with pytest.raises(SnrlibError, match=r"start = .* has no model 'T1' to start from"):
        further.train("T1")
    numbers["model"] = {**numbers["model"], "channels": 3}
    with pytest.raises(SnrlibError, match="another network"):
        further.train("S1-steps2")


def test_a_profile_can_go_on_from_the_released_models(run: Run, tmp_path: Path) -> None:
    released, card = checkpoint.load(enhancement.RELEASED / "S2")
    numbers = {**run.profile, "start": "released", "model": card["arguments"]}
    further = Run(tmp_path / "further", numbers, run.settings)
    for teacher in ("T1", "T2", "T3", "T4"):
        shutil.copytree(run.model_folder(teacher), further.model_folder(teacher))
    further.train("S2-steps1")
    began = torch.cat([w.flatten() for w in released.parameters()])
    assert torch.equal(weights(further, "S2-steps1"), began)
    with pytest.raises(SnrlibError, match=r"released.* has no model 'T-all'"):
        further.train("T-all")
