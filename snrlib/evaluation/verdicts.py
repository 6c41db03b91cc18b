"""What the recorded study found: the README's "What came out", and the same in notebook 06.

Everything is made from the recorded scores and the printed tables; nothing is typed.

Notebook: 06_ablation_s1_vs_s2.
"""

from typing import Any

import pandas as pd

from snrlib.evaluation import published, recorded, seeds
from snrlib.evaluation.findings import better_where, over_all
from snrlib.evaluation.statistics import paired
from snrlib.metrics import DIGITS, NAMES
from snrlib.support.text import listed, number
from snrlib.teachers import routing

BASELINES = ("wavenet", "psa_bilstm", "crn")
METRICS = {"si_sdr": ("SI-SDR in dB", 2), "pesq_raw": ("raw PESQ", 2), "stoi": ("STOI", 3)}
GAIN = ("si_sdr", "minus S1")  # a column of seeds.by_budget
UPPER_DB = -5  # from here up there is speech to be saved
COMPARED = [("S2", "noisy", "si_sdr"), ("S2", "noisy", "pesq_raw"), ("S2", "noisy", "stoi"),
            ("S2", "S1", "si_sdr"), ("S2", "S1", "pesq_raw"), ("S2", "S1", "stoi")]  # fmt: skip


def difference(scores: pd.DataFrame, system: str, reference: str, metric: str) -> list[str]:
    """One row of the table: by SNR and over all.

    Bold where the interval over utterances leaves zero out and all trainings agree in sign.
    """
    rows = [
        *paired(scores, system, reference, metric).sort_values("snr_db").itertuples(),
        *paired(scores, system, reference, metric, by=()).itertuples(),
    ]
    label, digits = METRICS[metric]
    agreed = same_sign(scores, system, reference, metric)
    cells = []
    for row in rows:
        text = number(row.difference, digits, True)
        sure = (row.low > 0 or row.high < 0) and agreed[getattr(row, "snr_db", "all")]
        cells.append(f"**{text}**" if sure else text)
    return [f"{system} minus {reference}, {label}", *cells]


