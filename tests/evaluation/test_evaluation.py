"""A test set becomes a table in which nothing is lost, repeated or believed too much."""

import signal
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from snrlib import evaluation
from snrlib.evaluation import scoring, tables
from snrlib.evaluation.scores import SCORE_COLUMNS, read_scores, write_scores
from snrlib.metrics import METRICS
from snrlib.support.errors import AudioError, SnrlibError


class Pair(NamedTuple):
    noisy: np.ndarray
    speech: np.ndarray


def recipe(utterances: int = 4, snrs: tuple[float, ...] = (-5, 0, 5)) -> pd.DataFrame:
    rows = [
        {
            "mixture": f"test-{utterance}-{noise}-{snr}",
            "utterance": f"u{utterance}",
            "speaker": str(100 + utterance),
            "noise": noise,
            "noise_seen": "seen" if noise == "babble" else "unseen",
            "noise_start": 17 * utterance,
            "snr_db": snr,
            "snr_seen": "seen" if snr % 10 == 0 else "unseen",
        }
        for utterance in range(utterances)
        for noise in ("babble", "cafe")
        for snr in snrs
    ]
    return pd.DataFrame(rows)


def read(row: Any) -> Pair:
    """A tone in orthogonal noise: its SI-SDR is the SNR."""
    time = np.arange(8000) / 16_000
    tone, noise = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 700 * time)
    speech = tone.astype(np.float32)
    return Pair((tone + 10 ** (-row["snr_db"] / 20) * noise).astype(np.float32), speech)


def score(system: str, rows: pd.DataFrame, enhance: Any = None, **more: Any) -> pd.DataFrame:
    options: dict[str, Any] = {"metrics": ["si_sdr"], "jobs": 1, "read": read}
    return evaluation.score(system, rows, enhance, **{**options, **more})


def table(values: dict[str, np.ndarray], utterances: list[str]) -> pd.DataFrame:
    """Scores of several systems on the same mixtures."""
    blocks = [
        pd.DataFrame(
            {
                "system": system,
                "seed": 0,
                "mixture": [f"m{i}" for i in range(len(column))],
                "utterance": utterances,
                "snr_db": 0,
                "stoi": column,
                "failure": ["stoi: too short" if np.isnan(value) else "" for value in column],
            }
        )
        for system, column in values.items()
    ]
    return pd.concat(blocks, ignore_index=True)


def test_every_mixture_of_the_recipe_has_its_row_in_order() -> None:
    rows = recipe()
    scores = score("noisy", rows, seed=3)
    assert list(scores.columns) == SCORE_COLUMNS
    assert list(scores["mixture"]) == list(rows["mixture"])
    assert scores["si_sdr"].to_numpy() == pytest.approx(rows["snr_db"].to_numpy(), abs=1e-4)
    assert set(scores["system"]) == {"noisy"} and set(scores["seed"]) == {3}
    assert scores["pesq_raw"].isna().all() and (scores["failure"] == "").all()


def test_worker_processes_give_the_scores_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "BLOCK_MIXTURES", 5)
    rows = recipe()
    alone = score("noisy", rows, metrics=["stoi", "si_sdr"])
    together = score("noisy", rows, metrics=["stoi", "si_sdr"], jobs=2)
    pd.testing.assert_frame_equal(alone, together)


def test_noisy_scores_are_computed_once(tmp_path) -> None:
    reads = []

    def counting(row: Any) -> Pair:
        reads.append(row["mixture"])
        return read(row)

    rows, path = recipe(), tmp_path / "noisy.csv"
    first = score("noisy", rows, path=path, read=counting)
    again = score("noisy", rows, path=path, read=counting)
    assert len(reads) == len(rows)
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, read_scores(path))
    # A recipe that went through a CSV file is still the same recipe.
    rows.to_csv(tmp_path / "recipe.csv", index=False)
    reread = pd.read_csv(tmp_path / "recipe.csv", dtype={"speaker": str})
    score("noisy", reread, path=path, read=counting)
    assert len(reads) == len(rows)


def test_scores_of_something_else_stop_with_the_difference(tmp_path) -> None:
    path = tmp_path / "S2.csv"
    score("S2", recipe(), lambda noisy: noisy, path=path, identity={"weights": "abc"})
    with pytest.raises(SnrlibError, match=r"weights = abc.*fresh=True"):
        score("S2", recipe(), lambda noisy: noisy, path=path, identity={"weights": "def"})
    with pytest.raises(SnrlibError, match="recipe"):
        changed = recipe().assign(noise_start=5)
        score("S2", changed, lambda noisy: noisy, path=path, identity={"weights": "abc"})
    score("S2", recipe(3), lambda noisy: noisy, path=path, fresh=True)
    assert len(read_scores(path)) == len(recipe(3))


