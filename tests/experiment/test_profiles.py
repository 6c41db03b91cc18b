"""A profile holds what its entries say, and a slip of the pen is told, not ignored."""

from pathlib import Path

import pytest
from conftest import KIT

from snrlib.experiment import profiles
from snrlib.support.errors import SnrlibError


@pytest.mark.parametrize("path", [*profiles.names(), *map(str, (KIT / "tools").glob("*.toml"))])
def test_the_profiles_of_the_kit_are_what_their_entries_allow(path: str) -> None:
    assert profiles.load(path)["title"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[student]\nstpes = 3", r"\[student\] has no entry 'stpes'; did you mean 'steps'\?"),
        ("[studnet]\nsteps = 3", r"there is no section \[studnet\]; did you mean 'student'\?"),
        ("tinny = true", r"has no entry 'tinny'; did you mean 'tiny'\?"),
        ("student = 3", r"'student' is a section; write \[student\]"),
        ("[model]\nchanels = 8", r"\[model\] has no entry 'chanels'; did you mean 'channels'\?"),
        ("[crn.model]\nunits = 8", r"\[crn.model\] has no entry 'units'; choose from channels"),
        ('[student]\nsteps = "3"', r"steps = '3' in \[student\] must be a whole number"),
        ("[teacher]\nsteps = 2.5", "must be a whole number"),
        ("[teacher]\nlearning_rate = true", "must be a number"),
        ("[teacher]\nlearning_rate = nan", "must be between 1e-09 and 1"),
        ("[teacher]\nlearning_rate = 20", "must be between 1e-09 and 1"),
        ("[student]\nalpha = 2.0", "must be between 0 and 1"),
        ("[student]\nbatch = 0", "must be between 1 and 100000"),
        ('[teacher]\nschedule = "fast"', 'must be one of "constant", "halve", "onecycle"'),
        ('[data]\nmetrics = ["pesk"]', 'must be a list of one of "pesq_raw"'),
        ('[data]\nmetrics = "stoi"', "must be a list"),
        ("[alpha]\nvalues = [0.5, 7]", "must be a list of between 0 and 1"),
        ("[model]\nchannels = -8", "must be between 1 and 100000"),
        ('[cost]\n00_first = "long"', "must be a number"),
        ("[level]\nover = 1", "must be text in quotes"),
    ],
)
def test_what_no_profile_has_is_refused_with_file_and_entry(
    text: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(SnrlibError, match=told) as caught:
        profiles.load(str(path))
    assert str(path) in str(caught.value)
