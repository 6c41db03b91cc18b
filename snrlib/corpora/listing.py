"""From the files of a corpus to its table of records.

Each corpus knows its own layout: it finds its files and says who speaks in them. What is the
same for all of them stands here: walking the folders, reading the headers (in parallel, and
only once for files that have not changed), and holding out test speakers where a corpus has
no test part of its own.

Notebook: 01_data_construction.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas

from snrlib import audio
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.files import cache_folder, checksum, read_json, write_json
from snrlib.support.progress import Progress

TEST_SPEAKERS = 0.1  # of the speakers, where a corpus has no test part: 950 + 100 in the paper
# Fewer headers than this are read faster than a cache is worth.
_WORTH_KEEPING = 500

log = logging.getLogger("snrlib")


class UnreadableFilesError(AudioError):
    """Files that cannot be opened; `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        more = f" So it is with {len(problems) - 1:,} others." if len(problems) > 1 else ""
        super().__init__(problems[0] + more)


class Found(NamedTuple):
    """One recording of a corpus, as its path tells."""

    id: str
    path: Path
    speaker: str = ""
    split: str = ""


def audio_files(folder: str | Path, suffixes: tuple[str, ...] = audio.SUFFIXES) -> Iterator[Path]:
    """The audio files below `folder`, sorted; hidden ones and half-unpacked folders are left out.

    Links to folders are followed, as corpora are often put together with them.

    Raises:
        SnrlibError: the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SnrlibError(f"{folder} is not a folder; give the one that holds the corpus.")
    visited = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(here)
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()  # a link that leads back up
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(suffixes) and not name.startswith("."):
                yield Path(here, name)


def table(name: str, kind: str, licence: str, found: Iterable[Found]) -> pandas.DataFrame:
    """The records of the recordings `found`, in the order of their ids.

    A recording that is there twice (the same id, for example as SPHERE and as RIFF) is listed
    once. Columns as in `snrlib.corpora.RECORD_COLUMNS`; `samples` counts at 16 kHz.

    Raises:
        UnreadableFilesError: files that are empty, not audio, or SPHERE files that are
            compressed or truncated.
    """
    recordings: dict[str, Found] = {}
    twice = 0
    for recording in found:
        twice += recording.id in recordings
        recordings.setdefault(recording.id, recording)
    if twice:
        log.info("%s: %d recordings are there more than once and listed once.", name, twice)
    ordered = [recordings[key] for key in sorted(recordings)]
    samples = _lengths([recording.path for recording in ordered])
    return pandas.DataFrame(
        {
            "id": [recording.id for recording in ordered],
            "corpus": name,
            "kind": kind,
            "speaker": [recording.speaker for recording in ordered],
            "path": [str(recording.path.absolute()) for recording in ordered],
            "seconds": [count / audio.SAMPLE_RATE for count in samples],
            "samples": samples,
            "licence": licence,
            "split": [recording.split for recording in ordered],
        }
    )


def hold_out_speakers(records: pandas.DataFrame) -> pandas.DataFrame:
    """`records` with a test part: where nothing is for the test, every tenth speaker is.

    Who is held out depends on the speakers' names only: more recordings change nothing.
    """
    if not set(records["split"]) <= {"train", ""} or records["speaker"].nunique() < 2:
        return records
    speakers = sorted(set(records["speaker"]), key=checksum)
    held_out = speakers[: max(1, round(TEST_SPEAKERS * len(speakers)))]
    log.info("%s: no test part; %d speakers held out.", records["corpus"].iloc[0], len(held_out))
    is_test = records["speaker"].isin(held_out)
    return records.assign(split=is_test.map({True: "test", False: "train"}))


def _lengths(paths: list[Path]) -> list[int]:
    """Samples at 16 kHz of each file, from the headers, or from the cache if nothing changed."""
    if len(paths) < _WORTH_KEEPING:
        return _read_headers(paths, jobs=1)
    stats = [path.stat() for path in paths]
    identity = checksum(
        [[str(p), s.st_size, s.st_mtime_ns] for p, s in zip(paths, stats, strict=True)]
    )
    kept = cache_folder() / "headers" / f"{identity}.json"
    if not kept.exists():
        write_json(kept, _read_headers(paths, jobs=-1))
    return list(read_json(kept))


def _read_headers(paths: list[Path], jobs: int) -> list[int]:
    import joblib

    lengths, problems = [], []
    work = joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator")
    with Progress(len(paths), "reading headers", "file") as progress:
        for length, problem in work(joblib.delayed(_length)(path) for path in paths):
            lengths.append(length)
            problems += [problem] if problem else []
            progress.update()
    if problems:
        raise UnreadableFilesError(problems)
    return lengths


def _length(path: Path) -> tuple[int, str]:
    """How long a recording is, or what is wrong with its file."""
    try:
        return audio.info(path).samples, ""
    except AudioError as error:
        return 0, str(error)
