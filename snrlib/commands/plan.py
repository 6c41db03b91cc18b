"""What a study is going to do, what it will cost, and what is up to date.

A notebook is up to date when its recorded identity still holds: a hash of its source, the
package's source, its parameters, the profile and the identities of the notebooks before it.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas

from snrlib.commands.notebooks import Notebook, assign_parameters, choose, find_notebooks
from snrlib.evaluation import recorded
from snrlib.experiment import profiles
from snrlib.support.files import checksum, read_json, run_folder
from snrlib.support.text import duration

# What draws, prints or starts things cannot change a notebook's numbers.
_PLUMBING = {"__main__.py", "commands"}


_TRAINING = {"04", "05", "06", "07"}  # notebooks whose time goes into trainings


@dataclass
class Plan:
    """What a study is going to do.

    Args:
        notebooks: all notebooks of the kit, in order.
        chosen: names of those that were asked for.
        given: parameters by notebook name.
        profile: the profile's numbers.
        folder: the run folder.
        cell_limit: seconds that one cell may take.
        estimates: seconds by notebook name, where known.
        source: where estimates come from that this run folder has not measured itself.
    """

    notebooks: list[Notebook]
    chosen: list[str]
    given: dict[str, dict[str, Any]]
    profile: dict[str, Any]
    folder: Path
    cell_limit: int
    estimates: dict[str, float] = field(default_factory=dict)
    source: str = ""

    def identities(self, notebook: Notebook, before: list[str]) -> tuple[str, str]:
        """The identities of a notebook's computation and of the notebook with its prose.

        Args:
            notebook: the notebook.
            before: the computations' identities of the notebooks before it.
        """
        code = [cell.source for cell in notebook.source.cells if cell.cell_type == "code"]
        given = {k: v for k, v in self.given[notebook.name].items() if k != "run_dir"}
        computation = checksum(code, package_source(), given, self.profile, before)
        cells = [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.source.cells]
        return computation, checksum(computation, cells)


@cache
def package_source() -> str:
    """A hash of every file of the package that can change a notebook's numbers."""
    package = Path(__file__).parents[1]
    files = sorted(
        path
        for path in package.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not _PLUMBING & set(path.relative_to(package).parts)
    )
    return checksum(*[x for f in files for x in (str(f.relative_to(package)), f.read_bytes())])


def plan(
    profile: str = "fast",
    run_dir: str = "",
    only: list[str] | None = None,
    start: str | None = None,
    common: dict[str, Any] | None = None,
    given: dict[str, str] | None = None,
    notebooks: Path | None = None,
) -> Plan:
    """Reads the notebooks and checks everything that can be checked before a kernel starts.

    Args:
        profile: the profile's name.
        run_dir: the run folder; empty: `runs/<profile>`. `runs/...` lies in the kit.
        only: numbers or names of the notebooks to run; empty: all.
        start: number or name of the first notebook to run.
        common: other parameters that every notebook takes (`seed`, `speech`, ...).
        given: further parameters as text, for the notebooks that take them.
        notebooks: the folder of the notebooks; None: the kit's.

    Raises:
        SnrlibError: an unknown profile, notebook or parameter, or a value of another type.
    """
    given = dict(given or {})
    profile, run_dir = given.pop("profile", profile), given.pop("run_dir", run_dir)
    numbers = profiles.load(profile)
    folder = run_folder(run_dir or f"runs/{numbers['name']}")
    found = find_notebooks(notebooks)
    chosen = choose(found, only or [], start)
    every = {"profile": profile, "run_dir": str(folder)} | (common or {})
    running = [notebook for notebook in found if notebook.name in chosen]
    assigned = assign_parameters(running, every, given)
    for notebook in found:  # those not chosen matter only as predecessors
        assigned.setdefault(notebook.name, every)
    limit = int(60 * numbers.get("cell_minutes", 120))
    costs, source = expected_costs(numbers)
    measured = {n: r["seconds"] for n, r in read_record(folder).items() if r.get("seconds")}
    if measured.keys() >= set(chosen):
        source = ""
    return Plan(found, chosen, assigned, numbers, folder, limit, costs | measured, source)


