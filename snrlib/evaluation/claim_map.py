"""Where S2 is better than S1, and where not: many small trainings under changed conditions.

A lead is the difference of two conditions trained with the same seeds, as gain over the noisy
mixture; its interval is over seeds. What each training was expected to show was written down
before it ran, and stands beside what came out.

Notebook: 06_ablation_s1_vs_s2.
"""

from collections.abc import Sequence

import pandas as pd

from snrlib.evaluation import seeds
from snrlib.metrics import DIGITS
from snrlib.support.text import number

WITHOUT = "without −20 dB rows"
# (what is asked, system, reference), in the order of the figure; shown where both were trained.
LEADS = (
    ("S2 − S1, teachers of 3 times its size, trained longer on more", "S2", "S1"),
    (f"S2 − S1, {WITHOUT}", "S2 without -20 dB", "S1 without -20 dB"),
    (
        "S2 − S1, teachers of its own size, budget and speech",
        "S2, teachers of all, 500 steps",
        "S1",
    ),
    ("S2 − S1, 8 utterances", "S2, 8 utterances", "S1, 8 utterances"),
    ("S2 − S1, 40 utterances", "S2, 40 utterances", "S1, 40 utterances"),
    ("S2 − S1, 1,500 steps", "S2, 1500 steps", "S1, 1500 steps"),
    ("S2 − S1, constant rate 2e-4", "S2, constant 0.0002", "S1, constant 0.0002"),
    ("S2 − S1, constant rate 2e-3", "S2, constant 0.002", "S1, constant 0.002"),
    ("S2-mean − S1", "S2-mean", "S1"),
    (f"S1 {WITHOUT} − S1", "S1 without -20 dB", "S1"),
    (f"S1 {WITHOUT} − S2", "S1 without -20 dB", "S2"),
    ("S1, −20 dB rows at weight 0 − S1", "S1, -20 dB at weight 0", "S1"),
    ("S1, projected gradients − S1", "S1, projected gradients", "S1"),
    ("S1, −20 dB rows in the second half − S1", "S1, -20 dB in the second half", "S1"),
    ("S1, one SNR a step − S1", "S1, one SNR a step", "S1"),
)
UPPER_DB = -5.0


