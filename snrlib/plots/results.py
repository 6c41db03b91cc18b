"""Figures of results: scores over SNR, differences, training curves, maps of tables.

Notebooks: 04_teacher_training, 05_distillation, 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from snrlib.evaluation.statistics import measured, paired, summary
from snrlib.evaluation.tables import seen_or_unseen
from snrlib.plots.readable import heading
from snrlib.plots.style import axes, colour, ink_on, label, marker, stroke, styled
from snrlib.teachers.choice import TEACHER_RANGES_DB


@styled
def score_curves(
    scores: pd.DataFrame,
    metric: str = "pesq_raw",
    systems: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    printed: pd.DataFrame | None = None,
    title: str = "",
) -> tuple[Figure, Axes]:
    """The mean score of each system at each SNR, with its 95 % interval as a band.

    Args:
        scores: a table of scores, or what :func:`snrlib.evaluation.summary` made of it.
        metric: the score.
        systems: which, in this order; None is all.
        ax: where to draw.
        printed: the paper's table (:func:`snrlib.evaluation.published.table2`), dotted and hollow.
        title: over the axes.
    """
    figure, ax = axes(ax)
    points = scores if "mean" in scores.columns else summary(scores, metric=metric)
    systems = list(points["system"].unique()) if systems is None else list(systems)
    for system in systems:
        line = points[points["system"] == system].sort_values("snr_db")
        if line.empty:
            continue
        ax.plot(
            line["snr_db"],
            line["mean"],
            color=colour(system),
            marker=marker(system),
            linestyle=stroke(system),
            label=heading(system),
            zorder=3,
        )
        ax.fill_between(
            line["snr_db"],
            line["low"].astype(float),
            line["high"].astype(float),
            color=colour(system),
            alpha=0.18 if len(systems) <= 4 else 0.1,
            linewidth=0,
        )
    if printed is not None:
        for system in systems:
            line = printed[printed["system"] == system].sort_values("snr_db")
            if line.empty:
                continue
            ax.plot(
                line["snr_db"],
                line[metric],
                color=colour(system),
                marker=marker(system),
                markerfacecolor="white",
                linestyle=":",
                linewidth=1.2,
                label=f"{heading(system)}, printed",
            )
    _snr_axis(ax, points["snr_db"])
    ax.set_ylabel(label(metric))
    ax.set_title(title)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure, ax


@styled
def claim_map(table: pd.DataFrame, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Every lead of the map of the claim with its interval over seeds, one row each.

    Filled where the interval leaves zero out; the large mark is the lead over all SNRs, the small
    one that from -5 dB up.

    Args:
        table: from :func:`snrlib.evaluation.claim_map.leads`.
        ax: where to draw.
    """
    asked = list(dict.fromkeys(table["asked"]))
    figure, ax = axes(ax, (8.5, 1.2 + 0.55 * len(asked)))
    ax.axvline(0, color=colour("S1"), linewidth=1.5)
    for where, meant, size, shift in (
        ("all", "over all SNRs", 8, -0.14), ("upper", "from −5 dB up", 5, 0.14),
    ):  # fmt: skip
        rows = table[table["where"] == where].set_index("asked").loc[asked]
        for place, row in enumerate(rows.itertuples()):
            clear = row.low > 0 or row.high < 0
            ax.errorbar(
                row.difference, place + shift, fmt="o", markersize=size, capsize=3,
                xerr=[[row.difference - row.low], [row.high - row.difference]],
                color=colour("S2"), markerfacecolor=colour("S2") if clear else "white",
                label=meant if place == 0 else None, zorder=3,
            )  # fmt: skip
    trainings = table.drop_duplicates("asked").set_index("asked")["trainings"]
    ax.set_yticks(range(len(asked)), [f"{name}\n({trainings[name]} seeds)" for name in asked])
    ax.invert_yaxis()
    ax.set_xlabel("SI-SDR in dB, with 95 % intervals over seeds")
    ax.set_title("Where teachers help, and what helps more")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure, ax


def difference_curve(
    scores: pd.DataFrame,
    system: str = "S2",
    reference: str = "S1",
    metric: str = "pesq_raw",
    ax: Axes | None = None,
    *,
    title: str = "",
) -> tuple[Figure, Axes]:
    """How much better `system` is than `reference` at each SNR, with 95 % intervals.

    Filled where the interval leaves zero out, hollow where nothing can be said.

    Args:
        scores: a table of scores with both systems.
        system: the system that may be better.
        reference: the zero line.
        metric: the score.
        ax: where to draw.
        title: over the axes; by default it says what is subtracted.
    """
    figure, ax = axes(ax, (7.5, 3.4))
    points = paired(scores, system, reference, metric).sort_values("snr_db")
    ax.axhline(0, color=colour(reference), linewidth=1.5)
    clear = (points["low"] > 0) | (points["high"] < 0)
    ax.errorbar(
        points["snr_db"],
        points["difference"],
        yerr=[points["difference"] - points["low"], points["high"] - points["difference"]],
        color=colour(system),
        linewidth=1,
        elinewidth=1.8,
        capsize=3,
        zorder=3,
    )
    for filled in (True, False):
        chosen = points[clear == filled]
        if len(chosen):
            ax.plot(
                chosen["snr_db"],
                chosen["difference"],
                linestyle="",
                marker="o",
                markersize=7,
                color=colour(system),
                markerfacecolor=colour(system) if filled else "white",
                label="interval without zero" if filled else "interval with zero",
                zorder=4,
            )
    _snr_axis(ax, points["snr_db"])
    ax.set_ylabel(f"difference in {label(metric).split(' (')[0]}")
    ax.set_title(title or f"{system} minus {reference}, 95 % intervals over utterances")
    ax.legend(loc="best", fontsize=9)
    return figure, ax


