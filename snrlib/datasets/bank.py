"""Banks: a corpus as one flat int16 array, opened in no time and never loaded whole.

Training draws millions of short crops; opening a file for each would dominate. So every file
is decoded once, in parallel, into a memory-mapped array with offsets. 16 bits keep files of
16 bits exactly and are enough for a source: mixtures are made from it in floating point.
A recording beyond full scale, or a very quiet one, is held with a scale of its own, a power of
two, so that nothing is clipped and nothing drowns in rounding. An offset, which is no sound but
would count as one in every SNR, is taken out of the recordings that have one.

Notebook: 01_data_construction.
"""

import logging
import math
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas

from snrlib import audio
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.files import atomic, cache_folder, checksum, read_json, write_json
from snrlib.support.progress import Progress

log = logging.getLogger("snrlib")

_PIECE = 1 << 24
FULL_SCALE = 32_768  # int16 of a signal at 1.0, as in 16-bit files
QUIET = 1 / 64  # peaks below this (-36 dB) are held with a scale of their own
OFFSETS = ("removed", "kept")


@dataclass(frozen=True)
class Bank:
    """Recordings one after the other.

    Attributes:
        samples: int16 (total,), memory-mapped, read-only; :meth:`stretches` reads them without
            leaving pages of the map in memory.
        begins: {path: (first sample, number of samples)}.
        checksum: identity of the audio, whatever the paths.
        scales: {path: factor} on the recordings that are not held as they are.
        offsets: {path: what was taken out of it}.
    """

    samples: np.ndarray
    begins: dict[str, tuple[int, int]]
    checksum: str
    scales: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)

    def scale(self, path: str) -> float:
        """The factor on a recording's samples / `FULL_SCALE`."""
        return self.scales.get(path, 1.0)

    def __getitem__(self, path: str) -> np.ndarray:
        """The recording of `path` as float32 (samples,)."""
        return self.part(path, 0, self.begins[path][1])

    def part(self, path: str, start: int, samples: int) -> np.ndarray:
        """`samples` of the recording of `path` from `start` on, as float32."""
        first = self.begins[path][0] + start
        held = self.stretches([first], samples)[0].astype(np.float32) / FULL_SCALE
        return held * np.float32(self.scale(path))

    def stretches(self, first: Sequence[int] | np.ndarray, samples: int) -> np.ndarray:
        """`samples` of the bank from each `first` on, whatever recordings lie there.

        Returns:
            int16 (stretches, samples); past the end of the bank there is silence.
        """
        found = np.zeros((len(first), samples), np.int16)
        held = self.samples
        if not isinstance(held, np.memmap):
            for row, begin in zip(found, first, strict=True):
                piece = held[begin : begin + samples]
                row[: len(piece)] = piece
            return found
        # From the file: pages that are read through a map count as memory of this process until
        # the map is closed, and a training would come to hold the whole bank. Opened each time,
        # so that processes and threads share no position in it.
        try:
            with open(str(held.filename), "rb", buffering=0) as file:
                for row, begin in zip(found, first, strict=True):
                    file.seek(held.offset + held.itemsize * int(begin))
                    file.readinto(row.data)
        except FileNotFoundError as error:
            raise SnrlibError(
                f"The bank {held.filename} has been deleted; run the same command again to build "
                "it anew."
            ) from error
        return found


