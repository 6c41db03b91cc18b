"""Parameters that papermill injects into a notebook which does not have them.

`papermill notebook.ipynb out.ipynb -p alhpa 0.25` runs with the default of `alpha` and says so in
a warning that nobody reads. A notebook cannot ask papermill what it was given; but the kernel
keeps the source of the cells it has run, and papermill's begins with "# Parameters".
"""

import ast
import difflib
import sys

from snrlib.errors import SnrlibError

_MARK = "# Parameters\n"


def refuse_unknown(cells: list[str] | None = None) -> None:
    """Stops a notebook that was given a parameter which its own parameters cell does not declare.

    Args:
        cells: the sources of the cells run so far; None for those of this kernel, if it is one.

    Raises:
        SnrlibError: a name was injected that no typed assignment before it declares.
    """
    cells = _run_so_far() if cells is None else cells
    injections = [number for number, cell in enumerate(cells) if cell.startswith(_MARK)]
    if not injections:
        return
    last = injections[-1]
    declared = {name for cell in cells[:last] for name in _assigned(cell, ast.AnnAssign)}
    if "profile" not in declared:  # run by hand, without the parameters cell
        return
    for name in _assigned(cells[last], ast.Assign):
        if name not in declared:
            near = difflib.get_close_matches(name, sorted(declared), n=1, cutoff=0.5)
            remedy = (
                f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(declared))}."
            )
            raise SnrlibError(f"'{name}' is not a parameter of this notebook; {remedy}")


def _run_so_far() -> list[str]:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return list(shell.user_ns.get("In", [])) if shell else []


def _assigned(cell: str, kind: type[ast.AnnAssign] | type[ast.Assign]) -> list[str]:
    """Names that the top level of a cell gives values to, by statements of one kind."""
    try:
        statements = [node for node in ast.parse(cell).body if isinstance(node, kind)]
    except SyntaxError:  # magics and shell lines
        return []
    targets = [
        target
        for node in statements
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return [target.id for target in targets if isinstance(target, ast.Name)]
