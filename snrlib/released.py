"""Results of longer trainings, as they come with the kit: a tiny run is read beside them.

Recorded tables were made by the same code at a larger size; released weights are scored on the
run's own test set.

Notebooks: 06_ablation_s1_vs_s2, 08_results.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from snrlib import checkpoint, enhancement, evaluation
from snrlib.files import lock, read_json

if TYPE_CHECKING:
    from snrlib.run import Run

RECORDED = enhancement.RELEASED.parent / "recorded"


def tables(folder: Path = RECORDED) -> dict[str, tuple[pd.DataFrame, str]]:
    """Name -> (table, caption) of every recorded table of systems; empty where there is none.

    A table is `<name>.csv` with at least `system` and `snr_db` and one column per metric; its
    caption stands in `<name>.json` under "caption". Other recorded measurements are left alone.
    """
    found = {}
    for path in sorted(folder.glob("*.csv")):
        table = pd.read_csv(path)
        if {"system", "snr_db"} <= set(table.columns):
            note = path.with_suffix(".json")
            caption = str(read_json(note).get("caption", "")) if note.exists() else ""
            found[path.stem] = (table, caption)
    return found


def scores(run: "Run", name: str = "S2") -> pd.DataFrame | None:
    """The scores of a released model on the run's test set, as system "<name> released".

    They are kept in `scores-released/`, apart from the run's own, under the fingerprint of the
    weights: another release is scored anew.

    Returns:
        A table of scores, or None where no such model comes with the kit.
    """
    if name not in enhancement.released():
        return None
    # As for the run's own models: scores must not depend on whether the processor has bf16.
    enhancer = enhancement.load_model(name, run.device, precision="float32")
    weights = checkpoint.fingerprint(enhancement.RELEASED / name)
    folder = run.folder / "scores-released"
    with lock(folder):
        return evaluation.score(
            f"{name} released",
            run.recipe("test"),
            lambda recordings: [enhancer.enhance(noisy) for noisy in recordings],
            path=folder / f"{name}-{weights}.csv",
            metrics=run.metrics,
            read=run.mixture,
            identity={"weights": weights, "audio": run.bank.checksum},
        )
