"""Writes measured speeds into the README, from the report of `snrlib bench`.

    snrlib bench && python tools/record_speed.py runs/bench.json

The report is kept in `snrlib/assets/recorded/speed.json`; several reports (one part each) are
joined, later ones win. The table stands between the README's `<!-- speed -->` marks.
"""

import argparse
from pathlib import Path
from typing import Any

import readme_marks

from snrlib.files import read_json, write_json

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
    for figure in report["figures"]:
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
        f"Medians and ranges of repeats, measured by `snrlib bench` on {where}; it {bf16}.",
    ]
    if not machine["gpu"]:
        lines.append("Nothing has been measured on a GPU yet; the same command does it there.")
    return "\n".join(lines)


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
