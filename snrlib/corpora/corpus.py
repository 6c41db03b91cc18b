"""What a corpus is: a record of where it comes from, who may use it, and how its files are read.

Notebook: 01_data_construction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas

RECORD_COLUMNS = [
    "id",  # unique inside the corpus; of a noise, its name in every table
    "corpus",
    "kind",  # "speech" or "noise"
    "speaker",  # empty for noise
    "path",  # absolute
    "seconds",
    "samples",  # at 16 kHz
    "licence",
    "split",  # of speech: "train", "test", or "noise" (held out, only to make babble from)
]


@dataclass(frozen=True)
class Corpus:
    """The facts about a corpus, and how to find its files.

    Attributes:
        name: what a selection calls it.
        kind: "speech", "noise", or "both".
        title: its full name.
        description: one sentence: what it is, and what it is good for here.
        hours: of audio; None if unknown or whatever the user has.
        speakers: how many; None likewise.
        licence: in short, as its publisher states it.
        citation: what to cite; empty if nothing.
        homepage: where it comes from.
        list_files: takes the folder where the corpus lies (None: where it was fetched, added,
            or ships with the kit) and returns its table of records. It opens no audio beyond
            headers, and raises an SnrlibError with the remedy if the corpus is not there.
        prepare: takes chosen records and makes their files exist; None where they always do.
        seen: ids of the noises meant for training when the whole corpus is selected; the
            others are taken as unseen. Empty: all are taken, whichever is asked for.
        synthetic: whether its noises were made by a program; then every table says so.
        downloads: what `snrlib data fetch` gets (`snrlib.corpora.fetch.Download`).
        notes: what could not be verified about it, in sentences.
        expected: how many recordings the complete corpus has: of a split ("train"), of a part
            (what its ids begin with), of all ("recordings"), or how many "speakers".
    """

    name: str
    kind: str
    title: str
    description: str
    hours: float | None
    speakers: int | None
    licence: str
    citation: str
    homepage: str
    list_files: Callable[[Path | None], pandas.DataFrame]
    prepare: Callable[[pandas.DataFrame], None] | None = None
    seen: tuple[str, ...] = ()
    synthetic: bool = False
    downloads: tuple = ()
    notes: tuple[str, ...] = ()
    expected: Mapping[str, int] = field(default_factory=dict)
