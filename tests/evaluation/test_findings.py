"""Sentences about scores say what the numbers say, in whichever direction they go."""

import numpy as np
import pandas as pd

from snrlib.evaluation import findings


def scores(gain: dict[int, float], utterances: int = 6) -> pd.DataFrame:
    """S2 above S1 by `gain` at each SNR, with a spread of 0.01 between utterances."""
    rng = np.random.default_rng(1)
    rows = []
    for utterance in range(utterances):
        for snr, by in gain.items():
            level = rng.normal()
            for system, extra in (("S1", 0.0), ("S2", by + rng.normal(0, 0.01))):
                rows.append(
                    {
                        "system": system,
                        "mixture": f"{utterance}/{snr}",
                        "utterance": utterance,
                        "speaker": "one",
                        "snr_db": snr,
                        "stoi": level + extra,
                        "si_sdr": level,
                        "failure": "",
                    }
                )
    return pd.DataFrame(rows)


def test_better_and_worse_are_said_only_where_the_interval_leaves_zero_out() -> None:
    sentence = findings.by_snr(scores({-5: -0.5, 0: 0.0, 5: 0.5, 10: 0.5}), "S2", "S1", "stoi")
    assert "above S1 at 5 and 10 dB" in sentence
    assert "below S1 at −5 dB" in sentence
    assert "not distinguishable from S1 at 0 dB" in sentence


def test_the_plain_answer_goes_the_way_of_the_numbers() -> None:
    def answer(by: float, metrics: list[str]) -> str:
        return findings.better_than(scores({0: by}), "S2", "S1", metrics)

    assert answer(0.5, ["stoi"]).startswith("Yes")
    assert answer(-0.5, ["stoi"]).startswith("No") and "worse" in answer(-0.5, ["stoi"])
    assert "contains zero" in answer(0.0, ["si_sdr"])  # the very same scores
    assert answer(0.5, ["stoi", "si_sdr"]).startswith("In part")


def test_what_is_better_and_what_worse_leaves_out_no_metric() -> None:
    table = scores({0: 0.5})
    table["pesq_raw"] = -table["stoi"]
    mixed = findings.better_than(table, "S2", "S1", ["stoi", "pesq_raw", "si_sdr"])
    assert mixed.startswith("Mixed")
    assert "better than S1 in STOI and worse in raw PESQ; SI-SDR open." in mixed


def test_unseen_noises_are_named_only_where_they_say_something_else() -> None:
    seen = scores({0: 0.5}).assign(noise_seen="seen")
    same = pd.concat([seen, scores({5: 0.5}).assign(noise_seen="unseen")])
    other = pd.concat([seen, scores({5: -0.2}).assign(noise_seen="unseen")])
    assert "unseen" not in findings.better_where(same, "S2", "S1", ["stoi"])
    assert "unseen" not in findings.better_where(seen, "S2", "S1", ["stoi"])
    sentence = findings.better_where(other, "S2", "S1", ["stoi"])
    assert sentence.startswith("Yes: over the whole test set")
    assert sentence.endswith("In unseen noises alone: No: S2 is worse than S1 in STOI.")


def test_a_mean_difference_says_what_it_rests_on() -> None:
    sentence = findings.over_all(scores({0: 0.5, 5: 0.5}), "S2", "S1", "stoi")
    assert "+0.5" in sentence and "12 mixtures of 6 utterances of 1 voice" in sentence
    assert "none failed" in sentence
    one = findings.over_all(scores({0: 0.5}, utterances=1), "S2", "S1", "stoi")
    assert "no interval" in one


def test_failed_scores_are_counted_in_the_sentence() -> None:
    table = scores({0: 0.5, 5: 0.5})
    table.loc[0, ["stoi", "failure"]] = [np.nan, "stoi: no speech"]
    assert "11 mixtures" in findings.over_all(table, "S2", "S1", "stoi")
    assert ", 1 failed" in findings.over_all(table, "S2", "S1", "stoi")


def test_lists_and_numbers_read_as_a_sentence_does() -> None:
    assert findings.listed([]) == ""
    assert findings.listed([-5, 0.5, "all"]) == "−5, 0.5 and all"
    assert findings.number(-0.25, 1) == "−0.2" and findings.number(1, 2, signed=True) == "+1.00"
    assert findings.number(-0.004) == "0.00" and findings.number(0.004, 2, signed=True) == "0.00"
