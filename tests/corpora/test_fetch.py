"""A corpus arrives whole and as published, or not at all, however badly the server behaves."""

import hashlib
import io
import os
import shutil
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from snrlib.corpora import fetch, unpacking
from snrlib.support.errors import SnrlibError
from snrlib.support.files import cache_folder, read_json

NOISE = np.random.default_rng(0).bytes(3_000_000)  # does not compress, like packed audio


def tar_of(members):
    """A tar archive of {name: bytes}."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


CORPUS = tar_of({"Corpus/README.TXT": b"read me", "Corpus/1/a.flac": NOISE})


class Server:
    """Serves `content` at any path, and behaves as its attributes say."""

    def __init__(self):
        self.content = CORPUS
        self.content_type = "application/gzip"
        self.drops = 0  # connections that end halfway through what they promised
        self.failures = 0  # answers 503 this often
        self.status = 200
        self.ranges = True
        self.length = True
        self.version = '"one"'
        self.requests = []  # the Range header of each request
        self.sent = 0
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                served.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # clients that hang up are the subject here
        self.url = f"http://127.0.0.1:{self._server.server_port}/corpus.tar.gz"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler):
        wanted = handler.headers["Range"]
        self.requests.append(wanted)
        if self.failures:
            self.failures -= 1
            return handler.send_error(503)
        if self.status != 200:
            return handler.send_error(self.status)
        body, begin = self.content, 0
        known = handler.headers["If-Range"] in (None, self.version)
        if wanted and self.ranges and known:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(body):
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{len(body)}")
                return handler.end_headers()
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            handler.send_response(200)
        body = body[begin:]
        handler.send_header("Content-Type", self.content_type)
        handler.send_header("ETag", self.version)
        if self.length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.drops:
            self.drops -= 1
            body = body[: len(body) // 2]
        self.sent += len(body)
        handler.wfile.write(body)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "_FIRST_WAIT_SECONDS", 0.001)
    running = Server()
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "corpora"


def md5(content):
    return "md5:" + hashlib.md5(content).hexdigest()


def item(server, **known):
    return fetch.Download("part", server.url, **known)


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def nothing_but_the_lock(folder):
    return [name for name in files(folder) if Path(name).name != ".lock"] == []


def test_a_corpus_arrives_and_its_archive_is_gone(server, folder):
    content = fetch.fetch(item(server, size=len(CORPUS), checksum=md5(CORPUS)), folder)
    assert files(content) == ["Corpus/1/a.flac", "Corpus/README.TXT"]
    assert (content / "Corpus/1/a.flac").read_bytes() == NOISE
    assert not list(folder.rglob("*.gz*"))


def test_what_is_here_is_not_fetched_again(server, folder):
    wanted = item(server, checksum=md5(CORPUS))
    assert fetch.fetch(wanted, folder) == fetch.fetch(wanted, folder)
    assert len(server.requests) == 1


def test_a_broken_connection_is_continued_where_it_broke(server, folder):
    server.drops = 2
    content = fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert (content / "Corpus/1/a.flac").read_bytes() == NOISE
    half = len(CORPUS) // 2
    quarter = half + (len(CORPUS) - half) // 2
    assert server.requests == [None, f"bytes={half}-", f"bytes={quarter}-"]
    assert server.sent == len(CORPUS), "no byte travels twice"


def test_a_transfer_that_died_is_continued_by_the_next_command(server, folder, monkeypatch):
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    server.drops = 1
    with pytest.raises(SnrlibError, match=r"kept: run the same command again to continue"):
        fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert not (folder / "part").exists()
    fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert server.sent == len(CORPUS)


def test_a_transfer_killed_after_its_last_byte_needs_no_other(server, folder):
    downloads = folder / ".downloads"
    downloads.mkdir(parents=True)
    (downloads / "corpus.tar.gz.part").write_bytes(CORPUS)
    fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert server.sent == 0


def test_a_server_without_ranges_sends_all_of_it_again(server, folder):
    server.drops, server.ranges = 1, False
    fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert server.sent == len(CORPUS) // 2 + len(CORPUS)


def test_halves_of_two_versions_are_never_joined(server, folder, monkeypatch):
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    server.drops = 1
    with pytest.raises(SnrlibError):
        fetch.fetch(item(server), folder)
    server.content = tar_of({"Corpus/1/a.flac": NOISE[::-1]})
    server.version = '"two"'
    content = fetch.fetch(item(server), folder)
    assert (content / "Corpus/1/a.flac").read_bytes() == NOISE[::-1]


def test_a_busy_server_is_asked_again(server, folder):
    server.failures = 2
    fetch.fetch(item(server, checksum=md5(CORPUS)), folder)


def test_a_server_that_always_hangs_up_is_given_up(server, folder):
    server.drops, server.ranges = 99, False
    with pytest.raises(SnrlibError, match="broke 5 times in a row"):
        fetch.fetch(item(server), folder)
    assert len(server.requests) == 5


def test_a_wrong_checksum_is_refused_and_nothing_is_left(server, folder):
    with pytest.raises(SnrlibError, match=r"md5 \w{32} instead of \w{32} \(published\)"):
        fetch.fetch(item(server, checksum=md5(b"another file")), folder)
    assert nothing_but_the_lock(folder)


def test_a_file_of_another_length_is_refused_before_it_travels(server, folder):
    with pytest.raises(SnrlibError, match="are expected; the publisher may have replaced it"):
        fetch.fetch(item(server, size=12), folder)
    assert nothing_but_the_lock(folder)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_file_is_named_with_its_remedy(server, folder, status):
    server.status = status
    with pytest.raises(SnrlibError, match=rf"HTTP {status}.*snrlib data add"):
        fetch.fetch(item(server), folder)
    assert len(server.requests) == 1
    assert nothing_but_the_lock(folder)


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/gzip"])
def test_a_web_page_is_not_an_archive(server, folder, content_type):
    server.content_type = content_type
    server.content = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
    with pytest.raises(SnrlibError, match="sends a web page instead of an archive"):
        fetch.fetch(item(server), folder)
    assert nothing_but_the_lock(folder)


def test_no_network_is_said_at_once(server, folder):
    unreachable = fetch.Download("part", "http://127.0.0.1:9/corpus.tar.gz")
    with pytest.raises(SnrlibError, match=r"Cannot reach 127.0.0.1:9 .*check the network"):
        fetch.fetch(unreachable, folder)


def test_an_unpublished_checksum_is_pinned_at_first_use(server, folder):
    fetch.fetch(item(server), folder)
    pins = read_json(cache_folder() / "checksums.json")
    assert pins == {server.url: "sha256:" + hashlib.sha256(CORPUS).hexdigest()}
    shutil.rmtree(folder / "part")
    server.content = tar_of({"Corpus/1/a.flac": NOISE[::-1]})
    with pytest.raises(SnrlibError, match=r"checksums\.json.*remove its line there if"):
        fetch.fetch(item(server), folder)


def test_a_damaged_archive_is_not_pinned(server, folder):
    server.content, server.length = CORPUS[:-100_000], False
    with pytest.raises(SnrlibError, match="not an intact archive"):
        fetch.fetch(item(server), folder)
    assert not (cache_folder() / "checksums.json").exists()
    assert nothing_but_the_lock(folder)


# A full disk. ------------------------------------------------------------------------------


def test_a_full_disk_is_seen_before_the_transfer(server, folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(SnrlibError, match=r"0 MB free and 3 MB are needed.*SNRLIB_CACHE"):
        fetch.fetch(item(server), folder)
    assert nothing_but_the_lock(folder)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is a Linux device")
def test_a_disk_that_fills_up_during_the_transfer(server, folder):
    (folder / ".downloads").mkdir(parents=True)
    (folder / ".downloads/corpus.tar.gz.part").symlink_to("/dev/full")
    with pytest.raises(SnrlibError, match="the disk is full; free some space"):
        fetch.fetch(item(server), folder)
    assert not (folder / "part").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is a Linux device")
def test_a_disk_that_fills_up_while_unpacking_keeps_the_archive(server, folder, monkeypatch):
    def full_for_audio(path, *mode):
        return open("/dev/full" if str(path).endswith(".flac") else path, *mode)

    with monkeypatch.context() as patched:
        patched.setattr(unpacking, "open", full_for_audio, raising=False)
        with pytest.raises(SnrlibError, match="the disk is full"):
            fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert [Path(name).name for name in files(folder)] == ["corpus.tar.gz", ".lock"]
    fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert len(server.requests) == 1, "with space again, nothing travels a second time"
