"""Trainings of other seeds and budgets, compared like with like; expected values worked by hand."""

import numpy as np
import pandas as pd
import pytest

from snrlib.evaluation import findings, recorded, seeds
from snrlib.experiment import systems

# What a training adds to the score of every mixture.
TRAININGS = {
    "S1": 1.0,
    "S2": 1.3,
    "S1-seed2": 2.0,
    "S2-seed2": 2.1,
    "S1-steps500": 0.0,
    "S2-steps500": 0.5,
    "S2-random-steps500": 0.4,
    "S2-fading": 9.0,
}


@pytest.fixture
def scores() -> pd.DataFrame:
    rows = [
        {
            "system": name, "seed": 7, "mixture": f"m{u}{snr}", "utterance": f"u{u}",
            "speaker": "a", "snr_db": snr, "pesq_raw": u + snr / 10 + added, "failure": "",
        }
        for name, added in TRAININGS.items()
        for u in range(4)
        for snr in (-5.0, 5.0)
    ]  # fmt: skip
    return seeds.merged(pd.DataFrame(rows), steps=2_000)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("S2", ("S2", None, 1)),
        ("S2-one-teacher", ("S2-one-teacher", None, 1)),
        ("S2-seed12", ("S2", None, 12)),
        ("S2-where-better-steps500", ("S2-where-better", 500, 1)),
        ("crn-narrow-steps20-seed3", ("crn-narrow", 20, 3)),
        ("S2-alpha0.25-steps150", ("S2-alpha0.25", 150, 1)),
        ("teachers-true-snr", ("teachers-true-snr", None, 1)),
    ],
)
def test_a_name_says_what_was_trained(name: str, parts: tuple[str, int | None, int]) -> None:
    assert systems.variant(name) == parts


def test_merging_keeps_every_row_and_tells_trainings_apart(scores: pd.DataFrame) -> None:
    assert len(scores) == 8 * len(TRAININGS)
    found = set(scores[["system", "steps", "seed"]].itertuples(index=False, name=None))
    assert ("S2", 2_000, 2) in found and ("S2-random", 500, 1) in found
    assert len(found) == len(TRAININGS)


def test_a_difference_is_taken_within_the_seed_and_averaged_over_seeds(
    scores: pd.DataFrame,
) -> None:
    table = seeds.by_seed(scores[scores["steps"] == 2_000], metric="pesq_raw")
    assert list(table["seed"]) == [1, 2, "all"]
    assert np.allclose(table["difference"], [0.3, 0.1, 0.2])
    # Every mixture says the same, so utterances leave nothing open; two seeds leave much open:
    # the t quantile of one degree of freedom is 12.706, the standard error 0.1.
    assert np.allclose(table["low"], [0.3, 0.1, 0.2 - 1.2706], atol=1e-4)
    assert np.allclose(table["high"], [0.3, 0.1, 0.2 + 1.2706], atol=1e-4)


def test_one_seed_gets_no_interval_over_seeds(scores: pd.DataFrame) -> None:
    table = seeds.by_seed(scores[scores["steps"] == 500], metric="pesq_raw")
    assert list(table["seed"]) == [1]


def test_the_correction_for_many_tests_is_that_of_a_published_example() -> None:
    # R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm").
    assert np.allclose(seeds.holm([0.01, 0.02, 0.03, 0.04, 0.05]), [0.05, 0.08, 0.09, 0.09, 0.09])
    corrected = seeds.holm([0.04, np.nan, 0.01])
    assert np.allclose(corrected[[0, 2]], [0.04, 0.02]) and np.isnan(corrected[1])


def test_the_interval_over_seeds_is_students_and_its_p_belongs_to_it() -> None:
    from scipy import stats

    leads = [0.076, 0.133, 0.158]
    mean, low, high, p = seeds.over_seeds(leads)
    found = stats.ttest_1samp(leads, 0.0)
    assert np.allclose([mean, p], [np.mean(leads), found.pvalue])
    assert np.allclose([low, high], found.confidence_interval(0.95))
    assert np.isnan(seeds.over_seeds([0.1])[1:]).all()


