"""Writes what the recorded study found into the README.

    python tools/record_results.py

Run it after tools/record_study.py. The text stands between the README's `<!-- results -->` marks
and is made from the recorded scores and the printed tables alone; a test compares the two.
"""

import pandas
import readme_marks

from snrlib import evaluation, published, recorded, replicates, systems
from snrlib.findings import better_than, number

METRICS = {"si_sdr": ("SI-SDR in dB", 2), "pesq_raw": ("raw PESQ", 2), "stoi": ("STOI", 3)}
COMPARED = [("S2", "noisy", "si_sdr"), ("S2", "noisy", "pesq_raw"), ("S2", "noisy", "stoi"),
            ("S2", "S1", "si_sdr"), ("S2", "S1", "pesq_raw"), ("S2", "S1", "stoi")]  # fmt: skip


def difference(scores: pandas.DataFrame, system: str, reference: str, metric: str) -> list[str]:
    """One row of the table: by SNR and over all, bold where the interval leaves zero out."""
    rows = [
        *evaluation.paired(scores, system, reference, metric).sort_values("snr_db").itertuples(),
        *evaluation.paired(scores, system, reference, metric, by=()).itertuples(),
    ]
    label, digits = METRICS[metric]
    cells = []
    for row in rows:
        text = number(row.difference, digits, True)
        cells.append(f"**{text}**" if row.low > 0 or row.high < 0 else text)
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
        "Bold: the paired 95 % interval over utterances leaves zero out. Printed: TIMIT, NoiseX-92 "
        "and CHiME-4 noises, 12.7 million parameters, a far longer training; no intervals.",
        "",
        *findings(everything, steps),
    ]
    return "\n".join(lines)


def findings(everything: pandas.DataFrame, steps: int) -> list[str]:
    """What was asked of the teaching, and what the answer was, as a list."""
    leads = replicates.lead_by_budget(everything, metrics=["si_sdr"])
    single = leads[(leads["steps"] == steps) & (leads["seed"] != replicates.ALL)]
    whole = leads[(leads["steps"] == steps) & (leads["seed"] == replicates.ALL)].iloc[0]
    s1 = everything[(everything["system"] == "S1") & (everything["steps"] == steps)]
    alone = s1.groupby("seed")["si_sdr"].mean()
    open_ = whole["low"] <= 0 <= whole["high"]
    table = replicates.by_budget(everything)
    gained = "; ".join(
        f"after {steps_text} steps "
        + ", ".join(
            f"`{name}` {number(gain, 2, True)}"
            for name, gain in budget.droplevel(0)[("si_sdr", "minus S1")].drop("S1").items()
        )
        for steps_text, budget in table.groupby(level=0, sort=False)
    )
    earlier = recorded.study()["settings"]["teacher"]["steps"]
    return [
        f"* **Is S2 better than S1?** Training by training: "
        f"{', '.join(number(value, 2, True) for value in single['difference'])} dB of SI-SDR; over "
        f"seeds {number(whole['difference'], 2, True)} (95 % interval "
        f"{number(whole['low'], 2, True)} to {number(whole['high'], 2, True)}). "
        + ("At this size it is not shown to be. " if open_ else "")
        + f"Another seed alone moves S1 by up to {number(alone.max() - alone.min())} dB.",
        f"* **What helps?** In dB of SI-SDR over the S1 of the same steps and seeds: {gained}. "
        f"Those started from teachers have their {earlier:,} steps on top. What these are, and "
        "what follows, is in notebook 06.",
        *baselines(everything, steps),
    ]


def baselines(everything: pandas.DataFrame, steps: int) -> list[str]:
    """Each baseline against the first training of S2, in words."""
    scores = everything[everything["steps"] == steps]
    first = scores[scores["seed"] == scores["seed"].min()]
    millions = {
        name: f"{card['parameters'] / 1e6:.2f}"
        for name, card in recorded.study()["training"].items()
    }
    return [
        f"* **Are other methods better than S2** ({millions['S2']} million parameters)? One "
        "training of each, as long as S2's; more in notebook 07.",
        *(
            f"    * `{name}` ({millions[name]} million): "
            + better_than(first, name, "S2", list(METRICS))
            for name in sorted(first["system"].unique())
            if name.split("-")[0] in systems.BASELINES
        ),
    ]


if __name__ == "__main__":
    readme_marks.fill("results", results())
