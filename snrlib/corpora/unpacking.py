"""Archives unpacked where they should be: whole, below their folder, and of a sane size.

An archive from the network is not trusted. Members that would leave the folder, links,
devices, and content far larger than the archive are refused, and so is the archive with them;
what is kept is unpacked beside its destination and then moved there, so that nobody ever sees
half of it.

Notebook: 01_data_construction.
"""

import fnmatch
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO, cast

from snrlib.support.errors import SnrlibError
from snrlib.support.files import writing
from snrlib.support.progress import Progress

# Audio shrinks to a half or a third when packed; a hundredfold is an attack or an accident.
EXPANSION = 20
MEMBERS = 1_000_000
_MEGABYTE = 1_000_000
_BLOCK = 1 << 20


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
) -> Path:
    """`folder` with the files of a zip or tar archive: all that match `keep`, or none at all.

    An archive that is damaged or unsafe is removed: it has nothing to offer a second time.

    Args:
        archive: .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz.
        folder: where the content goes; must not exist yet.
        keep: patterns of the members wanted; empty for all. The others are checked as well.

    Raises:
        SnrlibError: a member is a link or a device or leads out of the folder, the content is
            larger than `EXPANSION` times the archive, the archive is damaged or none, or the
            disk is full.
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        raise SnrlibError(f"{folder} exists already; remove it to unpack {archive.name} again.")
    limit = EXPANSION * archive.stat().st_size + 10 * _MEGABYTE
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
    size = archive.stat().st_size // _MEGABYTE
    with Progress(size, f"unpacking {archive.name}", "megabyte") as progress:
        for count, member in enumerate(_members(packed), 1):
            _refuse_unsafe(archive, member, count)
            progress.update(packed.tell() // _MEGABYTE - progress.done)
            if member.is_folder or not _is_kept(member.name, keep):
                continue
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as content, open(target, "wb") as file:
                while block := content.read(_BLOCK):
                    written += len(block)
                    if written > limit:
                        raise _DamagedError(
                            f"{archive} unpacks to more than {limit / _MEGABYTE:,.0f} MB, far more "
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