def test_a_failed_score_stays_as_nan_with_its_reason_and_is_counted(tmp_path) -> None:
    def sometimes_wrong(noisy: list[np.ndarray]) -> list[np.ndarray]:
        estimates = [signal.copy() for signal in noisy]
        estimates[0] = estimates[0] * np.nan
        estimates[1] = estimates[1][:-1]
        estimates[2] = np.zeros_like(estimates[2])
        return estimates

    scores = score("S2", recipe(), sometimes_wrong, path=tmp_path / "S2.csv")
    assert len(scores) == len(recipe())
    assert list(scores["si_sdr"].isna()[:4]) == [True, True, True, False]
    assert "NaN" in scores["failure"][0]
    assert "one length" in scores["failure"][1]
    assert "silent" in scores["failure"][2]
    total = evaluation.summary(scores, [], "si_sdr").iloc[0]
    assert (total["mixtures"], total["failures"], total["utterances"]) == (21, 3, 4)
    assert tables.table2(scores, metrics=["si_sdr"]).loc[("si_sdr", "S2"), "failed"] == 3


def test_one_unreadable_file_is_a_counted_failure_and_all_unreadable_an_error(tmp_path) -> None:
    def broken_first(row: Any) -> Pair:
        if row["utterance"] == "u0":
            raise AudioError("speech.wav is empty.")
        return read(row)

    def broken(row: Any) -> Pair:
        raise AudioError("speech.wav does not exist.")

    scores = score("noisy", recipe(), read=broken_first)
    assert evaluation.summary(scores, [], "si_sdr")["failures"].item() == 6
    assert "speech.wav is empty" in scores["failure"][0]
    with pytest.raises(SnrlibError, match=r"speech\.wav does not exist"):
        score("noisy", recipe(), read=broken, path=tmp_path / "noisy.csv")
    assert not (tmp_path / "noisy.csv").exists()


def test_an_oracle_is_given_the_clean_speech_and_nobody_else() -> None:
    noisy = score("system", recipe(), lambda block: [np.asarray(one) for one in block])
    half = score(
        "oracle", recipe(), lambda block: [(m.noisy + m.speech) / 2 for m in block], oracle=True
    )
    assert noisy["si_sdr"].tolist() == pytest.approx(noisy["snr_db"].tolist(), abs=0.01)
    # Half the noise's amplitude: 6.02 dB.
    assert (half["si_sdr"] - noisy["si_sdr"]).tolist() == pytest.approx([6.02] * len(half), abs=0.1)


def test_an_enhancer_that_loses_a_signal_is_refused() -> None:
    with pytest.raises(SnrlibError, match="23 signals for 24 mixtures"):
        score("S2", recipe(), lambda noisy: noisy[1:])


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_evaluation as case
case.scoring.BLOCK_MIXTURES = 5
blocks = 0
def enhance(noisy):
    global blocks
    blocks += 1
    if blocks == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return noisy
case.score("S2", case.recipe(), enhance, path=Path({path!r}))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_scoring_resumes_without_repeating_or_losing_rows(tmp_path) -> None:
    path = tmp_path / "S2.csv"
    folder = str(__import__("pathlib").Path(__file__).parent)
    script = KILLED.format(tests=folder, path=str(path))
    killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    part = tmp_path / "S2.csv.part"
    assert not path.exists() and part.exists()
    kept = len(part.read_text().splitlines()) - 1
    assert kept == 10  # two blocks were scored before the fourth was enhanced
    with open(part, "a") as file:
        file.write("S2,0,test-1-babble-0,u1,1")  # a line cut short by the kill

    enhanced = []

    def enhance(noisy: list[np.ndarray]) -> list[np.ndarray]:
        enhanced.extend(noisy)
        return noisy

    scores = score("S2", recipe(), enhance, path=path)
    assert len(enhanced) == len(recipe()) - kept
    pd.testing.assert_frame_equal(scores, score("S2", recipe(), lambda noisy: noisy))
    assert path.exists() and not part.exists()


def test_scores_come_back_from_csv_as_they_were(tmp_path) -> None:
    scores = score("noisy", recipe())
    scores.loc[0, "failure"] = 'si_sdr: a "quoted, reason"'
    write_scores(scores, tmp_path / "noisy.csv")
    pd.testing.assert_frame_equal(read_scores(tmp_path), scores)
    assert read_scores(tmp_path)["speaker"][0] == "100"
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SnrlibError, match="not a table of scores"):
        read_scores(tmp_path / "other.csv")
    with pytest.raises(SnrlibError, match="evaluate"):
        read_scores(tmp_path / "missing.csv")