@styled
def growth(
    history_by_name: Mapping[str, pd.DataFrame],
    column: str = "valid_stoi",
    ax: Axes | None = None,
    *,
    x: str = "step",
    title: str = "",
) -> tuple[Figure, Axes]:
    """The paper's Fig. 4: how a column of the training histories grows.

    Args:
        history_by_name: model -> its `history.csv`; with a column `seed`
            (:func:`snrlib.evaluation.seeds.histories`) every training is a thin line, and
            their mean a thick one.
        column: what grows.
        ax: where to draw.
        x: "step", "epoch" or "seconds".
        title: over the axes.
    """
    figure, ax = axes(ax, (7.5, 3.4))
    for name, history in history_by_name.items():
        if "seed" in history:
            for _, one in history.groupby("seed"):
                ax.plot(one[x], one[column], color=colour(name), linewidth=0.8, alpha=0.5)
            history = history.groupby(x, as_index=False)[column].mean()
        line = history[[x, column]].dropna()
        ax.plot(
            line[x],
            line[column],
            color=colour(name),
            marker=marker(name) if len(line) <= 40 else "",
            markersize=4,
            label=heading(name),
        )
    ax.set(xlabel=label(x), ylabel=label(column))
    ax.set_title(title)
    ax.legend(loc="best")
    return figure, ax


@styled
def heatmap(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    unit: str = "",
    spec: str = ".2f",
    centre: float | None = None,
    title: str = "",
) -> tuple[Figure, Axes]:
    """A table as coloured cells with their numbers.

    Args:
        table: numbers; the names of index and columns label the axes.
        ax: where to draw.
        unit: label of the colour scale.
        spec: format of the numbers.
        centre: a value that has no colour; above it purple, below it orange.
        title: over the axes.
    """
    import seaborn

    rows, columns = table.shape
    figure, ax = axes(ax, (max(4.5, 2.6 + 0.62 * columns), 1.4 + 0.42 * rows))
    values = table.to_numpy(dtype=float)
    some = bool(np.isfinite(values).any())
    limits: dict[str, float] = {}
    if centre is not None:
        reach = float(np.nanmax(np.abs(values - centre))) if some else 1.0
        limits = {"vmin": centre - (reach or 1), "vmax": centre + (reach or 1)}
    elif spec == "d":  # counts start at nothing, and equal counts need no dark colour
        limits = {"vmin": 0, "vmax": 2 * max(1, np.nanmax(values))}
    shown = [[_number(v, spec) if np.isfinite(v) else "" for v in r] for r in values]
    seaborn.heatmap(
        values,
        ax=ax,
        annot=np.array(shown, dtype=object),
        fmt="",
        annot_kws={"fontsize": 9},
        cmap="YlGnBu" if centre is None else "PuOr",
        linewidths=2,
        linecolor="white",
        cbar=bool(unit),
        cbar_kws={"label": unit, "pad": 0.02},
        xticklabels=[heading(name) for name in table.columns],
        yticklabels=[heading(name) for name in table.index],
        **limits,
    )
    mesh = ax.collections[0]
    mesh.update_scalarmappable()  # seaborn's own choice of ink is hard to read on middle tones
    fills = np.asarray(mesh.get_facecolor())[np.isfinite(values).ravel()]
    for number, fill in zip(ax.texts, fills, strict=False):
        number.set_color(ink_on(fill))
    ax.grid(False)
    ax.tick_params(length=0, rotation=0)
    ax.set_xlabel(label(str(table.columns.name or "")))
    ax.set_ylabel(label(str(table.index.name or "")))
    ax.set_title(title)
    bar = ax.collections[0].colorbar
    if bar is not None and centre is not None and some:
        # Both directions have their colour; the scale shows what occurs.
        bar.ax.set_ylim(min(centre, np.nanmin(values)), max(centre, np.nanmax(values)))
    return figure, ax


def _number(value: float, spec: str) -> str:
    """A number with a minus sign, and without any sign where nothing is left after rounding."""
    text = f"{int(value) if spec == 'd' else value:{spec}}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


