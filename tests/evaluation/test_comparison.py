"""What stands beside Table 3 is computed from the scores and from the models."""

import numpy as np
import pandas as pd
import pytest

from snrlib import evaluation, models
from snrlib.enhancement import Enhancer
from snrlib.evaluation import tables
from snrlib.models import cost


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """`good` is 1 dB better than noisy, `bad` 1 dB worse, `same` scatters around it."""
    rng = np.random.default_rng(0)
    rows = []
    for utterance in range(20):
        for snr in (-5, 5):
            hard = rng.normal(0, 3)
            for system, gain in (("noisy", 0.0), ("good", 1.0), ("bad", -1.0), ("same", 0.0)):
                scatter = 0 if system == "noisy" else rng.normal(0, 0.3)
                value = snr + hard + gain + scatter
                rows.append((system, f"{utterance} {snr}", f"u{utterance}", "v", snr, value, ""))
    return pd.DataFrame(
        rows,
        columns=["system", "mixture", "utterance", "speaker", "snr_db", "si_sdr", "failure"],
    )


def test_differences_are_paired(scores) -> None:
    table = tables.against(scores, "noisy", metrics=["si_sdr"])["si_sdr"]
    row = evaluation.paired(scores, "good", "noisy", "si_sdr", by=()).iloc[0]
    assert table.loc["good", ["minus noisy", "low", "high"]].tolist() == pytest.approx(
        row[["difference", "low", "high"]].tolist()
    )
    assert table["mean"]["good"] - table["mean"]["noisy"] == pytest.approx(row["difference"])
    assert np.isnan(table.loc["noisy", "minus noisy"])
    assert table["failed"].tolist() == [0, 0, 0, 0]
    assert 0.9 < table.loc["good", "low"] < 1 < table.loc["good", "high"] < 1.2


def test_words_follow_the_intervals(scores) -> None:
    words = tables.in_words(scores, "noisy", ["good", "bad", "same"], ["si_sdr"])
    assert words["SI-SDR"].to_dict() == {"good": "better", "bad": "worse", "same": "open"}


def test_a_budget_that_is_too_small_is_said_to_be(scores) -> None:
    words = tables.in_words(scores, "noisy", ["good", "bad"], ["si_sdr"])
    assert tables.not_better(words, "400 steps of 8", tiny=True) == (
        "Not shown to be better than the noisy input: bad in any metric. "
        "400 steps of 8 are too few for that."
    )
    assert "too few" not in tables.not_better(words, "400 steps of 8", tiny=False)
    assert tables.not_better(words.loc[["good"]], "400 steps of 8", tiny=True) == ""


def test_costs_are_those_of_the_model_and_its_training() -> None:
    model = models.create("psa_bilstm", units=4, layers=1)
    card = {
        "settings": {"budget": {"batch": 8}},
        "training": {"steps": 10, "examples": 80, "best_step": 5, "seconds": 30.0},
    }
    row = cost.costs({"small": Enhancer(model, card)}, seconds=0.5).loc["small"]
    assert row["parameters"] == 2 * 4 * 4 * (161 + 4 + 2) + 8 * 161 + 161
    assert (row["examples"], row["minutes"]) == (80, 0.5)
    per_frame = 2 * 4 * 4 * (161 + 4) + 8 * 161
    assert row["GMAC/s"] == pytest.approx(100 * per_frame / 1e9, rel=1e-3)
    assert row["real-time factor"] > 0


def test_the_papers_sizes_are_the_published_ones() -> None:
    sizes = cost.paper_sizes()["parameters"]
    assert sizes.to_dict() == {
        "unet": 12_680_906, "wavenet": 6_342_657, "psa_bilstm": 5_349_281, "crn": 17_579_459,
    }  # fmt: skip
