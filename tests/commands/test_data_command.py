"""`snrlib data`: a user with a corpus, with a network, or with a folder gets to records."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from conftest import KIT

from snrlib import corpora, datasets
from snrlib.commands.data import data
from snrlib.corpora import registered
from snrlib.corpora.fetch import Download
from snrlib.corpora.sources import librispeech
from snrlib.mixing import snr_db
from snrlib.support.errors import SnrlibError


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def run(*arguments):
    """What `snrlib data ...` prints; raises what the command line would print as one sentence."""
    result = CliRunner().invoke(data, arguments, catch_exceptions=False)
    if isinstance(result.exception, SystemExit) and result.exit_code:
        raise AssertionError(result.output)
    return result.output


def write(path, seconds=0.5, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.arange(round(seconds * rate))
    pitch = 9 + zlib.crc32(str(path).encode()) % 1000 / 500  # no two are the same
    soundfile.write(path, 0.1 * np.sin(samples / pitch), rate, format="WAV")
    return path


@pytest.fixture
def timit(tmp_path):
    for name in ("TRAIN/DR1/FCJF0/SA1", "TRAIN/DR1/FCJF0/SX37", "TEST/DR8/MJLN0/SI1449"):
        write(tmp_path / f"TIMIT/{name}.WAV")
    return tmp_path / "TIMIT"


@pytest.fixture
def mini(monkeypatch, tmp_path):
    """A LibriSpeech of two tiny subsets, on a server of this machine."""
    archives = {}
    for subset, speaker in (("train-clean-5", 19), ("dev-clean-2", 84)):
        name = f"LibriSpeech/{subset}/{speaker}/1/{speaker}-1-0000.flac"
        audio = io.BytesIO()
        soundfile.write(audio, 0.1 * np.sin(np.arange(16_000) / 9), 16_000, format="FLAC")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(audio.getvalue())
            archive.addfile(member, io.BytesIO(audio.getvalue()))
        archives[f"/{subset}.tar.gz"] = packed.getvalue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(archives[self.path])))
            self.end_headers()
            self.wfile.write(archives[self.path])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    downloads = tuple(
        Download(
            part=name[1:].removesuffix(".tar.gz"),
            url=f"http://127.0.0.1:{server.server_port}{name}",
            size=len(content),
            checksum=f"md5:{hashlib.md5(content).hexdigest()}",
            wanted="train" in name,
        )
        for name, content in archives.items()
    )
    monkeypatch.setattr(librispeech, "CORPUS", replace(librispeech.CORPUS, downloads=downloads))
    yield
    server.shutdown()
    server.server_close()


def test_the_list_shows_every_corpus_with_its_licence_and_cost():
    text = " ".join(run("list").split())
    for name in corpora.names():
        assert f"{name}: {corpora.get(name).title}" in text
        assert corpora.get(name).licence in text
    assert "here: ships with the kit" in text
    assert "`snrlib data fetch librispeech` downloads it" in text
    assert "costs: 459 MB to download; more on demand: dev-clean 338 MB" in text
    assert "`snrlib data add timit PATH` takes the copy you have" in text


def test_a_user_with_timit_gets_to_records_in_one_command(timit):
    text = run("add", "timit", str(timit))
    assert "Added: 3 recordings, 2 speakers" in text
    assert "licence: LDC user agreement" in text
    records = corpora.speech("timit")
    assert records["split"].value_counts().to_dict() == {"train": 2, "test": 1}
    assert f"here: {timit}" in run("list")


def test_from_three_corpora_to_a_recipe_that_says_where_every_sample_is(timit, tmp_path):
    write(timit / "TRAIN/DR1/FCJF0/SX127.WAV")  # three utterances are the least to train with
    write(tmp_path / "noisex/babble.wav", 5, 19_980)
    write(tmp_path / "chime/BGD_150204_010_BUS.CH1.wav", 5)
    for name, folder in (("timit", timit), ("noisex92", "noisex"), ("chime4", "chime")):
        run("add", name, str(tmp_path / folder))
    noises = corpora.noises("noisex92:babble", "chime4")
    test = datasets.recipe("test", corpora.speech("timit"), noises, seed=0)
    assert len(test) == 1 * 2 * 9, "one utterance, two noises, nine SNRs"
    assert set(test["noise"]) == {"babble", "BUS"}
    for row in test.to_dict("records"):
        assert snr_db(*datasets.mixture(row)[1:3]) == pytest.approx(row["snr_db"], abs=1e-3)


def test_a_user_with_a_network_gets_to_records_in_one_command(mini):
    text = run("fetch", "librispeech")
    assert "LibriSpeech, licence: CC BY 4.0" in text
    assert "Please cite: V. Panayotov" in text
    assert "Here: 1 recording, 1 speaker" in text
    assert list(corpora.speech("librispeech")["id"]) == ["train-clean-5/19-1-0000"]
    assert "(train-clean-5)" in run("list")


def test_a_part_is_fetched_by_name_and_joins_the_others(mini):
    run("fetch", "librispeech")
    run("fetch", "librispeech:dev-clean-2")
    records = corpora.speech("librispeech")
    assert records["split"].to_list() == ["test", "train"]
    assert list(corpora.speech("librispeech:dev-clean-2")["speaker"]) == ["84"]


def test_a_user_with_a_folder_needs_no_command_and_can_check_it(tmp_path):
    for speaker in ("anna", "ben"):
        write(tmp_path / f"mine/{speaker}/one.wav")
    text = run("check", f"folder:{tmp_path / 'mine'}")
    assert "2 recordings, 2 speakers" in text
    assert "2 files: WAV PCM_16, 16000 Hz, 1 channel" in text
    assert "[OK] every file can be read to its end" in text


def test_a_copy_that_was_added_wins_over_one_that_was_fetched(mini, tmp_path):
    write(tmp_path / "own/train-clean-100/1/1/1-1-0000.flac")
    run("add", "librispeech", str(tmp_path / "own"))
    assert "Your own copy at" in run("fetch", "librispeech")
    assert list(corpora.speech("librispeech")["speaker"]) == ["1"]


def test_a_folder_that_is_not_the_corpus_is_not_added(timit):
    with pytest.raises(SnrlibError, match=r"holds no audio named as in NoiseX-92"):
        run("add", "noisex92", str(timit))
    assert registered.added() == {}


def test_a_relative_path_is_remembered_as_it_is_here(timit, monkeypatch):
    monkeypatch.chdir(timit.parent)
    run("add", "timit", "TIMIT")
    monkeypatch.chdir("/")
    assert len(corpora.speech("timit")) == 3


def test_a_registered_folder_that_went_away_is_named(timit):
    run("add", "timit", str(timit))
    timit.rename(timit.with_name("moved"))
    with pytest.raises(SnrlibError, match=r"registered at .*TIMIT, which does not exist"):
        corpora.speech("timit")
    assert "TIMIT is gone" in run("list")


def test_an_unknown_corpus_lists_near_names(tmp_path):
    for arguments in (["add", "timmit", str(tmp_path)], ["fetch", "timmit"], ["check", "timmit"]):
        with pytest.raises(SnrlibError, match="'timmit'; did you mean 'timit'"):
            run(*arguments)


def test_a_licensed_corpus_is_not_fetched_but_explained():
    with pytest.raises(SnrlibError, match=r"LDC user agreement.*https://.*snrlib data add timit"):
        run("fetch", "timit")


def test_an_unknown_part_lists_the_parts():
    with pytest.raises(SnrlibError, match=r"no part 'train-clean-6'; its parts are train-clean-5"):
        run("fetch", "librispeech:train-clean-6")


@pytest.mark.parametrize("name", ["embedded", "folder"])
def test_what_is_always_here_is_neither_fetched_nor_added(name, tmp_path):
    with pytest.raises(SnrlibError, match="needs no download"):
        run("fetch", name)
    with pytest.raises(SnrlibError, match="needs no adding"):
        run("add", name, str(tmp_path))


def test_an_incomplete_corpus_is_counted_and_named(timit):
    run("add", "timit", str(timit))
    with pytest.raises(SnrlibError, match=r"2 in train where the published corpus has 4,620"):
        run("check", "timit")


def test_a_part_of_a_corpus_is_checked_without_the_counts_of_the_whole(timit):
    run("add", "timit", str(timit))
    assert "[OK] every file can be read" in run("check", "timit:mjln0")


def test_broken_files_are_named_one_by_one(timit):
    run("add", "timit", str(timit))
    path = timit / "TRAIN/DR1/FCJF0/SA1.WAV"
    path.write_bytes(path.read_bytes()[:5000])
    result = CliRunner().invoke(data, ["check", "timit"])
    assert isinstance(result.exception, SnrlibError)
    assert "1 files of 'timit' cannot be opened" in str(result.exception)
    assert f"[FAIL] {path} is truncated" in result.output


def test_files_that_do_not_even_open_are_named_one_by_one_too(timit):
    run("add", "timit", str(timit))
    for name in ("SA1", "SX37"):
        (timit / f"TRAIN/DR1/FCJF0/{name}.WAV").write_bytes(b"")
    result = CliRunner().invoke(data, ["check", "timit"])
    assert "2 files of 'timit' cannot be opened" in str(result.exception)
    assert "SA1.WAV is empty" in result.output and "SX37.WAV is empty" in result.output


def test_the_command_line_ends_with_one_sentence_and_exit_code_1():
    result = subprocess.run(
        [sys.executable, "-m", "snrlib", "data", "check", "timit"],
        capture_output=True,
        text=True,
        env={**os.environ},
        cwd=KIT,
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("snrlib: The corpus 'timit' is not here; `snrlib data add")
