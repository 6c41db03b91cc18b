"""A mistyped parameter stops a notebook, also under plain papermill."""

from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from papermill.exceptions import PapermillExecutionError

from snrlib.support import kernel
from snrlib.support.errors import SnrlibError

DECLARED = 'profile: str = "fast"  # size\nalpha: float = 0.5'


def test_a_name_that_the_notebook_does_not_declare_is_refused():
    with pytest.raises(SnrlibError, match=r"'alhpa' is not a parameter.*did you mean alpha"):
        kernel.refuse_unknown(["", DECLARED, "# Parameters\nprofile = 'cpu'\nalhpa = 0.1\n"])
    with pytest.raises(SnrlibError, match=r"'zzz' is not a parameter.*it has alpha, profile"):
        kernel.refuse_unknown([DECLARED, "# Parameters\nzzz = 1\n"])


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [DECLARED],
        [DECLARED, "# Parameters\nalpha = 0.1\nprofile = 'cpu'\n"],
        [DECLARED, "%matplotlib inline\n!ls", "# Parameters\nalpha = 0.1\n"],
        ["# Parameters\nalhpa = 0.1\n"],  # the parameters cell was not run: nothing to compare
        ["# Parameters\nold = 1\n", DECLARED, "# Parameters\nalpha = 1\n"],
    ],
)
def test_what_is_declared_and_what_is_run_by_hand_passes(cells):
    kernel.refuse_unknown(cells)


def test_outside_a_kernel_there_is_nothing_to_refuse():
    kernel.refuse_unknown()


def test_plain_papermill_stops_at_the_cell_that_opens_the_run(tmp_path: Path):
    cells = [
        new_code_cell(DECLARED, metadata={"tags": ["parameters"]}),
        new_code_cell("from snrlib.support import kernel\nkernel.refuse_unknown()"),
    ]
    source = tmp_path / "in.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), source)
    given = {"kernel_name": "python3", "progress_bar": False}
    papermill.execute_notebook(source, tmp_path / "out.ipynb", {"alpha": 0.25}, **given)
    with pytest.raises(PapermillExecutionError, match="did you mean alpha"):
        papermill.execute_notebook(source, tmp_path / "out.ipynb", {"alhpa": 0.25}, **given)


def test_the_parameters_of_a_notebook_are_those_of_its_parameters_cell() -> None:
    cells = ["x: int = 1", DECLARED, "# Parameters\nalpha = 0.25\n", "beta: float = 1.0"]
    values = {"x": 1, "profile": "fast", "alpha": 0.25, "beta": 1.0}
    assert kernel.parameters(cells, values) == {"profile": "fast", "alpha": 0.25}
    assert kernel.parameters(["import snrlib"], {"profile": "cpu"}) == {}
    assert kernel.parameters() == {}, "outside a notebook there are none"


def test_the_footer_of_a_notebook_names_all_its_parameters(tmp_path: Path) -> None:
    cells = [
        new_code_cell(
            DECLARED + '\nrun_dir: str = ""\nfile: str = ""', metadata={"tags": ["parameters"]}
        ),
        new_code_cell("import snrlib\nrun = snrlib.open_run(profile=profile, run_dir=run_dir)"),
        new_code_cell("alpha, file = 9, 'overwritten later'"),
        new_code_cell("run.finish()"),
    ]
    source, done = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), source)
    papermill.execute_notebook(
        source, done, {"alpha": 0.25, "run_dir": str(tmp_path / "run")},
        kernel_name="python3", progress_bar=False,
    )  # fmt: skip
    executed = nbformat.read(done, as_version=4).cells
    printed = [out for out in executed[-1].outputs if out.get("name") == "stdout"]
    footer = "".join(out["text"] for out in printed).splitlines()
    banner = next(cell for cell in executed if "open_run" in cell.source).outputs[-1]["text"]
    assert "noises:" in banner and all(
        len(line) <= 76
        for line in banner.splitlines()
        if "run folder" not in line and tmp_path.name not in line
    )
    for line in ("profile: fast", "seed: 7", "alpha: 0.25", 'file: ""'):
        assert line in footer
    assert f"run folder: {(tmp_path / 'run').as_posix()}" in footer
    for about in ("commit", "audio checksum", "licences", "elapsed", "torch"):
        assert any(line.startswith(f"{about}: ") for line in footer), about


@pytest.mark.parametrize(
    ("declared", "injected", "remedy"),
    [
        ("alphas: list[float] = [0.5]", "alphas = '[0.1]'", r'-y "alphas: \[0\.1\]"'),
        ("alphas: list[float] = [0.5]", "alphas = 0.1", r'-y "alphas: \[0\.1\]"'),
        ("alphas: list[float] = [0.5]", "alphas = ['a']", "must be list"),
        ("seed: int = 7", "seed = 'seven'", "must be int"),
        ("seed: int = 7", "seed = 7.5", "must be int"),
        ("seed: int = 7", "seed = True", "must be int"),
        ("speech: str = ''", "speech = 11", "-r speech TEXT"),
        ("short: bool = True", "short = 'no'", "must be bool"),
    ],
)
def test_a_parameter_of_another_type_is_refused_with_the_right_spelling(declared, injected, remedy):
    cells = [f'profile: str = "fast"\n{declared}', f"# Parameters\n{injected}\n"]
    with pytest.raises(SnrlibError, match=remedy):
        kernel.refuse_unknown(cells)


@pytest.mark.parametrize(
    ("declared", "injected"),
    [
        ("alphas: list[float] = [0.5]", "alphas = [1, 0.1]"),
        ("alphas: list[float] = []", "alphas = []"),
        ("rate: float = 1.0", "rate = 2"),
        ("level: float | None = None", "level = None"),
        ("names: list[str] = ['S1']", "names = ['S2']"),
        ("seed: int = 7", "seed = -1"),
    ],
)
def test_a_parameter_of_its_type_is_taken(declared, injected):
    kernel.refuse_unknown([f'profile: str = "fast"\n{declared}', f"# Parameters\n{injected}\n"])
