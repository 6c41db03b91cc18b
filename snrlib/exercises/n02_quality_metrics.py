"""Checks of the exercises on what the scores hear, and where they mislead.

Notebook: 02_quality_metrics.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from snrlib import metrics, mixing
from snrlib.exercises import NotYet, compare, exercise, material, option, quantity, signal
from snrlib.support.errors import MetricError

LQO_PAIRS = {"lower gain": (1.2, 1.4), "upper gain": (3.2, 3.4)}
RAW_SCORES = ([0.2, 0.4, 0.9, 2.6], [-0.3, 1.0, 1.2, 1.1, 3.0])

# A score has collapsed below these (undamaged: 4.5, 1 and infinite).
COLLAPSED = {"raw PESQ": 2.0, "STOI": 0.5, "SI-SDR": 0.0}

SI_SDR_GAIN_DB = 5.0


@exercise("02.1")
def gains_in_raw_pesq(lower: Any, upper: Any) -> str:
    """Two numbers: by how much raw PESQ rises from MOS-LQO 1.2 to 1.4, and from 3.2 to 3.4."""
    for given, (name, (before, after)) in zip((lower, upper), LQO_PAIRS.items(), strict=True):
        value = quantity(given)
        truth = metrics.raw_pesq(after) - metrics.raw_pesq(before)
        forward = metrics.mos_lqo(after) - metrics.mos_lqo(before)
        try:
            compare(
                value,
                truth,
                0.01,
                {
                    "0.2 is the gain in MOS-LQO. Raw PESQ is on the other side of the curve.": 0.2,
                    "the curve was used in the wrong direction: it was given MOS-LQO as if that "
                    "were raw.": forward,
                    "the sign is wrong: after minus before.": -truth,
                    "this is the raw score before; asked for is the gain.": metrics.raw_pesq(
                        before
                    ),
                    "this is the raw score after; asked for is the gain.": metrics.raw_pesq(after),
                },
            )
        except NotYet as wrong:
            raise NotYet(f"{name}: {wrong}") from wrong
    low, high = (metrics.raw_pesq(b) - metrics.raw_pesq(a) for a, b in LQO_PAIRS.values())
    return (
        f"+{low:.2f} and +{high:.2f}: the same 0.2 of MOS-LQO is worth {low / high:.1f} times as "
        "much raw PESQ among bad signals, where the curve is flat."
    )


@exercise("02.2")
def mean_lqo(function: Callable[..., Any], predicted: Any) -> str:
    """A function of a list of raw scores that returns the mean of their MOS-LQOs, and your
    prediction: is that mean "higher", "lower" or "the same" as the MOS-LQO of the mean raw score?
    """
    for raw in RAW_SCORES:
        each = [metrics.mos_lqo(r) for r in raw]
        truth, of_mean = float(np.mean(each)), metrics.mos_lqo(float(np.mean(raw)))
        compare(
            quantity(function(list(raw)), "MOS-LQO"),
            truth,
            1e-3,
            {
                "this is the MOS-LQO of the mean. Asked for is the mean of the MOS-LQOs: convert "
                "first.": of_mean,
                "this is the mean of the raw scores: nothing was converted.": float(np.mean(raw)),
                "this is a sum, not a mean.": float(np.sum(each)),
                "this is the median.": float(np.median(each)),
            },
        )
    raw = RAW_SCORES[0]
    each = [metrics.mos_lqo(r) for r in raw]
    if option(predicted, ("higher", "lower", "the same")) != "higher":
        raise NotYet(
            "the function is right, the prediction is not. Draw two points on the left part of the "
            "curve, which bends upwards, and the straight line between them: where is its middle?"
        )
    return (
        f"for {raw} the mean of the MOS-LQOs is {np.mean(each):.2f}, the MOS-LQO of the mean "
        f"{metrics.mos_lqo(float(np.mean(raw))):.2f}. Say which one you print."
    )


def _delayed(clean: np.ndarray, milliseconds: float) -> np.ndarray:
    samples = round(16 * milliseconds)
    return np.pad(clean, (samples, 0))[: len(clean)]


# What is done to the sentence; its raw PESQ, for machines without the package pesq; and a
# thought for those whom the outcome surprises.
DAMAGE: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float, str]] = {
    "20 dB softer": (
        lambda s: 0.1 * s,
        4.50,
        "which of the three looks at how loud a signal is?",
    ),
    "1 ms late": (
        lambda s: _delayed(s, 1),
        4.50,
        "one score compares sample by sample, one compares 25 ms frames, one aligns first.",
    ),
    "50 ms late": (
        lambda s: _delayed(s, 50),
        4.50,
        "two scores do not align. How long is a frame of STOI, how long is a syllable?",
    ),
    "clipped at 10 % of its peak": (
        lambda s: np.clip(s, -0.1 * np.abs(s).max(), 0.1 * np.abs(s).max()),
        1.85,
        "it sounds awful and stays intelligible; and what is left of the waveform's shape?",
    ),
    "a constant of 0.2 added": (
        lambda s: s + np.float32(0.2),
        4.50,
        "nobody hears a constant. Which of the scores is not about hearing, and removes no mean?",
    ),
}


@exercise("02.3")
def who_collapses(predictions: dict[str, Sequence[str]]) -> str:
    """For each damage a list of the scores that collapse by it, out of "raw PESQ", "STOI" and
    "SI-SDR"; an empty list, if none does.
    """
    clean = material.sentence()
    found = []
    for name, (damage, recorded, thought) in DAMAGE.items():
        if not isinstance(predictions, dict) or name not in predictions:
            raise NotYet(f'the dictionary has no entry "{name}"; keep the names as they are.')
        given = predictions[name]
        names = [given] if isinstance(given, str) else list(given)
        chosen = {option(n, tuple(COLLAPSED)) for n in names}
        damaged = damage(clean).astype(np.float32)
        scores = {
            "raw PESQ": _pesq(clean, damaged, recorded),
            "STOI": metrics.stoi(clean, damaged),
            "SI-SDR": metrics.si_sdr(clean, damaged),
        }
        collapsed = {n for n, score in scores.items() if score < COLLAPSED[n]}
        if chosen != collapsed:
            many = len(chosen ^ collapsed)
            raise NotYet(
                f"{name}: {many} of the three {'is' if many == 1 else 'are'} wrong. Think of this: "
                f"{thought}"
            )
        found.append(f"{name}: {', '.join(sorted(collapsed)) or 'none'}")
    return "measured just now. " + "; ".join(found) + "."


def _pesq(clean: np.ndarray, damaged: np.ndarray, recorded: float) -> float:
    """Raw PESQ; the recorded one, where the package is missing."""
    try:
        return metrics.pesq_raw(clean, damaged)
    except MetricError:
        return recorded


def aligned_si_sdr(clean: np.ndarray, estimate: np.ndarray, longest: int) -> float:
    """The best SI-SDR over delays of the estimate of 0 to `longest` samples."""
    return max(
        metrics.si_sdr(clean[: len(clean) - late], estimate[late:]) for late in range(longest + 1)
    )


@exercise("02.4")
def align_first(function: Callable[..., Any]) -> str:
    """A function of (clean, estimate, longest) that returns the best SI-SDR in dB over the
    delays of the estimate from 0 to `longest` samples.
    """
    clean = material.sentence()[20_000:28_000].astype(np.float64)
    longest = 60
    for late in (23, 0, longest):
        noisy = mixing.mix(clean, material.white(len(clean), seed=late), 12).noisy
        before = material.white(late, seed=9, rms=0.3).astype(np.float64)
        estimate = np.concatenate([before, noisy])[: len(clean)]
        truth = aligned_si_sdr(clean, estimate, longest)
        rolled = max(metrics.si_sdr(clean, np.roll(estimate, -d)) for d in range(longest + 1))
        plain = metrics.si_sdr(clean, estimate)
        early = aligned_si_sdr(estimate, clean, longest)
        value = quantity(function(clean, estimate, longest), "dB")
        mistakes = {"this is the SI-SDR without any alignment.": plain} if late else {}
        mistakes |= {
            "the search goes in the wrong direction: an estimate that is late has the sample t of "
            "the clean speech at t + delay.": early,
            "the estimate was turned in a circle, so that its first samples came in at the end. "
            "Compare only what both signals have.": rolled,
            "this is the delay; asked for is the score at it.": late,
        }
        if late == longest:
            mistakes = {
                "the longest delay is not tried: range(longest) ends one short of "
                "it.": aligned_si_sdr(clean, estimate, longest - 1)
            } | mistakes
        try:
            compare(value, truth, 0.01, mistakes, "dB")
        except NotYet as wrong:
            raise NotYet(f"an estimate that is {late} samples late: {wrong}") from wrong
    return (
        f"right for 0, 23 and {longest} samples: {truth:.1f} dB, where SI-SDR without alignment "
        f"says {plain:.1f} dB."
    )


@exercise("02.5")
def a_cheat(function: Callable[..., Any]) -> str:
    """A function that takes a noisy signal and returns one of the same length whose SI-SDR is
    5 dB better, and whose STOI is not better at all.
    """
    gains = []
    for number in (0, 1):
        clean = material.sentence(number)
        noisy = mixing.mix(clean, material.white(len(clean), seed=number), -5).noisy
        estimate = signal(function(noisy), noisy)
        if not estimate.any():
            raise NotYet("silence has no score at all; something of the speech has to stay.")
        gain, clear = (
            metric(clean, estimate) - metric(clean, noisy)
            for metric in (metrics.si_sdr, metrics.stoi)
        )
        if gain < SI_SDR_GAIN_DB:
            late = _lateness(noisy, estimate)
            if late:
                raise NotYet(
                    f"SI-SDR changes by {gain:+.1f} dB: your output comes {late} samples late, "
                    "which alone ruins SI-SDR. A filter that runs forwards and backwards "
                    "(scipy.signal.sosfiltfilt) has no delay."
                )
            raise NotYet(
                f"SI-SDR changes by {gain:+.1f} dB; {SI_SDR_GAIN_DB:.0f} dB are asked for. Where "
                "has white noise most of its energy, and where has a voice most of its own?"
            )
        if clear > 0:
            raise NotYet(
                f"SI-SDR rises by {gain:.1f} dB, but so does STOI, by {clear:.3f}: you have helped "
                "somebody. Take more of what speech needs to be understood and adds little energy."
            )
        gains.append((gain, clear))
    return (
        f"SI-SDR {gains[0][0]:+.1f} and {gains[1][0]:+.1f} dB, STOI {gains[0][1]:+.3f} and "
        f"{gains[1][1]:+.3f}, on two sentences. One score alone can be pleased by nothing of use."
    )


def _lateness(noisy: np.ndarray, estimate: np.ndarray) -> int:
    """By how many samples the estimate comes late, if that can be told, up to 20 ms."""
    span = range(0, 321)
    likeness = [float(noisy[: len(noisy) - d] @ estimate[d:]) for d in span]
    return int(np.argmax(likeness))
