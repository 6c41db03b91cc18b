"""Figures of how the data sets are built: their SNRs, who speaks in which, which noise is heard.

Notebook: 01_data_construction.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from snrlib.plots.style import axes, colour, label, styled

# The student's set trains S1 and S2 alike; it is drawn in the colour of S2.
_ROLES = {"student": "S2", "test": "clean"}
_SPLITS = {"train": "#0072b2", "valid": "#00213d", "test": "#d55e00"}
_SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}


@styled
def snr_map(
    snrs: Mapping[str, Sequence[float]], ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """The SNRs of each data set on one scale: teachers narrow, student coarse, test fine.

    Args:
        snrs: data set ("T1", ..., "student", "test") -> its SNRs in dB.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (8.0, 0.9 + 0.42 * len(snrs)))
    for place, (name, values) in enumerate(snrs.items()):
        ink = colour(_ROLES.get(name, name))
        ax.hlines(place, min(values), max(values), color=ink, linewidth=7, alpha=0.18)
        ax.plot(values, [place] * len(values), "o", color=ink, markersize=7)
        for value in values:
            text = f"{value:g}".replace("-", "−")
            ax.annotate(text, (value, place), (0, 7), textcoords="offset points",
                        ha="center", fontsize=8, color="#555555")  # fmt: skip
    ax.set_yticks(range(len(snrs)), list(snrs))
    ax.set_ylim(len(snrs) - 0.5, -0.75)  # the first on top
    ax.set_xticks(range(-20, 25, 5), [f"{v}".replace("-", "−") for v in range(-20, 25, 5)])
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(label("snr_db"))
    ax.set_title(title)
    return figure, ax


@styled
def utterance_map(
    roles: Mapping[str, pd.DataFrame], ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """Which utterances each data set uses: one column per utterance, one row per role.

    Args:
        roles: role ("teacher train", ...) -> its records, as
            :func:`snrlib.datasets.utterance_split` returns them.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (9.0, 0.9 + 0.42 * len(roles)))
    names = pd.concat([records["id"] for records in roles.values()]).drop_duplicates()
    # Utterances with the same roles stand side by side, so that a role is few solid bars.
    used = pd.DataFrame({role: names.isin(records["id"]) for role, records in roles.items()})
    order = used.sort_values(list(roles), ascending=False, kind="stable")
    for place, role in enumerate(roles):
        inside = np.flatnonzero(order[role].to_numpy())
        runs = np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1)
        split = role.rsplit(" ", 1)[-1]
        bars = [(run[0], len(run)) for run in runs if len(run)]
        ax.broken_barh(bars, (place - 0.36, 0.72), color=_SPLITS.get(split, "#888888"))
        ax.annotate(f"{len(inside):,}", (len(order), place), (6, 0), textcoords="offset points",
                    va="center", fontsize=9, color="#333333")  # fmt: skip
    ax.set_yticks(range(len(roles)), [_role(role) for role in roles])
    ax.set(xlim=(0, len(order) * 1.02), ylim=(len(roles) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("utterances, sorted by what they are used for (at the right: how many)")
    ax.set_title(title)
    return figure, ax


@styled
def noise_use(
    recipes: pd.DataFrame, ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """Which seconds of each noise the mixtures of some recipes use, by split.

    The darker, the more often a second is used; a gap between the colours is the proof that
    no test mixture holds noise that was heard in training.

    Args:
        recipes: rows of one or several recipes.
        ax: where to draw.
        title: over the axes.
    """
    from snrlib.audio import SAMPLE_RATE

    noises = list(recipes["noise"].drop_duplicates())
    figure, ax = axes(ax, (9.0, 0.9 + 0.36 * len(noises)))
    place = {name: i for i, name in enumerate(noises)}
    end = int((recipes["noise_start"] + recipes["noise_samples"]).max()) // SAMPLE_RATE + 1
    shown: set[str] = set()
    for (noise, split), rows in recipes.groupby(["noise", "split"], sort=False):
        change = np.zeros(end + 1)
        first = rows["noise_start"].to_numpy() // SAMPLE_RATE
        last = (rows["noise_start"] + rows["noise_samples"] - 1).to_numpy() // SAMPLE_RATE + 1
        np.add.at(change, first, 1)
        np.add.at(change, np.minimum(last, end), -1)
        count = change.cumsum()[:end]
        row = place[str(noise)]
        height = 0.26 if split == "valid" else 0.7
        seconds = np.flatnonzero(count)
        strength = 0.25 + 0.75 * count[seconds] / count.max()
        inks = [to_rgba(_SPLITS[str(split)], alpha) for alpha in strength]
        bars = [(float(second), 1.0) for second in seconds]
        ax.broken_barh(bars, (row - height / 2, height), linewidth=0, facecolors=inks)
        shown.add(str(split))
    for split in (name for name in _SPLITS if name in shown):
        ax.plot([], [], "s", color=_SPLITS[split], label=_SPLIT_NAMES[split])
    ax.set_yticks(range(len(noises)), [name.replace("_", " ") for name in noises])
    ax.set(xlim=(0, end), ylim=(len(noises) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("time in the noise recording, s")
    ax.set_title(title)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure, ax


def _role(role: str) -> str:
    who, _, split = role.rpartition(" ")
    name = _SPLIT_NAMES.get(split, split)
    return f"{who}s, {name}" if who == "teacher" else f"{who}, {name}" if who else name
