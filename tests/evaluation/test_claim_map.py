"""The map of the claim says what its recorded trainings say."""

import numpy as np
import pandas as pd
import pytest
from conftest import load_tool

from snrlib.evaluation import claim_map, recorded

GRADIENTS = pd.DataFrame({"snr_db": [-20.0, 0.0, 10.0], "seed": 7, "cosine": [1.0, -0.5, 0.2]})
CONDITIONS = pd.DataFrame(
    {
        "name": ["S2", "S1 without -20 dB"],
        "prediction": ["+0.2 dB", "more"],
        "trained": [True, False],
    }
)


def trainings(lead: float, seeds: int = 3) -> pd.DataFrame:
    """S1, S2 (ahead by `lead`) and S1 without -20 dB (by 1), with a little scatter."""
    rng = np.random.default_rng(4)
    rows = []
    for seed in range(seeds):
        for system, gain in (("S1", 0.0), ("S2", lead), ("S1 without -20 dB", 1.0)):
            gain += rng.normal(0, 0.02)
            rows += [
                {"system": system, "seed": seed, "mixture": f"{u}/{snr}", "snr_db": snr,
                 "noise": "hum", "noise_seen": "seen", "si_sdr": u + gain}
                for u in range(3) for snr in (-20.0, -5.0, 5.0)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_setting_where_s2_leads_at_every_snr_is_found_and_named() -> None:
    table = claim_map.leads(trainings(0.5))
    assert len(claim_map.everywhere(table)) == 1
    first = claim_map.sentences(trainings(0.5), CONDITIONS, GRADIENTS)[0]
    assert "S2 is ahead of S1 at every SNR" in first
    assert "Nowhere" in claim_map.sentences(trainings(0.0), CONDITIONS, GRADIENTS)[0]


def test_a_lead_is_that_of_the_same_seed_with_an_interval_over_seeds() -> None:
    scores = trainings(0.5)
    row = claim_map.leads(scores).query("system == 'S2' and where == 'all'").iloc[0]
    means = scores.groupby(["system", "seed"])["si_sdr"].mean()
    each = means["S2"] - means["S1"]
    half = 4.302653 * each.std() / 3**0.5  # t of two degrees of freedom
    assert row["difference"] == pytest.approx(each.mean())
    assert [row["low"], row["high"]] == pytest.approx([each.mean() - half, each.mean() + half])
    assert row["trainings"] == 3


def test_the_recorded_map_has_several_seeds_of_all_that_it_shows() -> None:
    scores, conditions = recorded.claim_map(), recorded.claim_conditions()
    table = claim_map.leads(scores)
    assert (table["trainings"] >= 3).all()
    students = set(scores["system"]) - {"noisy"}
    assert students == set(conditions.loc[conditions["trained"], "name"])
    assert not scores.duplicated(["system", "seed", "mixture"]).any()
    assert scores.groupby(["system", "seed"]).size().eq(324).all()
    said = claim_map.sentences(scores, conditions, recorded.claim_gradients())
    assert len(said) == 5


def test_every_lead_of_the_map_is_one_that_its_program_trains() -> None:
    names = {condition.name for condition in load_tool("map_claim").conditions()}
    for _, system, reference in claim_map.LEADS:
        assert {system, reference} <= names
