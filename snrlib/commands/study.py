"""Runs the notebooks in order, skips what is up to date, and builds the site.

A notebook is up to date when its recorded identity still holds: a hash of its source, the
package's source, its parameters, the profile and the identities of the notebooks before it.
The record is `study.json` in the run folder; executed notebooks go to `notebooks/`, pages to
`site/`. Everything is written whole or not at all, so a killed study continues where it was.
"""

import ast
import asyncio
import contextlib
import difflib
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pandas
import papermill
from ipykernel.kernelspec import RESOURCES
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from snrlib.commands import pages
from snrlib.evaluation import recorded
from snrlib.experiment import profiles
from snrlib.support.errors import SnrlibError
from snrlib.support.files import atomic, checksum, kit_root, lock, read_json, write_json
from snrlib.support.progress import duration

# What draws, prints or starts things cannot change a notebook's numbers.
_PLUMBING = {
    "__main__.py", "bench", "cli.py", "doctor.py", "site.py", "study.py", "sweep.py", "site",
}  # fmt: skip

_TRAINING = {"04", "05", "06", "07"}  # notebooks whose time goes into trainings


@dataclass
class Notebook:
    """One numbered notebook: where it lies, what it takes, what it promises."""

    path: Path
    source: nbformat.NotebookNode
    parameters: dict[str, Any]
    title: str
    promise: str

    @property
    def name(self) -> str:
        """The file name without its ending, such as `05_distillation`."""
        return self.path.stem


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


def find_notebooks(folder: Path | None = None) -> list[Notebook]:
    """The numbered notebooks of `folder` (the kit's `notebooks/`), in order.

    Raises:
        SnrlibError: there are none, or one is not a notebook.
    """
    folder = kit_root() / "notebooks" if folder is None else folder
    paths = sorted(path for path in folder.glob("*.ipynb") if re.match(r"\d\d_", path.name))
    if not paths:
        raise SnrlibError(
            f"There are no notebooks in {folder}; run snrlib inside a checkout of the kit."
        )
    return [_read(path) for path in paths]


def _read(path: Path) -> Notebook:
    try:
        source = nbformat.read(path, as_version=4)
    except Exception as error:
        # nbformat lets json, validation and key errors through alike
        raise SnrlibError(f"{path} is not a notebook ({error}).") from error
    title, promise = site.title_and_promise(source)
    return Notebook(path, source, inspect_parameters(source), title or path.stem, promise)


def inspect_parameters(source: nbformat.NotebookNode) -> dict[str, Any]:
    """The parameters a notebook takes, by name, as papermill reads them from its cell."""
    with _quiet():
        return dict(papermill.inspect_notebook(source))


def choose(notebooks: list[Notebook], only: list[str], start: str | None) -> list[str]:
    """Names of the notebooks asked for by number or name (`05`, `05_distillation`).

    Raises:
        SnrlibError: no notebook, or more than one, is called that.
    """
    names = [notebook.name for notebook in notebooks]

    def named(asked: str) -> str:
        wanted = asked.removesuffix(".ipynb").rsplit("/", 1)[-1]
        found = [n for n in names if n == wanted or n.startswith(f"{wanted.zfill(2)}_")]
        if len(found) != 1:
            raise SnrlibError(f"There is no notebook {asked!r}; there are {', '.join(names)}.")
        return found[0]

    if only and start:
        raise SnrlibError("--only and --from exclude each other; give one of them.")
    if only:
        wanted = {named(asked) for asked in only}
        return [name for name in names if name in wanted]
    return names[names.index(named(start)) :] if start else names


def assign_parameters(
    notebooks: list[Notebook], common: dict[str, Any], given: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """The parameters of each notebook, by notebook name.

    Args:
        notebooks: the notebooks that are going to run.
        common: parameters that every notebook takes (`profile`, `run_dir`, ...).
        given: further parameters as text; each goes to the notebooks that take it.

    Raises:
        SnrlibError: no notebook takes a parameter of that name, or its value has another type.
    """
    known = {name for notebook in notebooks for name in notebook.parameters}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.5)
            remedy = f"did you mean {' or '.join(near)}?" if near else "none has a similar name."
            where = notebooks[0].name if len(notebooks) == 1 else "any of these notebooks"
            raise SnrlibError(f"{name!r} is not a parameter of {where}; {remedy}")
    assigned: dict[str, dict[str, Any]] = {}
    for notebook in notebooks:
        missing = [name for name in common if name not in notebook.parameters]
        if missing:
            raise SnrlibError(
                f"{notebook.path} has no parameter {missing[0]!r}; "
                "add it to the cell tagged 'parameters'."
            )
        own = {
            name: typed(name, text, notebook.parameters[name]["inferred_type_name"])
            for name, text in given.items()
            if name in notebook.parameters
        }
        assigned[notebook.name] = common | own
    return assigned


