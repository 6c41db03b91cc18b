"""Writes what the recorded study found into the README.

    python tools/record_results.py

Run it after tools/record_study.py. The text stands between the README's `<!-- results -->` marks
and is made from the recorded scores and the printed tables alone; a test compares the two.
"""

import pandas
import readme_marks

from snrlib import evaluation, published, recorded, replicates, systems
from snrlib.findings import better_where, listed, number

METRICS = {"si_sdr": ("SI-SDR in dB", 2), "pesq_raw": ("raw PESQ", 2), "stoi": ("STOI", 3)}
UPPER_DB = -5  # from here up there is speech to be saved
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
        "seeds agree in sign: weaker evidence than an interval over seeds. Printed: TIMIT, "
        "noises of NoiseX-92 and CHiME-4, 12.7 million parameters, a far longer "
        "training; no intervals.",
        "",
        *findings(everything, steps),
    ]
    return "\n".join(lines)


def findings(everything: pandas.DataFrame, steps: int) -> list[str]:
    """What was asked of the teaching, and what the answer was, as a list."""
    shortest = int(everything["steps"].min())
    longer = everything[everything["steps"] == steps]
    means = everything[everything["system"] == "S1"].groupby(["steps", "seed"])["si_sdr"].mean()
    scatter = means.groupby("steps").agg(lambda seeds: seeds.max() - seeds.min())
    printed = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    upper = everything[everything["snr_db"] >= UPPER_DB]
    where = [f"{leads_by_seed(upper, budget)} after {budget:,}" for budget in (steps, shortest)]
    return [
        f"* **Is S2 better than S1?** After {steps:,} steps, {verdict(everything, steps)}: "
        f"{over_seeds(everything, steps)}. After {shortest:,}, {verdict(everything, shortest)}: "
        f"{over_seeds(everything, shortest)}. What S2 gains in SI-SDR it gains in the loudest "
        f"noise: from {number(UPPER_DB, 0)} dB up its lead is {' and '.join(where)}. Another seed "
        f"alone moves S1 by up to {number(scatter[steps])} dB. The paper's gap is "
        f"{number((printed['S2'] - printed['S1']).mean(), 2, True)} raw PESQ.",
        "* **What helps?** Other students, minus the S1 of the same steps and seeds. Another seed "
        f"moves S1 by up to {number(scatter[shortest])} dB after {shortest:,} steps: smaller gains "
        "of one training say nothing. What the names mean is in notebook 06.",
        "",
        *gains(everything),
        "",
        f"* **Why so little?** {teaching(everything, shortest)}",
        *baselines(longer),
    ]


def leads_by_seed(scores: pandas.DataFrame, steps: int) -> str:
    """S2 minus S1 in SI-SDR, training by training."""
    leads = replicates.by_seed(scores[scores["steps"] == steps], "S2", "S1")
    each = leads[leads["seed"] != replicates.ALL]["difference"]
    return ", ".join(number(value, 2, True) for value in each)


def over_seeds(everything: pandas.DataFrame, steps: int) -> str:
    """S2 minus S1 at one budget: every training, mean and interval over seeds."""
    leads = replicates.lead_by_budget(everything, metrics=list(METRICS))
    leads = leads[leads["steps"] == steps]
    parts = []
    for metric in METRICS:
        rows = leads[leads["metric"] == metric]
        label, digits = METRICS[metric]
        digits = max(digits, 2 if metric == "si_sdr" else 3)
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
    leads = replicates.lead_by_budget(everything, metrics=list(METRICS))
    whole = leads[(leads["steps"] == steps) & (leads["seed"] == replicates.ALL)]
    better = [METRICS[row.metric][0].split(" in ")[0] for row in whole.itertuples() if row.low > 0]
    worse = [METRICS[row.metric][0].split(" in ")[0] for row in whole.itertuples() if row.high < 0]
    said = [f"{word} in {listed(m)}" for word, m in (("better", better), ("worse", worse)) if m]
    return " and ".join(said) or "not shown"


