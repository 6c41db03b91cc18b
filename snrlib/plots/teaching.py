"""Figures of Eq. 1: who teaches what, what two squared distances ask for, and what it brings.

Notebooks: 05_distillation, 06_ablation_s1_vs_s2.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snrlib.datasets import STUDENT_SNRS
from snrlib.plots.style import MARKERS, axes, colour, label, styled
from snrlib.teachers import TEACHER_SNRS, assign


@styled
def teacher_choice(ax: Axes | None = None, *, title: str = "") -> tuple[Figure, Axes]:
    """Which teacher supervises which SNR: bands; what each was trained on: marks.

    Args:
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (8.5, 2.7))
    step = 0.05
    grid = np.arange(-22, 22.01, step)
    chosen = np.array(assign(grid))
    for place, (name, snrs) in enumerate(TEACHER_SNRS.items()):
        height = len(TEACHER_SNRS) - place
        own = chosen == name
        # A teacher's SNRs need not be neighbours: each unbroken stretch is one band.
        edges = np.flatnonzero(np.diff(np.concatenate([[0], own.astype(int), [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            ax.axvspan(
                grid[begin], grid[end - 1] + step, color=colour(name), alpha=0.16, linewidth=0
            )
            if begin:  # neighbouring teachers have similar shades: the border is drawn
                ax.axvline(grid[begin], color="#8a8a8a", linewidth=0.8, zorder=1)
        ax.plot(
            snrs,
            [height] * len(snrs),
            MARKERS[name],
            color=colour(name),
            markersize=8,
            label=name,
            zorder=3,
        )
    for snr, name in zip(STUDENT_SNRS, assign(STUDENT_SNRS), strict=True):
        height = len(TEACHER_SNRS) - list(TEACHER_SNRS).index(name)
        ax.annotate(
            "",
            xy=(snr, height - 0.12),
            xytext=(snr, 0.1),
            arrowprops={"arrowstyle": "-|>", "color": "#777777", "linewidth": 1},
        )
        ax.plot(snr, 0, "D", color=colour("S2"), markersize=7, zorder=3)
    names = [*reversed(list(TEACHER_SNRS)), "students"]
    ax.set_yticks([1, 2, 3, 4, 0], names)
    ax.set_xticks(range(-20, 21, 5), [f"{snr}".replace("-", "−") for snr in range(-20, 21, 5)])
    ax.set(xlim=(-22, 22), ylim=(-0.6, len(TEACHER_SNRS) + 0.6), xlabel=label("snr_db"))
    ax.grid(False, axis="y")
    ax.set_title(title)
    return figure, ax


@styled
def blend_of_squares(
    alpha: float = 0.5,
    teacher: float = 0.8,
    clean: float = 0.2,
    ax: Axes | None = None,
    *,
    title: str = "",
) -> tuple[Figure, Axes]:
    """Eq. 1 for one sample: two parabolas and their sum, whose lowest point is the blend.

    Args:
        alpha: weight of the teacher.
        teacher: the teacher's value of the sample.
        clean: the clean speech's value.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (7.5, 3.4))
    student = np.linspace(min(teacher, clean) - 0.6, max(teacher, clean) + 0.6, 400)
    to_teacher = alpha / 2 * (student - teacher) ** 2
    to_clean = (1 - alpha) / 2 * (student - clean) ** 2
    blend = alpha * teacher + (1 - alpha) * clean
    floor = alpha * (1 - alpha) / 2 * (teacher - clean) ** 2
    ax.plot(student, to_teacher, color=colour("T2"), linestyle="--", label="pull of the teacher")
    ax.plot(student, to_clean, color=colour("clean"), linestyle=":", label="pull of the clean")
    ax.plot(student, to_teacher + to_clean, color=colour("S2"), label="Eq. 1: their sum")
    ax.fill_between(
        student, 0, floor, color="#dddddd", alpha=0.7, linewidth=0, label="constant: no gradient"
    )
    ax.plot(blend, floor, "D", color=colour("S2"), markersize=8, zorder=4)
    top = float((to_teacher + to_clean).max()) * 0.75
    for value, name in ((teacher, "$t$"), (clean, "$y$"), (blend, "blend")):
        ax.axvline(value, color="#8a8a8a", linewidth=1, zorder=1)
        ax.text(value, top * 1.02, name, ha="center", va="bottom", fontsize=10)
    ax.set(ylim=(0, top * 1.12), xlabel="the student's value of one sample, $s$", ylabel="loss")
    ax.set_title(title)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure, ax


@styled
def alpha_curve(
    points: pd.DataFrame, ax: Axes | None = None, *, ylabel: str = "", title: str = ""
) -> tuple[Figure, Axes]:
    """A score of students by the weight of their teachers; budgets are never joined by a line.

    Args:
        points: columns `name, alpha, steps, mean, low, high`; one row per student.
        ax: where to draw.
        ylabel: score and unit.
        title: over the axes.
    """
    figure, ax = axes(ax, (6.2, 3.6))
    budgets = sorted(points["steps"].unique())
    for place, steps in enumerate(budgets):
        line = points[points["steps"] == steps].sort_values("alpha")
        shade = ["#555555", colour("S2"), colour("S1")][place % 3]
        ax.errorbar(
            line["alpha"] + 0.012 * place,  # intervals at the same alpha stay apart
            line["mean"],
            yerr=[line["mean"] - line["low"], line["high"] - line["mean"]],
            marker="oDs"[place % 3],
            markerfacecolor="white" if place else shade,
            color=shade,
            linestyle="-" if len(line) > 1 else "",
            linewidth=1,
            capsize=3,
            label=f"{steps:,} steps",
        )
        for row in line.itertuples():
            ax.annotate(
                str(row.name),
                (row.alpha + 0.012 * place, row.mean),
                xytext=(7, 5),
                textcoords="offset points",
                fontsize=9,
            )
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.set(xlim=(-0.08, 1.16), xlabel="weight of the teachers, α", ylabel=ylabel)
    ax.set_title(title)
    ax.legend(loc="best", title="budget")
    return figure, ax


@styled
def lead_by_budget(
    leads: pd.DataFrame, metric: str = "si_sdr", ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """How far one student leads another at each budget: every training, and their mean.

    Args:
        leads: from :func:`snrlib.evaluation.seeds.lead_by_budget`.
        metric: the score.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (4.6, 3.4))
    points = leads[leads["metric"] == metric]
    single = points[points["seed"] != "all"]
    ax.axhline(0, color=colour("S1"), linewidth=1.5)
    seeds = sorted(single["seed"].unique())
    for number, seed in enumerate(seeds):
        own = single[single["seed"] == seed]
        ax.errorbar(
            own["steps"] * 1.08 ** (number - (len(seeds) - 1) / 2),  # beside each other
            own["difference"],
            yerr=[own["difference"] - own["low"], own["high"] - own["difference"]],
            linestyle="",
            marker="o",
            markersize=6,
            markerfacecolor="white",
            color=colour("S2"),
            elinewidth=1.3,
            capsize=2,
            zorder=3,
            label="one training" if not number else None,
        )
    means = single.groupby("steps")["difference"].mean()
    ax.plot(means.index, means, color=colour("S2"), linewidth=1.6, label="mean", zorder=2)
    ax.set_xscale("log")
    ticks = list(means.index)
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.margins(x=0.25)
    ax.set(xlabel="steps of the student", ylabel=f"lead in {label(metric).split(' (')[0]}")
    ax.set_title(title)
    ax.legend(loc="best", fontsize=9)
    return figure, ax
