"""What is released loads offline, says what it is, and scores what its card says."""

import pandas
import pytest

import snrlib
from snrlib import checkpoint, corpora, datasets, metrics, models
from snrlib.enhancement import RELEASED, released
from snrlib.files import read_json


def test_the_student_is_released():
    assert "S2" in released()


@pytest.mark.parametrize("name", released())
def test_a_released_model_has_a_card(name):
    card = read_json(RELEASED / name / checkpoint.DESCRIPTION)
    assert card["licence"] and card["limits"] and card["trained on"]["speech"]
    assert card["scores"]["means"] and card["training"]["steps"] > 0
    network = models.create(card["class"], **card["arguments"])
    assert models.parameters(network) == card["parameters"]
    assert (RELEASED / name / "README.md").read_text(encoding="utf-8").startswith(f"# {name}")


def test_released_weights_are_small():
    sizes = [path.stat().st_size for path in RELEASED.rglob("*.safetensors")]
    assert sum(sizes) <= 60e6


@pytest.mark.parametrize("name", [n for n in released() if "-" not in n])
def test_a_released_student_scores_what_its_card_says(name):
    """SI-SDR on part of the embedded test set: the card's means within the parts' spread."""
    enhancer = snrlib.load_model(name)
    card = pandas.DataFrame(enhancer.card["scores"]["means"])
    settings = enhancer.card["settings"]["data"]
    if settings["speech"] != "embedded":
        pytest.skip(f"{name} was scored on {settings['speech']}, which is not in the kit")
    speech = corpora.speech(settings["speech"])
    noises = corpora.noises(settings["seen_noise"], settings["unseen_noise"])
    table = datasets.recipe("test", speech, noises, settings["seed"], utterances=3)
    for snr_db in (-5, 0, 5, 10):
        gains = []
        for row in table[table["snr_db"] == snr_db].to_dict("records"):
            mixture = datasets.mixture(row)
            enhanced = enhancer.enhance(mixture.noisy)
            gains.append(
                metrics.si_sdr(mixture.speech, enhanced)
                - metrics.si_sdr(mixture.speech, mixture.noisy)
            )
        rows = card[card["snr_db"] == snr_db].set_index("system")["si_sdr"]
        promised = rows[name] - rows["noisy"]
        assert promised > 0
        assert sum(gains) / len(gains) == pytest.approx(promised, abs=1.5)