def typed(name: str, text: str, kind: str) -> Any:
    """A parameter's value from the command line as the type its notebook declares.

    Raises:
        SnrlibError: the text does not read as that type.
    """
    if kind == "str":
        return text
    try:
        if kind == "bool":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if kind in ("int", "float"):
            return int(text) if kind == "int" else float(text)
        return ast.literal_eval(text)
    except (ValueError, KeyError, SyntaxError) as error:
        if kind.startswith(("list", "dict", "bool", "int", "float")):
            raise SnrlibError(f"{name} must be {kind}, but {text!r} is not.") from error
        return text


@cache
def package_source() -> str:
    """A hash of every file of the package that can change a notebook's numbers."""
    package = Path(__file__).parent
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
        run_dir: the run folder, relative to the kit's root; empty: `runs/<profile>`.
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
    folder = kit_root() / Path(run_dir or f"runs/{numbers['name']}").expanduser()
    found = find_notebooks(notebooks)
    chosen = choose(found, only or [], start)
    every = {"profile": profile, "run_dir": str(folder)} | (common or {})
    running = [notebook for notebook in found if notebook.name in chosen]
    assigned = assign_parameters(running, every, given)
    for notebook in found:  # those not chosen matter only as predecessors
        assigned.setdefault(notebook.name, every)
    limit = int(60 * numbers.get("cell_minutes", 120))
    costs, source = expected_costs(numbers)
    measured = {n: r["seconds"] for n, r in _record(folder).items() if r.get("seconds")}
    if measured.keys() >= set(chosen):
        source = ""
    return Plan(found, chosen, assigned, numbers, folder, limit, costs | measured, source)


