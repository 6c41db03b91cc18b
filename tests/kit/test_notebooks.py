"""Every notebook keeps the contract that papermill, the site and a reader rely on."""

import ast
import io
import re
import statistics
import tokenize
from pathlib import Path

import nbformat
import papermill
import pytest
from conftest import KIT, load_tool

from snrlib.commands import notebooks, pages

FOLDER = KIT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
COMMON = {
    "profile": "str",
    "run_dir": "str",
    "seed": "int",
    "speech": "str",
    "seen_noise": "str",
    "unseen_noise": "str",
}

each_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def parameters_cell(path: Path) -> str:
    tagged = [c for c in code_cells(path) if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1, "exactly one cell is tagged 'parameters'"
    return str(tagged[0].source)


@each_notebook
def test_a_notebook_is_valid_and_stored_without_outputs(path: Path) -> None:
    nbformat.validate(read(path))
    for cell in code_cells(path):
        assert cell.outputs == [] and cell.execution_count is None, cell.source[:80]
        assert "papermill" not in cell.metadata and "execution" not in cell.metadata
    assert not {"widgets", "papermill"} & set(read(path).metadata)


@each_notebook
def test_its_kernel_is_python3(path: Path) -> None:
    assert read(path).metadata.kernelspec.name == "python3"


@each_notebook
def test_its_parameters_are_annotated_commented_literals(path: Path) -> None:
    source = parameters_cell(path)
    statements = ast.parse(source).body
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign) and statement.value is not None, (
            f"{ast.unparse(statement)}: write name: type = value  # what it is"
        )
        ast.literal_eval(statement.value)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    for statement in statements:
        assert statement.end_lineno in commented, f"{ast.unparse(statement)} has no comment"


@each_notebook
def test_papermill_reads_the_common_parameters(path: Path) -> None:
    found = notebooks.inspect_parameters(read(path))
    for name, kind in COMMON.items():
        assert name in found, f"{name} is missing"
        assert found[name]["inferred_type_name"] == kind
        assert found[name]["help"], f"{name} has no help"
    assert ast.literal_eval(found["profile"]["default"]) == "fast"
    for name in ("run_dir", "speech", "seen_noise", "unseen_noise"):
        assert ast.literal_eval(found[name]["default"]) == "", "empty means the profile's"


def test_the_common_parameters_have_the_same_defaults_everywhere() -> None:
    defaults = {
        tuple(notebooks.inspect_parameters(read(path))[name]["default"] for name in COMMON)
        for path in PATHS
    }
    assert len(defaults) <= 1


@each_notebook
def test_it_has_the_skeleton_of_a_lesson(path: Path) -> None:
    title, promise = pages.title_and_promise(read(path))
    assert title and promise, "a title, and a promise of one line below it"
    text = "\n".join(prose(path))
    for part in ("After this notebook you can", "What we found", "Exercises"):
        assert part in text, f"{part!r} is missing"
    assert "finish()" in code_cells(path)[-1].source, "the last cell prints time and provenance"


@each_notebook
def test_its_formulas_can_be_shown_offline(path: Path) -> None:
    for text in prose(path):
        for formula in pages.formulas(text):
            pages.mathml(formula)


@each_notebook
def test_its_links_lead_somewhere_and_its_pictures_are_its_own(path: Path) -> None:
    for text in prose(path):
        outside_code = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
        for mark, target in re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", outside_code):
            if mark:
                assert not target.startswith(("http:", "https:", "//")), f"{target} is remote"
            if not re.match(r"[a-z]+:|#", target) and not target.startswith("attachment:"):
                assert (FOLDER / target.partition("#")[0]).exists(), f"{target} does not exist"


@each_notebook
def test_it_names_no_place_of_the_machine_it_was_written_on(path: Path) -> None:
    assert not re.search(r"/(?:home|Users|root|tmp|work)/\w", path.read_text(encoding="utf-8"))


def test_the_readme_lists_every_notebook() -> None:
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    for path in PATHS:
        assert f"notebooks/{path.name}" in readme


def test_the_readme_lists_every_parameter_as_papermill_reads_it() -> None:
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    table = load_tool("record_parameters").table()
    up_to_date = load_tool("readme_marks").replaced(readme, "parameters", table)
    assert up_to_date == readme, "run tools/record_parameters.py"
    listed = re.search(r"<!-- parameters -->(.*?)<!-- /parameters -->", readme, re.S)
    assert listed
    rows = [[cell.strip() for cell in line.split("|")] for line in listed[1].splitlines()]
    for path in PATHS:
        for name, found in papermill.inspect_notebook(str(path)).items():
            own = [""] if name in COMMON else ["", path.name[:2]]
            row = next(row for row in rows if row[: len(own) + 1] == [*own, f"`{name}`"])
            assert row[len(own) + 1 : len(own) + 3] == [
                found["inferred_type_name"], f"`{found['default']}`"
            ], f"{path.name}: {name}"  # fmt: skip


@each_notebook
def test_a_folded_cell_has_a_caption(path: Path) -> None:
    for cell in code_cells(path):
        if "parameters" not in cell.metadata.get("tags", []):
            first = cell.source.splitlines()[0]
            assert re.match(r"# [A-Z0-9]", first), f"{first!r}: begin with a comment, the caption"


def glossary_anchors() -> set[str]:
    """The headings of the glossary as links name them: lower case, dashes for spaces."""
    headings = re.findall(r"^### (.+)$", (FOLDER / "glossary.md").read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}


@each_notebook
def test_a_word_is_linked_to_the_glossary_once_and_the_glossary_has_it(path: Path) -> None:
    text = "\n".join(prose(path))
    linked = re.findall(r"\]\(glossary\.md#([^)]+)\)", text)
    assert set(linked) <= glossary_anchors()
    assert len(linked) == len(set(linked)), "a second link to the same word is noise"
    for heading in re.findall(r"^#.*$", text, re.M):
        assert "glossary.md" not in heading
    for word in re.findall(r"\[([^\]]*)\]\(glossary\.md", text):
        assert word.count("*") % 2 == 0, f"{word!r}: emphasis stands around a link, or inside it"


LONGEST_CELL, MEDIAN_CELL = 25, 8  # lines of code; comments and blank lines are not counted


def code_lines(source: str) -> int:
    """Lines that are neither blank nor a comment alone."""
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") for line in source.split("\n")
    )


def test_a_reader_never_scrolls_through_a_cell() -> None:
    lengths = {
        f"{path.stem} {cell.id}": code_lines(cell.source)
        for path in PATHS
        for cell in read(path).cells
        if cell.cell_type == "code"
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_CELL} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_CELL
