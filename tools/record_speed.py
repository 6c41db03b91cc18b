"""Writes measured speeds into the README, from the report of `snrlib bench`.

    snrlib bench && python tools/record_speed.py runs/bench.json

The report is kept in `snrlib/assets/recorded/speed.json`; several reports (one part each) are
joined, later ones win. The table stands between the README's `<!-- speed -->` marks.
"""

import argparse
from pathlib import Path
from typing import Any

import readme_marks

from snrlib.commands.bench import PARTS
from snrlib.support.files import read_json, write_json

KEPT = Path(__file__).parents[1] / "snrlib/assets/recorded/speed.json"


def joined(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """One report of several: the figures of later ones replace those of the same name."""
    figures = {figure["figure"]: figure for report in reports for figure in report["figures"]}
    return {**reports[-1], "figures": list(figures.values())}


def amount(value: float, unit: str) -> str:
    """A median with its unit, in three digits: "0.23 s", "12 ms", "612 MB"."""
    if unit == "s" and value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()


def readme_table(report: dict[str, Any]) -> str:
    """The README's table: what, how it is done plainly, both costs, and the ratio."""
    machine = report["machine"]
    lines = [
        "| what | the plain way | plainly | here | times |",
        "|---|---|---|---|---|",
    ]
    order = list(PARTS)
    figures = sorted(report["figures"], key=lambda figure: order.index(figure["part"]))
    for figure in figures:
        if figure["part"] == "agreement":  # no cost: it stands in words below
            continue
        ratio, unit = figure["ratio"], figure["unit"]
        cells = (
            figure["figure"],
            figure["reference"],
            amount(figure["reference_values"]["median"], unit),
            amount(figure["values"]["median"], unit),
            f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})",
        )
        lines.append("| " + " | ".join(cells) + " |")
    where = (
        f"{machine['cores']} cores of {machine['processor']}, torch {machine['versions']['torch']}"
    )
    bf16 = "computes in bf16" if machine["bf16"] else "does not compute in bf16"
    lines += [
        "",
        *(sentence for figure in figures for sentence in remarks(figure)),
        "",
        f"Medians and ranges of repeats, measured by `snrlib bench` on {where}; it {bf16}.",
    ]
    if not machine["gpu"]:
        lines.append("Nothing has been measured on a GPU yet; the same command does it there.")
    return "\n".join(lines)


def remarks(figure: dict[str, Any]) -> list[str]:
    """What a figure says beside its costs, as items of a list."""
    name, found = figure["figure"][0].upper() + figure["figure"][1:], []
    if figure["part"] == "agreement":
        differ, seeds = figure["largest difference, relative"], figure["the same between two seeds"]
        found.append(
            f"* {name}: that of a training in bf16 differs from that in float32 by at "
            f"most {differ:.0%}; two seeds in float32 differ by up to {seeds:.0%}."
        )
    if figure["part"] == "inference":
        found.append(
            f"* {name}: costs are per second of audio; the largest difference from "
            f"the plain output is {figure['difference']:.0e} of full scale."
        )
    if figure["part"] == "long_audio":
        found.append(
            f"* {name}: {figure['real time']:.3f} of real time; the output differs from that of "
            f"the recording enhanced as a whole by {figure['difference']:.1g} of full scale."
        )
    return found


def main() -> None:
    """Records the reports named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reports", type=Path, nargs="+", help="JSON files of snrlib bench")
    arguments = parser.parse_args()
    earlier = [read_json(KEPT)] if KEPT.exists() else []
    report = joined([*earlier, *[read_json(path) for path in arguments.reports]])
    write_json(KEPT, report)
    readme_marks.fill("speed", readme_table(report))


if __name__ == "__main__":
    main()
