"""The teachers in the study's tables: every mixture goes to the teacher of its SNR.

This is what distillation must be measured against. With the true SNR, which only an experiment
knows, the routed teachers are the ceiling that the paper implies for its student. With an
estimated SNR they can be used by anyone, with errors wherever the estimate sends a recording to
the wrong expert. :mod:`snrlib.teachers.deployed` is what enhances recordings.

Notebook: 07_baselines.
"""

from collections.abc import Sequence

import pandas as pd

from snrlib.support.errors import SnrlibError
from snrlib.teachers import assign

TRUE, ESTIMATED = "teachers-true-snr", "teachers-estimated-snr"
SYSTEMS = (TRUE, ESTIMATED)


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
