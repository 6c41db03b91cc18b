"""Writes what the recorded study found into the README.

    python tools/record_results.py

Run it after tools/record_study.py. The text stands between the README's `<!-- results -->` marks
and is made from the recorded scores and the printed tables alone; a test compares the two.
"""

import pandas
import readme_marks

from snrlib import evaluation, published, recorded, replicates, systems
from snrlib.findings import better_than, listed, number

METRICS = {"si_sdr": ("SI-SDR in dB", 2), "pesq_raw": ("raw PESQ", 2), "stoi": ("STOI", 3)}
COMPARED = [("S2", "noisy", "si_sdr"), ("S2", "noisy", "pesq_raw"), ("S2", "noisy", "stoi"),
            ("S2", "S1", "si_sdr"), ("S2", "S1", "pesq_raw"), ("S2", "S1", "stoi")]  # fmt: skip


def difference(scores: pandas.DataFrame, system: str, reference: str, metric: str) -> list[str]:
    """One row of the table: by SNR and over all.

    Bold where the interval over utterances leaves zero out and all trainings agree in sign.
    """
    rows = [
        *evaluation.paired(scores, system, reference, metric).sort_values("snr_db").itertuples(),
        *evaluation.paired(scores, system, reference, metric, by=()).itertuples(),
    ]
    label, digits = METRICS[metric]
    agreed = same_sign(scores, system, reference, metric)
    cells = []
    for row in rows:
        text = number(row.difference, digits, True)
        sure = (row.low > 0 or row.high < 0) and agreed[getattr(row, "snr_db", "all")]
        cells.append(f"**{text}**" if sure else text)
    return [f"{system} minus {reference}, {label}", *cells]


def same_sign(scores: pandas.DataFrame, system: str, reference: str, metric: str) -> dict:
    """By SNR, and for "all": whether the lead has one sign in the trainings of all seeds."""
    means = scores.groupby(["system", "seed", "snr_db"])[metric].mean().unstack()
    means["all"] = means.mean(axis=1)
    other = means.loc[reference]
    leads = means.loc[system] - (other if len(other) > 1 else other.iloc[0])
    return dict((leads > 0).all() | (leads < 0).all())


def printed_difference(system: str, reference: str) -> list[str]:
    """The same out of the paper's Table 2."""
    table = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    gaps = (table[system] - table[reference]).sort_index()
    cells = [number(gap, 2, True) for gap in [*gaps, gaps.mean()]]
    return [f"*printed: {system} minus {reference}, raw PESQ*", *(f"*{cell}*" for cell in cells)]


def results() -> str:
    """The README's part, as Markdown."""
    study = recorded.study()
    steps = study["settings"]["student"]["steps"]
    everything = replicates.merged(recorded.scores(), steps)
    longer = everything[everything["steps"] == steps]
    seeds = longer.loc[longer["system"] == "S2", "seed"].nunique()
    snrs = [f"{snr:g}".replace("-", "−") for snr in sorted(longer["snr_db"].unique())]
    lines = [
        f"{recorded.caption()}. Means over {seeds} training seeds of S1 and S2.",
        "",
        f"| SNR in dB | {' | '.join(snrs)} | all |",
        "|---" * (len(snrs) + 2) + "|",
        *(f"| {' | '.join(difference(longer, *compared))} |" for compared in COMPARED),
        f"| {' | '.join(printed_difference('S2', 'noisy'))} |",
        f"| {' | '.join(printed_difference('S2', 'S1'))} |",
        "",
        "Bold: the paired 95 % interval over utterances leaves zero out, and the trainings of all "
        "seeds agree in sign. Printed: TIMIT, NoiseX-92 and CHiME-4 noises, 12.7 million "
        "parameters, a far longer training; no intervals.",
        "",
        *findings(everything, steps),
    ]
    return "\n".join(lines)


def findings(everything: pandas.DataFrame, steps: int) -> list[str]:
    """What was asked of the teaching, and what the answer was, as a list."""
    shortest = int(everything["steps"].min())
    earlier = recorded.study()["settings"]["teacher"]["steps"]
    longer = everything[everything["steps"] == steps]
    alone = longer[longer["system"] == "S1"].groupby("seed")["si_sdr"].mean()
    printed = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    first = everything[everything["seed"] == 1]
    plain = first[(first["system"] == "S1") & (first["steps"] == steps)]
    begun = first[(first["system"] == "S1-from-T2") & (first["steps"] == shortest)]
    equal = evaluation.paired(
        pandas.concat([plain, begun]), "S1-from-T2", "S1", "si_sdr", by=()
    ).iloc[0]
    t2 = longer[longer["system"] == "T2"]["si_sdr"].mean()
    return [
        f"* **Is S2 better than S1?** After {steps:,} steps, "
        f"{verdict(everything, steps)}: {over_seeds(everything, steps)}. After {shortest:,}, "
        f"{verdict(everything, shortest)}: {over_seeds(everything, shortest)}. "
        f"Another seed alone moves S1 by up to {number(alone.max() - alone.min())} dB. The "
        "paper's gap is "
        f"{number((printed['S2'] - printed['S1']).mean(), 2, True)} raw PESQ.",
        f"* **What helps?** In dB of SI-SDR over the S1 of the same steps and seeds (one training "
        f"each unless a number of seeds is given): {gains(everything)}. Those started from "
        f"T2 have its {earlier:,} steps on top, that from the average all four teachers'; beside "
        f"an S1 with as many steps in all, S1-from-T2 after {shortest:,} is at "
        f"{number(equal['difference'], 2, True)} ({number(equal['low'], 2, True)} to "
        f"{number(equal['high'], 2, True)}). S2-smoothing, the control that knows nothing, is "
        f"{number(smoothing(first, shortest), 3, True)} above S1 in STOI.",
        f"* **Why so little?** {teaching(everything, shortest)} What a network of one range can do "
        f"(T2 alone, at all SNRs: {number(t2)} dB; S1 {number(alone.mean())} dB) is passed on by "
        "its weights, and hardly by the outputs of one teacher: notebook 06 measures what these "
        "tell the student, and it is not much more than clean speech does.",
        *baselines(longer),
    ]


