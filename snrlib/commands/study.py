"""Runs the notebooks in order, skips what is up to date, and builds the site.

A notebook is up to date when its recorded identity still holds: a hash of its source, the
package's source, its parameters, the profile and the identities of the notebooks before it.
The record is `study.json` in the run folder; executed notebooks go to `notebooks/`, pages to
`site/`. Everything is written whole or not at all, so a killed study continues where it was.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from snrlib.commands import pages
from snrlib.commands.execution import execute
from snrlib.commands.notebooks import Notebook
from snrlib.commands.plan import Plan, describe, executed_path, read_record, record_path, states
from snrlib.listening.desk import embedding
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum, lock, read_json, write_json, write_text
from snrlib.support.text import duration


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
        record = read_record(plan.folder)
        state = states(plan, force)
        say(describe(plan, state).splitlines()[-1])
        told = False
        for position, name in enumerate(plan.chosen, start=1):
            notebook = next(n for n in plan.notebooks if n.name == name)
            here = f"[{position}/{len(plan.chosen)}] {name}"
            if state[name] == "up to date":
                say(f"{here}: up to date")
                continue
            known = plan.estimates.get(name)
            say(f"{here}: running" + (f", about {duration(known)}" if known else ""))
            try:
                _run_one(plan, notebook, record)
            except SnrlibError:
                _build_site(plan, record, waiting=[])
                raise
            # Looked at anew: what ran may have made those after it stale.
            state = states(plan, force)
            waiting = [n for n in plan.chosen[position:] if state[n] == "to run"]
            say(f"    {_finished(plan, record[name], started, waiting)}")
            contents = _build_site(plan, record, waiting)
            if waiting and not told:
                say(f"    Read along while the rest runs: {contents.as_uri()}")
                told = True
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
    executed = executed_path(plan.folder, name)
    failed = executed.with_name(f"{name}.failed.ipynb")
    began = time.monotonic()
    try:
        memory = execute(
            notebook.source, executed, plan.given[name], plan.cell_limit, failed=failed, name=name
        )
    except SnrlibError:
        record[name] = {"status": "failed", "seconds": old.get("seconds")}
        write_json(record_path(plan.folder), record)
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
    write_json(record_path(plan.folder), record)


def book(plan: Plan) -> Path:
    """Builds the site of what has been run, runs nothing, and returns its contents page.

    Raises:
        SnrlibError: nothing has been run in the folder yet, or a study is working there.
    """
    if not any(executed_path(plan.folder, notebook.name).is_file() for notebook in plan.notebooks):
        raise SnrlibError(
            f"No notebook has been run in {plan.folder}; run the study first "
            f"(snrlib study --profile {plan.profile['name']})."
        )
    with lock(plan.folder):
        return _build_site(plan, read_record(plan.folder), waiting=[])


def _build_site(plan: Plan, record: dict[str, Any], waiting: list[str]) -> Path:
    """Brings pages and contents up to date; pages in `waiting` will exist soon."""
    from snrlib.listening import blind, desk  # loads torch, for which `snrlib --help` does not wait

    folder = plan.folder / "site"
    templates = sorted((Path(__file__).parent / "templates").iterdir())
    look = checksum(
        Path(pages.__file__).read_bytes(),
        *[path.read_bytes() for path in templates],
        embedding.frame(),
    )
    footer = f"Profile {plan.given[plan.chosen[0]]['profile']}, run folder {plan.folder.name}"
    chapters: list[pages.Entry] = []
    sources: list[Path] = []
    for notebook in plan.notebooks:
        done = record.get(notebook.name, {})
        status = done.get("status", "not run")
        executed = executed_path(plan.folder, notebook.name)
        failed = executed.with_name(f"{notebook.name}.failed.ipynb")
        shown = failed if status == "failed" else executed
        there = shown.is_file()
        if there:
            sources.append(shown)
        chapters.append(
            pages.Entry(
                notebook.name,
                notebook.title,
                notebook.promise,
                status if there else "not run",
                done.get("seconds") if status == "done" else None,
                page=there or notebook.name in waiting,
            )
        )
    notebooks = list(sources)
    texts = pages.texts(plan.notebooks[0].path.parent)
    chapters += [pages.text_entry(path) for path in texts]
    sources += texts
    navigation = [(chapter.name, chapter.title, chapter.page) for chapter in chapters]
    made_from = folder / ".pages.json"  # what each page was made from
    known = read_json(made_from) if made_from.is_file() else {}
    for source in sources:
        name = source.stem.removesuffix(".failed")
        page = folder / f"{name}.html"
        identity = checksum(source.read_bytes(), look, navigation, footer)
        if known.get(name) == identity and page.is_file():
            continue
        pages.export(source, page, chapters, footer)
        known[name] = identity
    write_json(made_from, known)
    finished = sum(chapter.status == "done" for chapter in chapters)
    # A page opened from the disk may load a script, and nothing else.
    write_text(folder / "progress.js", f"window.snrlibFinished = {finished};\n")
    desk.build(folder, plan.folder)
    test = plan.folder / "listening" / blind.PAGE
    if test.is_file():  # notebook 09 made it; the site can then be handed on as it is
        write_text(folder / blind.PAGE, test.read_text(encoding="utf-8"))
    contents = folder / "index.html"
    pages.write_contents(
        contents,
        chapters,
        notebooks,
        footer,
        blind.PAGE if test.is_file() else "",
        waiting=len(waiting),
    )
    pages.write_search(folder / "search.html", chapters, sources, footer)
    return contents
