"""Measurements that take too long to repeat in a notebook, with the conditions they were made in.

A recorded number is shown as recorded: its data, budget and machine stand beside it, and it is
never mixed with the numbers of a run. The longest recorded study is that of the LibriSpeech
weights: real speech and recorded noises, scored mixture by mixture.

Notebooks: 04_teacher_training to 08_results.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import pandas as pd

from snrlib.support import tables
from snrlib.support.files import read_json

_MAP = files("snrlib") / "assets" / "recorded" / "map"
SNRS = (-20, -15, -10, -5, 0, 5, 10, 15, 20)


def level() -> pd.DataFrame:
    """SI-SDR in dB of short trainings that differ in input level, row weights and start.

    Returns:
        One row per training (and per noisy input): `series`, `form`, what it was trained with,
        SI-SDR at each SNR of the test (integer columns, NaN where not measured), and the
        conditions `speech, noise, test, machine`.
    """
    source = files("snrlib") / "assets" / "recorded" / "level.csv"
    with source.open("rb") as file:
        return tables.read(file).rename(columns={str(snr): snr for snr in SNRS})


def costs() -> pd.DataFrame:
    """What finished studies cost: `profile, notebook, seconds, memory_mb, machine, recorded`.

    One row per notebook of each recorded profile; none where nothing is recorded.
    """
    source = files("snrlib") / "assets" / "recorded" / "costs.csv"
    if not source.is_file():
        return pd.DataFrame(columns=["profile", "notebook", "seconds", "memory_mb", "machine"])
    with source.open("rb") as file:
        return tables.read(file)


def expected() -> pd.DataFrame:
    """What studies would cost, from single steps (`snrlib bench`): columns as `costs`."""
    source = files("snrlib") / "assets" / "recorded" / "expected.csv"
    if not source.is_file():
        return pd.DataFrame(columns=["profile", "notebook", "seconds", "memory_mb", "machine"])
    with source.open("rb") as file:
        return tables.read(file)


def gradients() -> pd.DataFrame:
    """Direction and chance of the recorded study's gradients, at weights on the way.

    Returns:
        Columns `weights` (whose, and when), `objective`, those of
        :func:`snrlib.training.gradients.measure`, `batches` and `batch`; without rows where
        nothing is recorded.
    """
    source = files("snrlib") / "assets" / "recorded" / "study" / "gradients.csv"
    if not source.is_file():
        return pd.DataFrame(columns=["weights", "objective", "common", "chance", "batches"])
    with source.open("rb") as file:
        return tables.read(file)


def claim_map() -> pd.DataFrame:
    """Scores of the map of the claim: many small trainings under changed conditions.

    Returns:
        Columns as in `snrlib.evaluation.SCORE_COLUMNS`, as far as they were scored; `system` is
        the condition, `seed` that of the training. Without rows where nothing is recorded.
    """
    source = _MAP / "scores.csv.gz"
    if not source.is_file():
        return pd.DataFrame(columns=["system", "seed", "mixture", "snr_db", "si_sdr", "stoi"])
    with source.open("rb") as file:
        return pd.read_csv(file, compression="gzip", keep_default_na=False, na_values=[""])


def claim_conditions() -> pd.DataFrame:
    """The conditions of the map: `name, experiment, prediction, written, steps, seeds, trained`.

    `written` is when the prediction was written down, `trained` whether all seeds are recorded.
    """
    with (_MAP / "conditions.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def claim_gradients() -> pd.DataFrame:
    """Gradients of each SNR's rows at the end of the map's S1, seed by seed.

    Returns:
        `snr_db, seed, batches, batch` and the columns of :func:`snrlib.training.gradients.measure`;
        `cosine` is that to the gradient of the −20 dB rows.
    """
    with (_MAP / "gradients.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def study(folder: Traversable | None = None) -> dict[str, Any]:
    """What the recorded study was: caption, profile, corpora, budgets; empty if none comes along.

    Args:
        folder: where it is recorded; None for the one that comes with the kit.
    """
    source = _folder(folder) / "study.json"
    return dict(read_json(source)) if source.is_file() else {}


def caption(folder: Traversable | None = None) -> str:
    """Data and budgets of the recorded study in one sentence, for tables and figures."""
    return str(study(folder).get("caption", "Nothing recorded comes with this version"))


def scores(folder: Traversable | None = None) -> pd.DataFrame:
    """Scores of every system of the recorded study, one row per mixture and system.

    Args:
        folder: as in :func:`study`.

    Returns:
        Columns as in `snrlib.evaluation.SCORE_COLUMNS`; without rows where nothing is recorded.
    """
    from snrlib.evaluation.scores import SCORE_COLUMNS

    source = _folder(folder) / "scores.csv.gz"
    if not source.is_file():
        return pd.DataFrame(columns=SCORE_COLUMNS)
    with source.open("rb") as file:
        return tables.read(file).reindex(columns=SCORE_COLUMNS)


def growth(folder: Traversable | None = None) -> dict[str, pd.DataFrame]:
    """Training histories of the recorded study, by system: Fig. 4 at a larger size.

    Args:
        folder: as in :func:`study`.
    """
    source = _folder(folder) / "growth.csv"
    if not source.is_file():
        return {}
    with source.open("rb") as file:
        table = tables.read(file)
    return {
        str(name): rows.drop(columns="system").reset_index(drop=True)
        for name, rows in table.groupby("system", sort=False)
    }


def _folder(folder: Traversable | None) -> Any:
    return files("snrlib") / "assets" / "recorded" / "study" if folder is None else folder
