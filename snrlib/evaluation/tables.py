"""The paper's Tables 1 to 3 and its headline numbers, from any table of scores.

Rows and columns stand as in the paper, so that printed and own results lie side by side;
what the paper leaves out is added: how many scores failed, medians, intervals. The functions
take the printed tables (:mod:`snrlib.evaluation.published`) as well as our scores.

Notebook: 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from snrlib.evaluation.findings import WORDS, sign
from snrlib.evaluation.statistics import measured, paired, summary
from snrlib.metrics import NAMES
from snrlib.support.text import listed
from snrlib.teachers.choice import TEACHER_RANGES_DB


def table1(
    scores: pd.DataFrame,
    system: str = "S2",
    metrics: Sequence[str] = ("pesq_raw", "stoi"),
    statistic: str = "mean",
) -> pd.DataFrame:
    """The paper's Table 1: noisy and enhanced by noise and SNR, seen SNRs before unseen ones.

    Args:
        scores: a table of scores with the systems "noisy" and `system`.
        system: the enhanced side.
        metrics: the blocks of columns.
        statistic: "mean" or "median".

    Returns:
        Rows (noise_seen, noise, target), columns (metric, "seen" | "unseen", SNR in dB), and
        one column per metric (metric, "failed", "") that counts the scores missing in the row.
    """
    targets = {"noisy": "noisy", system: "enhanced"}
    chosen = scores[scores["system"].isin(list(targets))]
    seen = seen_or_unseen(chosen.drop_duplicates("noise").set_index("noise")["noise_seen"])
    # Seen noises first, otherwise as in the recipe.
    noises = seen.sort_values(kind="stable")
    rows = [(kind, noise, target) for noise, kind in noises.items() for target in targets.values()]
    blocks = []
    for metric in metrics:
        table = measured(chosen, metric)
        table = table.assign(
            target=table["system"].map(targets),
            noise_seen=seen_or_unseen(table["noise_seen"]),
            snr_seen=seen_or_unseen(table["snr_seen"]),
        )
        index = ["noise_seen", "noise", "target"]
        columns = ["snr_seen", "snr_db"]
        block = table.groupby([*index, *columns])["value"].agg(statistic).unstack(columns)
        block = block.sort_index(axis=1)
        block[("failed", "")] = table["value"].isna().groupby([table[n] for n in index]).sum()
        blocks.append(block)
    table = pd.concat(blocks, axis=1, keys=metrics, names=["metric", "SNR", "dB"])
    return table.reindex([row for row in rows if row in table.index])


def table2(
    scores: pd.DataFrame,
    systems: Sequence[str] | None = None,
    metrics: Sequence[str] = ("pesq_raw", "stoi"),
    statistic: str = "mean",
    own_range: bool = True,
) -> pd.DataFrame:
    """The paper's Table 2: each system at each SNR.

    Args:
        scores: a table of scores.
        systems: the rows, in this order; None takes all, in the order of the scores.
        metrics: the blocks of rows.
        statistic: "mean" or "median".
        own_range: leave a teacher's cells outside its range empty, as the paper does.

    Returns:
        Rows (metric, system), one column per SNR in dB, and `failed`: the scores missing in
        the row.
    """
    systems = list(scores["system"].unique()) if systems is None else list(systems)
    blocks = []
    for metric in metrics:
        table = measured(scores, metric)
        if own_range:
            ends = table["system"].map(lambda name: TEACHER_RANGES_DB.get(name, (-np.inf, np.inf)))
            table = table[table["snr_db"].between(ends.str[0], ends.str[1])]
        block = table.groupby(["system", "snr_db"])["value"].agg(statistic).unstack("snr_db")
        block["failed"] = table["value"].isna().groupby(table["system"]).sum()
        blocks.append(block.reindex([name for name in systems if name in block.index]))
    return pd.concat(blocks, keys=metrics, names=["metric", "system"])


def table3(
    scores: pd.DataFrame,
    systems: Sequence[str] | None = None,
    metrics: Sequence[str] = ("pesq_raw", "stoi"),
) -> pd.DataFrame:
    """The paper's Table 3: each system over the whole test set.

    Args:
        scores: a table of scores.
        systems: the rows, in this order; None takes all, in the order of the scores.
        metrics: the blocks of columns.

    Returns:
        One row per system; columns (metric, "mean" | "low" | "high" | "median" | "failures").
    """
    systems = list(scores["system"].unique()) if systems is None else list(systems)
    blocks = {
        metric: summary(scores, ["system"], metric).set_index("system")[
            ["mean", "low", "high", "median", "failures"]
        ]
        for metric in metrics
    }
    return pd.concat(blocks, axis=1, names=["metric", ""]).reindex(systems)


def headlines(scores: pd.DataFrame, system: str = "S2", rival: str = "crn") -> pd.DataFrame:
    """The numbers that the paper leads with, from any table of scores, ours or printed.

    The paper's percentages are ratios of means over the whole test set. A percentage of raw
    PESQ depends on where its scale happens to start (-0.5); the difference does not.

    Returns:
        Columns `claim`, `metric`, `value`, `unit`; the rows about `rival` only if it is there.
    """
    rows: list[tuple[str, str, float, str]] = []
    for metric in ("pesq_raw", "stoi"):
        means = measured(scores, metric).groupby("system")["value"].mean()
        if system in means and "noisy" in means:
            gain = 100 * (means[system] / means["noisy"] - 1)
            rows.append((f"{system} over noisy", metric, float(gain), "%"))
    for metric in ("pesq_raw", "stoi"):
        means = measured(scores, metric).groupby("system")["value"].mean()
        if system in means and rival in means:
            ahead = float(means[system] - means[rival])
            rows.append((f"{system} over {rival}", metric, ahead, ""))
    return pd.DataFrame(rows, columns=["claim", "metric", "value", "unit"])


def seen_or_unseen(column: pd.Series) -> pd.Series:
    """A column of "seen" and "unseen", from the same or from True and False."""
    return column.replace({True: "seen", False: "unseen"}).astype(str)


METRICS = ("pesq_raw", "stoi", "si_sdr")


def against(
    scores: pd.DataFrame,
    reference: str,
    systems: Sequence[str] | None = None,
    metrics: Sequence[str] = METRICS,
) -> pd.DataFrame:
    """Each system over the whole test set, and its paired difference from a reference.

    Args:
        scores: a table of scores.
        reference: the system that is subtracted; its own differences stay empty.
        systems: the rows, in this order; None is all, in the order of the scores.
        metrics: the blocks of columns.

    Returns:
        One row per system; columns (metric, "mean" | "minus <reference>" | "low" | "high" |
        "failed"): 95 % interval of the difference over utterances.
    """
    systems = list(scores["system"].unique()) if systems is None else list(systems)
    blocks = {}
    for metric in metrics:
        means = summary(scores, ["system"], metric).set_index("system")
        block = means[["mean"]].reindex(systems)
        for name in systems:
            if name != reference:
                row = paired(scores, name, reference, metric, by=()).iloc[0]
                block.loc[name, f"minus {reference}"] = row["difference"]
                block.loc[name, ["low", "high"]] = [row["low"], row["high"]]
        blocks[metric] = block.assign(failed=means["failures"].reindex(systems))
    return pd.concat(blocks, axis=1, names=["metric", ""])


def in_words(
    scores: pd.DataFrame,
    reference: str,
    systems: Sequence[str],
    metrics: Sequence[str] = METRICS,
) -> pd.DataFrame:
    """The signs of the differences: "better", "worse" or "open" (the interval holds zero).

    Returns:
        One row per system, one column per metric, by the metrics' names.
    """
    words = {}
    for metric in metrics:
        column = {}
        for name in systems:
            column[name] = WORDS[sign(paired(scores, name, reference, metric, by=()).iloc[0])]
        words[NAMES.get(metric, metric)] = column
    return pd.DataFrame(words).reindex(list(systems)).rename_axis("system")


def not_better(words: pd.DataFrame, budget: str, tiny: bool) -> str:
    """Which systems are not better than the noisy input, in sentences; empty if all are.

    Args:
        words: :func:`in_words` against "noisy".
        budget: what they were trained with, for example "400 steps of 8".
        tiny: say that the budget is too small, rather than leave the reason open.
    """
    lacking = {
        str(name): [str(metric) for metric in words if row[metric] != "better"]
        for name, row in words.iterrows()
    }
    lacking = {name: metrics for name, metrics in lacking.items() if metrics}
    if not lacking:
        return ""
    parts = []
    for name, metrics in lacking.items():
        where = "any metric" if len(metrics) == words.shape[1] else listed(metrics)
        parts.append(f"{name} in {where}")
    reason = f" {budget} are too few for that." if tiny else f" Training: {budget}."
    return f"Not shown to be better than the noisy input: {'; '.join(parts)}.{reason}"
