"""Where speech and noise come from: a corpus is a record, and a function that lists its files.

A selection is a comma list of corpora, or of parts of them: "embedded", "librispeech",
"noisex92:babble,noisex92:factory1", "embedded:carlo", "folder:/home/me/recordings". Whatever
the corpus, the answer is one table with the same columns, and a run written for one corpus
works with any other.

To add a corpus, write a module with a `CORPUS` and put its name into `MODULES`.

Notebook: 01_data_construction.
"""

import difflib
import importlib
from collections.abc import Iterable

import pandas

from snrlib.corpora.corpus import RECORD_COLUMNS, Corpus
from snrlib.support.errors import SnrlibError
from snrlib.support.files import user_path

# One module each, in the order in which `snrlib data list` shows them.
MODULES = (
    "embedded",
    "folder",
    "timit",
    "librispeech",
    "vctk",
    "noisex92",
    "chime4",
    "demand",
    "musan",
    "esc50",
)


def names() -> list[str]:
    """The names of all corpora."""
    return list(MODULES)


def get(name: str) -> Corpus:
    """The corpus called `name`.

    Raises:
        SnrlibError: no corpus is called so; near names are listed.
    """
    if name not in MODULES:
        raise SnrlibError(
            f"There is no corpus '{name}'; {_near(name, MODULES)} `snrlib data list` shows all, "
            "'folder:PATH' takes a folder of your own."
        )
    return importlib.import_module(f"{__name__}.sources.{name}").CORPUS


def speech(selection: str) -> pandas.DataFrame:
    """The speech records of a selection, in the order of its parts.

    Args:
        selection: a comma list of "corpus", "corpus:item" (an id, the beginning of one up to a
            slash, or a speaker) and "folder:PATH".

    Returns:
        A table with the columns `RECORD_COLUMNS`; no recording is in it twice.

    Raises:
        SnrlibError: an unknown corpus or item, a corpus that is not there or has no speech.
    """
    parts = _parts(selection, "speech")
    records = pandas.concat([_records(part, "speech").assign(part=part) for part in parts])
    records = records.drop_duplicates("path").reset_index(drop=True)
    for origin in ("corpus", "part"):  # one id in two corpora, or in two folders: tell them apart
        shared = records["id"].duplicated(keep=False)
        records.loc[shared, "id"] = records[origin] + "/" + records["id"]
    records = records[RECORD_COLUMNS]
    _prepare(records)
    return records


def noises(seen: str, unseen: str) -> pandas.DataFrame:
    """The noise records of two selections: for training, and only for the test.

    A whole corpus that says which of its noises are for training gives those to `seen` and the
    others to `unseen`.

    Args:
        seen: a comma list like that of :func:`speech`.
        unseen: the same; may be empty.

    Returns:
        A table with the columns `RECORD_COLUMNS`, `seen` (bool) and `synthetic` (bool).

    Raises:
        SnrlibError: as :func:`speech`, or a noise that is both seen and unseen, or two noises
            with one name.
    """
    tables = []
    for selection, role in ((seen, True), (unseen, False)):
        if role or selection.strip():
            for part in _parts(selection, "noise"):
                tables.append(_records(part, "noise", role).assign(seen=role))
    records = pandas.concat(tables).drop_duplicates(["path", "seen"]).reset_index(drop=True)
    for repeated, group in records[records.duplicated("id", keep=False)].groupby("id"):
        if group["path"].nunique() == 1:
            raise SnrlibError(f"The noise '{repeated}' is named both as seen and as unseen.")
        raise SnrlibError(
            f"Two noises are called '{repeated}' ({', '.join(group['path'])}); rename one file."
        )
    records["synthetic"] = [get(corpus).synthetic for corpus in records["corpus"]]
    _prepare(records)
    return records[[*RECORD_COLUMNS, "seen", "synthetic"]]


def absolute(selection: str) -> str:
    """A selection that means the same from anywhere: folders by their absolute path."""
    if not selection.strip():
        return selection
    parts = [
        f"folder:{user_path(part[len('folder:') :].strip())}"
        if part.startswith("folder:")
        else part
        for part in _parts(selection, "corpus")
    ]
    return ",".join(parts) if "folder:" in selection else selection


def _parts(selection: str, kind: str) -> list[str]:
    """The parts of a comma list; a comma inside a folder's path stays in the path."""
    if selection.startswith("folder:") and user_path(selection[len("folder:") :]).is_dir():
        return [selection]
    parts = [part.strip() for part in selection.split(",") if part.strip()]
    if not parts:
        raise SnrlibError(f"No {kind} is selected; name a corpus, for example 'embedded'.")
    return parts


def _records(part: str, kind: str, seen: bool | None = None) -> pandas.DataFrame:
    """The records of one part of a selection."""
    name, _, item = part.partition(":")
    name, item = name.strip(), item.strip()
    corpus = get(name)
    if corpus.kind not in (kind, "both"):
        raise SnrlibError(f"The corpus '{name}' holds {corpus.kind}, not {kind}; choose another.")
    if name == "folder":  # what follows the colon is where it lies, and the user says what it is
        from snrlib.corpora.sources import folder

        return folder.records(item, kind)
    records = corpus.list_files(None)
    records = records[records["kind"] == kind]
    if item:
        return _items(records, item, name)
    if seen is not None and corpus.seen:
        records = records[records["id"].isin(corpus.seen) == seen]
    if records.empty:
        role = {None: "", True: "seen ", False: "unseen "}[seen]
        raise SnrlibError(f"The corpus '{name}' has no {role}{kind}; name its items one by one.")
    return records


def _items(records: pandas.DataFrame, item: str, corpus: str) -> pandas.DataFrame:
    """The records that `item` means: an id, the beginning of one, or a speaker."""
    ids = records["id"]
    for chosen in (
        ids == item,
        ids == f"synthetic {item}",  # shorter to type; tables always show the full name
        ids.str.startswith(f"{item.rstrip('/')}/"),
        records["speaker"] == item,
    ):
        if chosen.any():
            return records[chosen]
    known = [*ids, *records["speaker"].unique()]
    raise SnrlibError(f"The corpus '{corpus}' has no '{item}'; {_near(item, known)}".rstrip())


def _near(name: str, known: Iterable[str]) -> str:
    """A remedy that names what `name` may have meant."""
    known = [k for k in known if k]
    short = {k.lower().removeprefix("synthetic ").split("/")[-1]: k for k in reversed(known)}
    spellings = short | {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), spellings, n=3, cutoff=0.6)
    found = found or [k for k in spellings if name.lower() in k][:3]
    near = list(dict.fromkeys(spellings[k] for k in found))
    near = near or (known if len(known) <= 12 else known[:6])
    return f"did you mean {' or '.join(repr(n) for n in near)}?" if near else ""


def _prepare(records: pandas.DataFrame) -> None:
    """Makes sure the files of the chosen records exist."""
    for name, chosen in records.groupby("corpus"):
        prepare = get(str(name)).prepare
        if prepare is not None:
            prepare(chosen)
