"""What a table of scores lets one say, in sentences whose numbers are computed.

The sentences say "better" and "worse" only where an interval leaves zero out, and they say it
in whichever direction the numbers go. They name how many utterances and voices stand behind.

Notebooks: 05_distillation, 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from snrlib.evaluation.statistics import paired
from snrlib.metrics import DIGITS, NAMES
from snrlib.support.text import listed, number


def sign(row: Mapping[str, Any] | pd.Series) -> int:
    """What a difference is called: 1 where its interval is above zero, -1 below, 0 open."""
    return 1 if row["low"] > 0 else -1 if row["high"] < 0 else 0


# Below this nobody hears a difference: a lead may be shown and still be slight.
SLIGHT = {"si_sdr": 0.25, "pesq_raw": 0.05, "stoi": 0.01}
WORDS = {1: "better", 0: "open", -1: "worse"}  # of a :func:`sign`


def over_all(scores: pd.DataFrame, system: str, reference: str, metric: str) -> str:
    """The mean difference over the whole table, with its interval and what it rests on."""
    row = paired(scores, system, reference, metric, by=()).iloc[0]
    unit = " dB" if metric == "si_sdr" else ""
    digits = DIGITS.get(metric, 2)
    voices = int(scores["speaker"].nunique()) if "speaker" in scores else 0
    resting = f"{row['utterances']:.0f} utterances" + (
        f" of {voices} voice{'s' if voices != 1 else ''}" if voices else ""
    )
    failed = f", {row['failures']:.0f} failed" if row["failures"] else ", none failed"
    if not row["low"] <= row["high"]:
        spread = "no interval: one utterance is too few"
    else:
        spread = (
            f"95 % interval {number(row['low'], digits, True)} to "
            f"{number(row['high'], digits, True)}"
        )
    return (
        f"{system} minus {reference} in {NAMES.get(metric, metric)}: "
        f"{number(row['difference'], digits, True)}{unit} ({spread}; "
        f"{row['mixtures']:.0f} mixtures of {resting}{failed})."
    )


def by_snr(scores: pd.DataFrame, system: str, reference: str, metric: str) -> str:
    """At which SNRs `system` is better, at which worse, and where nothing can be said."""
    points = paired(scores, system, reference, metric).sort_values("snr_db")
    signs = {row["snr_db"]: sign(row) for row in points.to_dict("records")}
    better, worse, open_ = (
        [snr for snr, found in signs.items() if found == wanted] for wanted in (1, -1, 0)
    )
    parts = []
    for what, snrs in (("above", better), ("below", worse), ("not distinguishable from", open_)):
        if snrs:
            where = "every SNR" if len(snrs) == len(points) else f"{listed(snrs)} dB"
            parts.append(f"{what} {reference} at {where}")
    return f"In {NAMES.get(metric, metric)}, {system} is {', '.join(parts)}."


def better_than(scores: pd.DataFrame, system: str, reference: str, metrics: Sequence[str]) -> str:
    """The plain answer to "is `system` better than `reference`?", over several metrics."""
    signs = _signs(scores, system, reference, metrics)
    return _answer(signs, f"over the whole test set {system}", reference)


def better_where(
    scores: pd.DataFrame,
    system: str,
    reference: str,
    metrics: Sequence[str],
    over_noises: bool = False,
) -> str:
    """As :func:`better_than`, and the answer in unseen noises alone where it is another.

    With `over_noises` the intervals are about other noises, too, see
    :func:`snrlib.evaluation.paired`.
    """
    everywhere = _signs(scores, system, reference, metrics, over_noises)
    answer = _answer(everywhere, f"over the whole test set {system}", reference)
    unseen = scores[scores["noise_seen"] == "unseen"]
    there = everywhere
    if len(unseen):
        there = _signs(unseen, system, reference, metrics, over_noises)
    if there == everywhere:
        return answer
    return f"{answer} In unseen noises alone: {_answer(there, system, reference)}"


def headline(tests: pd.DataFrame, system: str = "S2", reference: str = "S1") -> str:
    """What several trainings show, over all SNRs and over the upper ones, in one sentence.

    Args:
        tests: from :func:`snrlib.evaluation.seeds.headline`.
        system: the system that may be better.
        reference: the other.
    """
    budgets = listed([f"{steps:,}" for steps in tests["steps"].unique()])
    said = []
    for from_db, rows in tests.groupby("from_db", dropna=False, sort=False):
        where = "over all SNRs" if pd.isna(from_db) else f"from {number(from_db, 0)} dB up"
        shown = rows[rows["holm"] < 0.05]
        if shown.empty:
            said.append(f"{where} no difference is shown, after {budgets} steps")
            continue
        parts = [_shown(row) for _, row in shown.iterrows()]
        said.append(f"{where} {system} is {'; '.join(parts)}")
    text = "; ".join(said)
    return (
        f"{text[0].upper()}{text[1:]}. Shown is what an interval over seeds leaves standing, with "
        f"Holm's correction for {len(tests)} tests. The teachers were trained once, and every seed "
        f"of {system} learned from them: that chance is in no interval."
    )


def _shown(row: pd.Series) -> str:
    """One test whose lead is shown, as the end of "S2 is"."""
    digits = max(DIGITS.get(row["metric"], 2), 2)
    unit = " dB" if row["metric"] == "si_sdr" else ""
    slightly = "slightly " if abs(row["difference"]) < SLIGHT.get(row["metric"], 0) else ""
    return (
        f"{slightly}{'better' if row['difference'] > 0 else 'worse'} in "
        f"{NAMES.get(row['metric'], row['metric'])} after {row['steps']:,} steps "
        f"({', '.join(number(lead, digits, True) for lead in row['leads'])}{unit}; 95 % over seeds "
        f"{number(row['low'], digits + 1, True)} to {number(row['high'], digits + 1, True)}, "
        f"p = {row['p']:.2g}, corrected {row['holm']:.2g})"
    )


def _signs(
    scores: pd.DataFrame,
    system: str,
    reference: str,
    metrics: Sequence[str],
    over_noises: bool = False,
) -> dict[str, int]:
    """By metric: 1 where the interval of the lead is above zero, -1 below, 0 where it holds it."""
    signs = {}
    for metric in metrics:
        row = paired(scores, system, reference, metric, by=(), over_noises=over_noises).iloc[0]
        signs[metric] = sign(row)
    return signs


def _answer(signs: dict[str, int], who: str, reference: str) -> str:
    """What the signs say; `who` may begin with where that holds."""
    up, level, down = (
        [NAMES.get(metric, metric) for metric, sign in signs.items() if sign == wanted]
        for wanted in (1, 0, -1)
    )
    if up and down:
        return (
            f"Mixed: {who} is better than {reference} in {listed(up)} "
            f"and worse in {listed(down)}" + (f"; {listed(level)} open." if level else ".")
        )
    if up and level:
        return (
            f"In part: {who} is better than {reference} in {listed(up)}; in the rest no "
            "difference can be shown."
        )
    if up:
        return f"Yes: {who} is better than {reference} in {listed(up)}."
    if down:
        return f"No: {who} is worse than {reference} in {listed(down)}" + (
            ", and better in none." if level else "."
        )
    return (
        f"No: {who} is not shown to be better than {reference}; every interval ({listed(level)}) "
        "contains zero."
    )
