"""Sentences of the notebooks say what the numbers say, in either direction."""

import numpy as np
import pandas as pd
import pytest

from snrlib.evaluation import lessons

SNRS = (-20.0, 0.0, 20.0)


def scores(**levels) -> pd.DataFrame:
    """Scores of systems on 8 utterances at three SNRs: system -> its level above the noisy one."""
    rng = np.random.default_rng(1)
    rows = []
    for utterance in range(8):
        for snr in SNRS:
            own = rng.normal(0, 0.3)
            for system, level in {"noisy": 0.0, **levels}.items():
                value = snr + own + level + rng.normal(0, 0.05)
                rows.append(
                    {
                        "system": system, "seed": 7, "mixture": f"{utterance} {snr}",
                        "utterance": f"u{utterance}", "speaker": "a", "snr_db": snr,
                        "noise_seen": "seen", "failure": "", "si_sdr": value,
                        "pesq_raw": value / 20, "stoi": value / 40,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def test_the_best_teacher_is_found_and_the_rule_held_against_it() -> None:
    table = scores(T1=1.0, T2=3.0, T3=2.0, T4=0.5)
    found = lessons.duels(table, ["si_sdr"]).set_index("snr_db")
    assert found["best"].tolist() == ["T2", "T2", "T2"]
    assert found["rule"].tolist() == ["T1", "T3", "T4"]
    assert found["difference"].tolist() == pytest.approx([-2, -1, -2.5], abs=0.1)
    assert found.loc[0.0, "words"].startswith("T2: −1.0") and "[−1.0" in found.loc[0.0, "words"]
    worth = pd.DataFrame({"si_sdr": {"T1": 1, "T2": 3, "T3": 2, "T4": 0.5, "noisy": 0}})
    for rule, said in ((2.0, "no better than one teacher"), (4.0, "know more than any one")):
        worth.loc["the rule"] = rule
        lines = "\n".join(lessons.teachers_found(table, lessons.duels(table), worth))
        assert said in lines and "of 1 voice:" in lines
        assert "names the best teacher at 0 of 3 SNRs" in lines
        assert "At 20 dB another teacher, T2, is clearly better in SI-SDR than T4" in lines


def history(pesq: float, stoi: float, step: int = 400) -> pd.DataFrame:
    return pd.DataFrame(
        {"step": [100, step], "epoch": [0.1, 0.4], "valid_pesq_raw": [1, pesq],
         "valid_stoi": [0.5, stoi]}
    )  # fmt: skip


def test_the_curves_end_says_who_leads_and_how_far_the_paper_went() -> None:
    both = {"S1": history(1.5, 0.70), "S2": history(1.6, 0.68)}
    said = lessons.curves_found(both, {"valid_pesq_raw": 1.55, "valid_stoi": 0.6}, 22_000)
    assert "S2 is ahead by 0.100 in raw PESQ and behind by 0.020 in STOI." in said
    assert "Still below the noisy input: S1 in raw PESQ." in said
    assert "stops after 0.15 % of that" in said
    long = {"S1": history(1.5, 0.7, 275_000), "S2": history(1.6, 0.68, 275_000)}
    said = lessons.curves_found(long, {"valid_pesq_raw": 1.0, "valid_stoi": 0.6}, 22_000)
    assert "went 100 % of that way" in said and "below" not in said


def test_without_pesq_the_curves_speak_of_stoi_alone() -> None:
    both = {"S1": history(np.nan, 0.70), "S2": history(np.nan, 0.72)}
    said = lessons.curves_found(both, {"valid_pesq_raw": np.nan, "valid_stoi": 0.6}, 100)
    assert "not compared in raw PESQ, which could not be computed here" in said
    assert "ahead by 0.020 in STOI" in said and "nan" not in said


@pytest.mark.parametrize(
    ("levels", "read"),
    [
        ({"S1": 1, "S2": 2, "S2-smoothing": 1}, "the teachers' knowledge helps"),
        ({"S1": 1, "S2": 2, "S2-smoothing": 2}, "smoothing explains the gain"),
        ({"S1": 1, "S2": 3, "S2-smoothing": 2}, "both do something"),
        ({"S1": 2, "S2": 1, "S2-smoothing": 0}, "nothing is shown to be gained over S1"),
        ({"S1": 2, "S2": 1, "S2-smoothing": 1}, "no gain is shown"),
    ],
)
def test_three_comparisons_read_as_one_sentence(levels, read) -> None:
    assert f"in SI-SDR, {read}" in lessons.smoothing_reading(scores(**levels), ["si_sdr"])


def test_what_a_run_supports_depends_on_the_run() -> None:
    test = pd.DataFrame({"speaker": ["a", "b"], "utterance": ["x", "y"], "noise": "cafe"})
    profile = {"student": {"steps": 400, "batch": 8}, "tiny": True}
    tiny = lessons.limits(profile, test.assign(speaker="a", noise="synthetic cafe"), 1_000)
    assert "a tiny run" in tiny.iloc[0, 0] and "are synthetic" in tiny.iloc[1, 0]
    assert tiny.index[2] == "Gains for this voice"
    large = lessons.limits({**profile, "tiny": False}, test, 1_000)
    assert "tiny" not in large.iloc[0, 0] and "2 test voices" in large.iloc[2, 0]


def test_easier_unseen_noises_are_called_so() -> None:
    index = pd.MultiIndex.from_product(
        [["noises"], ["raw PESQ", "STOI"], ["this run", "printed"], ["seen", "unseen"]]
    )
    table = pd.DataFrame({"noisy": [1.0, 1.5] * 4, "gain": [0.5, 0.25] * 4}, index=index)
    hard = pd.Series({("seen", "babble"): 0.5, ("unseen", "bus_stop"): 0.75})
    lines = lessons.seen_found(table, {"this run": hard})
    assert "easier by 0.500 in raw PESQ and easier by 0.500 in STOI" in lines[0]
    assert "+0.250 in raw PESQ (seen: +0.500)" in lines[1]
    assert lines[-1].endswith("this run from 0.500 (babble) to 0.750 (bus stop).")
