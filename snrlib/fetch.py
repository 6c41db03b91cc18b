"""Downloads that arrive whole, are what they claim to be, and unpack where they should.

A transfer that breaks is continued where it stopped; a file is used only once its length,
its checksum (the published one, or the one pinned at first use) and its archive have been
verified; and an archive is unpacked beside its destination and then moved there, so that
nobody ever sees half of it. Archives are not trusted: members that would leave the folder,
links, and content far larger than the archive are refused.

Notebook: 01_data_construction, "Nothing but a network".
"""

import fnmatch
import gzip
import hashlib
import http.client
import lzma
import os
import shutil
import stat
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO, cast
from urllib.parse import urlsplit

from snrlib.errors import SnrlibError
from snrlib.files import cache_folder, lock, read_json, write_json, writing
from snrlib.progress import Progress

MEGABYTE = 1_000_000
# So often in a row may a transfer break without bringing anything new.
ATTEMPTS = 5
# Audio shrinks to a half or a third when packed; a hundredfold is an attack or an accident.
EXPANSION = 20
MEMBERS = 1_000_000
_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 60
_FIRST_WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Download:
    """One archive on a server, and what is known about it.

    Attributes:
        part: the name of this part of the corpus, and of the folder it is unpacked into.
        url: where it lies.
        size: of the archive in bytes; None if the publisher does not say.
        checksum: "md5:..." or "sha256:..." as published; empty if unknown: then the first
            intact download pins it in the user's cache.
        wanted: fetched when the user names no part.
        keep: patterns of the members that are unpacked ("*/noise/*.wav"); empty for all.
        unpacked: size of the content in bytes, if known; bounds what is unpacked.
        about: the size roughly, where the exact one is not known; shown, not verified.
    """

    part: str
    url: str
    size: int | None = None
    checksum: str = ""
    wanted: bool = True
    keep: tuple[str, ...] = ()
    unpacked: int | None = None
    about: int = 0

    @property
    def file(self) -> str:
        """The archive's name."""
        return Path(urlsplit(self.url).path).name


class _InterruptedError(Exception):
    """The connection ended before the file did; trying again may help."""


def fetch(item: Download, folder: str | Path, *, label: str = "") -> Path:
    """The folder `folder/<part>` with the content of one archive, fetched unless it is there.

    Raises:
        SnrlibError: the server cannot be reached or does not have the file, what came is not
            the file (checksum, length, a web page), the archive is damaged or unsafe, or the
            disk is full. Nothing half-written stays, except the part of the archive that has
            arrived, from which the next call continues.
    """
    folder = Path(folder)
    content = folder / item.part
    if content.is_dir():
        return content
    with lock(folder):
        archive = download(item, folder / ".downloads", label=label)
        unpack(archive, content, keep=item.keep, unpacked=item.unpacked)
        if not item.checksum:
            _pin(item, archive)
        archive.unlink()
    return content


def download(item: Download, folder: str | Path, *, label: str = "") -> Path:
    """`folder/<file>`, whole and verified; a transfer that broke earlier is continued."""
    folder = Path(folder)
    target = folder / item.file
    unfinished = target.with_name(target.name + ".part")
    try:
        if not target.exists():
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
            _transfer_patiently(item, unfinished, label or item.file)
        whole = target if target.exists() else unfinished
        _verify(item, whole)
        os.replace(whole, target)
    finally:
        if not _size(unfinished):
            unfinished.unlink(missing_ok=True)
            _validator(unfinished).unlink(missing_ok=True)
    return target


def _transfer_patiently(item: Download, unfinished: Path, label: str) -> None:
    breaks = 0
    while True:
        before = _size(unfinished)
        try:
            return _transfer(item, unfinished, label)
        except _InterruptedError as interruption:
            breaks = 1 if _size(unfinished) > before else breaks + 1
            if breaks >= ATTEMPTS:
                raise SnrlibError(
                    f"The connection to {item.url} broke {breaks} times in a row ({interruption}); "
                    f"{_size(unfinished) / MEGABYTE:.0f} MB are kept: run the same command again "
                    "to continue."
                ) from interruption
            time.sleep(_FIRST_WAIT_SECONDS * 2 ** (breaks - 1))