def expected_costs(
    profile: dict[str, Any], table: pandas.DataFrame | None = None
) -> tuple[dict[str, float], str]:
    """Seconds by notebook before the first run of a profile here, and where they come from.

    The profile's own numbers come first, then those of a whole recorded run, then what single
    steps and scores of the profile added up to (:mod:`snrlib.bench.studies`), then a rough
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
    record = _record(plan.folder)
    found: dict[str, str] = {}
    before: list[str] = []
    for notebook in plan.notebooks:
        computation, identity = plan.identities(notebook, before)
        old = record.get(notebook.name, {})
        if notebook.name in plan.chosen:
            fresh = old.get("identity") == identity and old.get("status") == "done"
            there = _executed(plan.folder, notebook.name).is_file()
            found[notebook.name] = "up to date" if fresh and there and not force else "to run"
            before.append(computation)
        else:
            before.append(old.get("computation", ""))
    return found


def describe(plan: Plan, force: bool = False) -> str:
    """The plan as text: each notebook, whether it would run, and what that would cost."""
    lines = [f"Study in {plan.folder}"]
    state = states(plan, force)
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


def run(plan: Plan, force: bool = False, say: Callable[[str], None] = print) -> Path:
    """Runs what is not up to date, and returns the site's contents page.

    Args:
        plan: from :func:`plan`.
        force: run every chosen notebook, up to date or not.
        say: takes each progress line.

    Raises:
        SnrlibError: a notebook failed (its number, cell and error are named), or another study
            is working in the run folder.
    """
    started = time.monotonic()
    with lock(plan.folder):
        for left in (plan.folder / "notebooks").glob(".*.unfinished.ipynb"):
            left.unlink()  # of a study that was killed
        record = _record(plan.folder)
        say(describe(plan, force).splitlines()[-1])
        for position, name in enumerate(plan.chosen, start=1):
            notebook = next(n for n in plan.notebooks if n.name == name)
            # Looked at anew each time: what ran before may have made this one stale.
            here = f"[{position}/{len(plan.chosen)}] {name}"
            if states(plan)[name] == "up to date" and not force:
                say(f"{here}: up to date")
                continue
            known = plan.estimates.get(name)
            say(f"{here}: running" + (f", about {duration(known)}" if known else ""))
            try:
                _run_one(plan, notebook, record)
            except SnrlibError:
                _build_site(plan, record, waiting=[])
                raise
            rest = plan.chosen[position:]
            waiting = [n for n in rest if states(plan, force)[n] == "to run"]
            say(f"    {_finished(plan, record[name], started, waiting)}")
            _build_site(plan, record, waiting)
        contents = _build_site(plan, record, waiting=[])
        say(f"Study finished in {duration(time.monotonic() - started)}.")
    return contents


def _finished(plan: Plan, done: dict[str, Any], started: float, waiting: list[str]) -> str:
    """The line after a notebook: its time and memory, the time so far, the time left."""
    words = [f"done in {duration(done['seconds'])}", f"{done['memory_mb']:,} MB at most"]
    words.append(f"{duration(time.monotonic() - started)} so far")
    if waiting and all(name in plan.estimates for name in waiting):
        words.append(f"about {duration(sum(plan.estimates[n] for n in waiting))} left")
    return ", ".join(words)


def _run_one(plan: Plan, notebook: Notebook, record: dict[str, Any]) -> None:
    """Executes one notebook and notes in the record how it went."""
    before = [record.get(n.name, {}).get("computation", "") for n in plan.notebooks]
    before = before[: plan.notebooks.index(notebook)]
    computation, identity = plan.identities(notebook, before)
    name, old = notebook.name, record.get(notebook.name, {})
    executed = _executed(plan.folder, name)
    failed = executed.with_name(f"{name}.failed.ipynb")
    began = time.monotonic()
    try:
        memory = execute(
            notebook.source, executed, plan.given[name], plan.cell_limit, failed=failed, name=name
        )
    except SnrlibError:
        record[name] = {"status": "failed", "seconds": old.get("seconds")}
        write_json(_record_path(plan.folder), record)
        raise
    failed.unlink(missing_ok=True)
    record[name] = {
        "status": "done",
        "identity": identity,
        "computation": computation,
        "seconds": round(time.monotonic() - began, 1),
        "memory_mb": memory,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "parameters": plan.given[name],
    }
    write_json(_record_path(plan.folder), record)


def execute(
    source: nbformat.NotebookNode,
    output: Path,
    parameters: dict[str, Any],
    cell_limit: int | None = None,
    failed: Path | None = None,
    name: str = "",
) -> int:
    """Executes a notebook with the Python that runs this, and returns its peak memory in MB.

    Args:
        source: the notebook.
        output: where the executed notebook goes, only if it succeeded.
        parameters: values for its parameters; their names must have been checked.
        cell_limit: seconds that one cell may take; None: any time.
        failed: where the notebook goes if it failed.
        name: what to call it in messages.

    Raises:
        SnrlibError: a cell failed, took too long, or the kernel died.
    """
    name = name or output.stem
    failed = failed or output.with_name(f"{output.stem}.failed.ipynb")
    code_cells = sum(cell.cell_type == "code" for cell in source.cells)
    watch = _Watch(code_cells)
    with atomic(output) as unfinished:
        try:
            with _quiet(), watch:
                papermill.execute_notebook(
                    source,
                    # papermill fills braces in file names from the parameters
                    str(unfinished).replace("{", "{{").replace("}", "}}"),
                    parameters=parameters,
                    kernel_name="python3",
                    progress_bar=False,
                    cwd=str(kit_root()),
                    execution_timeout=cell_limit,
                    kernel_manager_class=_ThisPython,
                    on_cell_start=watch.cell,
                )
        except (PapermillExecutionError, CellTimeoutError, DeadKernelError) as error:
            os.replace(unfinished, failed)
            raise SnrlibError(_failure(name, error, watch, cell_limit, failed)) from error
    return watch.peak_mb


def _failure(
    name: str, error: Exception, watch: "_Watch", cell_limit: int | None, failed: Path
) -> str:
    """Notebook, cell and error as one block that can be read without opening anything."""
    code = watch.source.strip().splitlines()
    shown = [f"    {line}" for line in code[:12]] + (["    ..."] if len(code) > 12 else [])
    if isinstance(error, CellTimeoutError):
        limit = duration(cell_limit or 0)
        what = [f"The cell took longer than the profile allows ({limit})."]
    elif isinstance(error, DeadKernelError):
        what = ["The kernel died; the system may have run out of memory."]
    else:
        assert isinstance(error, PapermillExecutionError)
        what = [f"{error.ename}: {error.evalue}"]
        if not error.ename.endswith("SnrlibError") and error.ename not in _REFUSALS:
            trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)).splitlines()
            what += ["", *[f"    {line}" for line in trace[-15:-1]]]
    return "\n".join(
        [
            f"{name} stopped at code cell {watch.position} of {watch.cells}:",
            "",
            *shown,
            "",
            *what,
            "",
            f"The notebook up to there: {failed}",
            "What was finished is kept; the same command continues.",
        ]
    )


# Errors that say in one sentence what to do: a trace would bury it.
_REFUSALS = {"AudioError", "MetricError"}


def book(plan: Plan) -> Path:
    """Builds the site of what has been run, runs nothing, and returns its contents page.

    Raises:
        SnrlibError: nothing has been run in the folder yet, or a study is working there.
    """
    if not any(_executed(plan.folder, notebook.name).is_file() for notebook in plan.notebooks):
        raise SnrlibError(
            f"No notebook has been run in {plan.folder}; run the study first "
            f"(snrlib study --profile {plan.profile['name']})."
        )
    with lock(plan.folder):
        return _build_site(plan, _record(plan.folder), waiting=[])


def _build_site(plan: Plan, record: dict[str, Any], waiting: list[str]) -> Path:
    """Brings pages and contents up to date; pages in `waiting` will exist soon."""
    folder = plan.folder / "site"
    templates = sorted((Path(__file__).parent / "assets" / "site").iterdir())
    look = checksum(Path(site.__file__).read_bytes(), *[path.read_bytes() for path in templates])
    footer = f"Profile {plan.given[plan.chosen[0]]['profile']}, run folder {plan.folder.name}"
    chapters: list[site.Entry] = []
    sources: list[Path] = []
    for notebook in plan.notebooks:
        done = record.get(notebook.name, {})
        status = done.get("status", "not run")
        executed = _executed(plan.folder, notebook.name)
        failed = executed.with_name(f"{notebook.name}.failed.ipynb")
        shown = failed if status == "failed" else executed
        there = shown.is_file()
        if there:
            sources.append(shown)
        chapters.append(
            site.Entry(
                notebook.name,
                notebook.title,
                notebook.promise,
                status if there else "not run",
                done.get("seconds") if status == "done" else None,
                page=there or notebook.name in waiting,
            )
        )
    notebooks = list(sources)
    texts = site.texts(plan.notebooks[0].path.parent)
    chapters += [site.text_entry(path) for path in texts]
    sources += texts
    navigation = [(chapter.name, chapter.title, chapter.page) for chapter in chapters]
    made_from = folder / ".pages.json"  # what each page was made from
    pages = read_json(made_from) if made_from.is_file() else {}
    for source in sources:
        name = source.stem.removesuffix(".failed")
        page = folder / f"{name}.html"
        identity = checksum(source.read_bytes(), look, navigation, footer)
        if pages.get(name) == identity and page.is_file():
            continue
        site.export(source, page, chapters, footer)
        pages[name] = identity
    write_json(made_from, pages)
    contents = folder / "index.html"
    site.write_contents(contents, chapters, notebooks, footer)
    site.write_search(folder / "search.html", chapters, sources, footer)
    return contents


def _executed(folder: Path, name: str) -> Path:
    return folder / "notebooks" / f"{name}.ipynb"


def _record_path(folder: Path) -> Path:
    return folder / "study.json"


def _record(folder: Path) -> dict[str, Any]:
    path = _record_path(folder)
    return dict(read_json(path)) if path.is_file() else {}


class _ThisPython(AsyncKernelManager):
    """Kernel python3 is the interpreter that runs this, whatever is registered by that name."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
        return KernelSpec(
            resource_dir=str(RESOURCES),
            argv=[*command, "-f", "{connection_file}", "--log-level=50"],
            display_name="Python 3",
            language="python",
        )


