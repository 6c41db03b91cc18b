"""Is a corpus of one piece? Levels and lengths of its recordings, by split.

Notebook: 01_data_construction.
"""

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

SHOWN = {"train": "C0", "test": "C1", "noise": "C2", "": "C0"}


def soundness(table: pandas.DataFrame) -> tuple[Figure, np.ndarray]:
    """Histograms of level and length of the files of a corpus, by split.

    Args:
        table: as :func:`snrlib.corpora.checking.check` makes it.
    """
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
    heard = table[np.isfinite(table["level_dbfs"].astype(float))]
    _histogram(axes[0], heard, "level_dbfs", "level (RMS) in dB relative to full scale")
    _histogram(axes[1], heard, "seconds", "length in s")
    return figure, axes


def _histogram(ax: Axes, table: pandas.DataFrame, column: str, label: str) -> None:
    values = table[column].astype(float)
    edges = np.histogram_bin_edges(values, bins=30).tolist()
    for split, part in table.groupby("split", sort=False):
        ax.hist(
            part[column].astype(float), edges, alpha=0.6, color=SHOWN.get(str(split), "C3"),
            label=f"{split or 'all'} ({len(part):,})",
        )  # fmt: skip
    ax.set(xlabel=label, ylabel="recordings")
    if len(table):
        ax.legend()
