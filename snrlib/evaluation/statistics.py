"""Means of scores with intervals that respect utterances, and paired differences.

The mixtures of one utterance share its words and its voice, so they are not independent
evidence: intervals are over utterances, not over mixtures. With several voices in the test set the
interval is still about utterances, not about other speakers.

Notebooks: 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from snrlib.support.errors import SnrlibError


def summary(
    scores: pd.DataFrame,
    by: Sequence[str] = ("system", "snr_db"),
    metric: str = "pesq_raw",
    *,
    over_noises: bool = False,
) -> pd.DataFrame:
    """Mean and median of one score per group, with 95 % intervals and the failures.

    Args:
        scores: a table of scores.
        by: the columns that make a group; empty for one row over everything.
        metric: the score.
        over_noises: intervals are about other noises as well as about other utterances.

    Returns:
        The columns `by`, then `mean, median, low, high` (95 % interval of the mean over
        utterances; NaN with fewer than two), `mixtures` (scored), `utterances`,
        `failures` (mixtures whose score could not be computed).

    Raises:
        SnrlibError: the scores do not hold `metric`.
    """
    table = measured(scores, metric)
    if "utterance" not in table.columns:  # printed tables hold means, not utterances
        table = table.assign(utterance="")
    rows = []
    for names, group in _groups(table, by):
        scored = group[group["value"].notna()]
        noises = scored["noise"] if over_noises else None
        low, high = interval(scored["value"], scored["utterance"], noises)
        rows.append(
            {
                **names,
                "mean": scored["value"].mean(),
                "median": scored["value"].median(),
                "low": low,
                "high": high,
                "mixtures": len(scored),
                "utterances": scored["utterance"].nunique(),
                "failures": len(group) - len(scored),
            }
        )
    return pd.DataFrame(rows)


def paired(
    scores: pd.DataFrame,
    system: str,
    reference: str,
    metric: str = "pesq_raw",
    by: Sequence[str] = ("snr_db",),
    *,
    over_noises: bool = False,
) -> pd.DataFrame:
    """How much better `system` scores than `reference` on the same mixtures.

    Differences are taken mixture by mixture (after averaging over training seeds), so what
    makes a mixture easy or hard for both cancels.

    Args:
        scores: a table of scores that holds both systems.
        system: the system that may be better.
        reference: the system it is compared with.
        metric: the score.
        by: the columns that make a group; empty for one row over everything.
        over_noises: as :func:`summary` takes it.

    Returns:
        The columns `by`, then `difference` (mean), `low, high` (95 % interval over utterances),
        `mixtures`, `utterances`, `failures` (mixtures that lack a score of either system).

    Raises:
        SnrlibError: one of the systems or the metric is not in the scores.
    """
    table = measured(scores, metric)
    sides = []
    for name in (system, reference):
        side = table[table["system"] == name]
        if side.empty:
            raise SnrlibError(f"There are no {metric} scores of '{name}'; evaluate it first.")
        seeds = side.groupby("mixture")["value"]
        # A mixture counts only if every training seed was scored on it.
        sides.append(seeds.mean().where(seeds.count() == seeds.size()))
    described = table[table["system"] == system].drop_duplicates("mixture").set_index("mixture")
    both = described.loc[described.index.intersection(sides[1].index)].copy()
    if both.empty:
        raise SnrlibError(f"'{system}' and '{reference}' were scored on different mixtures.")
    both[metric] = sides[0].reindex(both.index) - sides[1].reindex(both.index)
    # The reasons of one system alone would hide the failures of the other.
    both = both.reset_index().drop(columns=["value", "failure"])
    result = summary(both, by, metric, over_noises=over_noises)
    return result.drop(columns="median").rename(columns={"mean": "difference"})


def interval(
    values: Sequence[float] | pd.Series,
    utterances: Sequence[Any] | pd.Series,
    noises: Sequence[Any] | pd.Series | None = None,
    *,
    level: float = 0.95,
) -> tuple[float, float]:
    """The interval of a mean over utterances, which covers what it says at every size.

    Student's t on whole utterances: the mean over mixtures is a ratio of sums over utterances,
    and its error is that of a ratio (W. G. Cochran, Sampling Techniques, 1977, section 6.3; with
    as many mixtures in each utterance it is the t interval of the utterances' means). The
    percentile bootstrap, :func:`bootstrap`, holds the truth too rarely where utterances are few:
    78 % of the time with three, 86 % with six.

    Args:
        values: of the mixtures.
        utterances: which utterance each belongs to.
        noises: which noise each belongs to. The interval is then about other sentences in other
            noises: what utterances and noises have in common counts in both, and what they have
            together is taken off once (Cameron, Gelbach and Miller, "Robust inference with
            multiway clustering", 2011); t has the degrees of freedom of the fewer of the two.
        level: how often the interval is to hold the true mean.

    Returns:
        Low and high; NaN, NaN with fewer than two utterances, or noises where those are asked
        about: one says nothing about others.
    """
    from scipy import stats

    sums, counts = _by_utterance(values, utterances)
    mean = sums.sum() / counts.sum() if len(sums) else np.nan
    groups = [utterances] if noises is None else [utterances, noises]
    spreads, sizes = [], []
    for group in groups:
        sums, counts = _by_utterance(values, group)
        if len(sums) < 2:
            return np.nan, np.nan
        spreads.append(np.sum((sums - mean * counts) ** 2) * len(sums) / (len(sums) - 1))
        sizes.append(len(sums))
    spread = sum(spreads)
    if noises is not None:
        pairs = pd.MultiIndex.from_arrays([np.asarray(utterances), np.asarray(noises)])
        sums, shared = _by_utterance(values, pairs)
        # Never less than either alone: the difference can come out too small by chance.
        spread = max(spread - np.sum((sums - mean * shared) ** 2), *spreads)
    half = stats.t.ppf((1 + level) / 2, min(sizes) - 1) * np.sqrt(spread) / counts.sum()
    return float(mean - half), float(mean + half)


def bootstrap(
    values: Sequence[float] | pd.Series,
    utterances: Sequence[Any] | pd.Series,
    *,
    resamples: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a mean, resampling whole utterances.

    Each resample draws as many utterances as there are, with replacement, and keeps all
    mixtures of each. It assumes nothing about how values are distributed, and is too narrow where
    utterances are few: a lesson, and what other papers print; :func:`interval` is what the kit
    concludes from.
    """
    sums, counts = _by_utterance(values, utterances)
    if len(sums) < 2:
        return np.nan, np.nan
    draws = _draws(len(sums), resamples, seed)
    means = (draws @ sums) / (draws @ counts)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _by_utterance(
    values: Sequence[float] | pd.Series, utterances: Sequence[Any] | pd.Series | pd.Index
) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the values of each utterance, or of each of another group."""
    codes, _ = pd.factorize(np.asarray(utterances))
    return (
        np.bincount(codes, weights=np.asarray(values, float)),
        np.bincount(codes).astype(float),
    )


def measured(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows on which `metric` was tried, the score in a column `value` (NaN: it failed).

    Raises:
        SnrlibError: `metric` was not computed for these scores.
    """
    if metric not in scores.columns:
        raise SnrlibError(f"The scores have no column '{metric}'.")
    tried = scores[metric].notna()
    if "failure" in scores.columns:
        tried |= scores["failure"].str.contains(rf"\b{metric}\b")
    else:
        tried[:] = True
    if len(scores) and not tried.any():
        raise SnrlibError(f"'{metric}' was not computed for these scores; evaluate with it.")
    return scores[tried].assign(value=scores.loc[tried, metric])


def _groups(
    table: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    if not by:
        yield {}, table
        return
    for names, group in table.groupby(list(by), sort=False):
        yield dict(zip(by, names, strict=True)), group


@lru_cache(maxsize=16)
def _draws(utterances: int, resamples: int, seed: int) -> np.ndarray:
    """How often each utterance is drawn in each resample: (resamples, utterances)."""
    rng = np.random.default_rng(seed)
    even = np.full(utterances, 1 / utterances)
    return rng.multinomial(utterances, even, size=resamples).astype(float)
