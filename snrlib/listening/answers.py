"""What listeners answered: files, checked, as one tidy table.

One JSON file per listener and test, or the same as CSV; a teacher puts the files of a class
into one folder and reads them at once. A row is one judgement. Files say themselves whether
they are a simulated example, and the table carries it on.

Notebook: 09_listening_test.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas

from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum, read_json

FORMAT = "snrlib-listening-answers"
VERSION = 1

# One row per judgement. ABX: a, b (systems), x and answer ("A" or "B"), correct. Ratings:
# system, rating (0 to 100). seconds: from the beginning of the trial to the answer.
COLUMNS = [
    "trial", "kind", "scene", "snr_db", "a", "b", "x", "answer", "correct", "system", "rating",
    "seconds",
]  # fmt: skip
TABLE_COLUMNS = ["test", "listener", "example", *COLUMNS]


def answer_file(folder: str | Path, content: dict[str, Any]) -> Path:
    """Where the answers of a listener are kept in `folder`."""
    name = re.sub(r"[^\w-]+", "_", content["listener"]).strip("_")[:40] or "listener"
    # Two names may look alike once they are file names; their checksums do not.
    return Path(folder) / f"{name}-{checksum(content['listener'])[:6]}-{content['test']}.json"


def check(content: Any, where: str) -> dict[str, Any]:
    """An answer file's content, if it is one.

    Raises:
        SnrlibError: not answers of a listening test, or a judgement that cannot be; the sentence
            names the file and the row.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SnrlibError(f"{where} holds no answers of a listening test; export them again.")
    if content.get("version") != VERSION:
        raise SnrlibError(
            f"{where} was written in version {content.get('version')} of the answer format and "
            f"this kit reads {VERSION}; use the kit that made the test."
        )
    for key, kind in (("test", str), ("listener", str), ("answers", list)):
        if not isinstance(content.get(key), kind):
            raise SnrlibError(f"{where} lacks '{key}'; export the answers again.")
    for number, row in enumerate(content["answers"], 1):
        if not isinstance(row, dict) or not set(COLUMNS) <= set(row):
            raise SnrlibError(f"{where}, answer {number}: columns are missing; export it again.")
        _check_row(row, f"{where}, answer {number}")
    return content


def read_answers(places: str | Path | Iterable[str | Path]) -> pandas.DataFrame:
    """All judgements in some files, or in the JSON and CSV files of a folder.

    A judgement that stands in several files (a CSV beside its JSON) counts once.

    Args:
        places: a folder, a file, or several.

    Returns:
        A table with the columns `TABLE_COLUMNS`; empty if a folder has no files, or is not there.

    Raises:
        SnrlibError: a file that is not an answer file, or whose rows contradict each other.
    """
    paths: list[Path] = []
    for place in [places] if isinstance(places, str | Path) else places:
        place = Path(place)
        if place.suffix.lower() in (".json", ".csv"):
            paths.append(place)
        else:
            # A file that is being written has a name that begins with a dot.
            paths += sorted([*place.glob("[!.]*.json"), *place.glob("[!.]*.csv")])
    tables = [table(read_file(path), str(path)) for path in paths]
    if not tables:
        return pandas.DataFrame(columns=TABLE_COLUMNS)
    answers = pandas.concat(tables, ignore_index=True).drop_duplicates(ignore_index=True)
    keys = ["test", "listener", "trial", "system"]
    twice = answers.duplicated(keys)
    if twice.any():
        row = answers[twice].iloc[0]
        raise SnrlibError(
            f"Listener '{row['listener']}' answered trial {row['trial']} of test {row['test']} in "
            "two ways; keep one of the files."
        )
    return answers


def read_file(path: str | Path) -> dict[str, Any]:
    """The content of one answer file, JSON or CSV.

    Raises:
        SnrlibError: it is not one.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        return check(read_json(path), str(path))
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError) as error:
        raise SnrlibError(f"{path} cannot be read as CSV ({error}).") from error
    if not rows or not set(TABLE_COLUMNS) <= set(rows[0]):
        raise SnrlibError(f"{path} holds no answers of a listening test; export them again.")
    owners = {(row["test"], row["listener"], row["example"]) for row in rows}
    if len(owners) != 1:
        raise SnrlibError(f"{path} mixes listeners; read the file of each of them.")
    try:
        answers = [{name: _typed(name, row[name]) for name in COLUMNS} for row in rows]
    except ValueError as error:
        raise SnrlibError(f"{path} has a value that is no number ({error}).") from error
    first = rows[0]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "test": first["test"],
        "listener": first["listener"],
        "example": first["example"].lower() == "true",
        "answers": answers,
    }
    return check(content, str(path))


def table(content: dict[str, Any], where: str = "the answers") -> pandas.DataFrame:
    """The judgements of one answer file as a table with the columns `TABLE_COLUMNS`."""
    content = check(content, where)
    rows = pandas.DataFrame(content["answers"], columns=COLUMNS)
    rows = rows.astype({"trial": int, "snr_db": float, "rating": float, "seconds": float})
    for name in ("a", "b", "x", "answer", "system"):
        rows[name] = rows[name].fillna("").astype(str)
    rows["correct"] = rows["correct"].astype(object)
    for name in ("example", "listener", "test"):
        rows.insert(0, name, content.get(name, False))
    return rows


def _check_row(row: dict[str, Any], where: str) -> None:
    if row["kind"] == "abx":
        letters = {"A", "B"}
        if row["x"] not in letters or row["answer"] not in letters:
            raise SnrlibError(f"{where}: x and answer must be A or B; export the answers again.")
        if row["correct"] is not (row["x"] == row["answer"]):
            raise SnrlibError(f"{where}: 'correct' contradicts x and answer; the file was changed.")
    elif row["kind"] == "rating":
        if not isinstance(row["rating"], int | float) or not 0 <= row["rating"] <= 100:
            raise SnrlibError(f"{where}: a rating lies between 0 and 100, not {row['rating']}.")
    else:
        raise SnrlibError(f"{where}: the kind is 'abx' or 'rating', not {json.dumps(row['kind'])}.")


def _typed(name: str, value: str | None) -> Any:
    if value is None or value == "":
        return None
    if name == "trial":
        return int(value)
    if name in ("snr_db", "rating", "seconds"):
        return float(value)
    return value.lower() == "true" if name == "correct" else value
