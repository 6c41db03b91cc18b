"""The tidy table of scores and its files: one row per system and mixture.

A file of scores says in a JSON file beside it what it was made from, so that finished work
is never repeated and different work is never mixed up; while it grows it is called
`<file>.part` and survives a kill at any moment.

Notebook: 02_quality_metrics.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from snrlib.metrics import METRICS
from snrlib.support import tables
from snrlib.support.errors import SnrlibError
from snrlib.support.files import read_json, write_json, writing

MIXTURE_COLUMNS = ["mixture", "utterance", "speaker", "noise", "noise_seen", "snr_db", "snr_seen"]
SCORE_COLUMNS = ["system", "seed", *MIXTURE_COLUMNS, *METRICS, "failure"]


def read_scores(*paths: str | Path) -> pd.DataFrame:
    """The scores in CSV files, or in all CSV files of a folder, as one table.

    Raises:
        SnrlibError: there is no such file, or a file is not a table of scores.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        # Hidden files are unfinished ones of another process.
        files += sorted(path.glob("[!.]*.csv")) if path.is_dir() else [path]
    if not files:
        raise SnrlibError(f"There are no scores in {', '.join(map(str, paths))}; run evaluate.")
    return pd.concat([_read_one(file) for file in files], ignore_index=True)


def write_scores(scores: pd.DataFrame, path: str | Path) -> None:
    """Writes a table of scores as CSV, whole or not at all."""
    tables.write(path, scores)


class ScoreFile:
    """A table of scores on disk: `x.csv` (whole), `x.csv.part` (growing), `x.json` (of what).

    Args:
        path: the CSV file.
        described: what the scores depend on; any JSON-able values.
        fresh: drop what is there.

    Raises:
        SnrlibError: `path` holds scores of something else.
    """

    def __init__(self, path: str | Path, described: Mapping[str, Any], fresh: bool = False) -> None:
        path = Path(path)
        described = json.loads(json.dumps(dict(described), default=str))
        self.path = path
        self.part = path.with_name(path.name + ".part")
        beside = path.with_suffix(".json")
        if fresh:
            for old in (path, self.part, beside):
                old.unlink(missing_ok=True)
        if path.exists() or self.part.exists():
            found = read_json(beside) if beside.exists() else {}
            for name in {**described, **found}:
                if found.get(name) != described.get(name):
                    raise SnrlibError(
                        f"{path} holds scores with {name} = {found.get(name)}, asked is "
                        f"{described.get(name)}; choose another file, or pass fresh=True "
                        "(--fresh) to score again."
                    )
        else:
            write_json(beside, described)

    def unfinished(self) -> pd.DataFrame:
        """The rows that a killed run has left; a line cut short by the kill is dropped."""
        if not self.part.exists():
            return pd.DataFrame(columns=SCORE_COLUMNS)
        whole = self.part.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            with writing(self.part):
                os.truncate(self.part, end)
        if end == 0:
            self.part.unlink()
            return pd.DataFrame(columns=SCORE_COLUMNS)
        return _read_one(self.part)

    def append(self, block: pd.DataFrame) -> None:
        """Adds rows for good: they survive a kill from here on."""
        with writing(self.part), open(self.part, "ab") as file:
            file.write(tables.encoded(block, header=file.tell() == 0))
            file.flush()
            os.fsync(file.fileno())

    def finish(self, scores: pd.DataFrame) -> None:
        """Puts the whole table in its place."""
        write_scores(scores, self.path)
        self.part.unlink(missing_ok=True)


def _read_one(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise SnrlibError(f"There are no scores at {path}; evaluate the system first.")
    table = tables.read(path)
    missing = [name for name in SCORE_COLUMNS if name not in table.columns]
    if missing:
        raise SnrlibError(f"{path} is not a table of scores: it has no column '{missing[0]}'.")
    # Back to the very numbers that were written (score() keeps six decimals).
    table[list(METRICS)] = table[list(METRICS)].astype(float).round(6)
    numbers = table["mixture"].str.fullmatch(r"0|[1-9]\d*")
    if len(table) and numbers.all():  # counted, not named
        table["mixture"] = table["mixture"].astype(int)
    return table
