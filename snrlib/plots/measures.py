"""Figures of the measures themselves: the scales called PESQ, and what each score reacts to.

Notebook: 02_quality_metrics.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snrlib.metrics import mos_lqo
from snrlib.plots.style import axes, label, styled

_INK = {"pesq_raw": "#0072b2", "pesq_nb": "#329ac8", "pesq_wb": "#d55e00",
        "stoi": "#009e73", "estoi": "#7f6000", "si_sdr": "#1a1a1a"}  # fmt: skip
_MARK = {"pesq_raw": "o", "pesq_nb": "^", "pesq_wb": "s", "stoi": "o", "estoi": "s", "si_sdr": "D"}
# Scores of one scale share a row of panels.
_ROWS = {"PESQ": ("pesq_raw", "pesq_wb"), "STOI, ESTOI": ("stoi", "estoi"),
         "SI-SDR in dB": ("si_sdr",)}  # fmt: skip
SI_SDR_TOP_DB = 40.0  # a perfect copy has infinitely many dB


@styled
def pesq_scale(
    printed: Mapping[str, Sequence[float]], ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """P.862.1's curve from raw scores to MOS-LQO, and where printed numbers would lie on each.

    Args:
        printed: name -> printed PESQ values, once as raw scores on the
            curve and once, at the left edge, as the MOS-LQO that they cannot all be.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (8.5, 4.0))
    raw = np.linspace(-0.5, 4.5, 201)
    ax.plot(raw, [mos_lqo(value) for value in raw], color=_INK["pesq_nb"], label="P.862.1")
    ax.plot(raw, raw, color="#8a8a8a", linestyle=":", linewidth=1.2, label="same number")
    ax.axhspan(-0.7, 0.999, color="#d55e00", alpha=0.1, linewidth=0)
    ax.text(4.45, 0.1, "MOS-LQO cannot be below 0.999", ha="right", color="#a33f00", fontsize=9)
    inks = ["#1a1a1a", "#0072b2", "#a87f5c", "#009e73"]
    for ink, (name, values) in zip(inks, printed.items(), strict=False):
        numbers = np.asarray(values, float)
        ax.plot(numbers, [mos_lqo(value) for value in numbers], "|", color=ink, markersize=13,
                label=f"{name}, read as raw")  # fmt: skip
        ax.plot(np.full(len(numbers), -0.43), numbers, "_", color=ink, markersize=9, alpha=0.7,
                label=f"{name}, read as MOS-LQO")  # fmt: skip
    ax.set(xlim=(-0.5, 4.5), ylim=(-0.7, 4.7))
    ax.set(xlabel=label("pesq_raw"), ylabel=label("pesq_nb"))
    ax.set_title(title)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure, ax


@styled
def reactions(table: pd.DataFrame, *, size: tuple[float, float] = (11.0, 6.2)) -> Figure:
    """How every score reacts to every degradation: a row per scale, a column per degradation.

    Args:
        table: columns `degradation`, `unit`, `amount`, and scores; rows in the order drawn.
            SI-SDR is drawn up to 40 dB.
        size: of the figure in inches.
    """
    rows = {
        name: [score for score in scores if score in table.columns]
        for name, scores in _ROWS.items()
    }
    rows = {name: scores for name, scores in rows.items() if scores}
    columns = list(table["degradation"].drop_duplicates())
    figure, panels = plt.subplots(
        len(rows), len(columns), figsize=size, sharey="row", sharex="col", squeeze=False
    )
    for across, degradation in enumerate(columns):
        part = table[table["degradation"] == degradation]
        places = np.arange(len(part))
        for down, (name, scores) in enumerate(rows.items()):
            panel = panels[down, across]
            for score in scores:
                values = part[score].astype(float)
                if score == "si_sdr":
                    values = values.clip(upper=SI_SDR_TOP_DB)
                ink = {"color": _INK[score], "marker": _MARK[score], "label": _short(score)}
                panel.plot(places, values, markersize=4, linewidth=1.4, **ink)
            if not across:
                panel.set_ylabel(name)
            if not down:
                panel.set_title(degradation, fontsize=9.5)
        panels[-1, across].set_xticks(
            places, [f"{v:g}".replace("-", "−") for v in part["amount"]], fontsize=7.5
        )
        panels[-1, across].set_xlabel(str(part["unit"].iloc[0]), fontsize=9)
        panels[-1, across].set_xlim(-0.4, len(part) - 0.6)
    limits = {"PESQ": (-0.6, 4.8), "STOI, ESTOI": (-0.05, 1.05)}
    for down, (name, scores) in enumerate(rows.items()):
        if name in limits:
            panels[down, 0].set_ylim(*limits[name])
        if len(scores) > 1:
            panels[down, -1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8.5)
    return figure


def _short(score: str) -> str:
    """The name of a score without its range."""
    return label(score).split(",")[0].split(" (")[0]
