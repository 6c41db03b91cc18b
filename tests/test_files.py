"""Files appear whole or not at all, and two processes never work in one folder."""

import os
import subprocess
import sys

import numpy as np
import pytest

from snrlib import files
from snrlib.errors import SnrlibError


def test_a_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    with pytest.raises(ZeroDivisionError), files.atomic(target) as unfinished:
        unfinished.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_a_sentence():
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full to fill")
    with (
        pytest.raises(SnrlibError, match="disk is full"),
        files.writing("result.csv"),
        open("/dev/full", "w") as full,
    ):
        full.write("x" * 100_000)


def test_json_survives(tmp_path):
    content = {"a": [1, 2.5, "ü"], "b": {"c": None}}
    files.write_json(tmp_path / "x.json", {**content, "n": np.float64(1.5)})
    assert files.read_json(tmp_path / "x.json") == {**content, "n": 1.5}


def test_json_that_is_none_is_refused_by_name(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(SnrlibError, match=r"x\.json is not JSON"):
        files.read_json(tmp_path / "x.json")
    with pytest.raises(SnrlibError, match=r"y\.json does not exist"):
        files.read_json(tmp_path / "y.json")


def test_a_checksum_changes_with_what_matters_only():
    array = np.arange(6)
    one = files.checksum({"a": 1, "b": 2}, array)
    assert one == files.checksum({"b": 2, "a": 1}, array.copy())
    others = [
        files.checksum({"a": 1, "b": 3}, array),
        files.checksum({"a": 1, "b": 2}, array.reshape(2, 3)),
        files.checksum({"a": 1, "b": 2}, array.astype(float)),
    ]
    assert len({one, *others}) == 4


HOLD = """
import sys, time
from snrlib.files import lock
with lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="locks are advisory on other systems")
def test_a_folder_is_held_by_one_process_and_freed_by_its_death(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(SnrlibError, match="Another process"), files.lock(tmp_path):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with files.lock(tmp_path):
        pass
