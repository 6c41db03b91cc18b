"""Any folder of recordings as a corpus: "folder:/path/to/recordings".

Speech: who speaks is told by the path (:mod:`snrlib.corpora.speakers`): known layouts are
recognised, otherwise it is the sub-folder that a recording lies in (`anna/one.wav`), or, without
sub-folders, the file name up to its first '-' or '_'; `snrlib data add folder PATH --speaker
PATTERN` says it where neither is right. Sub-folders named for `train` and `test` say what a
recording is for. Without a test part a tenth of the speakers (at least one), chosen by their
names alone, are held out for it; with a single speaker a tenth of the recordings is, and a
training then asks for the profile's `shared_speakers = true`, since the test knows its voice.
Noise: one file is one noise, named after the file.
The first line of a `LICENCE.txt` (or `LICENSE.txt`) is the licence of what lies beside and below
it; without one it is taken as your own.

Notebook: 01_data_construction.
"""

import functools
import logging
from pathlib import Path

import pandas

from snrlib.corpora import listing, registered, speakers
from snrlib.corpora.corpus import Corpus
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum, user_path

LICENCE = "your own"

log = logging.getLogger("snrlib")


def records(root: str | Path | None, kind: str = "speech") -> pandas.DataFrame:
    """The records of the audio files below `root`, columns as `corpora.RECORD_COLUMNS`.

    Args:
        root: any folder.
        kind: "speech" or "noise".

    Raises:
        SnrlibError: no folder is named, it does not exist, or holds no audio.
        AudioError: a file in it is not audio.
    """
    if root is None or not str(root):
        raise SnrlibError("Name the folder: 'folder:/path/to/recordings'.")
    root = user_path(root)
    paths = list(listing.audio_files(root))
    if not paths:
        raise SnrlibError(f"{root} holds no audio files; give a folder with WAV, FLAC or Ogg.")
    if kind == "noise":
        found = [listing.Found(_id(path, root), path) for path in paths]
        return _licensed(listing.table("folder", kind, LICENCE, found), root)
    relative = [path.relative_to(root) for path in paths]
    pattern = registered.speaker_pattern(root)
    found = [
        listing.Found(_id(path, root), path, speaker, speakers.split(place))
        for path, place, speaker in zip(
            paths, relative, speakers.named(relative, pattern), strict=True
        )
    ]
    table = _licensed(listing.table("folder", kind, LICENCE, found), root)
    if (table["split"] == "test").any():  # what the folder leaves open is for training
        return table.assign(split=table["split"].replace("", "train"))
    if table["speaker"].nunique() > 1:
        return listing.hold_out_speakers(table)
    log.info("%s: a single speaker; a tenth of the recordings is held out for the test.", root)
    ranked = sorted(table["id"], key=checksum)
    held_out = ranked[: max(1, round(listing.TEST_SPEAKERS * len(ranked)))]
    return table.assign(split=table["id"].isin(held_out).map({True: "test", False: "train"}))


def _licensed(table: pandas.DataFrame, root: Path) -> pandas.DataFrame:
    """The table with the licence that stands nearest above each file, inside `root`."""

    @functools.cache
    def licence(folder: Path) -> str:
        for name in ("LICENCE.txt", "LICENSE.txt"):
            if (folder / name).is_file():
                text = (folder / name).read_text(encoding="utf-8", errors="replace").strip()
                return text.partition("\n")[0].strip() or LICENCE
        return LICENCE if folder == root or folder == folder.parent else licence(folder.parent)

    root = root.absolute()
    return table.assign(licence=[licence(Path(path).parent) for path in table["path"]])


def _id(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


CORPUS = Corpus(
    name="folder",
    kind="both",
    title="A folder of your own",
    description="Any folder of WAV, FLAC, Ogg or MP3 files, named after a colon: folder:/path.",
    hours=None,
    speakers=None,
    licence=LICENCE,
    citation="",
    homepage="",
    list_files=records,
)
