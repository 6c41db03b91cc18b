"""Where the corpora of this user lie: a copy they added, or what the kit has fetched.

`snrlib data add NAME PATH` remembers a folder in the user's cache; `snrlib data fetch NAME`
unpacks below it. A corpus that was added wins over one that was fetched.

Notebook: 01_data_construction.
"""

from pathlib import Path

from snrlib.corpora.corpus import Corpus
from snrlib.support.errors import SnrlibError
from snrlib.support.files import cache_folder, read_json, write_json


def fetched_folder(name: str) -> Path:
    """Where `snrlib data fetch` puts the parts of a corpus, one folder each."""
    return cache_folder() / "corpora" / name


def parts_here(corpus: Corpus) -> list[str]:
    """The names of the parts that have been fetched."""
    here = fetched_folder(corpus.name)
    return [item.part for item in corpus.downloads if (here / item.part).is_dir()]


def added() -> dict[str, str]:
    """The folders that the user has added, by corpus."""
    return read_json(_file()) if _file().exists() else {}


def add(name: str, folder: Path) -> None:
    """Remembers that the corpus `name` lies at `folder`."""
    write_json(_file(), added() | {name: str(folder.expanduser().resolve())})


def state_speakers(folder: Path, pattern: str) -> None:
    """Remembers how the speakers of a folder are named; an empty pattern forgets it."""
    kept = _patterns() | {str(folder.expanduser().resolve()): pattern}
    write_json(_patterns_file(), {place: found for place, found in kept.items() if found})


def speaker_pattern(folder: Path) -> str:
    """The pattern stated for a folder; empty if none is."""
    return str(_patterns().get(str(folder.expanduser().resolve()), ""))


def _patterns() -> dict[str, str]:
    return read_json(_patterns_file()) if _patterns_file().exists() else {}


def _patterns_file() -> Path:
    return cache_folder() / "speakers.json"


def find(corpus: Corpus) -> Path | None:
    """Where the corpus lies; None if it is not here."""
    if corpus.name in added():
        return Path(added()[corpus.name])
    return fetched_folder(corpus.name) if parts_here(corpus) else None


def place(corpus: Corpus, given: Path | None = None) -> Path:
    """The folder to list: the one given, or the one where the corpus lies.

    Raises:
        SnrlibError: it is not here, with the command that changes that.
    """
    if given is not None:
        return Path(given).expanduser().absolute()
    here = find(corpus)
    if here is None:
        raise SnrlibError(f"The corpus '{corpus.name}' is not here; {remedy(corpus)}.")
    if not here.is_dir():
        raise SnrlibError(
            f"The corpus '{corpus.name}' is registered at {here}, which does not exist; run "
            f"`snrlib data add {corpus.name} PATH` with the folder where it lies now."
        )
    return here


def remedy(corpus: Corpus) -> str:
    """How to get a corpus that is not here."""
    have = f"`snrlib data add {corpus.name} PATH` takes the copy you have"
    if corpus.downloads:
        return f"`snrlib data fetch {corpus.name}` downloads it, {have}"
    return f"{have} (from {corpus.homepage})"


def _file() -> Path:
    return cache_folder() / "corpora.json"