def _transfer(item: Download, unfinished: Path, label: str) -> None:
    """Appends what is missing to `unfinished`; _InterruptedError when the connection ends early."""
    done = _size(unfinished)
    headers = {"User-Agent": "snrlib", "Accept-Encoding": "identity"}
    validator = _validator(unfinished)
    if done:
        headers["Range"] = f"bytes={done}-"
        if validator.exists():
            # If the file on the server has changed, the server sends all of it anew.
            headers["If-Range"] = validator.read_text()
    try:
        request = urllib.request.Request(item.url, headers=headers)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            if response.status != http.HTTPStatus.PARTIAL_CONTENT:
                done = 0
            length = response.headers.get("Content-Length")
            total = done + int(length) if length else item.size
            _refuse_other_file(item, response, total)
            _refuse_full_disk(unfinished.parent, (total or item.about) - done)
            if tag := response.headers.get("ETag") or response.headers.get("Last-Modified"):
                validator.write_text(tag)
            _append(response, unfinished, done, total, item.about, label)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
            # All of it is here already, unless the file on the server has changed.
            if error.headers.get("Content-Range") != f"bytes */{done}":
                unfinished.unlink()
                raise _InterruptedError("the file on the server has changed") from error
        elif error.code == http.HTTPStatus.TOO_MANY_REQUESTS or error.code >= 500:
            raise _InterruptedError(f"HTTP {error.code}") from error
        else:
            raise SnrlibError(
                f"{item.url} answers HTTP {error.code} ({error.reason}); the file may have moved: "
                "fetch it by hand from the corpus's home page and run `snrlib data add`."
            ) from error
    except urllib.error.URLError as error:
        if done:
            raise _InterruptedError(str(error.reason)) from error
        raise SnrlibError(
            f"Cannot reach {urlsplit(item.url).netloc} ({error.reason}); check the network, or "
            "copy the corpus here by other means and run `snrlib data add`."
        ) from error
    except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
        raise _InterruptedError(str(error) or type(error).__name__) from error


