"""What judgements say: shares and means with intervals, power, and whether metrics agree.

ABX answers are right or wrong: their share gets an exact binomial interval and a test against
guessing. Ratings get bootstrap intervals that resample listeners and, within each, scenes, since
answers of one listener, and to one scene, resemble each other.

Notebook: 09_listening_test.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas

from snrlib.listening.blind import ANCHOR, REFERENCE

RESAMPLES = 1_000
CONFIDENCE = 0.95


def abx(answers: pandas.DataFrame, by: Sequence[str] = ("pair", "snr_db")) -> pandas.DataFrame:
    """How often X was recognised: trials, correct, share, low, high, p_value.

    The interval is that of Clopper and Pearson (1934), the p-value that of the one-sided exact
    binomial test against guessing (1/2). Both take trials as independent, which those of one
    listener are only roughly.

    Args:
        answers: a table of judgements.
        by: columns to group by; "pair" is the two systems in alphabetical order.
    """
    from scipy.stats import binomtest

    trials = abx_trials(answers)
    rows = []
    for key, group in _groups(trials, by):
        right, count = int(group["correct"].sum()), len(group)
        # A confidence of 95 % in the share itself, and a test of "better than a coin".
        interval = binomtest(right, count).proportion_ci(CONFIDENCE, method="exact")
        guessing = binomtest(right, count, alternative="greater")
        rows.append(
            [*key, count, right, right / count, interval.low, interval.high, guessing.pvalue]
        )
    columns = [*by, "trials", "correct", "share", "low", "high", "p_value"]
    return pandas.DataFrame(rows, columns=columns)


def abx_trials(answers: pandas.DataFrame) -> pandas.DataFrame:
    """The ABX judgements, with a column `pair` that is the same whichever system was A."""
    trials = answers[answers["kind"] == "abx"].copy()
    pairs = [" / ".join(sorted(pair)) for pair in zip(trials["a"], trials["b"], strict=True)]
    trials["pair"] = pairs
    trials["correct"] = trials["correct"].astype(bool)
    return trials


def abx_threshold(trials: int, alpha: float = 0.05) -> int:
    """How many of `trials` must be right before guessing is rejected at level `alpha`.

    `trials` + 1 where even all of them are too few.
    """
    from scipy.stats import binom

    chances = binom.sf(np.arange(trials + 1) - 1, trials, 0.5)
    enough = np.flatnonzero(chances <= alpha)
    return int(enough[0]) if len(enough) else trials + 1


def abx_power(trials: int, share: float, alpha: float = 0.05) -> float:
    """The chance that a listener who is right with probability `share` beats guessing.

    Args:
        trials: how many are asked.
        share: long-run share of right answers; 0.5 is guessing, 0.75 hears every second one.
        alpha: level of the one-sided test.
    """
    from scipy.stats import binom

    return float(binom.sf(abx_threshold(trials, alpha) - 1, trials, share))


def ratings(
    answers: pandas.DataFrame, by: Sequence[str] = ("system", "snr_db")
) -> pandas.DataFrame:
    """Mean ratings with bootstrap intervals: mean, low, high, judgements, listeners, scenes.

    Args:
        answers: a table of judgements.
        by: columns to group by.
    """
    rated = answers[answers["kind"] == "rating"]
    rows = []
    for key, group in _groups(rated, by):
        values = group["rating"].to_numpy()
        low, high = bootstrap(group, lambda w, values=values: float(np.average(values, weights=w)))
        counts = [len(group), group["listener"].nunique(), group["scene"].nunique()]
        rows.append([*key, group["rating"].mean(), low, high, *counts])
    columns = [*by, "mean", "low", "high", "judgements", "listeners", "scenes"]
    return pandas.DataFrame(rows, columns=columns)


def screening(answers: pandas.DataFrame) -> pandas.DataFrame:
    """Who heard the hidden reference: per listener, the share of it rated below 90.

    ITU-R BS.1534-3 excludes listeners who do so in more than 15 % of the trials (`excluded`).
    """
    rated = answers[(answers["kind"] == "rating") & (answers["system"] == REFERENCE)]
    table = rated.assign(missed=rated["rating"] < 90).groupby("listener")["missed"]
    shares = table.agg(["mean", "count"]).rename(columns={"mean": "missed", "count": "trials"})
    return shares.assign(excluded=shares["missed"] > 0.15).reset_index()


def agreement(
    answers: pandas.DataFrame,
    clip_scores: pandas.DataFrame,
    metrics: Sequence[str],
    leave_out: Sequence[str] = (REFERENCE, ANCHOR),
) -> pandas.DataFrame:
    """Whether metrics rank clips as listeners do.

    Columns: metric; correlation, low, high (Spearman's, between metric and rating over all
    judgements); same_order, order_low, order_high (within one scene, the share of pairs of
    systems that metric and listener put in the same order; ties of either left out); pairs;
    judgements.

    The correlation is flattered by the SNR, which moves ears and metrics alike; the order within
    a scene is the question that one asks of a metric.

    Args:
        answers: a table of judgements.
        clip_scores: scene, system and one column per metric, for the clips that were heard.
        metrics: columns to compare.
        leave_out: systems whose place is given away by how they are made.
    """
    from scipy.stats import rankdata

    joined = with_scores(answers, clip_scores, leave_out)
    rows = []
    for metric in metrics:
        known = joined.dropna(subset=[metric]).reset_index(drop=True)
        heard, score = known["rating"].to_numpy(), known[metric].to_numpy()

        def correlation(
            weights: np.ndarray, heard: np.ndarray = heard, score: np.ndarray = score
        ) -> float:
            ours, theirs = np.repeat(heard, weights), np.repeat(score, weights)
            if len(ours) < 3 or np.ptp(ours) == 0 or np.ptp(theirs) == 0:
                return np.nan
            return float(np.corrcoef(rankdata(ours), rankdata(theirs))[0, 1])

        ordered = _same_order(known, metric)
        same = ordered["same"].to_numpy(float)

        def share(weights: np.ndarray, same: np.ndarray = same) -> float:
            return float(np.average(same, weights=weights)) if len(same) else np.nan

        rows.append(
            [
                metric,
                *(correlation(np.ones(len(known), int)), *bootstrap(known, correlation, seed=1)),
                *(share(np.ones(len(same), int)), *bootstrap(ordered, share, seed=2)),
                *(len(same), len(known)),
            ]
        )
    columns = [
        "metric", "correlation", "low", "high", "same_order", "order_low", "order_high", "pairs",
        "judgements",
    ]  # fmt: skip
    return pandas.DataFrame(rows, columns=columns)


def with_scores(
    answers: pandas.DataFrame, clip_scores: pandas.DataFrame, leave_out: Sequence[str] = ()
) -> pandas.DataFrame:
    """The ratings, each with the metrics of the clip that was rated."""
    rated = answers[(answers["kind"] == "rating") & ~answers["system"].isin(leave_out)]
    scores = clip_scores.drop(columns=["snr_db"], errors="ignore")
    return rated.merge(scores, on=["scene", "system"], how="inner")


def abx_against_metrics(
    answers: pandas.DataFrame, clip_scores: pandas.DataFrame, metrics: Sequence[str]
) -> pandas.DataFrame:
    """The ABX trials with, for each metric, by how much the two clips differ in it."""
    trials = abx_trials(answers)
    values = clip_scores.set_index(["scene", "system"])
    for metric in metrics:
        first = values[metric].reindex(pandas.MultiIndex.from_frame(trials[["scene", "a"]]))
        second = values[metric].reindex(pandas.MultiIndex.from_frame(trials[["scene", "b"]]))
        trials[metric] = np.abs(first.to_numpy() - second.to_numpy())
    return trials


def bootstrap(
    judgements: pandas.DataFrame, statistic: Callable[..., float], seed: int = 0
) -> tuple[float, float]:
    """A 95 % percentile interval of `statistic`: listeners are resampled, then their scenes.

    With one listener only the scenes are: the interval then says nothing about other ears.
    NaN where there is nothing to resample (one listener, one scene).

    Args:
        judgements: a table with the columns listener and scene.
        statistic: takes how often each row was drawn, (rows,).
        seed: of the resampling.
    """
    units = judgements.groupby(["listener", "scene"]).indices
    scenes: dict[str, list[np.ndarray]] = {}
    for (listener, _), rows in units.items():
        scenes.setdefault(listener, []).append(rows)
    if len(units) < 2:
        return np.nan, np.nan
    generator = np.random.default_rng(seed)
    listeners = generator.multinomial(len(scenes), [1 / len(scenes)] * len(scenes), RESAMPLES)
    weights = np.zeros((RESAMPLES, len(judgements)), int)
    for own, drawn in zip(scenes.values(), listeners.T, strict=True):
        # A listener drawn twice brings two independent draws of scenes: counts simply add up.
        counts = generator.multinomial(drawn * len(own), [1 / len(own)] * len(own))
        for rows, count in zip(own, counts.T, strict=True):
            weights[:, rows] = count[:, None]
    values = [statistic(row) for row in weights]
    if not np.isfinite(values).any():
        return np.nan, np.nan
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.nanpercentile(values, [tail, 100 - tail])
    return float(low), float(high)


def _same_order(judgements: pandas.DataFrame, metric: str) -> pandas.DataFrame:
    """One row per pair of systems in a scene that neither listener nor metric finds equal."""
    rows = []
    for (listener, scene), own in judgements.groupby(["listener", "scene"]):
        rating, score = own["rating"].to_numpy(), own[metric].to_numpy()
        for i in range(len(own)):
            for j in range(i):
                both = np.sign(rating[i] - rating[j]) * np.sign(score[i] - score[j])
                if both:
                    rows.append([listener, scene, bool(both > 0)])
    return pandas.DataFrame(rows, columns=["listener", "scene", "same"])


def _groups(table: pandas.DataFrame, by: Sequence[str]) -> list[tuple[tuple, pandas.DataFrame]]:
    if not by:
        return [((), table)] if len(table) else []
    return [
        (key if isinstance(key, tuple) else (key,), group)
        for key, group in table.groupby(list(by), sort=True)
    ]
