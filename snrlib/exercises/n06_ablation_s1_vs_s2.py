"""The checks of notebook 06: paired differences, their intervals, and the smoothing control.

Notebook: 06_ablation_s1_vs_s2.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

from snrlib import evaluation
from snrlib.exercises import NotYet, exercise, option, quantity
from snrlib.exercises.answers import signal

READINGS = ("knowledge", "smoothing", "both", "undecided")


@exercise("06.1")
def what_it_would_mean(readings: dict[str, str]) -> str:
    """For each outcome "a" to "d" one of "knowledge", "smoothing", "both", "undecided": what it
    establishes about why S2 gains.
    """
    right = {"a": "smoothing", "b": "knowledge", "c": "undecided", "d": "both"}
    hints = {
        "a": "the control is shown to gain there, and S2 is not shown to be ahead of it",
        "b": "S2 is shown to be ahead of a control that is not shown to gain",
        "c": "the control was not shown to be better than S1, nor worse than S2",
        "d": "the control gains over S1, and S2 gains over the control",
    }
    if not isinstance(readings, dict) or set(readings) != set(right):
        raise NotYet('this should be a dictionary with the keys "a" to "d".')
    for outcome, wanted in right.items():
        if option(readings[outcome], READINGS) != wanted:
            raise NotYet(f"outcome {outcome} establishes something else: {hints[outcome]}.")
    return "four outcomes, four readings, and all of them fixed before anyone has looked."


@exercise("06.2")
def paired(difference: Callable[..., float]) -> str:
    """A function of (scores, system, reference) that returns the mean over mixtures of system
    minus reference, over those mixtures on which both have a score.
    """
    draws = np.random.default_rng(2)
    ease = draws.normal(0, 5, 40)  # what makes a mixture easy is common to both
    values = {"S1": ease + draws.normal(0, 0.3, 40), "S2": ease + 0.5 + draws.normal(0, 0.3, 40)}
    values["S1"][[3, 9]] = np.nan
    values["S2"][[4, 5, 30]] = np.nan
    scores = pandas.concat(
        pandas.DataFrame({"system": name, "mixture": range(40), "si_sdr": column})
        for name, column in values.items()
    ).sample(frac=1, random_state=0)  # rows stand in no order
    value = _number_or_nan(difference(scores, "S2", "S1"))
    gaps = values["S2"] - values["S1"]
    right = float(np.nanmean(gaps))
    if np.isclose(value, right, atol=1e-6):
        return (
            f"{right:.3f} dB over 35 of 40 mixtures; the difference of the two systems' own means "
            f"would have been {np.nanmean(values['S2']) - np.nanmean(values['S1']):.3f} dB, "
            "because other mixtures are missing from each."
        )
    if np.isnan(value):
        raise NotYet("the result is NaN: some scores are missing. Which mixtures may count?")
    if np.isclose(value, -right, atol=1e-6):
        raise NotYet(
            f"the result is {value:.3f} dB, and the sign is turned: asked is system "
            "minus reference."
        )
    if np.isclose(value, np.nanmean(values["S2"]) - np.nanmean(values["S1"]), atol=1e-6):
        raise NotYet(
            f"the result is {value:.3f} dB, the difference of two means over different mixtures: "
            "five are missing in one or the other. Bring the scores of one mixture together first."
        )
    if np.isclose(value, float(np.nanmedian(gaps)), atol=1e-6):
        raise NotYet("that is the median of the differences; asked is their mean.")
    raise NotYet(
        f"the result is {value:.3f} dB. Rows of the two systems do not stand in the same "
        "order: what tells which belong together?"
    )


@exercise("06.3")
def bootstrap(interval: Callable[..., Any]) -> str:
    """A function of the arrays (differences, utterances), one entry per mixture, that returns low
    and high of the 95 % bootstrap interval of the mean, drawing whole utterances.
    """
    draws = np.random.default_rng(3)
    # Sentences with more mixtures gain more here: a mean of sentences' means is another number.
    mixtures = (2, 3, 3, 4, 5, 6, 8, 9, 12, 15, 19, 22)
    utterances = np.repeat([f"u{i:02d}" for i in range(12)], mixtures)
    gains = np.sort(draws.normal(0, 1, 12))
    differences = 0.5 + np.repeat(gains, mixtures) + draws.normal(0, 0.2, 108)
    given = signal(interval(differences, utterances), np.zeros(2))
    low, high = evaluation.bootstrap(differences, utterances)
    width, right = given[1] - given[0], high - low
    if width < 0:
        raise NotYet("low is above high.")
    if width < 1e-9:
        raise NotYet(
            "the interval has no width: draw with replacement, or every draw is the whole test set."
        )
    narrow = np.subtract(*evaluation.bootstrap(differences, np.arange(108))[::-1])
    ninety = np.subtract(*evaluation.bootstrap(differences, utterances, level=0.90)[::-1])
    if abs(width - narrow) < 0.12 * narrow:
        raise NotYet(
            f"the interval is {width:.2f} wide, as if the 108 mixtures were 108 sentences. They "
            "are of twelve sentences: draw sentences, and keep their mixtures together."
        )
    if width > 1.5 * right and given[0] < differences.mean() < given[1]:
        raise NotYet(
            f"the interval is {width:.2f} wide: that is how the differences scatter, "
            "not their mean. Each draw gives one mean."
        )
    if abs(width - ninety) < 0.07 * ninety and abs(width - right) > 0.07 * right:
        raise NotYet(
            f"the interval is {width:.2f} wide, about that of a 90 % interval: 95 % leave "
            "2.5 % out on each side."
        )
    each = pandas.Series(differences).groupby(utterances).mean()
    flat = evaluation.bootstrap(each, each.index)
    if abs(given - flat).max() < 0.12 * (flat[1] - flat[0]):
        raise NotYet(
            f"the interval is {given[0]:.2f} to {given[1]:.2f}, that of a mean of the sentences' "
            "means. Sentences have from 2 to 22 mixtures here, and the mean is over mixtures."
        )
    if abs(given - [low, high]).max() > 0.12 * right:
        raise NotYet(
            f"the interval is {given[0]:.2f} to {given[1]:.2f}; thousands of draws of "
            "twelve utterances give another. Take the quantiles 0.025 and 0.975 of the "
            "means."
        )
    return (
        f"{low:.2f} to {high:.2f}, {right:.2f} wide; over single mixtures it would pretend to be "
        f"{narrow:.2f} wide."
    )


@exercise("06.4")
def too_narrow(factor: float) -> str:
    """Your prediction, a number: nine noises on each of twelve sentences, the difference of a
    sentence the same in all nine. How many times narrower is the interval when mixtures are drawn?
    """
    value = quantity(factor)
    differences = np.repeat(np.random.default_rng(4).normal(0, 1, 12), 9)
    utterances = np.repeat(np.arange(12), 9)
    honest = np.subtract(*evaluation.bootstrap(differences, utterances)[::-1])
    narrow = np.subtract(*evaluation.bootstrap(differences, np.arange(108))[::-1])
    found = honest / narrow
    if abs(value - 3) < 0.25:
        return (
            f"the bootstrap says {found:.1f}; the theory says 3, the root of 9. An interval a "
            "third as wide finds 'significant' differences where there are none."
        )
    if abs(value - 9) < 0.5:
        raise NotYet(
            "nine times as many values, yes; but how does the width of an interval "
            "depend on the number of values?"
        )
    if value < 1:
        raise NotYet(
            "a number below 1 would make it wider. Asked: width over utterances divided "
            "by width over mixtures."
        )
    if abs(value - 1) < 0.1:
        raise NotYet(
            "the mean is the same in both cases, its interval is not: one bootstrap "
            "believes in 108 independent values, the other in 12."
        )
    raise NotYet(
        f"you predict {value:g}; it is {'less' if value > found else 'more'}. Widths go "
        "with one over the root of the number of independent values."
    )


@exercise("06.5")
def share_kept(share: Callable[..., float]) -> str:
    """A function of the arrays (noisy, clean, taught) that returns the share c of the noise for
    which clean + c (noisy - clean) is as far from the clean speech as the teacher's output is.
    """
    draws = np.random.default_rng(5)
    clean = draws.standard_normal(4_000)
    noise = 2 * draws.standard_normal(4_000)
    error = 0.5 * draws.standard_normal(4_000)
    noisy, taught = clean + noise, clean + error
    value = quantity(share(noisy, clean, taught))
    right = float(np.sqrt(np.sum(error**2) / np.sum(noise**2)))
    usual = {
        right**2: "that is the ratio of the energies; c multiplies amplitudes.",
        1 / right: "the ratio stands on its head: the noise belongs below.",
        float(np.sqrt(np.sum(taught**2) / np.sum(noisy**2))): "those are the signals' own "
        "energies; compare what is left of each after the clean speech is taken away.",
        float(np.sqrt(np.sum(error**2) / np.sum(noisy**2))): "below stands the energy of the "
        "mixture; it is the noise alone that is turned down.",
        float(np.sum(error * noise) / np.sum(noise**2)): "that projects the error on the noise; "
        "the control has as much error, not the same.",
    }
    if np.isclose(value, right, rtol=1e-4):
        return (
            f"c = {right:.3f}, {20 * np.log10(right):.1f} dB; the control's error has exactly the "
            "teacher's energy and none of its knowledge."
        )
    for wrong, why in usual.items():
        if np.isclose(value, wrong, rtol=1e-3, atol=1e-4):
            raise NotYet(f"you get {value:.3f}: {why}")
    raise NotYet(
        f"with c = {value:.3f} the control's error is "
        f"{20 * np.log10(max(abs(value), 1e-9) / right):+.1f} dB against the "
        "teacher's."
    )


@exercise("06.6")
def utterances_needed(needed: Callable[..., float]) -> str:
    """A function of (spread, gap) that returns the smallest whole number of utterances at which
    a true gap is found in 80 % of studies: (1.96 + 0.84) spread / sqrt(n) no larger than the gap.
    """
    for spread, gap in ((1.0, 0.11), (0.2, 0.075), (0.5, 0.25)):
        value = quantity(needed(spread, gap), "utterances")
        exact = (2.8 * spread / gap) ** 2
        half = (1.96 * spread / gap) ** 2
        right = int(np.ceil(exact))
        where = f"for a spread of {spread:g} and a gap of {gap:g} you need {value:g}"
        if value == right:
            continue
        if value in (np.floor(exact), round(exact)) or np.isclose(value, exact):
            raise NotYet(
                f"{where}: nearly. It must be a whole number, and one fewer would find the gap a "
                "little less often than in 80 % of studies."
            )
        if abs(value - half) <= 1:
            raise NotYet(
                f"{where}: then the half-width equals the gap. The mean falls short of the true "
                "gap in every second study, and half of them would miss it."
            )
        if np.isclose(value, np.ceil(np.sqrt(exact))) or np.isclose(value, np.sqrt(exact)):
            raise NotYet(f"{where}: the width falls with the root of n, so n grows with a square.")
        if abs(value - (spread / gap) ** 2) <= 1:
            raise NotYet(
                f"{where}: that gap would be one standard error; the interval reaches "
                "1.96 of them to each side, and the mean scatters as well."
            )
        power = 100 * _normal(gap * np.sqrt(max(value, 0)) / spread - 1.96)
        raise NotYet(
            f"{where}: then about {power:.0f} % of studies find the gap. Solve "
            "(1.96 + 0.84) spread / sqrt(n) = gap for n."
        )
    return (
        "56 utterances would find the printed 0.075 raw PESQ at 20 dB in four studies of five, if "
        "differences scatter by 0.2 from utterance to utterance; with 28, whose half-width is the "
        "gap, every second study would miss it."
    )


def _normal(z: float) -> float:
    """The share of a standard normal distribution below z."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def _number_or_nan(answer: Any) -> float:
    try:
        value = float(answer)
    except (TypeError, ValueError):
        return quantity(answer, "dB")
    return value if np.isnan(value) else quantity(answer, "dB")
