"""Files appear whole or not at all, and two processes never work in one folder."""

import hashlib
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from snrlib.support import files
from snrlib.support.errors import SnrlibError


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


def test_a_text_hashed_in_pieces_is_the_text(monkeypatch):
    text = 'a "quoted" line\n\\ ü 😀\x00' * 9
    whole = files.checksum(text)
    assert whole == hashlib.sha256(json.dumps(text).encode() + b"\0").hexdigest()[:12]
    monkeypatch.setattr(files, "_PIECE", 1)
    assert files.checksum(text) == whole
    assert files.checksum("") == hashlib.sha256(b'""\0').hexdigest()[:12]


HOLD = """
import sys, time
from snrlib.support.files import lock
with lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_held_by_one_process_and_freed_by_its_death(tmp_path):
    folder = tmp_path / "run"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    refused = f"Another process is already working in {re.escape(str(folder))}; wait"
    with pytest.raises(SnrlibError, match=refused), files.lock(folder):
        pass
    holder.kill()  # SIGKILL: nothing of the process could tidy up
    holder.wait()
    holder.stdout.close()
    with files.lock(folder):
        pass


def test_a_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), files.lock(tmp_path):
        raise ZeroDivisionError
    with files.lock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused = "a file stands where a folder is needed"
    with pytest.raises(SnrlibError, match=refused), files.lock(tmp_path / "file"):
        pass
