"""What stands beside Table 3: paired differences, words, and what every system costs.

A table of means invites to read more than it says. Beside each mean stands how far the system
is from a reference on the same mixtures, with an interval; beside each model, what it takes to
run it and what it was trained with.

Notebook: 07_baselines.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import torch

from snrlib import models
from snrlib.enhancement import Enhancer
from snrlib.evaluation import paired, summary
from snrlib.evaluation.findings import NAMES, listed
from snrlib.models.cost import multiply_accumulates, real_time_factor

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
        "failed"): 95 % bootstrap interval of the difference over utterances.
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
            row = paired(scores, name, reference, metric, by=()).iloc[0]
            column[name] = "better" if row["low"] > 0 else "worse" if row["high"] < 0 else "open"
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


def costs(enhancers: Mapping[str, Enhancer], seconds: float = 4.0) -> pd.DataFrame:
    """What trained models take to run, and what they were trained with.

    Args:
        enhancers: name -> trained model.
        seconds: of audio that the real-time factor is measured on.

    Returns:
        One row per model; columns `parameters`, `GMAC/s` (billions of multiply-accumulates
        per second of audio), `real-time factor` (seconds of one core per second of audio), `steps`,
        `batch`, `examples` (training samples seen), `best step`, `minutes` (of training, on
        whatever machine that was).
    """
    rows = {}
    for name, enhancer in enhancers.items():
        card = enhancer.card
        training, budget = card["training"], card["settings"]["budget"]
        rows[name] = {
            "parameters": models.parameters(enhancer.model),
            "GMAC/s": multiply_accumulates(enhancer.model) / 1e9,
            "real-time factor": real_time_factor(enhancer.enhance, seconds),
            "steps": training["steps"],
            "batch": budget["batch"],
            "examples": training["examples"],
            "best step": training["best_step"],
            "minutes": training["seconds"] / 60,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("system")


def paper_sizes() -> pd.DataFrame:
    """Parameters and multiply-accumulates of the four networks at their papers' sizes.

    Counted on a device without numbers, so nothing is trained, or even filled.
    """
    rows = {}
    for name in models.MODELS:
        with torch.device("meta"):
            model = models.create(name)
        rows[name] = {
            "parameters": models.parameters(model),
            "GMAC/s": multiply_accumulates(model) / 1e9,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
