"""Writes the table of every notebook's parameters into the README.

    python tools/record_parameters.py

The table, between `<!-- parameters -->` marks, is what papermill reads from the cells tagged
`parameters`; run this after one of them has changed (a test compares).
"""

import readme_marks

from snrlib.commands import notebooks


def _row(name: str, found: dict[str, str]) -> str:
    what = found["help"].replace("|", r"\|").replace("<", "&lt;")
    return f"| `{name}` | {found['inferred_type_name']} | `{found['default']}` | {what} |"


def table() -> str:
    """The parameters that all notebooks take, then those of each one; as markdown."""
    found = notebooks.find_notebooks()
    common = [n for n in found[0].parameters if all(n in b.parameters for b in found)]
    head = ["| parameter | type | default | what it is |", "|---|---|---|---|"]
    lines = ["Every notebook takes these:", "", *head]
    lines += [_row(name, found[-1].parameters[name]) for name in common]
    lines += ["", "These belong to one notebook:", ""]
    lines += ["| notebook | parameter | type | default | what it is |", "|---|---|---|---|---|"]
    for book in found:
        own = [name for name in book.parameters if name not in common]
        lines += [f"| {book.name[:2]} {_row(name, book.parameters[name])}" for name in own]
    return "\n".join(lines)


if __name__ == "__main__":
    readme_marks.fill("parameters", table())
