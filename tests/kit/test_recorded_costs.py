"""What notebooks and README say about their cost was measured with the code they hold now."""

import re
from pathlib import Path

import nbformat
import pandas
import pytest
from conftest import KIT, load_tool

from snrlib.evaluation import recorded

ROOT = KIT
tool = load_tool("record_costs")

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
AGAIN = "run `make study` from an empty run folder, then `python tools/record_costs.py runs/fast`"


@pytest.fixture(scope="module")
def costs() -> pandas.DataFrame:
    assert tool.COSTS.exists(), f"no costs are recorded: {AGAIN}"
    return pandas.read_csv(tool.COSTS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebooks_cost_line_is_that_of_its_code(path: Path, costs: pandas.DataFrame) -> None:
    row = costs[(costs["notebook"] == path.stem) & (costs["profile"] == "fast")]
    assert len(row) == 1, f"{path.stem} has no recorded cost: {AGAIN}"
    assert row["code"].item() == tool.code_identity(path), f"older than the notebook: {AGAIN}"
    assert row["seconds"].item() > 0 and row["memory_mb"].item() > 0
    first = nbformat.read(path, as_version=4).cells[0].source
    assert tool.cost_line(costs, path.stem) in first.splitlines(), AGAIN


def test_the_readmes_table_is_made_from_the_recorded_costs(costs: pandas.DataFrame) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- costs -->\n(.*?)\n<!-- /costs -->", text, flags=re.S)
    assert block and block[1] == tool.readme_table(costs), AGAIN


def test_the_readmes_estimates_are_the_recorded_ones() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    part = load_tool("record_profiles").readme_table(recorded.expected())
    up_to_date = load_tool("readme_marks").replaced(text, "expected", part)
    assert up_to_date == text, "run `python tools/record_costs.py runs/fast`"
