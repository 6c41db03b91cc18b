"""Tables as CSV that come back as they were: one writer and one reader for all of the kit.

A CSV file has no types. Left to guess, a reader turns the speaker "001" into the number 1, "NA"
into nothing and "1e5" into 100000.0. So the columns that hold words are named here, once for
the whole kit, and come back letter for letter; every other column holds numbers or truth values,
comes back to the last bit, and only an empty cell means nothing.

Notebook: 01_data_construction.
"""

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import pandas

from snrlib.support.errors import SnrlibError
from snrlib.support.files import atomic

# What these columns hold is a word wherever they stand, also when it looks like a number.
WORDS = frozenset(
    {
        *("id", "corpus", "kind", "speaker", "path", "licence", "split", "language", "package"),
        *("source", "mixture", "utterance", "speech_path", "noise", "noise_path", "noise_seen"),
        *("snr_seen", "system", "name", "failure", "metric", "notebook", "profile", "model"),
        *("text", "commit", "code", "machine", "recorded"),
    }
)


def text(table: pandas.DataFrame, header: bool = True) -> str:
    """`table` as CSV, without its index; with `header` its first line names the columns."""
    # A bare carriage return ends a line for the reader; quoted, it is a letter as any other.
    odd = any(
        table[column].map(lambda word: isinstance(word, str) and "\r" in word).any()
        for column in table.columns
        if not pandas.api.types.is_numeric_dtype(table[column])
    )
    quoting = csv.QUOTE_NONNUMERIC if odd else csv.QUOTE_MINIMAL
    return table.to_csv(index=False, header=header, lineterminator="\n", quoting=quoting)


def encoded(table: pandas.DataFrame, header: bool = True) -> bytes:
    """:func:`text` in UTF-8; file names that are not UTF-8 keep their bytes."""
    return text(table, header).encode("utf-8", "surrogateescape")


def write(path: str | Path, table: pandas.DataFrame) -> None:
    """Writes `table` to `path`, whole or not at all; compressed where the name ends in .gz."""
    content = encoded(table)
    with atomic(path) as unfinished:
        # Without a time in it, the same table is the same file.
        compressed = Path(path).suffix == ".gz"
        unfinished.write_bytes(gzip.compress(content, mtime=0) if compressed else content)


def read(file: str | Path | IO[bytes], words: Iterable[str] = ()) -> pandas.DataFrame:
    """The table in a CSV file, as :func:`write` was given it.

    Args:
        file: a path (.csv or .csv.gz), or an open binary file.
        words: further columns that hold words.

    Raises:
        SnrlibError: the file is missing, or is not a table.
    """
    name = getattr(file, "name", "the table") if hasattr(file, "read") else str(file)
    try:
        content = file.read() if hasattr(file, "read") else Path(file).read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return _parsed(content, WORDS | set(words))
    except FileNotFoundError as error:
        raise SnrlibError(f"{name} does not exist; make it again with the same command.") from error
    except OSError as error:
        raise SnrlibError(f"{name} cannot be read ({error.strerror or error}).") from error
    except (ValueError, EOFError) as error:  # pandas' parser errors are ValueErrors
        reason = str(error).strip().splitlines()[0]
        raise SnrlibError(
            f"{name} is not a table ({reason}); delete it and run the same command again."
        ) from error


def _parsed(content: bytes, words: frozenset[str] | set[str]) -> pandas.DataFrame:
    options = {"encoding_errors": "surrogateescape", "keep_default_na": False}
    columns = list(pandas.read_csv(io.BytesIO(content), nrows=0, **options).columns)
    return pandas.read_csv(
        io.BytesIO(content),
        dtype={column: str for column in columns if column in words},
        na_values={column: [""] for column in columns if column not in words},
        skip_blank_lines=False,
        **options,
    )
