"""Writes what a finished study cost into the notebooks, the README and a table of the package.

    python tools/record_costs.py runs/fast

Run it after a study that started from an empty run folder. The cost line of each notebook (the
line that ends in `<!-- cost -->`) and the README's table (between `<!-- costs -->` marks) are
made from `snrlib/assets/recorded/costs.csv`, which keeps the last recorded run of each profile.
"""

import argparse
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pandas
import readme_marks

from snrlib.evaluation import recorded
from snrlib.models import checkpoint
from snrlib.support import tables
from snrlib.support.files import checksum, kit_root, read_json, write_text
from snrlib.support.text import duration

COSTS = Path(__file__).parents[1] / "snrlib/assets/recorded/costs.csv"
MARK = "<!-- cost -->"


def code_identity(notebook: Path) -> str:
    """Changes when a notebook's code does: costs recorded before are out of date then."""
    cells = nbformat.read(notebook, as_version=4).cells
    return checksum([cell.source for cell in cells if cell.cell_type == "code"])


def machine() -> str:
    """What the costs were measured on, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*: (.*)", cpuinfo.read_text())
        model = found.group(1) if found else model
    return f"{os.cpu_count()} cores, {model}"


def record(run_dir: Path, remark: str = "") -> pandas.DataFrame:
    """The costs of a finished study, joined to those recorded for other profiles."""
    profile = read_json(run_dir / "run.json")["profile"]
    facts = read_json(run_dir / "study.json")
    rows = [
        {
            "profile": profile,
            "notebook": name,
            "seconds": entry["seconds"],
            "memory_mb": entry["memory_mb"],
            "machine": ", ".join(word for word in (machine(), remark) if word),
            "recorded": datetime.now(UTC).date().isoformat(),
            "commit": checkpoint.commit(),
            "code": code_identity(kit_root() / "notebooks" / f"{name}.ipynb"),
        }
        for name, entry in sorted(facts.items())
        if entry.get("status") == "done"
    ]
    table = pandas.DataFrame(rows)
    if COSTS.exists():
        others = tables.read(COSTS)
        table = pandas.concat([others[others["profile"] != profile], table], ignore_index=True)
    return table


def cost_line(table: pandas.DataFrame, notebook: str) -> str:
    """What a notebook says about its own cost."""
    rows = table[table["notebook"] == notebook]
    parts = [
        f"profile `{row.profile}`: {duration(row.seconds)}, {row.memory_mb / 1000:.1f} GB of memory"
        for row in rows.itertuples()
    ]
    where = " / ".join(rows["machine"].unique())
    return f"*Cost, on {where}: {'; '.join(parts)}.* {MARK}"


def fill_notebook(path: Path, table: pandas.DataFrame) -> None:
    """Replaces the cost line in the notebook's first cell."""
    text = path.read_text(encoding="utf-8")
    book = nbformat.reads(text, as_version=4)
    first = book.cells[0]
    lines = [
        cost_line(table, path.stem) if line.rstrip().endswith(MARK) else line
        for line in first.source.splitlines()
    ]
    first.source = "\n".join(lines)
    write_text(path, nbformat.writes(book).rstrip("\n") + "\n")


def readme_table(table: pandas.DataFrame) -> str:
    """The README's table of costs: one row per notebook, one column per recorded profile."""
    profiles = list(table["profile"].unique())
    lines = ["What a study costs (a second time nothing is computed again):", ""]
    lines += ["| notebook | " + " | ".join(f"`{p}`" for p in profiles) + " |"]
    lines.append("|---" * (len(profiles) + 1) + "|")
    for name, rows in table.groupby("notebook"):
        costs = {
            r.profile: f"{duration(r.seconds)}, {r.memory_mb / 1000:.1f} GB"
            for r in rows.itertuples()
        }
        lines.append(f"| {name} | " + " | ".join(costs.get(p, "") for p in profiles) + " |")
    totals = table.groupby("profile", sort=False)["seconds"].sum()
    lines.append("| together | " + " | ".join(duration(totals[p]) for p in profiles) + " |")
    row = table.iloc[-1]
    lines += ["", f"Measured on {row['machine']}, {row['recorded']}; set-up not included."]
    return "\n".join(lines)


def main() -> None:
    """Records the run named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run_dir", type=Path, help="run folder of a finished study")
    parser.add_argument("--remark", default="", help="such as: busy with other work")
    arguments = parser.parse_args()
    table = record(arguments.run_dir, arguments.remark)
    tables.write(COSTS, table)
    for notebook in sorted((kit_root() / "notebooks").glob("*.ipynb")):
        if (table["notebook"] == notebook.stem).any():
            fill_notebook(notebook, table)
    readme_marks.fill("costs", readme_table(table))
    # The estimates name the time of the whole run beside them. Imported here: it imports this file.
    from record_profiles import readme_table as expected_table

    readme_marks.fill("expected", expected_table(recorded.expected()))


if __name__ == "__main__":
    main()
