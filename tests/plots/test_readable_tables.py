"""Tables to be read keep their numbers, and figures of Eq. 1 show what its formula says."""

import re

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

from snrlib import plots
from snrlib.evaluation import published, tables


def test_a_table_says_what_it_is_and_leaves_blanks_where_nothing_is() -> None:
    frame = tables.table2(published.table2())
    page = plots.table(frame, "Table 2 <printed>", digits=3).to_html()
    assert "Table 2" in page and "<caption>" in page and 'class="dataframe"' in page
    assert "1.018" in page and "−20" in page and "nan" not in page.lower()
    assert page.count("<img") == 0 and len(page) < 40_000


def test_the_same_table_gives_the_same_page() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan], "words": ["x", "y & z"]})
    pages = {plots.table(frame, "twice").to_html() for _ in range(2)}
    assert len(pages) == 1 and "y &amp; z" in pages.pop()


def test_differences_carry_their_sign() -> None:
    page = plots.table(pd.DataFrame({"a": [0.5, -0.5]}), "signed", digits=1, signed=True).to_html()
    assert "+0.5" in page and "−0.5" in page


def test_zero_has_no_sign_and_whole_numbers_have_separators() -> None:
    frame = pd.DataFrame({"a": [-0.001], "words": ["−0.0"], "samples": [16384.0]})
    page = plots.table(frame, "zeros", digits={"a": 1, "samples": 0}).to_html()
    assert "−0" not in page and "-0.0" not in page and "16,384" in page


def test_systems_are_called_as_in_the_field() -> None:
    names = ["S2 / log_mmse", "psa_bilstm-narrow", "oracle_psm", "teachers-true-snr"]
    page = plots.table(pd.DataFrame({"a": 1.0}, index=names), "systems").to_html()
    for name in ("S2 / log-MMSE", "PSA-BiLSTM-narrow", "oracle PSM", "teachers-true-snr"):
        assert f">{name}</th>" in page


def test_a_table_leaves_the_numbers_it_was_given_alone() -> None:
    frame = tables.table2(published.table2())
    before = frame.copy()
    plots.table(frame, "read only")
    pd.testing.assert_frame_equal(frame, before)
    assert frame.index.names == ["metric", "system"]


def test_rows_of_two_sources_stand_one_above_the_other() -> None:
    ours = pd.DataFrame({-5.0: [1.0, 2.0], "failed": [0, 1]}, index=["noisy", "S2"])
    theirs = pd.DataFrame({-5: [3.0], 0: [4.0]}, index=["S2"])
    both = plots.beside({"this run": ours, "printed": theirs})
    assert list(both.index) == [("noisy", "this run"), ("S2", "this run"), ("S2", "printed")]
    assert list(both.columns) == [-5, 0, "failed"]
    assert both.loc[("S2", "printed"), -5] == 3.0


def test_the_lowest_point_of_eq_1_is_the_blend_of_teacher_and_clean() -> None:
    for alpha in (0.25, 0.5):
        _, ax = plots.blend_of_squares(alpha, teacher=0.9, clean=0.1)
        whole = next(line for line in ax.lines if line.get_label().startswith("Eq. 1"))
        x, y = whole.get_data()
        assert abs(x[np.argmin(y)] - (alpha * 0.9 + (1 - alpha) * 0.1)) < 0.01
    plt.close("all")


def test_the_bands_of_the_choice_touch_and_show_the_teacher_of_every_training_snr() -> None:
    _, ax = plots.teacher_choice()
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert sorted(labels) == ["T1", "T2", "T3", "T4", "students"]
    edges = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches[:6])
    assert edges[0][0] == -22
    plt.close("all")


def test_students_of_different_budgets_are_never_joined() -> None:
    points = pd.DataFrame(
        {
            "name": ["alpha0.25", "alpha1.0", "S1"],
            "alpha": [0.25, 1.0, 0.0],
            "steps": [200, 200, 400],
            "mean": [1.0, 1.2, 0.9],
            "low": [0.9, 1.1, 0.8],
            "high": [1.1, 1.3, 1.0],
        }
    )
    _, ax = plots.alpha_curve(points, ylabel="loss")
    joined = [len(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "-"]
    assert max(joined) == 2
    plt.close("all")


def test_cells_that_stand_out_are_bold_and_only_they() -> None:
    columns = pd.MultiIndex.from_product([["stoi", "si_sdr"], ["mean", "minus S2"]])
    frame = pd.DataFrame([[0.8, 0.01, 5.0, 1.0], [0.7, -0.2, 4.0, 0.1]], ["S1", "S2"], columns)
    clear = pd.DataFrame(False, frame.index, columns)
    clear.loc["S2", ("stoi", "minus S2")] = True
    page = plots.table(frame[["stoi"]], "what it is", bold=clear).to_html()
    style = re.search(r"#(\S+)\s*\{\s*font-weight: bold;", page)
    assert style and page.count("font-weight: bold") == 1
    assert re.search(rf'id="{style[1]}"[^>]*>−0.20<', page)


def test_digits_can_be_told_by_the_name_above_several_columns() -> None:
    columns = pd.MultiIndex.from_product([["stoi", "si_sdr"], ["mean", "low"]])
    frame = pd.DataFrame([[0.12345, 0.12345, 1.23456, 1.23456]], columns=columns)
    html = plots.table(frame, "a caption", digits={"stoi": 3, "low": 1}).to_html()
    assert [html.count(f">{text}<") for text in ("0.123", "0.1", "1.23", "1.2")] == [1, 1, 1, 1]
