"""Systems trained more than once: with other random numbers, or on another budget.

What is asked of such trainings is always a difference on the same mixtures: S2 minus S1 of the
same seed and the same number of steps. One seed's interval over utterances says how the mean
would move with other sentences; only further seeds say how it moves with another training.

Notebook: 06_ablation_s1_vs_s2.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from snrlib.evaluation.statistics import paired
from snrlib.evaluation.tables import METRICS, against

ALL = "all"  # the row over all seeds


def merged(scores: pd.DataFrame, steps: int) -> pd.DataFrame:
    """The scores with further trainings told apart by columns instead of by the system's name.

    Args:
        scores: a table of scores, such as :func:`snrlib.evaluation.recorded.scores`.
        steps: the students' budget where the name does not say another.

    Returns:
        The same rows; `system` without "-seed2" and "-steps500", `seed` counts the trainings
        from 1, `steps` is the students' budget. What takes means over seeds
        (:func:`snrlib.evaluation.paired`) then does so.
    """
    names = {name: variant(name) for name in scores["system"].unique()}
    parts = scores["system"].map(names)
    return scores.assign(
        system=parts.str[0],
        steps=[steps if named is None else named for _, named, _ in parts],
        seed=parts.str[2],
    )


def histories(
    growth: Mapping[str, pd.DataFrame], names: Sequence[str] = ("S1", "S2")
) -> dict[str, pd.DataFrame]:
    """The training histories of all seeds of a system, at the budget its name leaves out.

    Args:
        growth: histories by model, such as :func:`snrlib.evaluation.recorded.growth`.
        names: the systems.

    Returns:
        System -> the histories of its trainings, one below the other; `seed` counts them from 1.
    """
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for model, history in growth.items():
        system, steps, seed = variant(model)
        if system in found and steps is None:
            found[system].append(history.assign(seed=seed))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items() if parts}


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
        mean, low, high, _ = over_seeds([row["difference"] for row in rows])
        rows.append({"seed": ALL, "difference": mean, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["seed", "difference", "low", "high"])


def over_seeds(leads: Sequence[float]) -> tuple[float, float, float, float]:
    """Mean of the leads of several trainings, 95 % interval over seeds, and p for "no lead".

    Student's t: as many draws as there are seeds, and no more. With one seed the mean stands
    alone; where all leads are equal the interval is that point.
    """
    from scipy import stats

    values = np.asarray(leads, float)
    mean = float(values.mean())
    if len(values) < 2:
        return mean, np.nan, np.nan, np.nan
    error = values.std(ddof=1) / len(values) ** 0.5
    half = float(stats.t.ppf(0.975, len(values) - 1) * error)
    if error == 0:
        return mean, mean, mean, float(mean == 0)
    p = float(2 * stats.t.sf(abs(mean) / error, len(values) - 1))
    return mean, mean - half, mean + half, p


def holm(p: Sequence[float]) -> np.ndarray:
    """The p of several tests, corrected so that any one of them is false in 5 % at most.

    The smallest counts as often as there are tests, the next once less, and so on (S. Holm,
    Scandinavian Journal of Statistics, 1979). NaN stays NaN and is no test.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p, float)
    corrected = np.full(len(values), np.nan)
    order = [i for i in np.argsort(values, kind="stable") if not np.isnan(values[i])]
    largest = 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, values[i] * (len(order) - place)))
        corrected[i] = largest
    return corrected


