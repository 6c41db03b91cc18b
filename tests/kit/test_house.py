"""The package is a house: rooms on floors, arrows point down, and no module is a riddle.

Every import is read from the source, the late ones inside functions too.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest
from conftest import KIT

PACKAGE = KIT / "snrlib"
ENTRIES = 20  # at the top of snrlib/: one look and you know where things are

# room -> the rooms that it may import. What stands in no list of a room is above it, or beside it.
FIRST = {"audio", "mixing", "losses", "metrics"}  # single files that a reader opens first
MAY_IMPORT: dict[str, set[str]] = {
    "support": set(),
    "audio": {"support"},
    "mixing": {"support"},
    "losses": {"support"},
    "metrics": {"support", "audio"},
    "models": {"support"},
    "enhancement": {"support", "audio", "models", "teachers"},
    "teachers": {"support", "models"},
    "corpora": {"support", "audio"},
    "datasets": {"support", "audio", "mixing", "teachers"},
    "training": {
        "support", "losses", "metrics", "models", "enhancement", "teachers", "datasets",
    },
    "evaluation": {"support", "audio", "metrics", "teachers", "datasets"},
    "experiment": {
        "support", "metrics", "models", "enhancement", "teachers", "corpora", "datasets",
        "training", "evaluation",
    },
    "plots": {"support", "audio", "metrics", "teachers", "datasets", "evaluation"},
    "exercises": {
        "support", *FIRST, "models", "teachers", "corpora", "datasets", "evaluation",
    },
    "listening": {
        "support", *FIRST, "models", "enhancement", "teachers", "corpora", "datasets", "plots",
    },
}  # fmt: skip
# `commands` and notebooks may import every room; the package's front door hands on what it names.
ABOVE_ALL = {"commands", "__main__", "__init__"}


def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module of the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(KIT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room(module: str) -> str:
    """The entry of snrlib/ in which a module lies."""
    return module.split(".")[1] if "." in module else "__init__"


def typing_only(tree: ast.Module) -> set[ast.stmt]:
    """Statements under `if TYPE_CHECKING:`, which never run."""
    blocks = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]  # fmt: skip
    return {inner for block in blocks for inner in ast.walk(block) if isinstance(inner, ast.stmt)}


def arrows(tree: ast.Module, known: dict[str, Path]) -> set[str]:
    """The modules of the package that a module imports, by whichever way it is written."""
    found: set[str] = set()
    ignored = typing_only(tree)
    for node in ast.walk(tree):
        if node in ignored:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out from snrlib on"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # import_module("snrlib.x") and "snrlib.x:name"
            name = node.value.partition(":")[0]
            found |= {name} if re.fullmatch(r"snrlib(\.\w+)+", name) and name in known else set()
    return {name for name in found if name in known}


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports."""
    known = modules()
    return {
        name: arrows(ast.parse(path.read_text(encoding="utf-8")), known) - {name}
        for name, path in known.items()
    }


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Nodes that lead back to themselves."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for following in graph.get(waiting.pop(), set()) - seen:
                seen.add(following)
                waiting.append(following)
        return seen

    return sorted(node for node in graph if node in reachable(node))


def forbidden(imports: dict[str, set[str]]) -> list[str]:
    """Arrows between rooms that the table does not allow."""
    return sorted(
        f"{module} imports {target}"
        for module, targets in imports.items()
        for target in targets
        if room(module) not in ABOVE_ALL
        and room(target) != room(module)
        and room(target) not in MAY_IMPORT[room(module)]
    )


def test_the_house_has_few_doors() -> None:
    entries = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= ENTRIES, sorted(entries)
    assert {Path(name).stem for name in entries} == {*MAY_IMPORT, *ABOVE_ALL, "assets"}


def test_arrows_point_down(imports: dict[str, set[str]]) -> None:
    assert forbidden(imports) == []


def test_an_arrow_that_points_up_is_found() -> None:
    known = modules()
    for code in (
        "from snrlib.commands import study",
        "def late():\n    from snrlib.experiment.run import Run",
        "import_module('snrlib.commands.study')",
    ):
        upwards = {"snrlib.corpora.listing": arrows(ast.parse(code), known)}
        assert len(forbidden(upwards)) == 1, code


def test_there_are_no_circles(imports: dict[str, set[str]]) -> None:
    inside = {name: {t for t in to if t != "snrlib"} for name, to in imports.items()}
    # A package's __init__ hands on what its modules define; they do not import it back.
    assert circles({k: v for k, v in inside.items() if k != "snrlib"}) == []
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, targets in inside.items():
        rooms[room(module)] |= {room(target) for target in targets} - {room(module)}
    assert circles(dict(rooms)) == []


def test_recipes_open_no_audio(imports: dict[str, set[str]]) -> None:
    assert not {room(name) for name in imports["snrlib.datasets.recipes"]} & {"audio", "corpora"}
    assert "snrlib.datasets.bank" not in imports["snrlib.datasets.recipes"]


TAUGHT = {
    "audio", "mixing", "losses", "metrics", "enhancement", "models", "teachers", "datasets",
    "training", "evaluation", "corpora",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(n for n in modules() if room(n) in TAUGHT))
def test_what_a_reader_studies_names_the_notebook_that_teaches_it(name: str) -> None:
    doc = ast.get_docstring(ast.parse(modules()[name].read_text(encoding="utf-8"))) or ""
    named = re.search(r"^Notebooks?: (.+)", doc, re.MULTILINE | re.DOTALL)
    assert named, f"{name} names no notebook"
    there = {path.stem for path in (KIT / "notebooks").glob("*.ipynb")}
    mentioned = re.findall(r"\d\d[a-z]?_\w+", named[1])
    assert mentioned and set(mentioned) <= there, named[0]
