"""Figures of a listening test: what was told apart, how it was rated, what metrics say of it.

Every function takes `ax=None` or the axes to draw on and returns `(figure, axes)`. Where the
answers are a simulated example, the title says so.

Notebook: 09_listening_test.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snrlib.listening import judgements
from snrlib.listening.blind import ANCHOR, REFERENCE
from snrlib.plots.style import MARKERS, axes, colour, label, styled


def who(answers: pandas.DataFrame) -> str:
    """Whose answers these are, for the title of whatever shows them."""
    listeners = answers["listener"].nunique()
    count = f"{listeners} listener{'s' if listeners != 1 else ''}"
    if answers["example"].all():
        return f"EXAMPLE, {count}, simulated: no human listened"
    return f"{count}, some of them SIMULATED" if answers["example"].any() else count


@styled
def abx_shares(
    answers: pandas.DataFrame, ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """The share of right ABX answers by SNR, one line per pair, with 95 % intervals.

    Args:
        answers: a table of judgements.
        ax: where to draw.
        title: over the axes; whose answers they are stands there anyway.
    """
    figure, ax = axes(ax)
    shares = judgements.abx(answers)
    pairs = list(shares["pair"].unique())
    for i, pair in enumerate(pairs):
        rows = shares[shares["pair"] == pair]
        place = rows["snr_db"] + (i - (len(pairs) - 1) / 2) * 0.5
        # Whom the noisy input or the last system is compared with gives the line its colour.
        role = next((n for n in pair.split(" / ") if n not in ("noisy", "S2")), "S2")
        ax.errorbar(
            place, rows["share"], [rows["share"] - rows["low"], rows["high"] - rows["share"]],
            label=pair, color=colour(role), marker=MARKERS.get(role) or "o", capsize=3,
        )  # fmt: skip
    ax.axhline(0.5, color="#666666", linestyle="--", linewidth=1, label="guessing")
    ax.set(xlabel=label("snr_db"), ylabel="share of right answers", ylim=(0, 1.04))
    ax.set_xticks(sorted(shares["snr_db"].unique()))
    ax.legend(title="told apart", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    ax.set_title(_title(title or "ABX", answers))
    return figure, ax


@styled
def rating_means(
    answers: pandas.DataFrame, ax: Axes | None = None, *, title: str = ""
) -> tuple[Figure, Axes]:
    """Mean ratings by SNR, one line per system, with 95 % bootstrap intervals.

    Args:
        answers: a table of judgements.
        ax: where to draw.
        title: over the axes; whose answers they are stands there anyway.
    """
    figure, ax = axes(ax)
    means = judgements.ratings(answers)
    systems = _order(means["system"].unique())
    for i, system in enumerate(systems):
        rows = means[means["system"] == system]
        place = rows["snr_db"] + (i - (len(systems) - 1) / 2) * 0.4
        low = (rows["mean"] - rows["low"]).fillna(0).clip(lower=0)
        high = (rows["high"] - rows["mean"]).fillna(0).clip(lower=0)
        ax.errorbar(
            place, rows["mean"], [low, high], label=_heard(system), capsize=3,
            **_look(system),
        )  # fmt: skip
    ax.set(xlabel=label("snr_db"), ylabel="rating (0 bad to 100 excellent)", ylim=(-3, 103))
    ax.set_xticks(sorted(means["snr_db"].unique()))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    ax.set_title(_title(title or "Ratings", answers))
    return figure, ax


@styled
def against_metrics(
    answers: pandas.DataFrame, clip_scores: pandas.DataFrame, metrics: Sequence[str]
) -> Figure:
    """The listener's choices against metrics of the same clips, one column per metric.

    Above: every rated clip, its mean rating over its score. Below: every ABX pair of clips, how
    often it was told apart over how much its scores differ.

    Args:
        answers: a table of judgements.
        clip_scores: scene, system and one column per metric, for the clips that were heard.
        metrics: columns to show; those without any number are left out.
    """
    shown = [metric for metric in metrics if clip_scores[metric].notna().any()]
    figure, panels = plt.subplots(
        2, len(shown), figsize=(2.7 * len(shown) + 1.7, 6.2), sharey="row", squeeze=False,
        layout="constrained",
    )  # fmt: skip
    rated = judgements.with_scores(answers, clip_scores, leave_out=(REFERENCE,))
    clips = rated.groupby(["scene", "system"], as_index=False)[["rating", *shown]].mean()
    agreed = judgements.agreement(answers, clip_scores, shown).set_index("metric")
    trials = judgements.abx_against_metrics(answers, clip_scores, shown)
    for metric, upper, lower in zip(shown, *panels, strict=True):
        for system in _order(clips["system"].unique()):
            rows = clips[clips["system"] == system]
            look = {k: v for k, v in _look(system).items() if k != "linestyle"}
            upper.scatter(rows[metric], rows["rating"], s=28, label=_heard(system), **look)
        numbers = agreed.loc[metric]
        upper.set(xlabel=label(metric), ylim=(-3, 103))
        upper.set_title(
            f"same order in {100 * numbers['same_order']:.0f} % of {numbers['pairs']:.0f} pairs,\n"
            f"rank correlation {numbers['correlation']:.2f}".replace("-", "−"),
            fontsize=9,
        )
        pairs = trials.groupby(["scene", "pair"], as_index=False)[["correct", metric]].mean()
        for pair in sorted(pairs["pair"].unique()):
            rows = pairs[pairs["pair"] == pair]
            role = next((n for n in pair.split(" / ") if n not in ("noisy", "S2")), "S2")
            lower.scatter(
                rows[metric], rows["correct"], s=28, alpha=0.8, label=pair, color=colour(role),
                marker=MARKERS.get(role) or "o",
            )  # fmt: skip
        lower.axhline(0.5, color="#666666", linestyle="--", linewidth=1)
        lower.set(xlabel=f"difference in {label(metric).split(' (')[0]}", ylim=(-0.05, 1.05))
    panels[0, 0].set_ylabel("mean rating (0 to 100)")
    panels[1, 0].set_ylabel("share of right ABX answers")
    for row in panels:
        row[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.suptitle(_title("Ears and metrics", answers))
    return figure


@styled
def power_curves(
    shares: Sequence[float] = (0.6, 0.7, 0.8, 0.9), most: int = 60, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """The power of an ABX test over its number of trials, one line per ability of the listener.

    The saw teeth are real: the number of right answers that suffices is whole.

    Args:
        shares: long-run shares of right answers.
        most: largest number of trials.
        ax: where to draw.
    """
    figure, ax = axes(ax)
    trials = np.arange(4, most + 1)
    for shade, share in zip(np.linspace(0.75, 0.1, len(shares)), shares, strict=True):
        power = [judgements.abx_power(int(n), share) for n in trials]
        ax.plot(trials, power, color=plt.colormaps["viridis"](shade), label=f"{100 * share:.0f} %")
    ax.axhline(0.8, color="#666666", linestyle="--", linewidth=1)
    ax.set(xlabel="ABX trials", ylabel="chance to beat guessing (level 5 %)", ylim=(0, 1.02))
    ax.legend(title="really right in", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure, ax


def _title(title: str, answers: pandas.DataFrame) -> str:
    return f"{title} ({who(answers)})"


def _heard(system: str) -> str:
    return "hidden reference" if system == REFERENCE else system


def _order(systems: Sequence[str]) -> list[str]:
    first = [name for name in (REFERENCE, ANCHOR, "noisy") if name in systems]
    return first + sorted(name for name in systems if name not in first)


def _look(system: str) -> dict[str, Any]:
    if system == ANCHOR:
        return {"color": "#aa7744", "marker": "x", "linestyle": ":"}
    line = ":" if system == REFERENCE else "-"
    return {"color": colour(system), "marker": MARKERS.get(system) or "o", "linestyle": line}
