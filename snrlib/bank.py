"""Banks: a corpus as one flat int16 array, opened in no time and never loaded whole.

Training draws millions of short crops; opening a file for each would dominate. So every file
is decoded once, in parallel, into a memory-mapped array with offsets. 16 bits keep files of
16 bits exactly and are enough for a source: mixtures are made from it in floating point.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas

from snrlib import audio
from snrlib.errors import AudioError
from snrlib.files import atomic, cache_folder, checksum, read_json, write_json
from snrlib.progress import Progress

log = logging.getLogger("snrlib")

_PIECE = 1 << 24
FULL_SCALE = 32_768  # int16 of a signal at 1.0, as in 16-bit files


@dataclass(frozen=True)
class Bank:
    """Recordings one after the other.

    Attributes:
        samples: int16 (total,), memory-mapped, read-only.
        begins: {path: (first sample, number of samples)}.
        checksum: identity of the audio, whatever the paths.
    """

    samples: np.ndarray
    begins: dict[str, tuple[int, int]]
    checksum: str

    def __getitem__(self, path: str) -> np.ndarray:
        """The recording of `path` as float32 (samples,)."""
        return self.part(path, 0, self.begins[path][1])

    def part(self, path: str, start: int, samples: int) -> np.ndarray:
        """`samples` of the recording of `path` from `start` on, as float32."""
        begin = self.begins[path][0] + start
        return self.samples[begin : begin + samples].astype(np.float32) / FULL_SCALE


def open_bank(records: pandas.DataFrame, folder: Path | None = None, jobs: int = -1) -> Bank:
    """The bank of all files in `records`, built on first use and opened from then on.

    Args:
        records: table with columns path and samples (at 16 kHz), one row per recording.
        folder: where banks are kept; the user's cache by default.
        jobs: files decoded at once; -1 for one per core.

    Raises:
        AudioError: a file that cannot be read, or is not as long as listed.
        SnrlibError: the disk is full.
    """
    files = records.drop_duplicates("path")
    paths, lengths = files["path"].tolist(), files["samples"].to_numpy(np.int64)
    stats = [_stat(path) for path in paths]
    identity = checksum(
        [
            [path, int(length), stat.st_size, stat.st_mtime_ns]
            for path, length, stat in zip(paths, lengths, stats, strict=True)
        ]
    )
    folder = folder or cache_folder() / "banks"
    target, facts_path = folder / f"{identity}.npy", folder / f"{identity}.json"
    ends = np.cumsum(lengths)
    begins = {p: (int(e - n), int(n)) for p, e, n in zip(paths, ends, lengths, strict=True)}
    if not (target.exists() and facts_path.exists()):
        import joblib

        total = int(ends[-1]) if len(ends) else 0
        changed: list[str] = []
        with atomic(target) as unfinished, _quiet_audio(), ExitStack() as held:
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            # Written, not mapped: pages written through a map stay in memory until the end, and
            # a full disk would kill the process instead of raising an error.
            flat = open(unfinished, "w+b")  # noqa: SIM115  (closed below, whatever happens)
            held.callback(flat.close)
            shape = {"descr": "<i2", "fortran_order": False, "shape": (total,)}
            np.lib.format.write_array_header_1_0(flat, shape)
            first, turn = flat.tell(), threading.Lock()

            def decode(path: str) -> None:
                begin, length = begins[path]
                header = audio.info(path)
                if header.sample_rate != audio.SAMPLE_RATE or header.channels > 1:
                    changed.append(path)
                signal = audio.read(path)
                if len(signal) != length:
                    raise AudioError(
                        f"{path} has {len(signal)} samples, listed are {length}; list the corpus "
                        "again."
                    )
                scaled = np.rint(signal * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1)
                with turn:
                    flat.seek(first + 2 * begin)
                    flat.write(scaled.astype("<i2").tobytes())

            # Threads: decoding happens in C.
            work = joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered")
            with Progress(len(paths), "decoding", "file") as progress:
                for _ in work(joblib.delayed(decode)(path) for path in paths):
                    progress.update()
            flat.seek(first)
            # In pieces: the checksum of a hundred hours must not load a hundred hours.
            digest = checksum(
                *[
                    checksum(np.frombuffer(flat.read(2 * _PIECE), "<i2").astype(np.int16))
                    for _ in range(0, total, _PIECE)
                ]
            )
        if changed:
            log.info(
                "%d of %d files resampled to 16 kHz or mixed down to one channel, such as %s.",
                len(changed), len(paths), Path(changed[0]).name,
            )  # fmt: skip
        write_json(facts_path, {"audio": digest, "recordings": len(paths), "samples": total})
    return Bank(np.load(target, mmap_mode="r"), begins, read_json(facts_path)["audio"])


@contextmanager
def _quiet_audio() -> Iterator[None]:
    """One line for all files that had to be changed, instead of one each."""
    level = audio.log.level
    audio.log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        audio.log.setLevel(level)


def _stat(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError as error:
        raise AudioError(
            f"{path} does not exist; list the corpus again, or put the file back."
        ) from error
