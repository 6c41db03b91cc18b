"""What a notebook was run with: its own parameters, and those that papermill injects.

A notebook cannot ask papermill what it was given; but the kernel keeps the source of the cells
it has run. The parameters cell is the one that declares `profile` with a type, and papermill's
begins with "# Parameters". `papermill notebook.ipynb out.ipynb -p alhpa 0.25` runs with the
default of `alpha` and says so in a warning that nobody reads: such a name is refused here.
"""

import ast
import difflib
import sys
from collections.abc import Mapping
from typing import Any

from snrlib.support.errors import SnrlibError

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


def parameters(
    cells: list[str] | None = None, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The parameters of the notebook by name, with the values they have now.

    Args:
        cells: the sources of the cells run so far; None for those of this kernel, if it is one.
        values: the variables of the notebook; None for those of this kernel.

    Returns:
        One item per typed assignment of the parameters cell, in its order; empty outside a
        notebook.
    """
    cells = _run_so_far() if cells is None else cells
    values = _variables() if values is None else values
    declared = [_assigned(cell, ast.AnnAssign) for cell in cells]
    own = next((names for names in reversed(declared) if "profile" in names), [])
    return {name: values[name] for name in own if name in values}


def _run_so_far() -> list[str]:
    return list(_variables().get("In", []))


def _variables() -> Mapping[str, Any]:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell.user_ns if shell else {}


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


def in_notebook() -> bool:
    """True inside a Jupyter kernel (also under papermill)."""
    shell = sys.modules.get("IPython")
    return bool(shell and getattr(shell.get_ipython(), "kernel", None))


def attended() -> bool:
    """Whether a reader sits before this kernel; False under papermill and in plain Python."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module else None
    # Front ends let a cell ask questions; papermill and nbclient do not.
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))
