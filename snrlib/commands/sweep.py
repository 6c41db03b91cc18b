"""Sweeps: one notebook over a grid of parameters, and everything it scored as one tidy table.

A grid is a YAML file::

    notebook: "05"            # number or name
    before: ["04"]            # run once for each seed and corpus; its models are handed on
    parameters: {profile: fast}
    grid: {alphas: [[0.25], [0.75]], seed: [7, 8]}

Every cell of the grid has a run folder of its own, so a finished cell is not run again, one
that was killed continues, and one that fails does not stop the others.

Notebook: 05_distillation.
"""

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas

from snrlib.commands import plan as plans
from snrlib.commands import study
from snrlib.support import tables
from snrlib.support.errors import SnrlibError
from snrlib.support.files import read_json, run_folder, writing

# What a run's data and models depend on; notebooks have other parameters of their own.
COMMON = ("profile", "seed", "speech", "seen_noise", "unseen_noise")
KEYS = ("notebook", "before", "parameters", "grid")


@dataclass(frozen=True)
class Grid:
    """A sweep as its file describes it.

    Attributes:
        name: of the file; its folder is `runs/sweeps/<name>`.
        notebook: number or name of the notebook that is swept.
        before: notebooks whose models it needs.
        parameters: the same in every cell.
        axes: {parameter: values}.
    """

    name: str
    notebook: str
    before: list[str]
    parameters: dict[str, Any]
    axes: dict[str, list[Any]]

    def cells(self) -> list[dict[str, Any]]:
        """The values of each cell, the last axis changing fastest."""
        combinations = itertools.product(*self.axes.values())
        return [dict(zip(self.axes, values, strict=True)) for values in combinations]


def read(path: str | Path) -> Grid:
    """The grid in a YAML file.

    Raises:
        SnrlibError: the file is missing, is not YAML, or describes no grid.
    """
    import yaml

    path = Path(path)
    try:
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SnrlibError(f"{path} does not exist; write a grid there first.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SnrlibError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    described = described if isinstance(described, dict) else {}
    unknown = sorted(set(described) - set(KEYS))
    if unknown:
        raise SnrlibError(f"{path} has an entry '{unknown[0]}'; known are {', '.join(KEYS)}.")
    axes = described.get("grid")
    if "notebook" not in described or not isinstance(axes, dict) or not axes:
        raise SnrlibError(f"{path} must name a notebook and a grid of at least one parameter.")
    for name, values in axes.items():
        if not isinstance(values, list) or not values:
            raise SnrlibError(f"{path}: the grid's '{name}' must be a list of values.")
        if name in (described.get("parameters") or {}):
            raise SnrlibError(f"{path}: '{name}' is both in the grid and among the parameters.")
    before = described.get("before") or []
    return Grid(
        path.stem,
        str(described["notebook"]),
        [str(name) for name in ([before] if isinstance(before, str | int) else before)],
        dict(described.get("parameters") or {}),
        dict(axes),
    )


def run(
    grid: Grid,
    folder: str | Path = "",
    notebooks: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Runs every cell that is not finished; returns the table of all scores.

    Args:
        grid: from :func:`read`.
        folder: of the sweep; empty for `runs/sweeps/<name>` in the kit.
        notebooks: folder of the notebooks; None for the kit's.
        say: takes each progress line.

    Raises:
        SnrlibError: a notebook or parameter that does not exist, before anything runs; or, at
            the end, cells that failed.
    """
    folder = run_folder(folder or f"runs/sweeps/{grid.name}")
    cells = grid.cells()
    plans = [_plan(grid, cell, folder / label(cell), [grid.notebook], notebooks) for cell in cells]
    failed = []
    for number, (cell, plan) in enumerate(zip(cells, plans, strict=True), start=1):
        say(f"cell {number} of {len(cells)}: {label(cell)}")
        try:
            if grid.before:
                _prepare(grid, cell, folder, notebooks, say)
            study.run(plan, say=say)
        except SnrlibError as error:
            say(str(error))
            failed.append(label(cell))
    table = collect(grid, folder)
    if failed:
        raise SnrlibError(
            f"{len(failed)} of {len(cells)} cells failed: {'; '.join(failed)}. The same command "
            "runs them again, and only them."
        )
    return table


def collect(grid: Grid, folder: Path) -> Path:
    """One tidy table, `scores.csv`: the grid's columns, then those of every score.

    Beside it, `models.csv` has one row for each model that a cell trained.
    """
    scores, trained = [], []
    for cell in grid.cells():
        here = folder / label(cell)
        for path in sorted(here.glob("scores/*.csv")):
            scores.append(_with(cell, tables.read(path)))
        for path in sorted(here.glob("models/*/model.json")):
            card = read_json(path)
            facts = {"model": card["name"], **card.get("training", {})}
            trained.append(_with(cell, pandas.DataFrame([facts])))
    for name, parts in (("scores.csv", scores), ("models.csv", trained)):
        table = pandas.concat(parts, ignore_index=True) if parts else pandas.DataFrame()
        tables.write(folder / name, table)
    return folder / "scores.csv"


def label(cell: dict[str, Any]) -> str:
    """The name of a cell's folder: `alpha=0.25,seed=7`."""
    text = ",".join(f"{name}={value}" for name, value in cell.items())
    return "".join(c if c.isalnum() or c in "=,._+-" else "_" for c in text)


def _with(cell: dict[str, Any], table: pandas.DataFrame) -> pandas.DataFrame:
    for place, (name, value) in enumerate(cell.items()):
        if name in table:  # the seed is a column of the scores themselves
            table = table.drop(columns=name)
        table.insert(place, name, str(value) if isinstance(value, list | dict) else value)
    return table


def _plan(
    grid: Grid, cell: dict[str, Any], folder: Path, names: list[str], notebooks: Path | None
) -> plans.Plan:
    values = {**grid.parameters, **cell}
    common = {name: values[name] for name in COMMON if name in values and name != "profile"}
    own = {name: str(value) for name, value in values.items() if name not in COMMON}
    if names != [grid.notebook]:
        own = {}  # of the swept notebook; those before it run as they are
    profile = str(values.get("profile", "fast"))
    return plans.plan(profile, str(folder), names, None, common, own, notebooks)


def _prepare(
    grid: Grid,
    cell: dict[str, Any],
    folder: Path,
    notebooks: Path | None,
    say: Callable[[str], None],
) -> None:
    """Runs what comes before in one folder for all cells that share it, and hands on its models."""
    shared = {name: value for name, value in cell.items() if name in COMMON}
    base = folder / f"before {label(shared)}".strip()
    study.run(_plan(grid, cell, base, grid.before, notebooks), say=say)
    with writing(folder):
        for part in ("run.json", "recipes", "models"):
            source, target = base / part, folder / label(cell) / part
            if source.is_dir():
                for model in source.iterdir():
                    if not (target / model.name).exists():
                        _copy(model, target / model.name)
            elif source.exists() and not target.exists():
                _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    """A file or folder that appears whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    if source.is_dir():
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(source, unfinished)
    else:
        shutil.copyfile(source, unfinished)
    unfinished.replace(target)
