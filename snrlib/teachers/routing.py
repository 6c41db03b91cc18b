"""Deploy the teachers: every recording goes to the teacher of its SNR, true or estimated.

This is what distillation must be measured against. With the true SNR, which only an experiment
knows, the routed teachers are the ceiling that the paper implies for its student. With an
estimated SNR they can be used by anyone: four networks in memory, one of them run per
recording, and errors wherever the estimate sends a recording to the wrong expert.

Notebook: 07_baselines.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snrlib.support.errors import SnrlibError
from snrlib.teachers import TEACHER_SNRS, assign

TRUE, ESTIMATED = "teachers-true-snr", "teachers-estimated-snr"
SYSTEMS = (TRUE, ESTIMATED)

Signal = NDArray[np.float32]


class RoutedTeachers:
    """The teachers as one system that takes recordings as they are.

    Args:
        teachers: name -> enhancement of one recording, for example `run.model("T1").enhance`.
        estimate: noisy recording -> SNR in dB, asked where the SNR is not given; a fitted
            :class:`snrlib.teachers.snr_estimation.SpectralEstimator`, for example.
        choose: SNR in dB -> teacher's name, in a list of one; the paper's choice by default.

    Raises:
        SnrlibError: a teacher is missing.
    """

    def __init__(
        self,
        teachers: Mapping[str, Callable[[Signal], Signal]],
        estimate: Callable[[Signal], float],
        choose: Callable[[float], list[str]] = assign,
    ) -> None:
        missing = [name for name in TEACHER_SNRS if name not in teachers]
        if missing:
            raise SnrlibError(f"The teacher {missing[0]} is needed and not there; train it first.")
        self.teachers, self.estimate, self.choose = dict(teachers), estimate, choose

    def enhance(self, noisy: Signal, snr_db: float | None = None) -> Signal:
        """The enhanced recording `(samples,)`; without `snr_db` the SNR is estimated.

        Raises:
            AudioError: a recording whose SNR cannot be estimated, such as silence.
        """
        return self.teachers[self.choose(self.estimate(noisy) if snr_db is None else snr_db)[0]](
            noisy
        )


def choices(
    recipe: pd.DataFrame, estimates_db: Sequence[float] | pd.Series | None = None
) -> pd.DataFrame:
    """Which teacher gets which mixture of a recipe.

    Args:
        recipe: one row per mixture, with `mixture` and `snr_db`.
        estimates_db: the SNRs to choose by; None for the true ones.

    Returns:
        The columns `mixture, snr_db` (true), `routed_db` (what the choice was made by),
        `teacher`, and `right` (the teacher of the true SNR).
    """
    table = recipe[["mixture", "snr_db"]].reset_index(drop=True)
    routed = table["snr_db"] if estimates_db is None else pd.Series(estimates_db, table.index)
    return table.assign(
        routed_db=routed.astype(float), teacher=assign(routed), right=assign(table["snr_db"])
    )


def scores(system: str, chosen: pd.DataFrame, teachers: pd.DataFrame) -> pd.DataFrame:
    """The scores of the routed teachers, out of the scores of all teachers on all mixtures.

    Routing chooses an output and changes none, so the score of a mixture is the chosen
    teacher's: nothing is enhanced or scored a second time.

    Args:
        system: what the rows are called.
        chosen: :func:`choices`.
        teachers: scores of T1 to T4 on the same mixtures.

    Raises:
        SnrlibError: a chosen teacher was not scored on its mixture.
    """
    wanted = chosen[["mixture", "teacher"]].rename(columns={"teacher": "system"})
    found = wanted.merge(teachers, on=["mixture", "system"], how="left", validate="one_to_one")
    lost = found["utterance"].isna()
    if lost.any():
        first = found[lost].iloc[0]
        raise SnrlibError(
            f"{first['system']} was not scored on the mixture {first['mixture']}; score T1 to T4 "
            "on the whole test set first."
        )
    return found.assign(system=system)[list(teachers.columns)]
