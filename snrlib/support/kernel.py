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
    _refuse_other_types(cells[:last], cells[last])


def _refuse_other_types(before: list[str], injection: str) -> None:
    """Stops a notebook whose parameters arrived as another type than it declares.

    `-p alphas "[0.1]"` arrives as text, whose first element is "[": papermill reads only numbers,
    true and false out of -p.
    """
    kinds: dict[str, str] = {}
    for cell in before:
        for node in _statements(cell):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                kinds[node.target.id] = ast.unparse(node.annotation)
    for node in _statements(injection):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name, kind = node.targets[0].id, kinds.get(node.targets[0].id, "")
        try:
            value = ast.literal_eval(node.value)
        except ValueError:  # float("nan") and the like
            value = None
            kind = kind if kind != "float" else ""
        if kind and not _is_kind(value, kind):
            how = f"-r {name} TEXT" if kind == "str" else f'-y "{name}: {_example(value, kind)}"'
            raise SnrlibError(
                f"The parameter '{name}' must be {kind}, but {value!r} arrived "
                f"({type(value).__name__}); with papermill give it as {how}."
            )


def _is_kind(value: Any, kind: str) -> bool:
    """Whether a value is of the type that an annotation names."""
    options = [option.strip() for option in kind.split("|")]
    if len(options) > 1:
        return any(_is_kind(value, option) for option in options)
    outer, _, inner = kind.partition("[")
    if outer in ("list", "tuple"):
        inner = inner.removesuffix("]").split(",")[0]
        return isinstance(value, list | tuple) and all(
            not inner or _is_kind(member, inner) for member in value
        )
    simple = {"int": int, "float": (int, float), "str": str, "bool": bool, "dict": dict}
    if kind == "None":
        return value is None
    if outer not in simple:
        return True
    if isinstance(value, bool) and outer != "bool":
        return False
    return isinstance(value, simple[outer])  # type: ignore[arg-type]


def _example(value: Any, kind: str) -> str:
    """The value as it should have been written, where the text says it."""
    try:
        meant = ast.literal_eval(value) if isinstance(value, str) else [value]
        if _is_kind(meant, kind):
            return str(meant)
    except (ValueError, SyntaxError):
        pass
    examples = {"int": "7", "float": "0.5", "bool": "true"}
    inner = kind.partition("[")[2].removesuffix("]")
    return f"[{examples.get(inner, 'a')}]" if kind.startswith("list") else examples.get(kind, "...")


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
    statements = [node for node in _statements(cell) if isinstance(node, kind)]
    targets = [
        target
        for node in statements
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _statements(cell: str) -> list[ast.stmt]:
    """The statements of a cell; none where it holds magics or shell lines."""
    try:
        return ast.parse(cell).body
    except SyntaxError:
        return []


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
