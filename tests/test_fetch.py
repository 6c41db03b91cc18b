"""A corpus arrives whole and as published, or not at all, however badly the server behaves."""

import hashlib
import io
import os
import shutil
import stat
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from snrlib import fetch
from snrlib.errors import SnrlibError
from snrlib.files import cache_folder, read_json

NOISE = np.random.default_rng(0).bytes(3_000_000)  # does not compress, like packed audio


def tar_of(members, mode="w:gz"):
    """A tar archive of {name: bytes, or TarInfo for something odd}."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def zip_of(members):
    """A zip archive of {name or ZipInfo: bytes}."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
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


# Archives. ---------------------------------------------------------------------------------


def link(kind, name="Corpus/link", target="/etc/passwd"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return {name: info}


def zip_link():
    info = zipfile.ZipInfo("Corpus/link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return {info: "/etc/passwd"}


OUTSIDE = "would write outside its folder"
ODD = "holds a link or a device"
UNSAFE = {
    "tar, parent": (tar_of({"a.wav": b"1", "../b.wav": b"2"}), OUTSIDE),
    "tar, parent within": (tar_of({"a/../../b.wav": b"2"}), OUTSIDE),
    "tar, absolute": (tar_of({"/tmp/b.wav": b"2"}), OUTSIDE),
    "tar, symbolic link": (tar_of(link(tarfile.SYMTYPE)), ODD),
    "tar, hard link": (tar_of(link(tarfile.LNKTYPE)), ODD),
    "tar, device": (tar_of(link(tarfile.CHRTYPE)), ODD),
    "tar, pipe": (tar_of(link(tarfile.FIFOTYPE)), ODD),
    "zip, parent": (zip_of({"../b.wav": b"2"}), OUTSIDE),
    "zip, absolute": (zip_of({"/tmp/b.wav": b"2"}), OUTSIDE),
    "zip, drive": (zip_of({"C:/b.wav": b"2"}), OUTSIDE),
    "zip, backslashes": (zip_of({"a\\..\\..\\b.wav": b"2"}), OUTSIDE),
    "zip, symbolic link": (zip_of(zip_link()), ODD),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_member_refuses_the_whole_archive(case, tmp_path):
    content, reason = UNSAFE[case]
    archive = tmp_path / "in" / "archive"
    archive.parent.mkdir()
    archive.write_bytes(content)
    with pytest.raises(SnrlibError, match=reason):
        fetch.unpack(archive, tmp_path / "in" / "out")
    assert files(tmp_path) == [], "nothing was unpacked and the archive is gone"


def test_an_unsafe_member_is_refused_even_where_it_is_not_wanted(tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_of({"a.wav": b"1", "../b.txt": b"2"}, "w"))
    with pytest.raises(SnrlibError, match=OUTSIDE):
        fetch.unpack(tmp_path / "a.tar", tmp_path / "out", keep=("*.wav",))


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_a_bomb_is_refused_by_its_size(pack, tmp_path):
    archive = tmp_path / "bomb"
    archive.write_bytes(pack({f"{i}.wav": bytes(20_000_000) for i in range(3)}))
    assert archive.stat().st_size < 100_000
    with pytest.raises(SnrlibError, match="far more than audio of its size"):
        fetch.unpack(archive, tmp_path / "out")
    assert files(tmp_path) == []


def test_a_bomb_that_lies_about_its_size_is_refused_too(tmp_path):
    # The size stands in the local header and in the directory; both now say one byte.
    honest = zip_of({"a.wav": bytes(20_000_000)})
    size = (20_000_000).to_bytes(4, "little")
    assert honest.count(size) == 2
    (tmp_path / "bomb.zip").write_bytes(honest.replace(size, (1).to_bytes(4, "little")))
    with pytest.raises(SnrlibError):
        fetch.unpack(tmp_path / "bomb.zip", tmp_path / "out")
    assert files(tmp_path) == []


def test_millions_of_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "MEMBERS", 10)
    (tmp_path / "a.zip").write_bytes(zip_of({f"{i}.wav": b"" for i in range(11)}))
    with pytest.raises(SnrlibError, match="more than 10 members"):
        fetch.unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize(
    "content",
    [CORPUS[:1_000_000], zip_of({"a": NOISE})[:-500], b"not an archive", b""],
    ids=["tar cut short", "zip cut short", "text", "empty"],
)
def test_a_damaged_archive_is_refused(content, tmp_path):
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(SnrlibError, match="not an intact archive"):
        fetch.unpack(tmp_path / "archive", tmp_path / "out")
    assert files(tmp_path) == []


def test_a_flipped_bit_is_noticed(tmp_path):
    content = bytearray(zip_of({"a": NOISE}))
    content[1_000_000] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(SnrlibError, match="not an intact archive"):
        fetch.unpack(tmp_path / "a.zip", tmp_path / "out")


def test_only_what_is_wanted_is_unpacked(tmp_path):
    members = {"musan/noise/free-sound/a.wav": b"1", "musan/music/b.wav": b"2", "README": b"3"}
    (tmp_path / "a.zip").write_bytes(zip_of(members))
    out = fetch.unpack(tmp_path / "a.zip", tmp_path / "out", keep=("*/noise/*", "README"))
    assert files(out) == ["README", "musan/noise/free-sound/a.wav"]


def test_an_archive_without_the_files_expected_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(zip_of({"b.txt": b"2"}))
    with pytest.raises(SnrlibError, match=r"none of the files expected \(\*\.wav\)"):
        fetch.unpack(tmp_path / "a.zip", tmp_path / "out", keep=("*.wav",))


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
        patched.setattr(fetch, "open", full_for_audio, raising=False)
        with pytest.raises(SnrlibError, match="the disk is full"):
            fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert [Path(name).name for name in files(folder)] == ["corpus.tar.gz", ".lock"]
    fetch.fetch(item(server, checksum=md5(CORPUS)), folder)
    assert len(server.requests) == 1, "with space again, nothing travels a second time"
