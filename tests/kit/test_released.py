"""What a released model's card says can be measured again; recorded scores say what they are."""

import importlib.util
import os
import re
from pathlib import Path

import pandas
import pytest
from conftest import load_tool

from snrlib import enhancement, evaluation
from snrlib.enhancement import load_model
from snrlib.evaluation import recorded
from snrlib.evaluation.scores import SCORE_COLUMNS

tool = load_tool("release_models")

AUDIO = os.environ.get("SNRLIB_TEST_AUDIO")
PESQ = importlib.util.find_spec("pesq") is not None
MODELS = enhancement.released()
each_model = pytest.mark.parametrize("name", MODELS)
# PESQ and STOI of another processor's float32 may differ in the third digit.
TOLERANCE = {"pesq_raw": 0.02, "stoi": 0.003, "si_sdr": 0.05}


@pytest.mark.skipif(not PESQ, reason="pesq has no build for this system")
@each_model
@pytest.mark.parametrize("which", ["embedded", "timit"])
def test_the_scores_of_a_card_are_measured_again(name: str, which: str) -> None:
    if which == "timit" and not AUDIO:
        pytest.skip("SNRLIB_TEST_AUDIO is not set")
    enhancer = load_model(name, precision="float32")
    measured = tool.check(enhancer, tool.check_set(which, Path(AUDIO) if AUDIO else None))
    for metric, value in enhancer.card["checks"][which].items():
        assert measured[metric] == pytest.approx(value, abs=TOLERANCE[metric]), metric


@each_model
def test_a_card_names_data_licence_budget_and_limits(name: str) -> None:
    card = load_model(name).card
    assert card["name"] == name and card["licence"] and card["limits"]
    assert card["trained on"]["speech"] and card["trained on"]["noises"]
    assert (
        card["training"]["examples"]
        == card["training"]["steps"] * card["settings"]["budget"]["batch"]
    )
    assert {"noisy", name} <= {row["system"] for row in card["scores"]["means"]}
    readme = (enhancement.RELEASED / name / "README.md").read_text(encoding="utf-8")
    assert card["licence"] in readme and "(../ATTRIBUTION.md)" in readme


@pytest.mark.parametrize("name", ["S1", "S2", "S1-librispeech", "S2-librispeech"])
def test_a_students_card_says_how_far_the_other_one_is(name: str) -> None:
    card = load_model(name).card
    other = load_model(name.translate(str.maketrans("12", "21"))).card
    assert card["S2 and S1"] == other["S2 and S1"], "both cards say the same"
    assert card["scores"]["test set"] == other["scores"]["test set"]
    means = {
        facts["name"][:2]: [row for row in facts["scores"]["means"] if row["system"] != "noisy"]
        for facts in (card, other)
    }
    for metric, sentence in zip(["pesq_raw", "stoi", "si_sdr"], card["S2 and S1"], strict=False):
        found = re.search(r"minus .* in .*: ([+−]?[\d.]+)", sentence)
        assert found is not None
        lead = sum(row[metric] for row in means["S2"]) - sum(row[metric] for row in means["S1"])
        said = float(found[1].replace("−", "-"))
        assert said == pytest.approx(lead / len(means["S2"]), abs=0.006)


def test_whoever_recorded_the_training_data_is_named() -> None:
    credits = (enhancement.RELEASED / "ATTRIBUTION.md").read_text(encoding="utf-8").lower()
    for name in MODELS:
        trained_on = load_model(name).card["trained on"]
        for noise in trained_on["noises"]:
            source = noise.removeprefix("synthetic ").split(" of ")[0].replace("-", " ")
            assert source in credits.replace("-", " "), (name, noise)
        voices = re.findall(r"LibriSpeech|allison|carlo|june", trained_on["speech"])
        assert voices and all(voice.lower() in credits for voice in voices), name


def test_all_released_weights_fit_in_60_megabytes_and_hold_no_code() -> None:
    files = [path for path in enhancement.RELEASED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md"}


def test_recorded_scores_are_a_whole_table_of_scores() -> None:
    scores = recorded.scores()
    assert list(scores.columns) == list(SCORE_COLUMNS)
    assert {"noisy", "S1", "S2", "T1", "T2", "T3", "T4"} <= set(scores["system"])
    per_system = scores.groupby("system")["mixture"].agg(["nunique", "size"])
    assert per_system["nunique"].eq(per_system["size"]).all(), "a mixture is scored twice"
    assert per_system["size"].nunique() == 1, "every system is scored on the same mixtures"
    assert sorted(scores["snr_db"].unique()) == [-20, -15, -10, -5, 0, 5, 10, 15, 20]


def test_recorded_noisy_mixtures_have_the_snr_they_are_said_to_have() -> None:
    noisy = recorded.scores().query("system == 'noisy'")
    # SI-SDR of speech plus independent noise is the SNR, up to their chance correlation.
    assert (noisy["si_sdr"] - noisy["snr_db"]).abs().mean() < 0.3


def test_the_recorded_study_says_what_it_was() -> None:
    study = recorded.study()
    assert recorded.caption() == study["caption"] and "Recorded" in study["caption"]
    assert set(recorded.growth()) == set(study["training"])
    for name in ("S1", "S2"):
        assert study["training"][name]["steps"] == study["settings"]["student"]["steps"]
        assert study["training"][name]["examples"] == study["training"]["S1"]["examples"]


def test_a_folder_without_a_recorded_study_gives_an_empty_one(tmp_path: Path) -> None:
    assert recorded.study(tmp_path) == {} and recorded.growth(tmp_path) == {}
    assert recorded.scores(tmp_path).empty and isinstance(
        recorded.scores(tmp_path), pandas.DataFrame
    )


def test_the_released_student_is_better_than_the_noisy_input_where_speech_can_be_saved() -> None:
    scores = recorded.scores()
    heard = scores[scores["snr_db"].between(-10, 15) & (scores["noise_seen"] == "unseen")]
    for metric in ("si_sdr",):
        gains = evaluation.paired(heard, "S2", "noisy", metric)
        assert (gains["low"] > 0).all(), gains


@pytest.mark.parametrize("metric", ["si_sdr", "pesq_raw", "stoi"])
@pytest.mark.parametrize("snr_db", [-10, -5, 0, 5, 10, 15])
def test_the_card_of_s2_shows_a_gain_over_noisy_in_noises_never_met(
    metric: str, snr_db: int
) -> None:
    rows = {
        row["system"]: row[metric]
        for row in load_model("S2").card["scores"]["means in unseen noises"]
        if row["snr_db"] == snr_db
    }
    assert rows["S2"] > rows["noisy"]
