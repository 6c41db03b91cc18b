"""Files that appear whole or not at all, and identities that say when work can be skipped.

Every stage of the kit writes beside its target and renames, so a kill at any moment leaves
either the old file or the new one; and every stage is named by a short hash of what matters
to it, so that the same inputs are never computed twice and different ones are never mixed up.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from snrlib.support.errors import SnrlibError

_UMASK = os.umask(0)
os.umask(_UMASK)
_PIECE = 1 << 20  # characters of a long text hashed at once


def kit_root() -> Path:
    """The folder that holds `notebooks/`: where relative run folders are resolved.

    Falls back to the working directory when the package is installed without its notebooks.
    """
    root = Path(__file__).resolve().parents[2]
    return root if (root / "notebooks").is_dir() else Path.cwd()


def user_path(path: str | Path) -> Path:
    """A path as its user means it: relative to the folder where the command was given.

    Notebooks that lie open in the kit mean the kit's own folder, not its `notebooks/`.
    """
    path = Path(path).expanduser()
    here = Path.cwd()
    base = here.parent if here == kit_root() / "notebooks" else here
    return Path(os.path.normpath(path if path.is_absolute() else base / path))


def run_folder(run_dir: str | Path) -> Path:
    """Where a run folder lies: `runs/...` in the kit, anything else as its user means it."""
    path = Path(run_dir)
    return kit_root() / path if path.parts[:1] == ("runs",) else user_path(path)


def cache_folder() -> Path:
    """Where banks, rendered noises and downloads live: `$SNRLIB_CACHE` or the user's cache."""
    chosen = os.environ.get("SNRLIB_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "snrlib"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "snrlib"


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turns a full disk or a read-only folder into one sentence that names `path`."""
    try:
        yield
    except OSError as error:
        remedies = {
            errno.ENOSPC: "the disk is full; free some space and run the same command again",
            errno.EACCES: "no permission to write there; choose another folder",
            errno.EPERM: "no permission to write there; choose another folder",
            errno.EROFS: "the folder is read-only; choose another folder",
            errno.ENOTDIR: "a file stands where a folder is needed; choose another path",
            errno.EEXIST: "a file stands where a folder is needed; choose another path",
        }
        if error.errno not in remedies:
            raise
        raise SnrlibError(f"Cannot write {path}: {remedies[error.errno]}.") from error


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yields a path beside `path`; what is written there replaces `path` in one step.

    If the block fails, `path` is untouched and the unfinished file is removed.

    Raises:
        SnrlibError: the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    # The process id keeps two writers apart; the suffix stays last so that writers which
    # choose a format by file name still can.
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            if unfinished.is_file():
                with open(unfinished, "rb") as written:
                    os.fsync(written.fileno())
                unfinished.chmod(0o666 & ~_UMASK)  # some writers keep their files private
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Writes `text` (UTF-8) to `path`, whole or not at all."""
    with atomic(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    """Writes `content` as readable JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n")


def read_json(path: str | Path) -> Any:
    """The content of a JSON file.

    Raises:
        SnrlibError: the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SnrlibError(f"{path} does not exist.") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SnrlibError(f"{path} is not JSON ({error}); delete it and run again.") from error


def _plain(value: Any) -> Any:
    """NumPy scalars, paths and the like as what JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} has no place in a JSON file")


def checksum(*things: Any) -> str:
    """Twelve hex digits that change when any of `things` does (JSON-able values or arrays)."""
    digest = hashlib.sha256()
    for thing in things:
        if isinstance(thing, np.ndarray):
            digest.update(f"{thing.dtype}{thing.shape}".encode())
            digest.update(np.ascontiguousarray(thing).tobytes())
        elif isinstance(thing, bytes):
            digest.update(thing)
        elif isinstance(thing, str):  # as JSON, but a large table's text is not copied for it
            digest.update(b'"')
            for begin in range(0, len(thing), _PIECE):
                digest.update(json.dumps(thing[begin : begin + _PIECE])[1:-1].encode())
            digest.update(b'"')
        else:
            digest.update(json.dumps(thing, sort_keys=True, default=_plain).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def lock(folder: str | Path) -> Iterator[None]:
    """Holds `folder` for this process; released by the system even when the process is killed.

    Raises:
        SnrlibError: another process is working in the folder.
    """
    import filelock  # the same promise on Linux, macOS and Windows; torch brings it

    folder = Path(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(folder / ".lock", timeout=0)
        try:
            held.acquire()
        except filelock.Timeout as error:
            raise SnrlibError(
                f"Another process is already working in {folder}; wait for it to end, "
                "or choose another folder."
            ) from error
    try:
        yield
    finally:
        held.release()
