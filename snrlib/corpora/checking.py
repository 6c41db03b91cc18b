"""Is this copy of a corpus whole? Counts, formats, and every file decoded to its end.

A corpus that was copied for hours, or that came from a colleague, is best opened once before
a training run meets its one broken file in the night.

Notebook: 01_data_construction.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas
import soundfile

from snrlib import audio
from snrlib.corpora import sphere
from snrlib.support.errors import AudioError
from snrlib.support.progress import Progress


@dataclass
class Report:
    """What was found.

    Attributes:
        counts: (what, found, expected or None) for each thing that can be counted.
        formats: number of files for each format ("FLAC PCM_16, 16000 Hz, 1 channel").
        unreadable: the sentence for each file that cannot be used.
        silent: the files without a single sound.
    """

    counts: list[tuple[str, int, int | None]] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

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
    with _quiet(), Progress(len(records), "opening", "file") as progress:
        for path, (kind, problem, silent) in zip(records["path"], work(tasks), strict=True):
            report.formats[kind] += 1
            if problem:
                report.unreadable.append(problem)
            elif silent:
                report.silent.append(path)
            progress.update()
    return report


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


def _open(path: str, samples: int) -> tuple[str, str, bool]:
    """The format of a file, what is wrong with it (or ""), and whether it is silent."""
    try:
        sphere.refuse_unreadable(path)
        signal = audio.read(path)
        header = soundfile.info(path)
    except AudioError as error:
        return "unreadable", str(error), False
    if len(signal) != samples:
        return "unreadable", f"{path} has {len(signal)} samples, listed are {samples}.", False
    kind = f"{header.format} {header.subtype}, {header.samplerate} Hz, {header.channels} channel"
    return kind + "s" * (header.channels > 1), "", not np.any(signal)
