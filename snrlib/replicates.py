"""Systems trained more than once: with other random numbers, or on another budget.

What is asked of such trainings is always a difference on the same mixtures: S2 minus S1 of the
same seed and the same number of steps. One seed's interval over utterances says how the mean
would move with other sentences; only further seeds say how it moves with another training.

Notebook: 06_ablation_s1_vs_s2.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from snrlib import systems
from snrlib.comparison import METRICS, against
from snrlib.evaluation import paired

ALL = "all"  # the row over all seeds


def merged(scores: pd.DataFrame, steps: int) -> pd.DataFrame:
    """The scores with further trainings told apart by columns instead of by the system's name.

    Args:
        scores: a table of scores, such as :func:`snrlib.recorded.scores`.
        steps: the students' budget where the name does not say another.

    Returns:
        The same rows; `system` without "-seed2" and "-steps500", `seed` counts the trainings
        from 1, `steps` is the students' budget. What takes means over seeds
        (:func:`snrlib.evaluation.paired`) then does so.
    """
    names = {name: systems.variant(name) for name in scores["system"].unique()}
    parts = scores["system"].map(names)
    return scores.assign(
        system=parts.str[0],
        steps=[steps if named is None else named for _, named, _ in parts],
        seed=parts.str[2],
    )


def by_seed(
    scores: pd.DataFrame, system: str = "S2", reference: str = "S1", metric: str = "si_sdr"
) -> pd.DataFrame:
    """How much better `system` is than `reference`, training by training.

    Args:
        scores: from :func:`merged`, one budget.
        system: the system that may be better.
        reference: the system it is compared with, trained with the same random numbers.
        metric: the score.

    Returns:
        One row per seed that both were trained with: `seed, difference`, and `low, high` over
        utterances. With two or more, a last row "all": the mean over seeds, and its 95 %
        interval over seeds (Student's t: as many draws as there are seeds, and no more).
    """
    seeds = [
        set(scores.loc[scores["system"] == name, "seed"].unique()) for name in (system, reference)
    ]
    rows = []
    for seed in sorted(seeds[0] & seeds[1]):
        chosen = scores[scores["seed"] == seed]
        row = paired(chosen, system, reference, metric, by=()).iloc[0]
        rows.append({"seed": seed, **row[["difference", "low", "high"]]})
    if len(rows) > 1:
        from scipy import stats

        values = np.array([row["difference"] for row in rows])
        half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
        mean = values.mean()
        rows.append({"seed": ALL, "difference": mean, "low": mean - half, "high": mean + half})
    return pd.DataFrame(rows, columns=["seed", "difference", "low", "high"])


def by_budget(
    scores: pd.DataFrame, reference: str = "S1", metrics: Sequence[str] = METRICS
) -> pd.DataFrame:
    """Every student beside the reference of its own budget.

    Args:
        scores: from :func:`merged`.
        reference: what is subtracted; budgets it was not trained on are left out.
        metrics: the blocks of columns.

    Returns:
        Rows (steps, system), otherwise as :func:`snrlib.comparison.against`; the longest budget
        first. Seeds are averaged.
    """
    students = scores[scores["system"].str.match(r"S[12]\b")]
    tables = {}
    for steps in sorted(students["steps"].unique(), reverse=True):
        chosen = students[students["steps"] == steps]
        if reference in set(chosen["system"]):
            order = sorted(chosen["system"].unique(), key=lambda name: (name != reference, name))
            tables[f"{steps:,}"] = against(chosen, reference, order, metrics)
    return pd.concat(tables, names=["steps"])


def lead_by_budget(
    scores: pd.DataFrame,
    system: str = "S2",
    reference: str = "S1",
    metrics: Sequence[str] = METRICS,
) -> pd.DataFrame:
    """The lead of one system over another at each budget, seed by seed.

    Returns:
        Columns `metric, steps`, and those of :func:`by_seed`.
    """
    rows = []
    for steps, chosen in scores.groupby("steps"):
        if {system, reference} <= set(chosen["system"]):
            for metric in metrics:
                lead = by_seed(chosen, system, reference, metric)
                rows.append(lead.assign(metric=metric, steps=steps))
    return pd.concat(rows, ignore_index=True)
