"""A name in a table says what was trained: bare names of baselines are the papers' sizes."""

import pytest

from snrlib import models
from snrlib.experiment import profiles, systems
from snrlib.support.errors import SnrlibError
from snrlib.support.files import kit_root

each_profile = pytest.mark.parametrize("profile", profiles.names())


@each_profile
def test_baselines_see_as_many_training_samples_as_the_student(profile: str) -> None:
    numbers = profiles.load(profile)
    student = systems.find("S2", numbers).budget
    for name in systems.baselines(numbers):
        budget = systems.find(name, numbers).budget
        assert budget.steps * budget.batch == student.steps * student.batch, name
        assert budget.valid_crops == student.valid_crops
        assert budget.steps % budget.valid_every == 0


@each_profile
def test_baselines_learn_from_the_students_data_with_their_own_loss(profile: str) -> None:
    numbers = profiles.load(profile)
    for name in systems.baselines(numbers):
        system = systems.find(name, numbers)
        assert (system.data, system.target, system.teachers) == ("student", "own", ())


@each_profile
def test_only_the_papers_size_carries_the_bare_name(profile: str) -> None:
    numbers = profiles.load(profile)
    published = {"wavenet": 6_342_657, "psa_bilstm": 5_349_281, "crn": 17_579_459}
    assert len(systems.baselines(numbers)) == 3
    for name in systems.baselines(numbers):
        system = systems.find(name, numbers)
        size = models.parameters(models.create(system.architecture, **system.arguments))
        papers = published[system.architecture]
        assert (name == system.architecture) == (size == papers)
        assert name.endswith("-narrow") == (size < papers)


def test_the_paper_profile_has_the_papers_rates_and_batches() -> None:
    numbers = profiles.load("paper")
    for name, rate, batch in (("wavenet", 1e-3, 10), ("crn", 2e-4, 16)):
        budget = systems.find(name, numbers).budget
        assert (budget.learning_rate, budget.batch) == (rate, batch)


def test_a_wider_network_does_not_carry_the_bare_name_either() -> None:
    numbers = {**profiles.load("paper"), "psa_bilstm": {"model": {"units": 400}}}
    assert systems.baseline("psa_bilstm", numbers) == "psa_bilstm-wide"


def test_a_name_of_another_size_is_refused_with_the_right_one() -> None:
    with pytest.raises(SnrlibError, match="not 'crn' but 'crn-narrow'"):
        systems.find("crn", profiles.load("fast"))
    with pytest.raises(SnrlibError, match="not 'crn-narrow' but 'crn'"):
        systems.find("crn-narrow", profiles.load("paper"))


def test_a_profile_without_a_baseline_says_so() -> None:
    numbers = {k: v for k, v in profiles.load("fast").items() if k != "crn"}
    with pytest.raises(SnrlibError, match=r"no section \[crn\]"):
        systems.find("crn-narrow", numbers)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("T2", "run notebook 04_teacher_training first"),
        ("S2", "run notebook 05_distillation first"),
        ("S2-smoothing", "run notebook 06_ablation_s1_vs_s2 first"),
        ("crn-narrow", "run notebook 07_baselines first"),
        ("T-all", "no notebook trains it: snrlib train T-all --profile fast"),
        ("S2-one-teacher", "no notebook trains it: snrlib train S2-one-teacher --profile fast"),
        ("S1-seed2", "no notebook trains it: snrlib train S1-seed2 --profile fast"),
        ("S2-steps500", "no notebook trains it: snrlib train S2-steps500 --profile fast"),
        ("S2-random", "no notebook trains it: snrlib train S2-random --profile fast"),
    ],
)
def test_a_missing_model_comes_with_what_trains_it(name: str, remedy: str, tmp_path) -> None:
    assert systems.how_to_train(name, "fast", kit_root() / "runs/fast").startswith(remedy)
    elsewhere = systems.how_to_train(name, "fast", tmp_path / "my run")
    assert f"--run-dir '{tmp_path / 'my run'}'" in elsewhere
