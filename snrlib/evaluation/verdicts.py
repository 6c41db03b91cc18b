"""What the recorded study found: the README's "What came out", and the same in notebook 06.

Everything is made from the recorded scores and the printed tables; nothing is typed.

Notebook: 06_ablation_s1_vs_s2.
"""

from typing import Any

import pandas as pd

from snrlib.evaluation import claim_map, published, recorded, seeds
from snrlib.evaluation.findings import better_where, headline, over_all
from snrlib.evaluation.statistics import paired
from snrlib.metrics import DIGITS
from snrlib.support.text import listed, number
from snrlib.teachers import routing

BASELINES = ("wavenet", "psa_bilstm", "crn")
METRICS = {"si_sdr": ("SI-SDR in dB", 2), "pesq_raw": ("raw PESQ", 2), "stoi": ("STOI", 3)}
GAIN = ("si_sdr", "minus S1")  # a column of seeds.by_budget
UPPER_DB = -5  # from here up there is speech to be saved
COMPARED = [("S2", "noisy"), ("S2", "S1")]


def difference(table: pd.DataFrame, system: str, reference: str, metric: str) -> list[str]:
    """One row of the README's table: by SNR and over all, bold where the lead is shown.

    Args:
        table: from :func:`snrlib.evaluation.seeds.cells`.
        system: the system that may be better.
        reference: the other.
        metric: the score.
    """
    label, digits = METRICS[metric]
    rows = [row for row in table.itertuples() if row.metric == metric]
    texts = [(number(row.difference, digits, True), row.shown) for row in rows]
    cells = [f"**{text}**" if shown else text for text, shown in texts]
    return [f"{system} minus {reference}, {label}", *cells]


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
    tables = {pair: seeds.cells(longer, *pair, list(METRICS)) for pair in COMPARED}
    tests = seeds.headline(everything, metrics=list(METRICS), upper_db=UPPER_DB)
    lines = [
        f"**Is S2 better than S1?** {headline(tests)} The paper's gap is {printed_gap()} raw PESQ.",
        "",
        f"{recorded.caption()}. Means over {trainings} training seeds of S1 and S2.",
        "",
        f"| SNR in dB | {' | '.join(snrs)} | all |",
        "|---" * (len(snrs) + 2) + "|",
        *(
            f"| {' | '.join(difference(table, *pair, metric))} |"
            for pair, table in tables.items()
            for metric in METRICS
        ),
        f"| {' | '.join(printed_difference('S2', 'noisy'))} |",
        f"| {' | '.join(printed_difference('S2', 'S1'))} |",
        "",
        f"Bold: zero lies outside of two 95 % intervals, the one over {trainings} training seeds "
        f"(with Holm's correction for the {len(next(iter(tables.values())))} cells of S2 minus "
        "noisy, or of S2 minus S1), and the one over utterances and noises, both drawn anew. "
        "Printed: TIMIT, noises of NoiseX-92 and CHiME-4, 12.7 million parameters, a far longer "
        "training; no intervals.",
        "",
        *findings(everything, steps, tests),
        *small_students(),
    ]
    return "\n".join(lines)


