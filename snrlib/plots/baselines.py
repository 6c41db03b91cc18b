"""Figures of what the baselines do differently: how far they see, and what the phase costs.

Notebook: 07_baselines.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc

from snrlib.audio import SAMPLE_RATE
from snrlib.plots.style import COLOURS, axes, colour, styled

FLOOR_DB = -100.0  # below the largest change: what a figure shows as nothing


@styled
def reach(
    changes: Mapping[str, np.ndarray],
    at: int,
    *,
    window: float = 0.4,
    sample_rate: int = SAMPLE_RATE,
    title: str = "",
) -> tuple[Figure, np.ndarray]:
    """How far the influence of one input sample reaches, one panel per network.

    Args:
        changes: network -> what changed at its output, (samples,), when one input sample did.
        at: that sample.
        window: seconds shown to each side of it.
        sample_rate: in Hz.
        title: over the figure.

    Returns:
        The figure and the array of axes.
    """
    figure, panels = plt.subplots(
        len(changes), 1, figsize=(8.5, 0.6 + 1.05 * len(changes)), sharex=True, squeeze=False
    )
    hop = sample_rate // 1000  # one bar per millisecond
    for ax, (name, change) in zip(panels[:, 0], changes.items(), strict=True):
        size = np.abs(np.asarray(change, np.float64))
        side = min(at, len(size) - at, round(window * sample_rate)) // hop * hop
        blocks = size[at - side : at + side].reshape(-1, hop).max(axis=1)
        peak = max(size.max(), 1e-30)
        levels = 20 * np.log10(np.maximum(blocks / peak, 10 ** (FLOOR_DB / 20)))
        time = (np.arange(len(blocks)) * hop - side) / sample_rate * 1000
        ax.fill_between(time, FLOOR_DB, levels, step="post", color=colour(name), linewidth=0)
        ax.axvline(0, color="#222222", linewidth=1)
        ax.set(ylim=(FLOOR_DB, 5), yticks=[-80, -40, 0])
        ax.set_title(name, fontsize=10)
    panels[-1, 0].set_xlabel("time from the changed input sample in ms (left: the past)")
    figure.supylabel("change of the output in dB re its largest", fontsize=9)
    if title:
        figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=11)
    return figure, panels[:, 0]


@styled
def phase_sensitive(
    angle_deg: float = 50.0, clean: float = 0.8, ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """One time-frequency point: noisy y, clean s, and the part of s that a mask can reach.

    Args:
        angle_deg: between noisy and clean.
        clean: magnitude of s, that of y being 1.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (7.0, 3.6))
    turn = np.deg2rad(angle_deg)
    s = (clean * float(np.cos(turn)), clean * float(np.sin(turn)))

    def arrow(to: tuple[float, float], shade: str, text: str, place: tuple[float, float]) -> None:
        ax.annotate(
            "", to, (0, 0), arrowprops={"arrowstyle": "-|>", "color": shade, "linewidth": 2.4}
        )
        ax.text(*place, text, color="#333333", fontsize=10, va="center")

    ax.plot([s[0], s[0]], [0, s[1]], ":", color=COLOURS["noise"], linewidth=2)
    arrow((1.0, 0.0), COLOURS["noisy"], "noisy $y$", (1.02, 0.0))
    arrow(s, COLOURS["clean"], "clean $s$", (s[0] + 0.02, s[1] + 0.02))
    arrow((s[0], 0.0), COLOURS["psa_bilstm"], "", (0, 0))
    ax.plot([clean, clean], [-0.05, 0.05], color=COLOURS["crn"], linewidth=2.4)
    ax.text(clean, -0.12, "$|s|$: right magnitude,\nwrong phase", color="#1f6f9c", ha="left",
            va="center", fontsize=9)  # fmt: skip
    ax.text(s[0] - 0.02, -0.12, r"$|s|\cos\theta$: nearest to $s$" "\nthat a mask reaches",
            color="#805900", ha="right", va="center", fontsize=9)  # fmt: skip
    ax.text(s[0] + 0.02, s[1] / 2, "what no mask\ncan repair", color="#7d5f40", fontsize=9,
            va="center")  # fmt: skip
    ax.add_patch(Arc((0, 0), 0.36, 0.36, theta1=0, theta2=angle_deg, color="#555555"))
    ax.text(0.2 * np.cos(turn / 2), 0.2 * np.sin(turn / 2), r"$\theta$", va="center")
    ax.set(xlim=(-0.15, 1.35), ylim=(-0.2, clean * np.sin(turn) + 0.1), aspect="equal")
    ax.set(xlabel="along the noisy phase", ylabel="across it", xticks=[], yticks=[])
    ax.grid(False)
    ax.set_title(title)
    return figure, ax