def open_bank(
    records: pandas.DataFrame,
    folder: Path | None = None,
    jobs: int = -1,
    offset: str = "removed",
) -> Bank:
    """The bank of all files in `records`, built on first use and opened from then on.

    Args:
        records: table with columns path and samples (at 16 kHz), one row per recording.
        folder: where banks are kept; the user's cache by default.
        jobs: files decoded at once; -1 for one per core.
        offset: "removed" takes the mean out of recordings where it would count in an SNR
            (:func:`snrlib.audio.offset_of`); "kept" leaves every recording as it is, the
            energies of the paper's definition.

    Raises:
        AudioError: a file that cannot be read, or is not as long as listed.
        SnrlibError: the disk is full.
    """
    if offset not in OFFSETS:
        raise SnrlibError(f"offset is 'removed' or 'kept', not '{offset}'.")
    files = records.drop_duplicates("path")
    paths, lengths = files["path"].tolist(), files["samples"].to_numpy(np.int64)
    stats = [_stat(path) for path in paths]
    identity = checksum(
        [
            [path, int(length), stat.st_size, stat.st_mtime_ns]
            for path, length, stat in zip(paths, lengths, stats, strict=True)
        ],
        {"scaled": True, "offset": offset},
    )
    folder = folder or cache_folder() / "banks"
    target, facts_path = folder / f"{identity}.npy", folder / f"{identity}.json"
    ends = np.cumsum(lengths)
    begins = {p: (int(e - n), int(n)) for p, e, n in zip(paths, ends, lengths, strict=True)}
    if not (target.exists() and facts_path.exists()):
        import joblib

        total = int(ends[-1]) if len(ends) else 0
        changed: list[str] = []
        scales: dict[str, float] = {}
        offsets: dict[str, float] = {}
        with atomic(target) as unfinished, ExitStack() as held:
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

                def hold(scale: float, mean: float) -> audio.Measured:
                    """Writes the recording and returns what it measures."""
                    read, measured = 0, audio.Measured()
                    for signal in audio.blocks(path, quiet=True):
                        measured.add(signal)
                        kept = signal[: max(0, length - read)]  # never into the next recording
                        kept = kept - np.float32(mean) if mean else kept
                        scaled = np.rint(kept * np.float32(FULL_SCALE / scale))
                        scaled = scaled.clip(-FULL_SCALE, FULL_SCALE - 1)
                        with turn:
                            flat.seek(first + 2 * (begin + read))
                            flat.write(scaled.astype("<i2").tobytes())
                        read += len(signal)
                    if read != length:
                        raise AudioError(
                            f"{path} has {read} samples, listed are {length}; list the corpus "
                            "again."
                        )
                    return measured

                measured = hold(1.0, 0.0)
                mean = measured.offset if offset == "removed" else 0.0
                peak = max(abs(measured.highest - mean), abs(measured.lowest - mean))
                scale = _scale(peak)
                if scale != 1 or mean:  # few recordings are read twice
                    hold(scale, mean)
                if scale != 1:
                    scales[path] = scale
                if mean:
                    offsets[path] = mean

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
        if scales or offsets:  # by place: paths do not count
            odd = [[i, scales.get(p, 1.0), offsets.get(p, 0.0)] for i, p in enumerate(paths)]
            digest = checksum(digest, [row for row in odd if row[1:] != [1.0, 0.0]])
        facts = {"audio": digest, "recordings": len(paths), "samples": total}
        write_json(facts_path, facts | {"scales": scales, "offsets": offsets})
    facts = read_json(facts_path)
    if facts["offsets"]:
        path, mean = max(facts["offsets"].items(), key=lambda item: abs(item[1]))
        log.info(
            "%d of %d recordings have an offset, which was taken out (%s: %.4f); offset = \"kept\" "
            "under [data] of a profile leaves it.",
            len(facts["offsets"]), len(paths), Path(path).name, mean,
        )  # fmt: skip
    return Bank(
        np.load(target, mmap_mode="r"), begins, facts["audio"], facts["scales"], facts["offsets"]
    )


def _scale(peak: float) -> float:
    """The power of two by which a recording is held smaller or larger; 1 for ordinary ones."""
    if peak == 0 or QUIET <= peak <= 1:
        return 1.0
    return 2.0 ** math.ceil(math.log2(peak))


def _stat(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError as error:
        raise AudioError(
            f"{path} does not exist; list the corpus again, or put the file back."
        ) from error