def same_sign(scores: pd.DataFrame, system: str, reference: str, metric: str) -> dict:
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
    everything = seeds.merged(recorded.scores(), steps)
    longer = everything[everything["steps"] == steps]
    trainings = longer.loc[longer["system"] == "S2", "seed"].nunique()
    snrs = [number(snr, 0) for snr in sorted(longer["snr_db"].unique())]
    lines = [
        f"{recorded.caption()}. Means over {trainings} training seeds of S1 and S2.",
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


def findings(everything: pd.DataFrame, steps: int) -> list[str]:
    """What was asked of the teaching, and what the answer was, as a list."""
    shortest = int(everything["steps"].min())
    longer = everything[everything["steps"] == steps]
    means = everything[everything["system"] == "S1"].groupby(["steps", "seed"])["si_sdr"].mean()
    scatter = means.groupby("steps").agg(lambda means: means.max() - means.min())
    printed = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    upper = everything[everything["snr_db"] >= UPPER_DB]
    leads = dict(iter(seeds.lead_by_budget(everything, metrics=list(METRICS)).groupby("steps")))
    leads_above = seeds.lead_by_budget(upper, metrics=["si_sdr"])
    where = [
        f"{each_seed(leads_above[leads_above['steps'] == budget])} after {budget:,}"
        for budget in (steps, shortest)
    ]
    # Rows are sorted by the last metric.
    table = seeds.by_budget(everything, "S1", list(METRICS)[::-1])
    above = seeds.by_budget(upper, "S1", ["si_sdr"])[GAIN]
    return [
        f"* **Is S2 better than S1?** After {steps:,} steps, {verdict(leads[steps])}: "
        f"{over_seeds(leads[steps])}. After {shortest:,}, {verdict(leads[shortest])}: "
        f"{over_seeds(leads[shortest])}. What S2 gains in SI-SDR it gains in the loudest "
        f"noise: from {number(UPPER_DB, 0)} dB up its lead is {' and '.join(where)}. Another seed "
        f"alone moves S1 by up to {number(scatter[steps])} dB. The paper's gap is "
        f"{number((printed['S2'] - printed['S1']).mean(), 2, True)} raw PESQ.",
        "* **What helps?** Other students, minus the S1 of the same steps and seeds. Another seed "
        f"moves S1 by up to {number(scatter[shortest])} dB after {shortest:,} steps: smaller gains "
        "of one training say nothing. What the names mean is in notebook 06.",
        "",
        *gains(table, above),
        "",
        started(everything, steps, shortest),
        "",
        "* **Why so little?** "
        + teaching(everything, longer, shortest, table[GAIN][f"{shortest:,}"], above),
        *baselines(longer),
    ]


def between(row: Any, digits: int = 2) -> str:
    """The ends of an interval."""
    return f"{number(row['low'], digits, True)} to {number(row['high'], digits, True)}"


def each_seed(rows: pd.DataFrame, digits: int = 2) -> str:
    """A lead, training by training."""
    each = rows[rows["seed"] != seeds.ALL]["difference"]
    return ", ".join(number(value, digits, True) for value in each)


def over_seeds(leads: pd.DataFrame) -> str:
    """S2 minus S1 at one budget: every training, mean and interval over seeds."""
    parts = []
    for metric, (label, _) in METRICS.items():
        rows = leads[leads["metric"] == metric]
        digits = DIGITS[metric]
        whole = rows[rows["seed"] == seeds.ALL].iloc[0]
        parts.append(
            f"{label} {each_seed(rows, digits)} (mean "
            f"{number(whole['difference'], digits, True)}, 95 % interval over seeds "
            f"{between(whole, digits)})"
        )
    return "; ".join(parts)


def verdict(leads: pd.DataFrame) -> str:
    """The short answer at one budget: what the intervals over seeds leave standing."""
    whole = leads[leads["seed"] == seeds.ALL]
    better = [NAMES[metric] for metric in whole[whole["low"] > 0]["metric"]]
    worse = [NAMES[metric] for metric in whole[whole["high"] < 0]["metric"]]
    said = [f"{word} in {listed(m)}" for word, m in (("better", better), ("worse", worse)) if m]
    return " and ".join(said) or "not shown"


def gains(table: pd.DataFrame, above: pd.Series) -> list[str]:
    """What every kind of student gains over S1, as a table: over all SNRs, and over the upper."""
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
            number(row[GAIN], 2, True),
            number(above[steps, name], 2, True),
            number(row[("pesq_raw", "minus S1")], 3, True),
            number(row[("stoi", "minus S1")], 3, True),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def started(everything: pd.DataFrame, steps: int, shortest: int) -> str:
    """What stands behind the star: the steps of those that begin with a teacher's weights."""
    earlier = recorded.study()["settings"]["teacher"]["steps"]
    first = everything[everything["seed"] == 1]
    plain = first[(first["system"] == "S1") & (first["steps"] == steps)]
    begun = first[(first["system"] == "S1-from-T2") & (first["steps"] == shortest)]
    both = pd.concat([plain, begun])
    equal = paired(both, "S1-from-T2", "S1", "si_sdr", by=()).iloc[0]
    return (
        f"\\* T2's {earlier:,} steps come on top, in `-from-average` those of all four teachers. "
        f"Beside the S1 of its seed with as many steps in all, S1-from-T2 after {shortest:,} is at "
        f"{number(equal['difference'], 2, True)} dB ({between(equal)}); no S1 was trained for "
        "longer."
    )


def teaching(
    everything: pd.DataFrame,
    longer: pd.DataFrame,
    steps: int,
    gain: pd.Series,
    above: pd.Series,
) -> str:
    """Whether it is the right teacher that helps, or any, or all of them, or their level.

    Args:
        everything: all scores.
        longer: those of the full budget.
        steps: the budget of all controls.
        gain: of each student of that budget over S1.
        above: the same by (steps, student), over the upper SNRs.
    """
    used = paired(longer, routing.ESTIMATED, "S2", "si_sdr", by=()).iloc[0]
    per_seed = seeds.by_seed(everything[everything["steps"] == steps], "S2-mean", "S1")
    right, lot, mean, quieter = (gain[f"S2{k}"] for k in ("", "-random", "-mean", "-quieter"))
    said = [
        "The right expert helps where it is *used*: the teachers behind an estimate of the SNR "
        f"are {number(used['difference'], 2, True)} dB ({between(used)}) of SI-SDR ahead of S2. "
        "As a target it does little, and a teacher drawn by lot "
        + (
            "more: what is gained is no sign of the right expert at work."
            if lot > right
            else "does not do better."
        )
    ]
    choices = ["", "-random", "-neighbour", "-soft", "-best", "-one-teacher"]
    quieter_above = above[f"{steps:,}", "S2-quieter"]
    assert quieter_above < above[f"{steps:,}", "S2-mean"], "then say something else"
    if mean > gain[[f"S2{choice}" for choice in choices]].max():
        said.append(
            f"Best of all choices is the mean of all four (95 % interval over {len(per_seed) - 1} "
            f"seeds {between(per_seed.iloc[-1])} dB after {steps:,} steps). Its level is no more "
            f"than a part of that: clean speech as quiet as in that mean is at "
            f"{number(quieter, 2, True)}, from {number(UPPER_DB, 0)} dB up at "
            f"{number(quieter_above, 2, True)} (one training)."
        )
    said.append(
        "Notebook 06 measures what a target tells the weights: the right teacher says at first "
        "what clean speech says, and pulls against it later; the mean of all differs less from "
        "batch to batch."
    )
    return " ".join(said)


def baselines(longer: pd.DataFrame) -> list[str]:
    """Every other method against S2, in words."""
    millions = {
        name: f"{card['parameters'] / 1e6:.2f} million"
        for name, card in recorded.study()["training"].items()
    }
    networks = [name for name in sorted(set(longer["system"])) if name.split("-")[0] in BASELINES]
    what = {
        "log_mmse": "no training",
        **{name: millions[name] for name in networks},
        routing.ESTIMATED: f"all four, {millions['T1']} each; the SNR is estimated",
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


def moved(everything: pd.DataFrame, steps: int) -> list[str]:
    """What else moves S1 in the recorded study: another seed, another teacher, another start.

    Args:
        everything: all recorded scores, from :func:`snrlib.evaluation.seeds.merged`.
        steps: the students' full budget.
    """
    shortest = int(everything["steps"].min())
    upper = everything[everything["snr_db"] >= UPPER_DB]
    lines = ["S2 minus S1, one number per training seed:", ""]
    leads = seeds.lead_by_budget(everything, metrics=list(METRICS))
    for budget, rows in leads.groupby("steps"):
        lines.append(f"* {budget:,} steps: {over_seeds(rows)}.")
    for budget, rows in seeds.lead_by_budget(upper, metrics=["si_sdr"]).groupby("steps"):
        whole = rows[rows["seed"] == seeds.ALL].iloc[0]
        lines.append(
            f"* From {number(UPPER_DB, 0)} dB up alone, {budget:,} steps, SI-SDR in dB: "
            f"{each_seed(rows)}; mean {number(whole['difference'], 2, True)}, 95 % interval over "
            f"seeds {between(whole)}."
        )
    lines += ["", "What else moves S1, in SI-SDR:", ""]
    means = everything[everything["system"] == "S1"].groupby(["steps", "seed"])["si_sdr"].mean()
    for budget, values in means.groupby("steps"):
        lines.append(
            f"* Another seed alone: {len(values)} trainings of {budget:,} steps lie within "
            f"{number(values.max() - values.min())} dB of each other."
        )
    gain = seeds.by_budget(everything, "S1", list(METRICS)[::-1])[GAIN]
    above = seeds.by_budget(upper, "S1", ["si_sdr"])[GAIN]
    lines += [*_by_teacher(everything, gain, above, shortest), *_by_start(everything, gain, steps)]
    first = everything[(everything["seed"] == 1) & (everything["steps"] == shortest)]
    lines.append(
        f"* Smoothing, the control that knows nothing, after {shortest:,} steps: "
        + " ".join(over_all(first, "S2-smoothing", "S1", metric) for metric in ("stoi", "si_sdr"))
    )
    return [
        *lines,
        "",
        "A difference that leaves zero out over utterances is one between *these trainings*: two "
        "seeds of S1 differ as clearly. Only what several seeds agree on is a difference between "
        "methods.",
    ]


def _by_teacher(
    everything: pd.DataFrame, gain: pd.Series, above: pd.Series, shortest: int
) -> list[str]:
    """The right teacher, one drawn by lot, the mean of all, and their level alone."""

    def gains(name: str) -> str:
        found = gain.xs(name, level="system")
        return listed(
            [f"{number(v, 2, True)} dB in {n} steps" for n, v in reversed(list(found.items()))]
        )

    right, lot = (gain.xs(name, level="system") for name in ("S2", "S2-random"))
    early = f"{shortest:,}"
    per_seed = seeds.by_seed(everything[everything["steps"] == shortest], "S2-mean", "S1")
    return [
        f"* The teacher of the SNR gains {gains('S2')}, a teacher drawn by lot "
        f"{gains('S2-random')}: "
        + (
            "no sign that the right expert is what helps."
            if (lot > right.reindex(lot.index)).all()
            else "the right one is better at least once."
        ),
        f"* The mean of all four teachers, what a random one says on average, gains "
        f"{gains('S2-mean')} ({early} steps: 95 % interval over {len(per_seed) - 1} seeds "
        f"{between(per_seed.iloc[-1])}); clean speech as quiet as in that mean, with nothing else "
        f"of it, {number(gain[early, 'S2-quieter'], 2, True)} dB in {early}. From "
        f"{number(UPPER_DB, 0)} dB up, these are {number(above[early, 'S2-mean'], 2, True)} and "
        f"{number(above[early, 'S2-quieter'], 2, True)} dB: how loud the four say it may be a part "
        "of the gain there.",
    ]


def _by_start(everything: pd.DataFrame, gain: pd.Series, steps: int) -> list[str]:
    """A start from a teacher's weights, beside as many steps in all."""
    shortest = int(everything["steps"].min())
    early, full = f"{shortest:,}", f"{steps:,}"
    first = everything[everything["seed"] == 1]
    plain = first[(first["system"] == "S1") & (first["steps"] == steps)]
    lines = [
        f"* Started from the weights of T2, S1 gains "
        f"{number(gain[early, 'S1-from-T2'], 2, True)} dB without any teacher's output, S2 "
        f"{number(gain[early, 'S2-from-T2'], 2, True)} dB with them. But T2's steps come on top. "
        "Beside the S1 of the same seed and of as many steps in all:"
    ]
    for name in ("S1-from-T2", "S2-from-T2"):
        begun = first[(first["system"] == name) & (first["steps"] == shortest)]
        lines.append("    * " + over_all(pd.concat([plain, begun]), name, "S1", "si_sdr"))
    if (full, "S1-from-T2") in gain.index:
        lines.append(
            f"* With {full} steps of their own on top of T2's, those two gain "
            f"{number(gain[full, 'S1-from-T2'], 2, True)} and "
            f"{number(gain[full, 'S2-from-T2'], 2, True)} dB."
        )
    return lines