class _Watch:
    """Follows one execution: which cell, how much memory, and Ctrl-C."""

    def __init__(self, cells: int) -> None:
        self.cells = cells  # code cells
        self.position = 0  # of the running code cell, counted from 1
        self.source = ""
        self.peak_mb = 0
        self._terminal = sys.stdout.isatty()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    def __enter__(self) -> "_Watch":
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        if self._terminal:
            print("\r\x1b[2K", end="", flush=True)

    def cell(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """Called by nbclient before each cell."""
        if cell.cell_type != "code":
            return
        if "injected-parameters" not in cell.metadata.get("tags", []):
            self.position += 1
        self.source = cell.source
        if self._terminal:
            took = duration(time.monotonic() - self._began)
            line = f"    cell {self.position} of {self.cells}, {took}"
            print(f"\r\x1b[2K{line}", end="", flush=True)
        # nbclient answers Ctrl-C and SIGTERM by stopping the kernel and reports a dead kernel;
        # here they end the study (the kernel is stopped on the way out).
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(RuntimeError, NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, _interrupt)

    def _measure(self) -> None:
        import psutil  # ipykernel brings it

        here = psutil.Process()
        while not self._stopped.wait(0.5):
            total = 0
            for process in here.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
            self.peak_mb = max(self.peak_mb, total // 2**20)


def _interrupt() -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Papermill tells each file it opens, and asyncio what Ctrl-C interrupted; neither matters."""
    loggers = [logging.getLogger(name) for name in ("papermill", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