def over_seeds(everything: pandas.DataFrame, steps: int) -> str:
    """S2 minus S1 at one budget: every training, mean and interval over seeds."""
    leads = replicates.lead_by_budget(everything, metrics=["si_sdr", "pesq_raw"])
    leads = leads[leads["steps"] == steps]
    parts = []
    for metric in ("si_sdr", "pesq_raw"):
        rows = leads[leads["metric"] == metric]
        label, digits = METRICS[metric]
        digits = max(digits, 3 if metric == "pesq_raw" else 2)
        each = rows[rows["seed"] != replicates.ALL]["difference"]
        whole = rows[rows["seed"] == replicates.ALL].iloc[0]
        parts.append(
            f"{label} {', '.join(number(value, digits, True) for value in each)} (mean "
            f"{number(whole['difference'], digits, True)}, 95 % interval over seeds "
            f"{number(whole['low'], digits, True)} to {number(whole['high'], digits, True)})"
        )
    return "; ".join(parts)


def verdict(everything: pandas.DataFrame, steps: int) -> str:
    """The short answer at one budget: what the intervals over seeds leave standing."""
    leads = replicates.lead_by_budget(everything, metrics=["si_sdr", "pesq_raw"])
    whole = leads[(leads["steps"] == steps) & (leads["seed"] == replicates.ALL)]
    better = [METRICS[row.metric][0].split(" in ")[0] for row in whole.itertuples() if row.low > 0]
    worse = [METRICS[row.metric][0].split(" in ")[0] for row in whole.itertuples() if row.high < 0]
    said = [f"{word} in {listed(m)}" for word, m in (("better", better), ("worse", worse)) if m]
    return " and ".join(said) or "not shown"


def gains(everything: pandas.DataFrame) -> str:
    """What every kind of student gains over S1, by budget, with the number of its seeds."""
    table = replicates.by_budget(everything)
    parts = []
    for steps, rows in table.groupby(level=0, sort=False):
        budget = rows.droplevel(0).drop("S1")
        seeds = budget[("", "seeds")].astype(int)
        parts.append(
            f"after {steps} steps "
            + ", ".join(
                f"`{name}` {number(gain, 2, True)}"
                + (f" ({seeds[name]} seeds)" if seeds[name] > 1 else "")
                for name, gain in budget[("si_sdr", "minus S1")].items()
            )
        )
    return "; ".join(parts)


def smoothing(first: pandas.DataFrame, steps: int) -> float:
    """What the smoothing control gains over S1 in STOI."""
    short = first[first["steps"] == steps]
    row = evaluation.paired(short, "S2-smoothing", "S1", "stoi", by=()).iloc[0]
    return float(row["difference"])


def teaching(everything: pandas.DataFrame, steps: int) -> str:
    """Whether it is the right teacher that helps, or any, or all of them, or their level."""
    seeds = replicates.by_seed(everything[everything["steps"] == steps], "S2-mean", "S1")
    whole = seeds[seeds["seed"] == replicates.ALL].iloc[0]
    gain = replicates.by_budget(everything).loc[f"{steps:,}"][("si_sdr", "minus S1")]
    right, lot, mean, quieter = (gain[f"S2{k}"] for k in ("", "-random", "-mean", "-quieter"))
    said = "A teacher drawn by lot " + (
        "does better than the right one: what is gained is no sign of the right expert at work."
        if lot > right
        else "does not do better than the right one."
    )
    choices = ["", "-random", "-neighbour", "-soft", "-best", "-one-teacher"]
    if mean > gain[[f"S2{choice}" for choice in choices]].max():
        said += (
            " Best of all choices is the mean of all four (95 % interval over "
            f"{len(seeds) - 1} seeds {number(whole['low'], 2, True)} to "
            f"{number(whole['high'], 2, True)} after {steps:,} steps)"
        )
        said += (
            ", and not for its level: clean speech as quiet as in that mean is at "
            f"{number(quieter, 2, True)}."
            if quieter < mean / 2
            else f", much of it by its level: {number(quieter, 2, True)}."
        )
    return said


def baselines(longer: pandas.DataFrame) -> list[str]:
    """Every other method against S2, in words."""
    millions = {
        name: f"{card['parameters'] / 1e6:.2f} million"
        for name, card in recorded.study()["training"].items()
    }
    networks = [
        name for name in sorted(set(longer["system"])) if name.split("-")[0] in systems.BASELINES
    ]
    what = {
        "log_mmse": "no training",
        **{name: millions[name] for name in networks},
        "teachers-estimated-snr": f"all four, {millions['T1']} each; the SNR is estimated",
    }
    return [
        f"* **Are other methods better than S2** ({millions['S2']} parameters, after the teachers' "
        "trainings; mean of its own)? One training of each network, as many steps as S2; sizes "
        "are not those of the papers. More in notebook 07.",
        *(
            f"    * `{name}` ({said}): " + better_than(longer, name, "S2", list(METRICS))
            for name, said in what.items()
        ),
    ]


if __name__ == "__main__":
    readme_marks.fill("results", results())
