"""Diagrams: the map of the study, and the paper's Figs. 1 to 3 redrawn.

Notebooks: 00_start_here, 03_time_domain_unet, 05_distillation.
"""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from snrlib.plots.style import COLOURS, axes, ink_on, styled

INK = "#333333"


@styled
def unet_diagram(
    model: Any, ax: Axes | None = None, *, title: str = "", samples: int = 16_384
) -> tuple[Figure, Axes]:
    """The paper's Fig. 3, drawn from the network itself: blocks, lengths, channels, skips.

    The longer a bar, the longer the signal (each step is a factor of two); the darker, the
    more channels.

    Args:
        model: something with `.layers(samples)` (:class:`snrlib.models.unet.UNet`), or its
            rows `(name, channels, samples)` with names "encoder 1", "bottleneck",
            "decoder 1", ...
        ax: where to draw.
        title: over the axes.
        samples: length of the input.
    """
    rows: list[tuple[str, int, int]] = [
        (str(name), int(channels), int(length))
        for name, channels, length in (model.layers(samples) if hasattr(model, "layers") else model)
    ]
    encoder = [row for row in rows if row[0].startswith("encoder")]
    decoder = [row for row in rows if row[0].startswith("decoder")]
    bottleneck = [row for row in rows if row[0].startswith("bottleneck")]
    depth = len(encoder)
    figure, ax = axes(ax, (9.5, 0.42 * (depth + 4) + 0.5))
    most = max(channels for _, channels, _ in rows)
    longest = max(length for _, _, length in rows)
    shortest = min(length for _, _, length in rows)

    def width(length: int) -> float:
        span = math.log2(longest / shortest) or 1
        return 1.3 + 1.9 * math.log2(length / shortest) / span

    def bar(x: float, y: float, row: tuple[str, int, int], text: str, fill: str) -> float:
        strength = 0.25 + 0.75 * row[1] / most
        wide = width(row[2])
        tint = _tint(fill, strength)
        box = FancyBboxPatch(
            (x - wide / 2, y - 0.33),
            wide,
            0.66,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=tint,
            edgecolor="none",
            zorder=3,
        )
        ax.add_patch(box)
        ax.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=8.5,
            color=ink_on(tint),
            zorder=4,
        )
        return wide

    left, right, bottom = 0.0, 7.2, -(depth + 0.4)
    ax.text(left, 1.15, f"noisy speech, {encoder[0][2]:,} samples", ha="center", va="center")
    _arrow(ax, (left, 0.92), (left, 0.4))
    edges: list[tuple[float, float]] = []
    for i, row in enumerate(encoder):
        wide = bar(left, -i, row, f"{row[1]} × {row[2]:,}", COLOURS["S2"])
        edges.append((left + wide / 2, -i))
        ax.text(left - 2.0, -i, row[0], ha="right", va="center", fontsize=8.5, color="#666666")
        following = encoder[i + 1] if i + 1 < depth else (bottleneck or decoder)[0]
        if following[2] < row[2]:
            ax.text(left - 1.72, -i - 0.5, "↓ 2", ha="center", va="center", fontsize=8, color=INK)
    for i, row in enumerate(decoder):
        y = -(depth - 1 - i)
        wide = bar(right, y, row, f"{row[1]} × {row[2]:,}", COLOURS["S1"])
        ax.text(right + 2.0, y, row[0], ha="left", va="center", fontsize=8.5, color="#666666")
        before = decoder[i - 1] if i else (bottleneck or encoder)[-1]
        if row[2] > before[2]:
            ax.text(right + 1.72, y - 0.5, "↑ 2", ha="center", va="center", fontsize=8, color=INK)
        _arrow(
            ax,
            (edges[depth - 1 - i][0] + 0.08, y),
            (right - wide / 2 - 0.08, y),
            colour="#8a8a8a",
            style="--",
        )
    middle = (left + right) / 2
    ax.text(
        middle,
        0.55,
        "skip connections: the features before decimation",
        ha="center",
        va="center",
        fontsize=8.5,
        color="#666666",
    )
    for row in bottleneck:
        bar(middle, bottom, row, f"{row[1]} × {row[2]:,}", "#555555")
        ax.text(
            middle,
            bottom - 0.6,
            "bottleneck",
            ha="center",
            va="center",
            fontsize=8.5,
            color="#666666",
        )
        _arrow(ax, (left, -depth + 0.6), (middle - 0.75, bottom), bend=0.25)
        _arrow(ax, (middle + 0.75, bottom), (right, -depth + 0.6), bend=0.25)
    _arrow(ax, (right, 0.4), (right, 0.92))
    ax.text(
        right,
        1.15,
        f"enhanced speech, {decoder[-1][2]:,} samples",
        ha="center",
        va="center",
    )
    ax.text(
        right + 2.0,
        0.62,
        "1 × 1 convolution over these\nfeatures and the input, tanh",
        ha="left",
        va="center",
        fontsize=8,
        color="#666666",
    )
    ax.text(
        left - 2.0,
        bottom - 0.6,
        "bars: channels × samples",
        ha="left",
        va="center",
        fontsize=8.5,
        color="#666666",
    )
    ax.set(xlim=(left - 3.6, right + 4.4), ylim=(bottom - 1.0, 1.5))
    ax.axis("off")
    ax.set_title(title)
    return figure, ax


