"""A grid of parameters becomes one table, and nothing is computed twice."""

from pathlib import Path

import nbformat
import pandas
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from snrlib.commands import sweep
from snrlib.support.errors import SnrlibError

TEACHER = """from pathlib import Path
models = Path(run_dir) / "models" / "T1"
models.mkdir(parents=True)
(models / "model.json").write_text('{"name": "T1"}')
with open(Path(run_dir).parent / "trace", "a") as trace:
    print("teacher", seed, file=trace)"""
STUDENT = """import pandas
from pathlib import Path
assert (Path(run_dir) / "models" / "T1" / "model.json").exists()
with open(Path(run_dir).parent / "trace", "a") as trace:
    print("student", seed, alpha, file=trace)
assert alpha != 0.75 or Path(run_dir, "..", "mended").exists(), "broken on purpose"
Path(run_dir, "scores").mkdir()
table = pandas.DataFrame({"system": ["S2"], "seed": [seed], "snr_db": [0], "stoi": [alpha / 2]})
table.to_csv(Path(run_dir, "scores", "S2.csv"), index=False)"""
PARAMETERS = 'profile: str = "fast"\nrun_dir: str = ""\nseed: int = 7'


def notebook(folder: Path, name: str, code: str, extra: str = "") -> None:
    cells = [
        new_markdown_cell(f"# {name}\n\nIt does."),
        new_code_cell(f"{PARAMETERS}\n{extra}".strip(), metadata={"tags": ["parameters"]}),
        new_code_cell(code),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, folder / f"{name}.ipynb")


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    notebook(tmp_path, "00_teacher", TEACHER)
    notebook(tmp_path, "01_student", STUDENT, "alpha: float = 0.5")
    (tmp_path / "tiny.toml").write_text("title = 'tiny'\n")
    (tmp_path / "grid.yaml").write_text(
        f"notebook: '01'\nbefore: ['00']\nparameters: {{profile: {tmp_path / 'tiny.toml'}}}\n"
        "grid: {alpha: [0.25, 0.75], seed: [3]}\n"
    )
    return tmp_path


def test_a_grid_becomes_one_table_and_finished_cells_are_not_run_again(kit: Path) -> None:
    grid = sweep.read(kit / "grid.yaml")
    with pytest.raises(SnrlibError, match=r"1 of 2 cells failed: alpha=0\.75,seed=3"):
        sweep.run(grid, kit / "out", kit, lambda line: None)
    (kit / "out" / "mended").touch()
    scores = pandas.read_csv(sweep.run(grid, kit / "out", kit, lambda line: None))
    assert list(scores.columns) == ["alpha", "seed", "system", "snr_db", "stoi"]
    assert scores["alpha"].tolist() == [0.25, 0.75] and scores["seed"].tolist() == [3, 3]
    assert scores["stoi"].tolist() == [0.125, 0.375]
    ran = (kit / "out" / "trace").read_text().splitlines()
    assert ran.count("teacher 3") == 1 and ran.count("student 3 0.25") == 1
    assert ran.count("student 3 0.75") == 2


def test_every_combination_is_a_cell_with_a_folder_of_its_own() -> None:
    grid = sweep.Grid("g", "05", [], {}, {"alphas": [[0.25], [0.5]], "seed": [1, 2, 3]})
    assert len(grid.cells()) == 6
    assert len({sweep.label(cell) for cell in grid.cells()}) == 6


@pytest.mark.parametrize(
    "text, what",
    [
        ("grid: {seed: [1]}", "must name a notebook"),
        ("notebook: '05'\ngrid: {seed: 1}", "'seed' must be a list"),
        ("notebook: '05'\ngrid: {seed: [1]}\nruns: 3", "entry 'runs'"),
        ("notebook: '05'\nparameters: {seed: 1}\ngrid: {seed: [1]}", "both in the grid"),
        ("notebook: [", "is not YAML"),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "grid.yaml").write_text(text)
    with pytest.raises(SnrlibError, match=what):
        sweep.read(tmp_path / "grid.yaml")


def test_an_unknown_parameter_stops_the_sweep_before_anything_runs(kit: Path) -> None:
    grid = sweep.Grid("g", "01", [], {}, {"alhpa": [1]})
    with pytest.raises(SnrlibError, match="did you mean alpha"):
        sweep.run(grid, kit / "out", kit)
    assert not (kit / "out").exists()