def _append(
    response: http.client.HTTPResponse,
    unfinished: Path,
    done: int,
    total: int | None,
    about: int,
    label: str,
) -> None:
    megabytes = -(-(total or about) // MEGABYTE)
    with (
        writing(unfinished),
        open(unfinished, "r+b" if done else "wb") as file,
        Progress(megabytes, label, "megabyte", done=done // MEGABYTE) as progress,
    ):
        file.seek(done)
        while block := response.read(_BLOCK):
            if file.tell() == 0 and _is_web_page(block):
                raise SnrlibError(_web_page(response.url))
            file.write(block)
            progress.update(file.tell() // MEGABYTE - progress.done)
        arrived = file.tell()
    if total is not None and arrived < total:
        raise _InterruptedError(f"{arrived:,} of {total:,} bytes arrived")


def _refuse_other_file(
    item: Download, response: http.client.HTTPResponse, total: int | None
) -> None:
    """Stops before gigabytes of something else are fetched."""
    if response.headers.get_content_type() == "text/html":
        raise SnrlibError(_web_page(item.url))
    if item.size is not None and total != item.size:
        raise SnrlibError(
            f"{item.url} has {total:,} bytes where {item.size:,} are expected; the publisher may "
            "have replaced it: fetch it by hand, look at it, and run `snrlib data add`."
        )


def _refuse_full_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SnrlibError(
            f"{folder} has {free / MEGABYTE:,.0f} MB free and {needed / MEGABYTE:,.0f} MB are "
            "needed; free some space, or set SNRLIB_CACHE to a folder on a larger disk."
        )


def _is_web_page(block: bytes) -> bool:
    return block[:512].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _web_page(url: str) -> str:
    return (
        f"{url} sends a web page instead of an archive (a log-in or an error page); open it in a "
        "browser, fetch the archive by hand and run `snrlib data add`."
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _validator(unfinished: Path) -> Path:
    """Where the server's name for this version of the file is kept (its ETag)."""
    return unfinished.with_name(unfinished.name + ".version")


def _digest(path: Path, algorithm: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _verify(item: Download, path: Path) -> None:
    """Removes `path` and raises when it is not the published, or the pinned, file."""
    expected, source = item.checksum, "published"
    if not expected:
        pins = _pins()
        expected, source = pins.get(item.url, ""), f"remembered in {_pins_file()}"
    if not expected:
        return
    algorithm, _, wanted = expected.partition(":")
    found = _digest(path, algorithm)
    if found != wanted:
        path.unlink()
        remedy = "run the same command again"
        if not item.checksum:
            remedy += ", or remove its line there if the publisher has replaced the file"
        raise SnrlibError(
            f"{item.url} arrived with {algorithm} {found} instead of {wanted} ({source}); it was "
            f"removed: {remedy}."
        )


def _pins_file() -> Path:
    return cache_folder() / "checksums.json"


def _pins() -> dict[str, str]:
    return read_json(_pins_file()) if _pins_file().exists() else {}


def _pin(item: Download, archive: Path) -> None:
    """Remembers what an intact archive without a published checksum looked like."""
    write_json(_pins_file(), _pins() | {item.url: f"sha256:{_digest(archive, 'sha256')}"})


@dataclass(frozen=True)
class _Member:
    name: str
    is_folder: bool
    is_file: bool
    open: Callable[[], IO[bytes]]


def unpack(
    archive: str | Path,
    folder: str | Path,
    *,
    keep: tuple[str, ...] = (),
    unpacked: int | None = None,
) -> Path:
    """`folder` with the files of a zip or tar archive: all that match `keep`, or none at all.

    An archive that is damaged or unsafe is removed: it has nothing to offer a second time.

    Args:
        archive: .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz.
        folder: where the content goes; must not exist yet.
        keep: patterns of the members wanted; empty for all. The others are checked as well.
        unpacked: expected size of the content in bytes; without it, `EXPANSION` times the
            archive's size is the limit.

    Raises:
        SnrlibError: a member is a link or a device or leads out of the folder, the content is
            larger than the limit, the archive is damaged or none, the disk is full.
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        raise SnrlibError(f"{folder} exists already; remove it to unpack {archive.name} again.")
    limit = unpacked or EXPANSION * _size(archive) + 10 * MEGABYTE
    # A leading dot, so that no listing sees what is half unpacked.
    unfinished = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with writing(folder), open(archive, "rb") as packed, _reading(archive):
            unfinished.mkdir(parents=True)
            files = _unpack_members(archive, packed, unfinished, keep, limit)
            if not files:
                raise _DamagedError(
                    f"{archive} holds none of the files expected ({', '.join(keep) or 'any'}) and "
                    "was removed: see on the corpus's home page what has changed."
                )
            os.replace(unfinished, folder)
    except _DamagedError as error:
        archive.unlink()
        raise SnrlibError(str(error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


class _DamagedError(SnrlibError):
    """The archive will never unpack."""


def _unpack_members(
    archive: Path, packed: IO[bytes], folder: Path, keep: tuple[str, ...], limit: int
) -> int:
    """Writes the members wanted below `folder` and returns how many they were."""
    written = files = 0
    size = _size(archive) // MEGABYTE
    with Progress(size, f"unpacking {archive.name}", "megabyte") as progress:
        for count, member in enumerate(_members(packed), 1):
            _refuse_unsafe(archive, member, count)
            progress.update(packed.tell() // MEGABYTE - progress.done)
            if member.is_folder or not _is_kept(member.name, keep):
                continue
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as content, open(target, "wb") as file:
                while block := content.read(_BLOCK):
                    written += len(block)
                    if written > limit:
                        raise _DamagedError(
                            f"{archive} unpacks to more than {limit / MEGABYTE:,.0f} MB, far more "
                            "than audio of its size; nothing of it was unpacked and it was "
                            "removed: get the corpus elsewhere."
                        )
                    file.write(block)
            files += 1
    return files


def _is_kept(name: str, keep: tuple[str, ...]) -> bool:
    return not keep or any(fnmatch.fnmatch(name, pattern) for pattern in keep)


def _refuse_unsafe(archive: Path, member: _Member, count: int) -> None:
    # The Windows rules also know drive letters and both separators.
    path = PureWindowsPath(member.name)
    if path.anchor or ".." in path.parts:
        problem = f"would write outside its folder (member '{member.name}')"
    elif not (member.is_file or member.is_folder):
        problem = f"holds a link or a device (member '{member.name}')"
    elif count > MEMBERS:
        problem = f"holds more than {MEMBERS:,} members"
    else:
        return
    raise _DamagedError(
        f"{archive} {problem}; nothing of it was unpacked and it was removed: get the corpus "
        "elsewhere."
    )


def _members(packed: IO[bytes]) -> Iterator[_Member]:
    """The members of a zip or tar archive, in order."""
    if zipfile.is_zipfile(packed):
        with zipfile.ZipFile(packed) as archive:
            for info in archive.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                yield _Member(
                    name=info.filename,
                    is_folder=info.is_dir(),
                    # Zips made on Windows carry no file type.
                    is_file=not info.is_dir() and kind in (0, stat.S_IFREG),
                    open=partial(archive.open, info),
                )
    else:
        packed.seek(0)
        with tarfile.open(fileobj=packed) as tar:
            for member in tar:
                open_member = cast("Callable[[], IO[bytes]]", partial(tar.extractfile, member))
                yield _Member(member.name, member.isdir(), member.isreg(), open_member)


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Turns what the archive readers raise into one sentence that names the archive."""
    try:
        yield
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        gzip.BadGzipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        RuntimeError,  # what zipfile raises for a password or an unknown compression
    ) as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(":. ")
        raise _DamagedError(
            f"{archive} is not an intact archive ({reason or type(error).__name__}) and was "
            "removed: run the same command again."
        ) from error