def headline(
    scores: pd.DataFrame,
    system: str = "S2",
    reference: str = "S1",
    metrics: Sequence[str] = METRICS,
    upper_db: float = -5.0,
) -> pd.DataFrame:
    """The tests of the headline: each budget and score, over all SNRs and over the upper ones.

    Args:
        scores: from :func:`merged`.
        system: the system that may be better.
        reference: the system it is compared with, of the same seeds and budgets.
        metrics: the scores.
        upper_db: from here up there is speech to be saved.

    Returns:
        One row per test: `steps, metric, from_db` (NaN: all SNRs), `leads` (a tuple, by seed),
        `difference, low, high, p` over seeds, and `holm`, p corrected for all rows together.
    """
    rows = []
    for steps, chosen in sorted(scores.groupby("steps"), reverse=True):
        if not {system, reference} <= set(chosen["system"]):
            continue
        for from_db in (np.nan, upper_db):
            heard = chosen if np.isnan(from_db) else chosen[chosen["snr_db"] >= from_db]
            for metric in metrics:
                leads = _leads(heard, system, reference, metric)
                difference, low, high, p = over_seeds(leads)
                rows.append(
                    {
                        "steps": steps, "metric": metric, "from_db": from_db,
                        "leads": tuple(leads), "difference": difference, "low": low,
                        "high": high, "p": p,
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(holm=holm(table["p"]))


def cells(
    scores: pd.DataFrame, system: str, reference: str, metrics: Sequence[str] = METRICS
) -> pd.DataFrame:
    """One lead by SNR and over all, and which of these leads are shown.

    A lead is shown where two intervals leave zero out: the one over training seeds, corrected
    for all cells of the table (Holm), and the one over utterances and noises, both resampled.

    Args:
        scores: from :func:`merged`, one budget.
        system: the system that may be better.
        reference: the other; a reference without trainings, such as "noisy", has one seed.
        metrics: the scores.

    Returns:
        One row per score and SNR ("all" for the mean over mixtures): `metric, snr_db, difference,
        p, holm, low, high` (over utterances and noises) and `shown`.
    """
    scores = scores[scores["system"].isin([system, reference])]
    rows = []
    for metric in metrics:
        snrs = sorted(scores["snr_db"].unique())
        for snr in (*snrs, ALL):
            chosen = scores if snr == ALL else scores[scores["snr_db"] == snr]
            row = paired(chosen, system, reference, metric, by=(), over_noises=True).iloc[0]
            p = over_seeds(_leads(chosen, system, reference, metric))[3]
            rows.append({"metric": metric, "snr_db": snr, "p": p, **row})
    table = pd.DataFrame(rows)
    table["holm"] = holm(table["p"])
    apart = (table["low"] > 0) | (table["high"] < 0)
    return table.assign(shown=apart & (table["holm"] < 0.05))


def _leads(scores: pd.DataFrame, system: str, reference: str, metric: str) -> list[float]:
    """The lead of each seed; one training of the reference stands for all."""
    wide = scores[scores["system"].isin([system, reference])].pivot(
        index=["system", "seed"], columns="mixture", values=metric
    )
    ours, theirs = wide.loc[system], wide.loc[reference]
    if len(theirs) == 1 and len(ours) > 1:
        return list((ours - theirs.iloc[0]).mean(axis=1))
    common = ours.index.intersection(theirs.index)
    return list((ours.loc[common] - theirs.loc[common]).mean(axis=1))


def by_budget(
    scores: pd.DataFrame, reference: str = "S1", metrics: Sequence[str] = METRICS
) -> pd.DataFrame:
    """Every student beside the reference of its own budget and its own seeds.

    Args:
        scores: from :func:`merged`.
        reference: what is subtracted; budgets it was not trained on are left out.
        metrics: the blocks of columns.

    Returns:
        Rows (steps, system), the longest budget first, and in it the reference, then the others
        by their lead in the last metric. Columns (metric, "mean" | "minus <reference>" | "low" |
        "high") as of :func:`snrlib.evaluation.tables.against`, ("", "seeds") that are averaged, and
        ("", "failed") scores.
    """
    parts = ["mean", f"minus {reference}", "low", "high"]
    columns = pd.MultiIndex.from_tuples(
        [(metric, part) for metric in metrics for part in parts] + [("", "seeds"), ("", "failed")],
        names=["metric", ""],
    )
    tables = {}
    for steps, chosen in _budgets(scores, reference):
        table = pd.DataFrame(index=pd.Index([], name="system"), columns=columns, dtype=float)
        for name, seeds in _seeds(chosen).items():
            own = chosen[chosen["seed"].isin(seeds)]
            beside = [name] if name == reference else [reference, name]
            row = against(own, reference, beside, metrics).loc[name]
            failed = row.xs("failed", level=1).sum()
            table.loc[name] = row.reindex(columns)
            table.loc[name, [("", "seeds"), ("", "failed")]] = [len(seeds), failed]
        ahead = table[(metrics[-1], f"minus {reference}")].drop(reference)
        order = [reference, *ahead.sort_values(ascending=False).index]
        tables[f"{steps:,}"] = table.loc[order]
    return pd.concat(tables, names=["steps"])


def by_snr(
    scores: pd.DataFrame, metric: str = "si_sdr", reference: str = "S1", steps: int = 500
) -> pd.DataFrame:
    """How much better every student of one budget is than the reference, SNR by SNR.

    Args:
        scores: from :func:`merged`.
        metric: the score.
        reference: what is subtracted, mean over the seeds that both were trained with.
        steps: the budget.

    Returns:
        Rows by lead over all SNRs, columns by SNR in dB.
    """
    chosen = dict(_budgets(scores, reference))[steps]
    means = chosen.groupby(["system", "seed", "snr_db"])[metric].mean().unstack("snr_db")
    rows = {
        name: (means.loc[name].loc[seeds] - means.loc[reference].loc[seeds]).mean()
        for name, seeds in _seeds(chosen).items()
        if name != reference
    }
    table = pd.DataFrame(rows).T
    table.columns.name = "snr_db"
    return table.loc[table.mean(axis=1).sort_values(ascending=False).index]


def _budgets(scores: pd.DataFrame, reference: str) -> list[tuple[int, pd.DataFrame]]:
    """Students of each budget that the reference was trained on, the longest budget first."""
    students = scores[scores["system"].str.match(r"S[12]\b")]
    # A further training without a reference of the same random numbers has nothing to stand by.
    seeds = students[students["system"] == reference].groupby("steps")["seed"].unique()
    return [
        (int(steps), rows[rows["seed"].isin(seeds[steps])])
        for steps, rows in sorted(students.groupby("steps"), reverse=True)
        if steps in seeds.index
    ]


def _seeds(scores: pd.DataFrame) -> dict[str, list[int]]:
    """The seeds that each system was trained with."""
    return {
        str(name): sorted(seeds)
        for name, seeds in scores.groupby("system")["seed"].unique().items()
    }


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


def variant(name: str) -> tuple[str, int | None, int]:
    """The system that a name is a variant of, its steps (None: the profile's), its replicate.

    Example:
        >>> variant("S2-random-steps500-seed2")
        ('S2-random', 500, 2)
    """
    found = re.fullmatch(r"(.+?)(?:-steps(\d+))?(?:-seed(\d+))?", name)
    if found is None:
        return name, None, 1
    return found[1], None if found[2] is None else int(found[2]), int(found[3] or 1)
