"""Is this corpus sound? Counts, formats, voices, and every file decoded to its end and measured.

A corpus that was copied for hours, or that came from a colleague, is best opened once before
a training run meets its one broken file in the night. What makes files useless, or results
wrong, is a problem; what a study can live with is odd, and named.

Notebook: 01_data_construction.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas

from snrlib import audio
from snrlib.audio import SAMPLE_RATE
from snrlib.support.errors import AudioError
from snrlib.support.progress import Progress

QUIET_DBFS, LOUD_DBFS = -45.0, -6.0  # RMS outside of which a recording is said to be odd
FLAT_TOP = 3  # samples in a row at one extreme value: clipping
CLIPPED = 1e-4  # share of such samples from which on a file is named
GAP_SECONDS = 0.5  # of digital silence
FRAME = 320  # samples: 20 ms
STEADY_DB = 6.0  # speech swings by 20 dB and more between its frames; hums and hisses do not

COLUMNS = [
    "id", "speaker", "split", "path", "seconds", "coding", "sample_rate", "channels", "level_dbfs",
    "peak", "offset", "clipped", "gap_seconds", "swing_db", "audio", "problem",
]  # fmt: skip


@dataclass
class Report:
    """What was found.

    Attributes:
        counts: (what, found, expected or None) for each thing that can be counted.
        formats: number of files for each format ("FLAC PCM_16, 16000 Hz, 1 channel").
        unreadable: the sentence for each file that cannot be used.
        silent: the files without a single sound.
        leaking: sentences about recordings that are in training and in the test.
        odd: sentences about what is odd but can be used.
        table: one row per file, columns `COLUMNS`.
    """

    counts: list[tuple[str, int, int | None]] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    leaking: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    table: pandas.DataFrame = field(default_factory=pandas.DataFrame)

    @property
    def incomplete(self) -> list[str]:
        """What there is less or more of than in the published corpus, in words."""
        return [
            f"{found:,} {what} where the published corpus has {expected:,}"
            for what, found, expected in self.counts
            if expected not in (None, found)
        ]


def check(records: pandas.DataFrame, expected: Mapping[str, int], jobs: int = -1) -> Report:
    """Counts the records and decodes every file to its end, in parallel and with progress.

    Args:
        records: what the corpus lists, columns as `snrlib.corpora.RECORD_COLUMNS`.
        expected: the published counts, as `Corpus.expected`.
        jobs: files decoded at once; -1 for one per core.
    """
    import joblib

    report = Report(counts=_counts(records, expected))
    work = joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator")
    tasks = (
        joblib.delayed(_open)(path, samples)
        for path, samples in zip(records["path"], records["samples"], strict=True)
    )
    found = []
    with _quiet(), Progress(len(records), "opening", "file") as progress:
        for row, facts in zip(records.to_dict("records"), work(tasks), strict=True):
            found.append({**row, **facts})
            progress.update()
    table = report.table = pandas.DataFrame(found).reindex(columns=COLUMNS)
    report.formats.update(facts["kind"] for facts in found)
    report.unreadable = [problem for problem in table["problem"] if problem]
    usable = table[table["problem"] == ""]
    report.silent = usable.loc[usable["peak"] == 0, "path"].tolist()
    heard = usable[usable["peak"] > 0]
    report.leaking = list(_leaking(heard))
    spoken = set(records.loc[records["speaker"] != "", "path"])
    for row in heard.to_dict("records"):
        report.odd += [f"{row['path']} {what}." for what in _oddities(row, row["path"] in spoken)]
    report.odd += list(_repeated(heard))
    return report


def _oddities(row: Mapping, is_speech: bool) -> Iterator[str]:
    """What is odd about a file that can be used."""
    if row["peak"] > 1:
        yield f"goes beyond full scale (peak {row['peak']:.4g})"
    if row["clipped"] > CLIPPED:
        yield f"is clipped ({100 * row['clipped']:.2g} % of its samples)"
    if row["level_dbfs"] < QUIET_DBFS:
        yield f"is very quiet ({row['level_dbfs']:.0f} dB)"
    if row["peak"] <= 1 and row["level_dbfs"] > LOUD_DBFS:
        yield f"is very loud ({row['level_dbfs']:.0f} dB)"
    if row["offset"]:
        yield f"has an offset of {row['offset']:.4g}, which mixing takes out"
    if row["gap_seconds"] > GAP_SECONDS:
        yield f"has {row['gap_seconds']:.1f} s of digital silence in a row"
    if is_speech and row["seconds"] >= 1 and row["swing_db"] < STEADY_DB:
        yield f"is too steady for speech (its level swings by {row['swing_db']:.1f} dB)"


def _repeated(table: pandas.DataFrame) -> Iterator[str]:
    for _, same in table.groupby("audio", sort=False):
        if len(same) > 1:
            first, second = same["path"].iloc[:2]
            more = f", and {len(same) - 2} more" if len(same) > 2 else ""
            yield f"{second} holds the same audio as {first}{more}."


def _leaking(table: pandas.DataFrame) -> Iterator[str]:
    for _, same in table.groupby("audio", sort=False):
        train, test = (same.loc[same["split"] == s, "path"] for s in ("train", "test"))
        if len(train) and len(test):
            yield f"{train.iloc[0]} (training) and {test.iloc[0]} (test) hold the same audio."


@contextmanager
def _quiet() -> Iterator[None]:
    """No line for each file that is resampled: the report counts the formats."""
    log = logging.getLogger("snrlib")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _counts(
    records: pandas.DataFrame, expected: Mapping[str, int]
) -> list[tuple[str, int, int | None]]:
    """What is here beside what is published; of a part that is not here at all, nothing."""
    ids, splits = records["id"], records["split"]
    counts: list[tuple[str, int, int | None]] = [
        ("recordings", len(records), expected.get("recordings"))
    ]
    speakers = records.loc[records["speaker"] != "", "speaker"].nunique()
    if speakers:
        counts.append(("speakers", speakers, expected.get("speakers")))
    for split in ("train", "test", "noise"):
        if (splits == split).any() or split in expected:
            counts.append((f"in {split}", int((splits == split).sum()), expected.get(split)))
    for part in expected:
        found = int(ids.str.startswith(f"{part}/").sum())
        if found:
            counts.append((f"in {part}", found, expected[part]))
    return counts


def _open(path: str, samples: int) -> dict[str, object]:
    """What one file is: its format, its measures, and what is wrong with it (or "")."""
    try:
        signal = audio.read(path)
        header = audio.info(path)
    except AudioError as error:
        return {"kind": "unreadable", "problem": str(error)}
    if len(signal) != samples:
        problem = f"{path} has {len(signal)} samples, listed are {samples}."
        return {"kind": "unreadable", "problem": problem}
    kind = f"{header.coding}, {header.sample_rate} Hz, {header.channels} channel"
    return {
        "kind": kind + "s" * (header.channels > 1),
        "problem": "",
        "coding": header.coding,
        "sample_rate": header.sample_rate,
        "channels": header.channels,
        **measures(signal),
    }


def measures(signal: np.ndarray) -> dict[str, float | str]:
    """Level, peak, offset, clipping, gaps and swing of a signal (samples,), and its checksum."""
    measured = audio.Measured()
    measured.add(signal)
    offset = measured.offset
    frames = signal[: len(signal) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    floor = 1e-12 * max(measured.rms, 1e-30) ** 2
    power = np.maximum(np.square(frames - offset).mean(axis=1), floor)
    levels = 10 * np.log10(power) if len(power) and measured.rms else np.zeros(1)
    low, high = np.quantile(levels, [0.1, 0.95])
    loud = np.abs(signal) >= 0.999 * measured.peak
    return {
        # An offset is no sound: a file that is nothing else is silent.
        "level_dbfs": audio.rms_dbfs(signal - np.float32(offset)),
        "peak": max(abs(measured.highest - offset), abs(measured.lowest - offset), 0.0)
        if len(signal)
        else 0.0,
        "offset": offset,
        "clipped": _in_runs(loud, FLAT_TOP) / max(1, len(signal)) if measured.peak > 0.1 else 0.0,
        "gap_seconds": _longest_run(signal == 0) / SAMPLE_RATE,
        "swing_db": float(high - low),
        "audio": hashlib.sha256(np.rint(signal * 32_768).astype("<i8").tobytes()).hexdigest()[:16],
    }


def _runs(true: np.ndarray) -> np.ndarray:
    """The lengths of the stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true.astype(np.int8), [0]])))
    return edges[1::2] - edges[::2]


def _in_runs(true: np.ndarray, least: int) -> int:
    runs = _runs(true)
    return int(runs[runs >= least].sum())


def _longest_run(true: np.ndarray) -> int:
    return int(_runs(true).max(initial=0))
