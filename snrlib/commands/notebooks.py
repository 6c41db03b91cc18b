"""The numbered notebooks: where they lie, what they take, and which are asked for."""

import ast
import contextlib
import difflib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill

from snrlib.commands import pages
from snrlib.support.errors import SnrlibError
from snrlib.support.files import kit_root


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
    title, promise = pages.title_and_promise(source)
    return Notebook(path, source, inspect_parameters(source), title or path.stem, promise)


def inspect_parameters(source: nbformat.NotebookNode) -> dict[str, Any]:
    """The parameters a notebook takes, by name, as papermill reads them from its cell."""
    with quiet_papermill():
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


@contextlib.contextmanager
def quiet_papermill() -> Iterator[None]:
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
