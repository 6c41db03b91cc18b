"""Copies the notebooks without the worked solutions, to hand out to a class.

    python tools/make_student_copy.py                  # to build/student/notebooks
    python tools/make_student_copy.py --to ../course   # elsewhere

Tasks, stubs, checks and hints stay; so do the pages that the notebooks link to. A copy that is
there already is overwritten: hand out another copy of it, or what students wrote is lost.
"""

import argparse
from pathlib import Path

import nbformat

KIT = Path(__file__).parents[1]


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without its cells tagged `solution`, and without outputs."""
    kept = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in kept:
        if cell.cell_type == "code":  # an executed notebook would show what solutions print
            cell.outputs, cell.execution_count = [], None
    notebook.cells = kept
    return notebook


def write(path: Path, text: str) -> None:
    """A file that appears whole or not at all."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def copy(source: Path, target: Path) -> list[Path]:
    """Writes every notebook and page of `source` to `target`, and returns what was written."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted([*source.glob("*.ipynb"), *source.glob("*.md")]):
        if path.suffix == ".ipynb":
            notebook = without_solutions(nbformat.read(path, as_version=4))
            text = nbformat.writes(notebook).rstrip("\n") + "\n"
        else:
            text = path.read_text(encoding="utf-8")
        write(target / path.name, text)
        written.append(target / path.name)
    return written


def main() -> None:
    """Makes the copy and says where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", type=Path, default=KIT / "notebooks", help="what to copy")
    parser.add_argument("--to", type=Path, default=KIT / "build/student/notebooks", help="where to")
    arguments = parser.parse_args()
    written = copy(arguments.notebooks, arguments.to)
    print(f"{len(written)} files without solutions in {arguments.to}")


if __name__ == "__main__":
    main()