def test_score_pairs_scores_arrays() -> None:
    pair = read({"snr_db": 7})
    scores = evaluation.score_pairs([(pair.speech, pair.noisy)] * 2, ["si_sdr"], jobs=1)
    assert scores["si_sdr"].to_numpy() == pytest.approx(7, abs=1e-4)
    assert list(scores.columns) == ["si_sdr", "failure"]


def test_the_interval_of_a_mean_is_the_closed_form_for_independent_utterances() -> None:
    values = np.random.default_rng(0).normal(2.5, 0.4, size=400)
    low, high = evaluation.interval(values, [f"u{i}" for i in range(400)])
    error = values.std(ddof=1) / np.sqrt(len(values))
    expected = stats.t.interval(0.95, 399, values.mean(), error)
    assert (low, high) == pytest.approx(expected)
    # Mixtures of one utterance that say the same add nothing.
    again = evaluation.interval(np.repeat(values, 3), np.repeat(np.arange(400), 3))
    assert again == pytest.approx(expected)


@pytest.mark.parametrize("utterances", [2, 3, 6, 10, 20, 100])
@pytest.mark.parametrize("kind", ["normal", "skewed"])
def test_intervals_cover_the_true_mean_as_often_as_they_say(utterances: int, kind: str) -> None:
    rng = np.random.default_rng(5)
    covered, trials = 0, 2_000
    names = np.repeat(np.arange(utterances), 3)
    for _ in range(trials):
        # Voices differ more than the mixtures of one voice; a gain in dB is skewed at most so.
        voices = rng.normal(0, 1, utterances) if kind == "normal" else rng.gamma(4, 0.5, utterances)
        values = np.repeat(voices, 3) + rng.normal(0, 0.3, 3 * utterances)
        low, high = evaluation.interval(values, names)
        covered += low <= (0 if kind == "normal" else 2) <= high
    assert 0.925 <= covered / trials <= 0.97


def test_unequal_numbers_of_mixtures_are_covered_too() -> None:
    rng = np.random.default_rng(6)
    counts = np.array([9, 1, 9, 4, 9, 9, 2, 9])
    names = np.repeat(np.arange(8), counts)
    covered = 0
    for _ in range(2_000):
        low, high = evaluation.interval(np.repeat(rng.normal(0, 1, 8), counts), names)
        covered += low <= 0 <= high
    assert 0.91 <= covered / 2_000 <= 0.97


def test_the_percentile_bootstrap_is_too_narrow_for_few_utterances() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        low, high = evaluation.bootstrap(rng.normal(0, 1, 3), np.arange(3), resamples=500)
        covered += low <= 0 <= high
    assert covered / 400 < 0.85


def test_mixtures_of_one_utterance_are_not_independent_evidence() -> None:
    rng = np.random.default_rng(1)
    utterances = np.repeat(np.arange(20), 45)
    values = np.repeat(rng.normal(0, 1, 20), 45) + rng.normal(0, 0.1, 900)
    low, high = evaluation.interval(values, utterances)
    naive_low, naive_high = evaluation.interval(values, np.arange(900))
    # With full correlation the width is that of 20 values, not of 900.
    assert (high - low) / (naive_high - naive_low) == pytest.approx(np.sqrt(45), rel=0.2)


def test_an_interval_over_noises_covers_where_the_noises_decide() -> None:
    rng = np.random.default_rng(8)
    utterance, noise = np.divmod(np.arange(30 * 15), 15)
    covered = {"utterances": 0, "both": 0}
    for _ in range(200):
        values = (
            rng.normal(0, 0.3, 30)[utterance]
            + rng.normal(0, 1, 15)[noise]
            + rng.normal(0, 0.3, 450)
        )
        for name, noises in (("utterances", None), ("both", noise)):
            low, high = evaluation.interval(values, utterance, noises)
            covered[name] += low <= 0 <= high
    assert covered["utterances"] / 200 < 0.6  # says nothing about other noises
    assert 0.87 <= covered["both"] / 200 <= 0.99


def test_one_noise_says_nothing_about_others() -> None:
    assert np.isnan(evaluation.interval([1.0, 2.0], ["u", "v"], ["n", "n"])).all()


def test_one_utterance_has_no_interval_and_a_seed_has_one_answer() -> None:
    assert np.isnan(evaluation.interval([1.0, 2.0], ["u", "u"])).all()
    values, names = np.arange(10.0), np.arange(10)
    assert evaluation.bootstrap(values, names) == evaluation.bootstrap(values, names)
    assert evaluation.bootstrap(values, names) != evaluation.bootstrap(values, names, seed=1)