@styled
def distillation_diagram(
    n_teachers: int = 4, ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """The paper's Fig. 1 (one teacher) or Fig. 2 (several, chosen by the SNR).

    Args:
        n_teachers: how many teachers.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (9.5, 2.4 + 0.45 * n_teachers))
    several = n_teachers > 1
    teachers_y, student_y, clean_y = 1.7 + 0.42 * (n_teachers - 1), 0.0, -1.35
    input_x, switch_x, teacher_x, output_x, loss_x, sum_x = 0.0, 2.45, 5.3, 8.2, 11.2, 14.0
    input_y = (teachers_y + student_y) / 2

    _box(
        ax, input_x, input_y, 2.0, 0.9, "noisy speech\n$x$" if several else "input\n$x$", "#8a8a8a"
    )
    if several:
        _box(ax, switch_x, teachers_y, 1.5, 0.9, "SNR of $x$\nchooses", "#555555")
        _arrow(ax, (input_x + 1.05, input_y), (switch_x - 0.8, teachers_y))
    for i in range(n_teachers):
        y = teachers_y + 0.84 * ((n_teachers - 1) / 2 - i)
        chosen = i == min(1, n_teachers - 1)  # one example of a choice
        name = f"teacher $f_{{t_{i + 1}}}$, frozen" if several else "teacher, frozen"
        _box(ax, teacher_x, y, 2.3, 0.62, name, COLOURS[f"T{i % 4 + 1}"])
        start = (switch_x + 0.8, teachers_y) if several else (input_x + 1.05, input_y)
        ink, line = (INK, "-") if chosen else ("#8a8a8a", ":")
        _arrow(ax, start, (teacher_x - 1.2, y), colour=ink, style=line)
        if chosen:
            _arrow(ax, (teacher_x + 1.2, y), (output_x - 0.85, teachers_y))
    student = "student $f_s$, learns" if several else "student, learns"
    _box(ax, teacher_x, student_y, 2.3, 0.62, student, COLOURS["S2"])
    _arrow(ax, (input_x + 1.05, input_y), (teacher_x - 1.2, student_y))
    _arrow(ax, (teacher_x + 1.2, student_y), (output_x - 0.85, student_y))

    if several:
        outputs = ("$f_{t_i}(x)$", "$f_s(x)$", "clean $y$")
        first = r"$\frac{\alpha}{2}\,\Vert f_s(x)-f_{t_i}(x)\Vert^2$"
        second = r"$\frac{1-\alpha}{2}\,\Vert f_s(x)-y\Vert^2$"
    else:
        outputs = ("$p'$", "$p$", "label $p''$")
        first, second = "distance of $p$ and $p'$", "distance of $p$ and $p''$"
    for y, text in zip((teachers_y, student_y, clean_y), outputs, strict=True):
        _box(ax, output_x, y, 1.6, 0.62, text, "#e6e6e6", size=11.5)
    first_y, second_y = (teachers_y + student_y) / 2, (student_y + clean_y) / 2
    for y, text, ends in (
        (first_y, first, (teachers_y, student_y)),
        (second_y, second, (student_y, clean_y)),
    ):
        _box(ax, loss_x, y, 3.0, 0.72, text, "#fbe3d2", size=12 if several else 10)
        for end in ends:
            _arrow(ax, (output_x + 0.85, end), (loss_x - 1.55, y), colour="#888888")
        _arrow(ax, (loss_x + 1.55, y), (sum_x - 0.75, (first_y + second_y) / 2))
    _box(ax, sum_x, (first_y + second_y) / 2, 1.4, 0.9, "their sum:\nloss $L$", COLOURS["S1"])
    ax.set(
        xlim=(-1.1, 14.8),
        ylim=(clean_y - 0.45, teachers_y + 0.42 * (n_teachers - 1) + 0.5),
    )
    ax.axis("off")
    ax.set_title(title)
    return figure, ax


@styled
def study_map(ax: Axes | None = None, *, title: str = "") -> tuple[Figure, Axes]:
    """The whole study on one page, from recordings to tables, with the notebook of each step.

    Args:
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (10.5, 4.9))
    sources, mixtures, teachers, students, measures, tables = 0.0, 2.9, 6.3, 9.8, 12.9, 16.1
    _box(ax, sources, 1.3, 2.1, 0.9, "clean speech", COLOURS["clean"], size=10)
    _box(ax, sources, -0.3, 2.1, 0.9, "noises", COLOURS["noise"], size=10)
    _box(ax, mixtures, 0.5, 2.6, 1.6, "mixtures\n−20 to 20 dB SNR\n(six data sets)", "#6f6f6f")
    _arrow(ax, (sources + 1.1, 1.3), (mixtures - 1.35, 0.8))
    _arrow(ax, (sources + 1.1, -0.3), (mixtures - 1.35, 0.2))
    ranges = {
        "T1": "loudest noise",
        "T2": "loud noise",
        "T3": "soft noise",
        "T4": "softest noise",
    }
    for i, (name, words) in enumerate(ranges.items()):
        y = 2.9 - 0.8 * i
        _box(ax, teachers, y, 2.7, 0.62, f"{name}: {words}", COLOURS[name])
        _arrow(ax, (mixtures + 1.35, 0.7), (teachers - 1.4, y))
        _arrow(ax, (teachers + 1.4, y), (students - 1.3, 1.75), colour="#888888")
    _box(ax, students, 1.75, 2.5, 1.0, "S2: student\nof the teachers", COLOURS["S2"], size=10)
    _box(ax, students, -0.75, 2.5, 1.0, "S1: the same,\nwithout teachers", COLOURS["S1"], size=10)
    _box(ax, teachers, -1.55, 2.7, 0.62, "other methods", COLOURS["wavenet"])
    _arrow(ax, (mixtures + 1.35, 0.4), (students - 1.3, -0.55))
    _arrow(ax, (mixtures + 1.35, 0.2), (teachers - 1.4, -1.45))
    _arrow(ax, (teachers + 1.4, -1.6), (measures - 1.15, -0.75), bend=0.12)
    _box(ax, measures, 1.75, 2.2, 1.0, "listening,\nblind", "#e6e6e6", size=10)
    _box(ax, measures, -0.5, 2.2, 1.3, "PESQ, STOI,\nSI-SDR", "#e6e6e6", size=10)
    for y in (1.75, -0.75):
        _arrow(ax, (students + 1.3, y), (measures - 1.15, -0.35))
        _arrow(ax, (students + 1.3, y), (measures - 1.15, 1.75))
    _box(ax, tables, 0.6, 2.3, 1.9, "tables,\nintervals,\nthe paper's\nnumbers beside", "#fbe3d2")
    _arrow(ax, (measures + 1.15, 1.75), (tables - 1.2, 0.9))
    _arrow(ax, (measures + 1.15, -0.5), (tables - 1.2, 0.3))
    for x, numbers, what in (
        ((sources + mixtures) / 2, "01", "data"),
        (teachers, "03 04 07", "networks"),
        (students, "05", "distillation"),
        (measures, "02 09", "measures, ears"),
        (tables, "06 08", "results"),
    ):
        ax.text(x, 4.1, numbers, ha="center", va="center", fontsize=13, weight="bold", color=INK)
        ax.text(x, 3.72, what, ha="center", va="center", fontsize=9, color="#666666")
    ax.set(xlim=(-1.3, 17.5), ylim=(-2.1, 4.45))
    ax.axis("off")
    ax.set_title(title)
    return figure, ax


def _box(
    ax: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    text: str,
    fill: str,
    size: float = 9.5,
) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=fill,
            edgecolor="none",
            zorder=3,
        )
    )
    ax.text(x, y, text, ha="center", va="center", fontsize=size, color=ink_on(fill), zorder=4)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    colour: str = INK,
    style: str = "-",
    bend: float = 0.0,
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=10,
            linewidth=1.1,
            linestyle=style,
            color=colour,
            connectionstyle=f"arc3,rad={bend}",
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
    )


def _tint(fill: str, strength: float) -> tuple[float, float, float]:
    """`fill` mixed with white: all of it at strength 1."""
    red, green, blue = (1 - strength * (1 - int(fill[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return red, green, blue
