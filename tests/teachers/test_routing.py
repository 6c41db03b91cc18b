"""The teachers in use: each recording goes to the expert of its SNR, if the SNR is known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from snrlib import evaluation, mixing
from snrlib.support.errors import SnrlibError
from snrlib.teachers import assign, routing

SNRS = range(-20, 25, 5)
# With the true SNR, ties to the teacher with the lower number.
RIGHT = ["T1", "T1", "T2", "T2", "T3", "T3", "T4", "T4", "T4"]


def recipe() -> pd.DataFrame:
    rows = [(f"m{u}{snr}", f"u{u}", "s", "n", "seen", snr, "seen") for u in (0, 1) for snr in SNRS]
    return pd.DataFrame(
        rows,
        columns=["mixture", "utterance", "speaker", "noise", "noise_seen", "snr_db", "snr_seen"],
    )


def read(row) -> mixing.Mixture:
    rng = np.random.default_rng(int(row["snr_db"]) + 100)
    speech = np.sin(0.1 * np.arange(8_000)).astype(np.float32)
    return mixing.mix(speech, rng.standard_normal(8_000).astype(np.float32), row["snr_db"])


def teachers() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Four ways to smooth, as different as teachers."""

    def smoother(width: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda noisy: np.convolve(noisy, np.ones(width) / width, "same").astype(np.float32)

    return {f"T{i}": smoother(width) for i, width in enumerate((9, 7, 5, 1), start=1)}


def score(system: str, enhance, **more) -> pd.DataFrame:
    return evaluation.score(
        system, recipe(), lambda block: [enhance(one) for one in block],
        metrics=["si_sdr"], jobs=1, read=read, **more,
    )  # fmt: skip


def test_the_true_snr_sends_every_mixture_to_its_own_teacher() -> None:
    chosen = routing.choices(recipe())
    assert chosen["teacher"].tolist() == 2 * RIGHT
    assert (chosen["teacher"] == chosen["right"]).all()


def test_a_wrong_estimate_sends_it_elsewhere_and_is_seen_to() -> None:
    chosen = routing.choices(recipe(), [20.0] * len(recipe()))
    assert set(chosen["teacher"]) == {"T4"}
    assert (chosen["teacher"] == chosen["right"]).mean() == pytest.approx(3 / 9)


def test_scores_of_routed_teachers_are_those_of_enhancing_with_the_chosen_one() -> None:
    of_teachers = pd.concat([score(name, enhance) for name, enhance in teachers().items()])
    looked_up = routing.scores("routed", routing.choices(recipe()), of_teachers)
    by_name = teachers()
    computed = score("routed", lambda m: by_name[assign(m.snr_db)[0]](m.noisy), oracle=True)
    pd.testing.assert_frame_equal(looked_up, computed)
    assert looked_up["si_sdr"].nunique() == 9


def test_a_teacher_that_was_not_scored_is_named() -> None:
    some = {name: enhance for name, enhance in teachers().items() if name != "T3"}
    scored = pd.concat([score(name, enhance) for name, enhance in some.items()])
    with pytest.raises(SnrlibError, match="T3 was not scored on the mixture m00"):
        routing.scores("routed", routing.choices(recipe()), scored)