def leads(scores: pd.DataFrame, metric: str = "si_sdr") -> pd.DataFrame:
    """Every lead that was trained, over all SNRs, over the upper ones, and SNR by SNR.

    Args:
        scores: from :func:`snrlib.evaluation.recorded.claim_map`.
        metric: the score.

    Returns:
        One row per lead and range: `asked, system, reference, where` ("all", "upper", or an SNR
        in dB), `trainings` (seeds of each side), `difference, low, high, p` over seeds.
    """
    means = scores.groupby(["system", "seed", "snr_db"])[metric].mean().unstack()
    by = {snr: means[snr] for snr in means}
    by = {
        "all": means.mean(axis=1),
        "upper": means.loc[:, means.columns >= UPPER_DB].mean(axis=1),
        **by,
    }
    rows = []
    trained = set(scores["system"])
    for asked, system, reference in LEADS:
        if not {system, reference} <= trained:
            continue
        for where, values in by.items():
            each = (values[system] - values[reference]).dropna()
            difference, low, high, p = seeds.over_seeds(each)
            rows.append(
                {
                    "asked": asked, "system": system, "reference": reference, "where": where,
                    "trainings": len(each), "difference": difference, "low": low, "high": high,
                    "p": p,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def by_noise(scores: pd.DataFrame, metric: str = "si_sdr") -> pd.DataFrame:
    """S2 minus S1 noise by noise, with intervals over seeds: `noise, noise_seen` and as above."""
    means = scores.groupby(["system", "seed", "noise_seen", "noise"])[metric].mean()
    each = (means["S2"] - means["S1"]).unstack("seed")
    rows = [
        dict(zip(("difference", "low", "high", "p"), seeds.over_seeds(row.dropna()), strict=True))
        for _, row in each.iterrows()
    ]
    return pd.DataFrame(rows, index=each.index).reset_index().sort_values("difference")


def everywhere(table: pd.DataFrame) -> list[str]:
    """The conditions under which S2's lead leaves zero out, above it, at every single SNR."""
    single = table[~table["where"].isin(["all", "upper"]) & table["asked"].str.startswith("S2 −")]
    above = single.groupby("asked", sort=False)["low"].min()
    return list(above[above > 0].index)


def sentences(scores: pd.DataFrame, conditions: pd.DataFrame, gradients: pd.DataFrame) -> list[str]:
    """What the map says, in five sentences whose numbers are computed.

    Args:
        scores: as :func:`leads` takes them.
        conditions: from :func:`snrlib.evaluation.recorded.claim_conditions`.
        gradients: from :func:`snrlib.evaluation.recorded.claim_gradients`.
    """
    table = leads(scores)
    trained = scores[scores["system"] != "noisy"].groupby("system")["seed"].nunique()
    places = [asked for asked in table["asked"].unique() if asked.startswith("S2 −")]
    found = everywhere(table)
    first = table[(table["system"] == "S2") & (table["reference"] == "S1")]
    without = table[(table["system"] == "S1 without -20 dB") & (table["reference"] == "S1")]
    beside = table[(table["system"] == "S1 without -20 dB") & (table["reference"] == "S2")]
    relieved = table[table["system"] == "S2 without -20 dB"]
    predicted = conditions.set_index("name")["prediction"]
    waiting = int((~conditions["trained"]).sum())
    said = [
        "**Where the technique helps.** "
        + (
            f"S2 is ahead of S1 at every SNR, within intervals over seeds: {'; '.join(found)}."
            if found
            else f"Nowhere was S2 shown to be ahead of S1 at every SNR: {len(places)} "
            f"{'settings' if len(places) > 1 else 'setting'}, {trained.sum()} trainings of "
            f"{len(trained)} conditions were looked at, and {waiting} conditions more are written "
            "down and not trained."
        ),
        "**Better teachers.** With teachers three times as large, trained longer on more speech, "
        f"S2 − S1 is {_lead(first, 'all')} of SI-SDR over all SNRs and {_lead(first, 'upper')} "
        f"from {number(UPPER_DB, 0)} dB up (predicted: {predicted['S2']}).",
        f"**The rows of −20 dB.** S1 trained {WITHOUT} is {_lead(without, 'all')} ahead of S1 over "
        f"all SNRs, {_lead(without, 'upper')} from {number(UPPER_DB, 0)} dB up and "
        f"{_lead(without, -20.0)} at −20 dB itself (predicted: "
        f"{predicted['S1 without -20 dB']}); beside S2 that is {_lead(beside, 'all')}.",
        _why(gradients),
    ]
    if len(relieved):
        said.insert(
            3,
            f"**Without those rows** S2 − S1 is {_lead(relieved, 'all')} over all SNRs and "
            f"{_lead(relieved, 'upper')} from {number(UPPER_DB, 0)} dB up (predicted: "
            f"{predicted['S2 without -20 dB']}): "
            + (
                "what the teachers give is not relief from those rows alone."
                if _row(relieved, "all")["low"] > 0
                else "no gain of the teachers is shown that leaving rows out would not give."
            ),
        )
    return said


def _why(gradients: pd.DataFrame) -> str:
    """Which SNRs' gradients point against those of −20 dB at the end of S1."""
    others = gradients[gradients["snr_db"] != -20.0].groupby("snr_db")["cosine"]
    parts = [
        f"{number(snr, 0)} dB {', '.join(number(c, 2) if c == c else 'not found' for c in cosines)}"
        for snr, cosines in others
    ]
    count = gradients["seed"].nunique()
    behind = f"{count} seed{'s' if count > 1 else ''}"
    against = sum(float(cosines.mean()) < 0 for _, cosines in others)
    return (
        "**Why.** At the end of S1 the gradient of the −20 dB rows has these cosines to those of "
        f"the other SNRs ({behind}): {'; '.join(parts)}. It points against {against} of "
        f"{others.ngroups}"
        + (": what a step learns there, the others unlearn." if against else ".")
    )


def _row(rows: pd.DataFrame, where: str | float) -> pd.Series:
    return rows[rows["where"] == where].iloc[0]


def _lead(rows: pd.DataFrame, where: str | float) -> str:
    """A lead with its interval and what it rests on."""
    row, digits = _row(rows, where), DIGITS["si_sdr"]
    return (
        f"{number(row['difference'], digits, True)} dB ({number(row['low'], digits, True)} to "
        f"{number(row['high'], digits, True)}, {row['trainings']} seeds)"
    )


def shown(table: pd.DataFrame, ranges: Sequence[str] = ("all", "upper")) -> pd.DataFrame:
    """The leads as a table: one row each, and how many of the nine SNRs leave zero out."""
    rows = {}
    for asked, group in table.groupby("asked", sort=False):
        single = group[~group["where"].isin(["all", "upper"])]
        row = {"seeds": int(group["trainings"].iloc[0])}
        for where in ranges:
            found = _row(group, where)
            row |= {
                where: found["difference"], f"{where}, low": found["low"],
                f"{where}, high": found["high"],
            }  # fmt: skip
        row["SNRs above zero"] = int((single["low"] > 0).sum())
        row["SNRs below zero"] = int((single["high"] < 0).sum())
        rows[asked] = row
    return pd.DataFrame(rows).T
