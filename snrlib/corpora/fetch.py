"""Downloads that arrive whole, are what they claim to be, and unpack where they should.

A transfer that breaks is continued where it stopped; a file is used only once its length,
its checksum (the published one, or the one pinned at first use) and its archive have been
verified.

Notebook: 01_data_construction, "Nothing but a network".
"""

import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from snrlib.corpora.unpacking import unpack
from snrlib.support.errors import SnrlibError
from snrlib.support.files import cache_folder, lock, read_json, write_json, writing
from snrlib.support.progress import Progress

MEGABYTE = 1_000_000
# So often in a row may a transfer break without bringing anything new.
ATTEMPTS = 5
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
        about: the size roughly, where the exact one is not known; shown, not verified.
    """

    part: str
    url: str
    size: int | None = None
    checksum: str = ""
    wanted: bool = True
    keep: tuple[str, ...] = ()
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
        unpack(archive, content, keep=item.keep)
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
    digest = hashlib.new(algorithm, usedforsecurity=False)
    label = f"verifying {path.name.removesuffix('.part')}"
    with open(path, "rb") as file, Progress(_size(path) // MEGABYTE, label, "megabyte") as progress:
        while block := file.read(_BLOCK):
            digest.update(block)
            progress.update(file.tell() // MEGABYTE - progress.done)
    return digest.hexdigest()


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