def noise_in_trainings(lead: float, seed: int) -> pd.DataFrame:
    """S1 and S2 of three trainings that scatter by 0.02, in 6 noises of 12 utterances."""
    rng = np.random.default_rng(seed)
    rows = []
    for training in (1, 2, 3):
        by_training = rng.normal(lead, 0.02)
        for system in ("S1", "S2"):
            rows += [
                {
                    "system": system, "seed": training, "steps": 500, "mixture": f"{u}/{snr}",
                    "utterance": u, "noise": f"n{(u + int(snr)) % 6}", "snr_db": snr,
                    "speaker": "a", "failure": "",
                    "stoi": u + (by_training + rng.normal(0, 0.05)) * (system == "S2"),
                }
                for u in range(12)
                for snr in (-10.0, -5.0, 5.0)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_lead_is_shown_where_it_is_and_seldom_where_it_is_not() -> None:
    real = seeds.cells(noise_in_trainings(0.5, 0), "S2", "S1", ["stoi"])
    assert list(real["snr_db"]) == [-10.0, -5.0, 5.0, "all"] and real["shown"].all()
    found = [
        bool(seeds.cells(noise_in_trainings(0.0, seed), "S2", "S1", ["stoi"])["shown"].any())
        for seed in range(40)
    ]
    assert sum(found) <= 5  # 5 % of studies: more than 5 of 40 happens in 1.4 %


def test_the_headline_tests_all_snrs_and_the_upper_ones_together() -> None:
    table = seeds.headline(noise_in_trainings(0.5, 1), metrics=["stoi"])
    assert list(table["from_db"].isna()) == [True, False]
    assert (table["holm"] >= table["p"]).all()
    assert np.allclose(table["difference"], [np.mean(leads) for leads in table["leads"]])
    said = findings.headline(table)
    assert said.startswith("Over all SNRs S2 is better in STOI after 500 steps")
    nothing = findings.headline(seeds.headline(noise_in_trainings(0.0, 2), metrics=["stoi"]))
    assert nothing.startswith("Over all SNRs no difference is shown, after 500 steps")
    assert "from −5 dB up no difference is shown" in nothing


def test_students_are_compared_with_the_reference_of_their_own_budget_and_seeds(
    scores: pd.DataFrame,
) -> None:
    table = seeds.by_budget(scores, metrics=["pesq_raw"])
    gains = table[("pesq_raw", "minus S1")]
    assert list(table.index) == [  # the reference, then by what is gained
        ("2,000", "S1"), ("2,000", "S2-fading"), ("2,000", "S2"),
        ("500", "S1"), ("500", "S2"), ("500", "S2-random"),
    ]  # fmt: skip
    # 1.7 and 1.5 are the means of the two seeds of S2 and S1; the first S1 adds 1.
    assert np.isclose(gains["2,000", "S2"], 1.7 - 1.5)
    assert np.isclose(gains["2,000", "S2-fading"], 9.0 - 1.0)
    assert np.isclose(gains["500", "S2"], 0.5) and np.isclose(gains["500", "S2-random"], 0.4)
    assert list(table[("", "seeds")]) == [2, 1, 2, 1, 1, 1]
    assert not table[("", "failed")].any()


def test_leads_by_snr_are_means_over_common_seeds(scores: pd.DataFrame) -> None:
    at_five = (scores["system"] == "S2") & (scores["snr_db"] == 5)
    scores.loc[at_five, "pesq_raw"] += 1.0
    table = seeds.by_snr(scores, "pesq_raw", steps=2_000)
    assert list(table.index) == ["S2-fading", "S2"] and list(table.columns) == [-5.0, 5.0]
    assert np.allclose(table.loc["S2"], [0.2, 1.2]) and np.allclose(table.loc["S2-fading"], 8.0)
    assert list(seeds.by_snr(scores, "pesq_raw", steps=500).index) == ["S2", "S2-random"]


def test_the_lead_is_followed_over_budgets(scores: pd.DataFrame) -> None:
    leads = seeds.lead_by_budget(scores, metrics=["pesq_raw"])
    assert list(leads["steps"]) == [500, 2_000, 2_000, 2_000]
    assert np.isclose(leads["difference"].iloc[0], 0.5)


def test_the_recorded_study_can_be_merged() -> None:
    study = recorded.study()
    table = seeds.merged(recorded.scores(), study["settings"]["student"]["steps"])
    assert {"S1", "S2"} <= set(table["system"])
    assert not table.duplicated(["system", "steps", "seed", "mixture"]).any()


def test_histories_gather_the_seeds_of_one_budget() -> None:
    history = pd.DataFrame({"step": [10, 20], "valid_stoi": [0.5, 0.6]})
    names = ("S1", "S1-seed2", "S1-steps500", "S2", "S2-random", "T1")
    found = seeds.histories({name: history for name in names})
    assert list(found) == ["S1", "S2"]
    assert list(found["S1"]["seed"]) == [1, 1, 2, 2] and list(found["S2"]["seed"]) == [1, 1]