def test_pairing_removes_what_is_hard_for_both() -> None:
    rng = np.random.default_rng(2)
    hardness = rng.normal(0, 1, 200)
    utterances = [f"u{i}" for i in range(200)]
    gains = rng.normal(0.05, 0.05, 200)
    scores = table({"S1": hardness, "S2": hardness + gains}, utterances)
    row = evaluation.paired(scores, "S2", "S1", "stoi").iloc[0]
    assert row["difference"] == pytest.approx(gains.mean())
    error = gains.std() / np.sqrt(200)
    assert row["low"] == pytest.approx(gains.mean() - 1.96 * error, abs=0.15 * error)
    assert row["low"] > 0  # although each mean alone is uncertain by 0.07
    reverse = evaluation.paired(scores, "S1", "S2", "stoi").iloc[0]
    assert (reverse["low"], reverse["high"]) == pytest.approx((-row["high"], -row["low"]))


def test_a_pair_that_lacks_a_score_on_either_side_is_a_failure() -> None:
    first, second = np.full(6, 0.5), np.full(6, 0.6)
    first[0], second[1] = np.nan, np.nan
    scores = table({"S1": first, "S2": second}, [f"u{i}" for i in range(6)])
    row = evaluation.paired(scores, "S2", "S1", "stoi", by=[]).iloc[0]
    assert (row["mixtures"], row["failures"]) == (4, 2)
    assert row["difference"] == pytest.approx(0.1)


def test_training_seeds_are_averaged_before_pairing() -> None:
    utterances = [f"u{i}" for i in range(5)]
    second = table({"S2": np.full(5, 0.9)}, utterances).assign(seed=1)
    scores = pd.concat(
        [table({"noisy": np.full(5, 0.5), "S2": np.full(5, 0.7)}, utterances), second]
    )
    row = evaluation.paired(scores, "S2", "noisy", "stoi").iloc[0]
    assert (row["mixtures"], row["difference"]) == (5, pytest.approx(0.3))


def test_asking_for_what_was_not_scored_says_so() -> None:
    scores = score("noisy", recipe())
    with pytest.raises(SnrlibError, match="'pesq_wb' was not computed"):
        evaluation.summary(scores, metric="pesq_wb")
    with pytest.raises(SnrlibError, match="no si_sdr scores of 'S2'"):
        evaluation.paired(scores, "S2", "noisy", "si_sdr")


def test_without_pesq_a_mean_is_empty_and_its_failures_are_all() -> None:
    scores = score("noisy", recipe())
    scores["failure"] = "pesq_raw: PESQ needs the package pesq."
    row = evaluation.summary(scores, ["system"], "pesq_raw").iloc[0]
    assert np.isnan(row["mean"]) and row["failures"] == len(scores)
    wide = tables.table1(pd.concat([scores, scores.assign(system="S2")]), metrics=["pesq_raw"])
    assert wide["pesq_raw"]["failed"].sum().item() == 2 * len(scores)


def test_tables_have_the_papers_shape() -> None:
    snrs = tuple(range(-20, 25, 5))
    rows = recipe(2, snrs)
    systems = ["noisy", "T1", "T2", "T3", "T4", "S1", "S2"]
    scores = pd.concat([score(name, rows) for name in systems], ignore_index=True)

    first = tables.table1(scores, metrics=["si_sdr"])
    assert list(first.index) == [
        ("seen", "babble", "noisy"),
        ("seen", "babble", "enhanced"),
        ("unseen", "cafe", "noisy"),
        ("unseen", "cafe", "enhanced"),
    ]
    assert list(first["si_sdr"]["seen"].columns) == [-20, -10, 0, 10, 20]
    assert list(first["si_sdr"]["unseen"].columns) == [-15, -5, 5, 15]

    flags = scores.assign(noise_seen=scores["noise_seen"] == "seen")
    pd.testing.assert_frame_equal(tables.table1(flags, metrics=["si_sdr"]), first)

    second = tables.table2(scores, metrics=["si_sdr"]).loc["si_sdr"]
    assert list(second.index) == systems
    tested = second.drop(columns="failed").notna()
    assert tested.loc["T1"].sum() == tested.loc["T4"].sum() == 3
    assert tested.loc[["noisy", "S1", "S2"]].all(axis=None)
    everywhere = tables.table2(scores, metrics=["si_sdr"], own_range=False)
    assert everywhere.notna().all(axis=None)

    third = tables.table3(scores, ["noisy", "S2"], ["si_sdr"])
    assert list(third.index) == ["noisy", "S2"]
    assert third["si_sdr"].loc["S2", "mean"] == pytest.approx(0, abs=1e-3)


def test_the_columns_are_the_contract() -> None:
    expected = (
        "system seed mixture utterance speaker noise noise_seen snr_db snr_seen "
        "pesq_raw pesq_nb pesq_wb stoi estoi si_sdr failure"
    )
    assert expected.split() == SCORE_COLUMNS
    assert set(METRICS) < set(SCORE_COLUMNS)