def gains(everything: pandas.DataFrame) -> list[str]:
    """What every kind of student gains over S1, as a table: over all SNRs, and over the upper."""
    metrics = list(METRICS)[::-1]  # rows are sorted by the last
    table = replicates.by_budget(everything, "S1", metrics)
    upper = replicates.by_budget(everything[everything["snr_db"] >= UPPER_DB], "S1", metrics)
    lines = [
        f"| student | steps | trainings | SI-SDR in dB | from {number(UPPER_DB, 0)} dB up | "
        "raw PESQ | STOI |",
        "|---|---|---|---|---|---|---|",
    ]
    for steps, name in (key for key in table.index if key[1] != "S1"):
        row = table.loc[(steps, name)]
        cells = [
            f"`{name}`" + ("\\*" if "-from-" in name else ""),
            steps,
            f"{row[('', 'seeds')]:.0f}",
            number(row[("si_sdr", "minus S1")], 2, True),
            number(upper.loc[(steps, name), ("si_sdr", "minus S1")], 2, True),
            number(row[("pesq_raw", "minus S1")], 3, True),
            number(row[("stoi", "minus S1")], 3, True),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", started(everything)]


def started(everything: pandas.DataFrame) -> str:
    """What stands behind the star: the steps of those that begin with a teacher's weights."""
    shortest, steps = everything["steps"].min(), everything["steps"].max()
    earlier = recorded.study()["settings"]["teacher"]["steps"]
    first = everything[everything["seed"] == 1]
    plain = first[(first["system"] == "S1") & (first["steps"] == steps)]
    begun = first[(first["system"] == "S1-from-T2") & (first["steps"] == shortest)]
    both = pandas.concat([plain, begun])
    equal = evaluation.paired(both, "S1-from-T2", "S1", "si_sdr", by=()).iloc[0]
    return (
        f"\\* T2's {earlier:,} steps come on top, in `-from-average` those of all four teachers. "
        f"Beside the S1 of its seed with as many steps in all, S1-from-T2 after {shortest:,} is at "
        f"{number(equal['difference'], 2, True)} dB ({number(equal['low'], 2, True)} to "
        f"{number(equal['high'], 2, True)}); no S1 was trained for longer."
    )


def teaching(everything: pandas.DataFrame, steps: int) -> str:
    """Whether it is the right teacher that helps, or any, or all of them, or their level."""
    chosen = everything[everything["steps"] == steps]
    seeds = replicates.by_seed(chosen, "S2-mean", "S1")
    whole = seeds[seeds["seed"] == replicates.ALL].iloc[0]
    gain = replicates.by_budget(everything).loc[f"{steps:,}"][("si_sdr", "minus S1")]
    upper = everything[everything["snr_db"] >= UPPER_DB]
    above = replicates.by_budget(upper).loc[f"{steps:,}"][("si_sdr", "minus S1")]
    right, lot, mean, quieter = (gain[f"S2{k}"] for k in ("", "-random", "-mean", "-quieter"))
    said = [
        "The right expert helps where it is *used*: the teachers behind an estimate of the SNR "
        f"are {lead(everything, 'teachers-estimated-snr', 'S2')} of SI-SDR ahead of S2. As a "
        "target it does little, and a teacher drawn by lot "
        + (
            "more: what is gained is no sign of the right expert at work."
            if lot > right
            else "does not do better."
        )
    ]
    choices = ["", "-random", "-neighbour", "-soft", "-best", "-one-teacher"]
    assert above["S2-quieter"] < above["S2-mean"], "then say something else"
    if mean > gain[[f"S2{choice}" for choice in choices]].max():
        said.append(
            "Best of all choices is the mean of all four (95 % interval over "
            f"{len(seeds) - 1} seeds {number(whole['low'], 2, True)} to "
            f"{number(whole['high'], 2, True)} dB after {steps:,} steps)"
            + ". Its level is no more than a part of that: clean speech as quiet as in that mean "
            f"is at {number(quieter, 2, True)}, from {number(UPPER_DB, 0)} dB up at "
            f"{number(above['S2-quieter'], 2, True)} (one training)."
        )
    said.append(
        "Notebook 06 measures what a target tells the weights: the right teacher says at first "
        "what clean speech says, and pulls against it later; the mean of all differs less from "
        "batch to batch."
    )
    return " ".join(said)


def lead(everything: pandas.DataFrame, system: str, reference: str) -> str:
    """How far a system is ahead in SI-SDR after the full budget, with its interval."""
    longer = everything[everything["steps"] == everything["steps"].max()]
    row = evaluation.paired(longer, system, reference, "si_sdr", by=()).iloc[0]
    return (
        f"{number(row['difference'], 2, True)} dB ({number(row['low'], 2, True)} to "
        f"{number(row['high'], 2, True)})"
    )


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
            f"    * `{name}` ({said}): {better_where(longer, name, 'S2', list(METRICS))}"
            for name, said in what.items()
        ),
    ]


if __name__ == "__main__":
    readme_marks.fill("results", results())
