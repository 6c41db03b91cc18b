"""What the README says about the recorded study is what its scores say."""

import re

import pandas as pd
import pytest
from conftest import KIT, load_tool

from snrlib.evaluation import recorded, verdicts

README = (KIT / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_what_is_recorded() -> None:
    part = verdicts.results()
    up_to_date = load_tool("readme_marks").replaced(README, "results", part)
    assert up_to_date == README, "run tools/record_results.py"


@pytest.mark.parametrize(
    ("reference", "metric", "label", "half_a_digit"),
    [
        ("S1", "si_sdr", "SI-SDR in dB", 0.005),
        ("noisy", "pesq_raw", "raw PESQ", 0.005),
        ("noisy", "stoi", "STOI", 0.0005),
    ],
)
def test_its_numbers_are_plain_means(reference, metric, label, half_a_digit) -> None:
    scores = recorded.scores()
    means = scores.groupby(["system", "snr_db"])[metric].mean().unstack()

    def over_seeds(name: str) -> pd.Series:
        found = [row for row in means.index if re.fullmatch(rf"{name}(-seed\d+)?", row)]
        return means.loc[found].mean()

    expected = over_seeds("S2") - over_seeds(reference)
    row = next(r for r in README.splitlines() if r.startswith(f"| S2 minus {reference}, {label}"))
    shown = [float(cell.strip(" *").replace("−", "-")) for cell in row.split("|")[2:-1]]
    assert shown == pytest.approx([*expected, expected.mean()], abs=half_a_digit + 1e-4)
