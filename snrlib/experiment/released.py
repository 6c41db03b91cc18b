"""The released weights on a run's own test set: a tiny run is read beside them.

Notebook: 08_results.
"""

from typing import TYPE_CHECKING

import pandas as pd

from snrlib import enhancement, evaluation
from snrlib.models import checkpoint
from snrlib.support.files import lock

if TYPE_CHECKING:
    from snrlib.experiment.run import Run


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