def findings(everything: pd.DataFrame, steps: int, tests: pd.DataFrame) -> list[str]:
    """What was asked of the teaching, and what the answer was, as a list."""
    shortest = int(everything["steps"].min())
    longer = everything[everything["steps"] == steps]
    means = everything[everything["system"] == "S1"].groupby(["steps", "seed"])["si_sdr"].mean()
    scatter = means.groupby("steps").agg(lambda means: means.max() - means.min())
    upper = everything[everything["snr_db"] >= UPPER_DB]
    # Rows are sorted by the last metric.
    table = seeds.by_budget(everything, "S1", list(METRICS)[::-1])
    above = seeds.by_budget(upper, "S1", ["si_sdr"])[GAIN]
    return [
        "* **S2 minus S1, training by training** (another seed alone moves S1 by up to "
        f"{number(scatter[steps])} dB of SI-SDR):",
        "",
        *each_test(tests),
        "",
        "* **What helps?** Other students, minus the S1 of the same steps and seeds. Another seed "
        f"moves S1 by up to {number(scatter[shortest])} dB after {shortest:,} steps: smaller gains "
        "of one training say nothing, and two trainings say little (their interval is in the "
        "table). What the names mean is in notebook 06; `-smoothing` has another optimum than "
        "S1, (1 − αc) E[y|x] + αcx, and its loss from −5 dB up follows from that.",
        "",
        *gains(table, above, everything),
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


def printed_gap() -> str:
    """S2 minus S1 in the paper's Table 2, mean over SNRs."""
    table = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    return number((table["S2"] - table["S1"]).mean(), 2, True)


def each_test(tests: pd.DataFrame) -> list[str]:
    """The headline's tests as a table: every training, mean, interval over seeds, and p."""
    lines = [
        "| steps | SNRs | score | trainings | mean | 95 % over seeds | p | with Holm |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in tests.to_dict("records"):
        digits = DIGITS[row["metric"]]
        where = "all" if pd.isna(row["from_db"]) else f"from {number(row['from_db'], 0)} dB up"
        cells = [
            f"{row['steps']:,}",
            where,
            METRICS[row["metric"]][0],
            ", ".join(number(lead, digits, True) for lead in row["leads"]),
            number(row["difference"], digits, True),
            between(row, digits + 1),
            f"{row['p']:.2g}",
            f"{row['holm']:.2g}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def gains(table: pd.DataFrame, above: pd.Series, everything: pd.DataFrame) -> list[str]:
    """What every kind of student gains over S1, as a table: over all SNRs, and over the upper."""
    lines = [
        "| student | steps | trainings | SI-SDR in dB | 95 % over seeds | "
        f"from {number(UPPER_DB, 0)} dB up | raw PESQ | STOI |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for steps, name in (key for key in table.index if key[1] != "S1"):
        row = table.loc[(steps, name)]
        budget = everything[everything["steps"] == int(steps.replace(",", ""))]
        whole = seeds.by_seed(budget, name, "S1").iloc[-1]
        cells = [
            f"`{name}`" + ("\\*" if "-from-" in name else ""),
            steps,
            f"{row[('', 'seeds')]:.0f}",
            number(row[GAIN], 2, True),
            "" if whole["seed"] != seeds.ALL else between(whole),
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
    used = paired(longer, routing.ESTIMATED, "S2", "si_sdr", by=(), over_noises=True).iloc[0]
    per_seed = seeds.by_seed(everything[everything["steps"] == steps], "S2-mean", "S1")
    mean, quieter = (gain[f"S2{k}"] for k in ("-mean", "-quieter"))
    said = [
        "The right expert helps where it is *used*: the teachers behind an estimate of the SNR "
        f"are {number(used['difference'], 2, True)} dB ({between(used)}) of SI-SDR ahead of S2. "
        f"As a target it does little, and a teacher drawn by lot "
        f"{by_lot(everything, steps)}."
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
    said.append("Notebook 06 measures what a target tells the weights.")
    return " ".join(said)


def against_s2(longer: pd.DataFrame, name: str) -> str:
    """A method against S2 in words, and its lead in SI-SDR."""
    row = paired(longer, name, "S2", "si_sdr", by=(), over_noises=True).iloc[0]
    words = better_where(longer, name, "S2", list(METRICS), over_noises=True)
    return f"{words} SI-SDR {number(row['difference'], 2, True)} dB ({between(row)})."


def by_lot(everything: pd.DataFrame, steps: int) -> str:
    """Whether a teacher drawn by lot does better than the right one, as far as seeds tell."""
    leads = seeds.by_seed(everything[everything["steps"] == steps], "S2-random", "S2")
    whole = leads.iloc[-1]
    each = listed([number(lead, 2, True) for lead in leads["difference"][:-1]])
    if len(leads) > 1 and whole["low"] > 0:
        return f"does better than the right one ({each} dB)"
    return (
        f"is not told apart from the right one ({each} dB beside it in {len(leads) - 1} "
        f"trainings, 95 % over seeds {between(whole)})"
    )


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
        "are not those of the papers. Intervals are over utterances and noises, both drawn anew. "
        "More in notebook 07.",
        *(f"    * `{name}` ({said}): {against_s2(longer, name)}" for name, said in what.items()),
    ]


def small_students() -> list[str]:
    """What the map of the claim adds: small students under changed conditions, in words."""
    said = claim_map.sentences(
        recorded.claim_map(), recorded.claim_conditions(), recorded.claim_gradients()
    )
    return [
        "* **Where would it help?** A map, begun: students of 0.354 million parameters after 500 "
        "steps on the embedded audio under changed conditions, 324 mixtures of an unseen voice, "
        "intervals over training seeds, not corrected for their number; every expectation was "
        "written down before its training (`tools/map_claim.py`).",
        *(f"    * {sentence}" for sentence in said),
    ]


def moved(everything: pd.DataFrame, steps: int) -> list[str]:
    """What else moves S1 in the recorded study: another seed, another teacher, another start.

    Args:
        everything: all recorded scores, from :func:`snrlib.evaluation.seeds.merged`.
        steps: the students' full budget.
    """
    shortest = int(everything["steps"].min())
    upper = everything[everything["snr_db"] >= UPPER_DB]
    tests = seeds.headline(everything, metrics=list(METRICS), upper_db=UPPER_DB)
    lines = [f"**S2 minus S1**: {headline(tests)}", "", *each_test(tests)]
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
        + " Its optimum is another one than that of S1, (1 − αc) E[y|x] + αcx: a part of the noise "
        "stays in by construction, and costs SI-SDR from −5 dB up."
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

    early = f"{shortest:,}"
    per_seed = seeds.by_seed(everything[everything["steps"] == shortest], "S2-mean", "S1")
    return [
        f"* The teacher of the SNR gains {gains('S2')}, a teacher drawn by lot "
        f"{gains('S2-random')}. After {early} steps the lot {by_lot(everything, shortest)}.",
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
