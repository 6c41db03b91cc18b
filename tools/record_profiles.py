"""Writes what each profile would cost on this machine into the README and the package.

    python tools/record_profiles.py

The costs are estimated by `snrlib.commands.bench.studies` from single steps and scores. `fast` is
estimated, too, though it has been run as a whole: the two totals beside each other show how far
such estimates can be trusted. Memory is the peak of a process of its own that makes steps at the
profile's full batch, where that is tried (`--memory`). Disk: models, the decoded corpora at their
full size, executed notebooks and pages.
"""

import argparse

import pandas
import readme_marks
from record_costs import machine

from snrlib.commands.bench import studies
from snrlib.evaluation import recorded
from snrlib.experiment import profiles
from snrlib.models import checkpoint
from snrlib.support.files import kit_root
from snrlib.support.text import duration

EXPECTED = kit_root() / "snrlib/assets/recorded/expected.csv"


def spent(seconds: float) -> str:
    """A time in words; long ones in days."""
    return duration(seconds) if seconds < 2 * 86_400 else f"{seconds / 86_400:,.0f} days"


def readme_table(table: pandas.DataFrame) -> str:
    """The README's table: one row per profile."""
    lines = ["| profile | training and all else | memory | disk |", "|---|---|---|---|"]
    for name, rows in table.groupby("profile", sort=False):
        memory = rows["memory_mb"].iloc[0]
        lines.append(
            f"| `{name}` | {spent(rows['seconds'].sum())} | "
            + (f"{memory / 1000:.1f} GB" if pandas.notna(memory) else "not tried")
            + f" | {rows['disk_mb'].iloc[0] / 1000:.1f} GB |"
        )
    row = table.iloc[-1]
    own = duration(recorded.costs().query("profile == 'fast'")["seconds"].sum())
    lines += [
        "",
        f"Estimated on {row['machine']} from single training steps and scores of each profile "
        f"({row['recorded']}; `fast`, run as a whole, took {own}). "
        "Memory is that of training at the profile's batch. `gpu` and `paper` are not meant for "
        "a processor: what they cost on a GPU has not been measured yet, and `python "
        "tools/record_profiles.py` measures it there. `snrlib study --dry-run` tells the cost of "
        "each notebook.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measures the profiles named, and keeps what is known of the others."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profiles", nargs="+", default=profiles.names())
    parser.add_argument(
        "--memory", nargs="*", default=["fast", "cpu"], help="profiles whose memory is tried"
    )
    arguments = parser.parse_args()
    tables = [recorded.expected()]
    for name in arguments.profiles:
        profile = profiles.load(name)
        table = studies.costs(profile, print)
        tried = name in arguments.memory
        table["memory_mb"] = round(studies.memory_mb(profile, print)) if tried else None
        table["disk_mb"] = round(studies.disk_mb(profile))
        today = pandas.Timestamp.now("UTC").date().isoformat()
        table = table.assign(
            profile=name, machine=machine(), recorded=today, commit=checkpoint.commit()
        )
        tables = [old[old["profile"] != name] for old in tables] + [table]
        print(f"{name}: {duration(table['seconds'].sum())}")
    table = pandas.concat([t for t in tables if len(t)], ignore_index=True)
    table["seconds"] = table["seconds"].round()
    order = {name: place for place, name in enumerate(profiles.names())}
    table = table.sort_values(["profile", "notebook"], key=lambda c: c.map(order).fillna(c))
    tables.write(EXPECTED, table)
    readme_marks.fill("expected", readme_table(table))


if __name__ == "__main__":
    main()
