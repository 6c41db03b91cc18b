"""A table survives its own CSV: whatever its words look like, and to the last bit."""

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snrlib import SnrlibError
from snrlib.support import tables

LIKE_SOMETHING_ELSE = st.sampled_from(
    ["001", "NA", "11", "1e5", "null", "", "nan", "None", "True", "-", "inf", "0x1F", "1_000",
     " p1 ", "a,b", 'say "x"', "two\nlines", "cr\rhere", "2024-01-01", "#", "ä", "\ufeff",
     "caf\udce9", "'", "=1+1"]
)  # fmt: skip
WORD = LIKE_SOMETHING_ELSE | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
NUMBER = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(WORD, WORD, NUMBER, st.integers(-(2**62), 2**62)), min_size=1))
def test_words_and_numbers_come_back_as_they_were(rows):
    table = pandas.DataFrame(rows, columns=["speaker", "utterance", "gain", "noise_start"])
    again = tables._parsed(tables.encoded(table), tables.WORDS)
    assert again["speaker"].tolist() == table["speaker"].tolist()
    assert again["utterance"].tolist() == table["utterance"].tolist()
    pandas.testing.assert_series_equal(again["gain"].astype(float), table["gain"], check_exact=True)
    assert again["noise_start"].tolist() == table["noise_start"].tolist()


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_files_hold_what_was_written(tmp_path, name):
    table = pandas.DataFrame({"speaker": ["001", "NA", ""], "snr_db": [0.1 + 0.2, None, -5.0]})
    tables.write(tmp_path / name, table)
    again = tables.read(tmp_path / name)
    assert again["speaker"].tolist() == ["001", "NA", ""]
    assert again["snr_db"][0] == 0.1 + 0.2
    assert again["snr_db"].isna().tolist() == [False, True, False]
    first = (tmp_path / name).read_bytes()
    tables.write(tmp_path / name, again)
    assert (tmp_path / name).read_bytes() == first


def test_a_file_that_is_no_table_is_named(tmp_path):
    with pytest.raises(SnrlibError, match=r"gone\.csv does not exist"):
        tables.read(tmp_path / "gone.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(SnrlibError, match=r"empty\.csv is not a table"):
        tables.read(tmp_path / "empty.csv")
    (tmp_path / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\0")
    with pytest.raises(SnrlibError, match=r"cut\.csv\.gz is not a table|cannot be read"):
        tables.read(tmp_path / "cut.csv.gz")
