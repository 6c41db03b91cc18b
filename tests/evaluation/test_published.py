"""The printed tables are carried over faithfully, and what is said about them is computed."""

import pandas as pd
import pytest

from snrlib.evaluation import oddities, published, tables
from snrlib.teachers import TEACHER_SNRS


def test_the_tables_have_every_printed_cell() -> None:
    # 9 noises x 9 SNRs x noisy/enhanced; 9 SNRs x (noisy, S1, S2) + 4 teachers x 3; 5 methods.
    assert [len(table()) for table in (published.table1, published.table2, published.table3)] == [
        162,
        39,
        5,
    ]
    for table in (published.table1(), published.table2(), published.table3()):
        assert table["pesq_raw"].between(-0.5, 4.5).all()
        assert table["stoi"].between(0, 1).all()
    first = published.table1()
    assert first.groupby("noise_seen")["noise"].nunique().to_dict() == {"seen": 5, "unseen": 4}
    assert sorted(first.loc[first["snr_seen"] == "seen", "snr_db"].unique()) == [
        -20,
        -10,
        0,
        10,
        20,
    ]
    assert first["pesq_raw"].min() == 0.411


def test_some_cells_read_from_the_paper() -> None:
    wide = tables.table1(published.table1())
    assert wide.loc[("seen", "babble", "enhanced"), ("pesq_raw", "unseen", -15)] == 1.084
    assert wide.loc[("unseen", "street", "noisy"), ("stoi", "seen", 20)] == 0.919
    second = tables.table2(published.table2())
    assert second.loc[("pesq_raw", "T2"), -5] == 2.121
    assert second.loc[("stoi", "S2"), 0] == 0.826
    assert tables.table3(published.table3()).loc["crn", ("pesq_raw", "mean")] == 2.161


def test_the_headlines_are_ratios_of_means_over_the_whole_test_set() -> None:
    table = published.headlines()
    assert list(table["printed"]) == [38.71, 12.73, 0.143, 0.021]
    assert list(table["recomputed"]) == pytest.approx(list(table["printed"]), abs=5e-3)
    # What the printed percentages are not: the mean over SNRs of the gain at each SNR.
    by_snr = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    assert 100 * (by_snr["S2"] / by_snr["noisy"] - 1).mean() > 50


def test_teachers_are_tested_where_the_tables_module_says() -> None:
    ranges = published.table2().groupby("system")["snr_db"].agg(["min", "max"])
    printed = {name: tuple(ranges.loc[name]) for name in TEACHER_SNRS}
    assert printed == tables.TEACHER_RANGES_DB


def test_the_oddities_carry_the_numbers_that_a_reader_can_check() -> None:
    table = oddities.oddities()
    text = " ".join(table["oddity"] + " " + table["evidence"])
    for expected in (
        "0.964, 0.982, 0.987",  # T4's STOI
        "S1 0.312, noisy 0.367",  # at -20 dB
        "At −20, 0, 10 dB: S2 1.172, 2.417, 2.921",
        "T3 2.387, T2 2.461",
        "T4 2.891, T3 3.109",
        "S1 2.206, S2 2.305, the teachers that supervise 2.356",
        "2.388: S2 goes 66 % of the way",
        "up to 0.006",
        "noisy at −20 dB 0.761, at −15 dB 0.660",
        "38.71 % as a ratio of means",
    ):
        assert expected in text
    assert "nominal teacher T2" not in text  # 1.719 and 1.720 at -10 dB are a tie
    assert table.notna().all(axis=None)


def test_a_table_handed_out_can_be_changed_without_changing_the_next() -> None:
    table = published.table2()
    table["stoi"] = 0.0
    pd.testing.assert_frame_equal(published.table2(), published.table2())
    assert published.table2()["stoi"].max() > 0.9