def expected_costs(
    profile: dict[str, Any], table: pandas.DataFrame | None = None
) -> tuple[dict[str, float], str]:
    """Seconds by notebook before the first run of a profile here, and where they come from.

    The profile's own numbers come first, then those of a whole recorded run, then what single
    steps and scores of the profile added up to (:mod:`snrlib.commands.bench.studies`), then a rough
    estimate: another profile's costs, with trainings scaled by what they compute and the other
    notebooks by the size of the test set.

    Args:
        profile: the profile's numbers.
        table: recorded costs; None for those that come with the kit.
    """
    if profile.get("cost"):
        return {n: float(seconds) for n, seconds in profile["cost"].items()}, ""
    table = recorded.costs() if table is None else table
    estimated = "estimated from single steps timed on {}; a GPU needs far less"
    for rows, words in ((table, "recorded on {}"), (recorded.expected(), estimated)):
        own = rows[rows["profile"] == profile["name"]]
        if len(own):
            costs = dict(zip(own["notebook"], own["seconds"].astype(float), strict=True))
            return costs, words.format(", ".join(own["machine"].unique()))
    work = _work(profile)
    for known, rows in table.groupby("profile"):
        other = _work(profiles.load(str(known)))
        if work and other:
            machine = rows["machine"].iloc[0]
            source = (
                f"a rough estimate, scaled from profile {known} recorded on {machine}; "
                "a GPU needs far less"
            )
            larger = [max(1.0, a / b) for a, b in zip(work, other, strict=True)]
            return {
                row.notebook: row.seconds * larger[0 if row.notebook[:2] in _TRAINING else 1]
                for row in rows.itertuples()
            }, source
    return {}, ""


def _work(profile: dict[str, Any]) -> tuple[float, float] | None:
    """Samples trained on times the weights they meet, and mixtures per SNR of the test set."""
    try:
        budgets = [(4, profile["teacher"]), (2, profile["student"])]
        rows = sum(times * part["steps"] * part["batch"] for times, part in budgets)
        weights = profile["model"]["channels"] ** 2
        noises = profile["data"].get("test_noises", 9)  # all of the paper's nine, unless said
        return float(rows * weights), float(profile["data"]["test_utterances"] * noises)
    except KeyError:  # a profile of the reader's own need not be complete to be planned
        return None


def states(plan: Plan, force: bool = False) -> dict[str, str]:
    """What would happen to each chosen notebook now: "up to date" or "to run"."""
    record = read_record(plan.folder)
    found: dict[str, str] = {}
    before: list[str] = []
    for notebook in plan.notebooks:
        computation, identity = plan.identities(notebook, before)
        old = record.get(notebook.name, {})
        if notebook.name in plan.chosen:
            fresh = old.get("identity") == identity and old.get("status") == "done"
            there = executed_path(plan.folder, notebook.name).is_file()
            found[notebook.name] = "up to date" if fresh and there and not force else "to run"
            before.append(computation)
        else:
            before.append(old.get("computation", ""))
    return found


def describe(plan: Plan, state: dict[str, str] | None = None) -> str:
    """The plan as text: each notebook, whether it would run, and what that would cost.

    Args:
        plan: of the study.
        state: :func:`states` of it, where they are known already.
    """
    lines = [f"Study in {plan.folder}"]
    state = states(plan) if state is None else state
    for name, word in state.items():
        cost = f"about {duration(plan.estimates[name])}" if name in plan.estimates else "not known"
        lines.append(f"  {name:<28}{word:<12}{cost if word == 'to run' else ''}".rstrip())
    waiting = [name for name, word in state.items() if word == "to run"]
    unknown = [name for name in waiting if name not in plan.estimates]
    total = duration(sum(plan.estimates.get(name, 0) for name in waiting))
    if not waiting:
        lines.append("Nothing to run.")
    elif len(unknown) == len(waiting):
        lines.append(f"{len(waiting)} to run; how long they take has not been measured here yet.")
    else:
        more = f" and {len(unknown)} whose time is not known" if unknown else ""
        source = f" ({plan.source})" if plan.source else ""
        lines.append(f"{len(waiting)} to run: about {total}{more}{source}.")
    return "\n".join(lines)


def executed_path(folder: Path, name: str) -> Path:
    """Where an executed notebook lies."""
    return folder / "notebooks" / f"{name}.ipynb"


def record_path(folder: Path) -> Path:
    """Where the record of a run folder lies."""
    return folder / "study.json"


def read_record(folder: Path) -> dict[str, Any]:
    """What is known of the notebooks that ran in a folder, by name; empty before the first."""
    path = record_path(folder)
    return dict(read_json(path)) if path.is_file() else {}