@styled
def teacher_map(
    scores: pd.DataFrame,
    metric: str = "si_sdr",
    ax: Axes | None = None,
    *,
    systems: Sequence[str] = ("T1", "T2", "T3", "T4"),
    reference: str = "noisy",
    title: str = "",
) -> tuple[Figure, Axes]:
    """Each teacher at each SNR, over the noisy input: who is the expert where.

    The frame is the range a teacher was trained for; the dot marks the best at each SNR.

    Args:
        scores: a table of scores with the teachers and the reference.
        metric: the score.
        ax: where to draw.
        systems: the rows.
        reference: what is subtracted; empty for the scores themselves.
        title: over the axes.
    """
    table = measured(scores, metric)
    means = table.groupby(["system", "snr_db"])["value"].mean().unstack("snr_db")
    rows = means.reindex([name for name in systems if name in means.index])
    if reference:
        rows = rows - means.loc[reference]
    rows.index.name, rows.columns.name = None, "snr_db"
    what = label(metric).split(" (")[0]
    figure, ax = heatmap(
        rows,
        ax,
        unit=f"{what} over {reference}" if reference else what,
        spec="+.2f" if reference else ".2f",
        centre=0 if reference else None,
        title=title,
    )
    snrs = list(rows.columns)
    for place, name in enumerate(rows.index):
        low, high = TEACHER_RANGES_DB.get(str(name), (np.inf, -np.inf))
        inside = [i for i, snr in enumerate(snrs) if low <= snr <= high]
        if inside:
            frame = Rectangle(
                (inside[0] + 0.03, place + 0.05),  # a cell goes from its index to the next
                len(inside) - 0.06,
                0.9,
                fill=False,
                edgecolor="#222222",
                linewidth=2,
            )
            ax.add_patch(frame)
    for column, snr in enumerate(snrs):
        values = rows[snr]
        if values.notna().any():
            row = list(rows.index).index(values.idxmax())
            ax.plot(column + 0.86, row + 0.2, "o", color="#d55e00", markersize=5)
    return figure, ax


@styled
def noise_map(
    scores: pd.DataFrame,
    system: str = "S2",
    metric: str = "pesq_raw",
    ax: Axes | None = None,
    *,
    reference: str = "noisy",
    title: str = "",
) -> tuple[Figure, Axes]:
    """Table 1 as a map: the gain of `system` over `reference` by noise and SNR.

    Args:
        scores: a table of scores, or the printed :func:`snrlib.evaluation.published.table1`.
        system: the enhanced side.
        metric: the score.
        ax: where to draw.
        reference: what is subtracted.
        title: over the axes.
    """
    table = measured(scores, metric)
    means = table.groupby(["system", "noise", "snr_db"])["value"].mean()
    gain = (means[system] - means[reference]).unstack("snr_db")
    kinds = seen_or_unseen(table.drop_duplicates("noise").set_index("noise")["noise_seen"])
    kinds = kinds.sort_values(kind="stable")  # seen noises first
    gain = gain.reindex(kinds.index)
    gain.index = pd.Index([f"{heading(name)} ({kind})" for name, kind in kinds.items()])
    what = label(metric).split(" (")[0]
    figure, ax = heatmap(
        gain,
        ax,
        unit=f"gain in {what}",
        spec="+.2f",
        centre=0,
        title=title or f"{system} over {reference}",
    )
    seen = int((kinds == "seen").sum())
    if 0 < seen < len(gain):
        ax.axhline(seen, color="#222222", linewidth=1.5)
    return figure, ax


@styled
def recipe_map(
    recipe: pd.DataFrame, ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """How many mixtures a recipe has of each noise at each SNR.

    Args:
        recipe: a table of mixtures.
        ax: where to draw.
        title: over the axes.
    """
    counts = recipe.groupby(["noise", "snr_db"]).size().unstack("snr_db", fill_value=0)
    counts = counts.reindex(recipe["noise"].drop_duplicates())
    counts.index.name = None
    heading = title or f"{len(recipe):,} mixtures of {recipe['utterance'].nunique():,} utterances"
    return heatmap(counts, ax, spec="d", title=heading)


@styled
def metric_scatter(
    scores: pd.DataFrame,
    x: str = "stoi",
    y: str = "pesq_raw",
    ax: Axes | None = None,
    *,
    title: str = "",
) -> tuple[Figure, Axes]:
    """One score against another, one point per mixture, coloured by SNR.

    Args:
        scores: a table of scores.
        x: score on the horizontal axis.
        y: score on the vertical axis.
        ax: where to draw.
        title: over the axes.
    """
    figure, ax = axes(ax, (5.6, 4.4))
    both = scores.dropna(subset=[x, y])
    # A fixed shuffle, so that no SNR lies on top of all others.
    both = both.sample(frac=1, random_state=0)
    points = ax.scatter(
        both[x], both[y], c=both["snr_db"], cmap="viridis", s=12, alpha=0.8, linewidth=0
    )
    ax.set(xlabel=label(x), ylabel=label(y))
    ax.set_title(title)
    figure.colorbar(points, ax=ax, label=label("snr_db"))
    return figure, ax


def _snr_axis(ax: Axes, values: pd.Series) -> None:
    ticks = sorted(set(values))
    if len(ticks) <= 15:
        ax.set_xticks(ticks, [heading(tick) for tick in ticks])
    ax.set_xlabel(label("snr_db"))
