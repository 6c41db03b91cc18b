"""Checks of the exercises on decibels, mixtures and what must not leak.

Notebook: 01_data_construction.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from snrlib import mixing
from snrlib.exercises import NotYet, compare, exercise, material, option, quantity

Interval = tuple[int, int]  # first sample, number of samples

FRAME = 320  # samples of a frame: 20 ms
ACTIVE_DB = 40  # a frame is active when it is at most this far below the loudest one


@exercise("01.1")
def decibels(answers: dict[str, Any]) -> str:
    """A dictionary with four numbers: an energy ratio, an amplitude ratio and two SNRs in dB."""
    ten = "10 is the ratio of the amplitudes at 20 dB. Energies are their squares."
    hundred = "100 is the ratio of the energies at 20 dB. Amplitudes are their square root."
    half = "−3 dB is what twice the energy costs; twice the amplitude is four times the energy."
    _entry(answers, "energy ratio at 20 dB", 100, 1, {ten: 10})
    _entry(answers, "amplitude ratio at 20 dB", 10, 0.1, {hundred: 100})
    _entry(
        answers,
        "SNR after doubling the noise's amplitude",
        -20 * math.log10(2),
        0.15,
        {
            "the sign is wrong: more noise, lower SNR.": 20 * math.log10(2),
            half: -10 * math.log10(2),
            "−2 is no number of decibels here: ratios become differences of logarithms.": -2,
        },
        "dB",
    )
    _entry(
        answers,
        "SNR when speech has half the noise's energy",
        -10 * math.log10(2),
        0.1,
        {
            "the sign is wrong: there is less speech than noise.": 10 * math.log10(2),
            "−6 dB is half the amplitude, which is a quarter of the energy.": -20 * math.log10(2),
            "0.5 is the ratio itself; it is not in decibels yet.": 0.5,
        },
        "dB",
    )
    return "20 dB are a factor of 100 in energy and 10 in amplitude; a factor of 2 is 3 or 6 dB."


def _entry(
    answers: dict[str, Any],
    name: str,
    truth: float,
    tolerance: float,
    mistakes: dict[str, float],
    unit: str = "",
) -> None:
    if not isinstance(answers, dict) or name not in answers:
        raise NotYet(f'the dictionary has no entry "{name}"; keep the names as they are.')
    try:
        compare(quantity(answers[name], unit), truth, tolerance, mistakes, unit)
    except NotYet as wrong:
        raise NotYet(f"{name}: {wrong}") from wrong


@exercise("01.2")
def mixture_snr(function: Callable[..., Any]) -> str:
    """A function of the clean speech and the noisy mixture that returns the SNR in dB."""
    speech = material.sentence()
    noise = material.white(len(speech), rms=0.01) + np.float32(0.002)
    for asked in (20.0, -7.0):
        mixed = mixing.mix(speech, noise, asked)
        s, n = mixed.speech.astype(np.float64), mixed.noise.astype(np.float64)
        e_s, e_n, e_x = s @ s, n @ n, float(np.sum(mixed.noisy.astype(np.float64) ** 2))
        truth = 10 * math.log10(e_s / e_n)
        centred = 10 * math.log10(s.var() / n.var())
        mistakes: dict[str, float] = {
            "your function compares the speech with the whole mixture. The noise is what is left "
            "of the mixture when the speech is taken away.": 10 * math.log10(e_s / e_x),
            "your function subtracts a mean first, so a constant in the noise does not count. In "
            "this kit it does.": centred,
            "every SNR comes out doubled: 20 log10 belongs to amplitudes, 10 log10 to energies.": 2
            * truth,
            "every SNR comes out halved: a ratio of energies takes 10 log10.": truth / 2,
            "the sign is wrong: it is speech over noise.": -truth,
            "this is a natural logarithm; decibels take the one to base 10.": 10
            * math.log(e_s / e_n),
            "the factor 10 is missing: a bel has ten decibels.": math.log10(e_s / e_n),
            "this is the bare ratio of the energies; take 10 log10 of it.": float(e_s / e_n),
            "amplitudes were added without squaring them.": 20
            * math.log10(np.abs(s).sum() / np.abs(n).sum()),
        }
        value = quantity(function(mixed.speech, mixed.noisy), "dB")
        try:
            compare(value, truth, 0.02, mistakes, "dB")
        except NotYet as wrong:
            raise NotYet(f"on a mixture of {asked:.0f} dB: {wrong}") from wrong
    whole = np.round(speech / np.abs(speech).max() * 12_000).astype(np.int16)
    rough = np.round(material.white(len(speech), seed=1, rms=900)).astype(np.int16)
    truth = mixing.snr_db(whole, rough)
    with np.errstate(all="ignore"):
        given = np.asarray(function(whole, whole + rough), np.float64)
    if given.size != 1 or not abs(float(given.reshape(())) - truth) < 0.1:
        raise NotYet(
            "right for floating-point signals, but not for 16-bit integers as a WAV file holds "
            "them. What is the square of 300 in 16 bits, whose largest number is 32,767?"
        )
    return f"right at 20 and −7 dB, and for 16-bit integers ({truth:.1f} dB)."


@exercise("01.3")
def two_noises(predicted: Any) -> str:
    """A number: the SNR in dB when two independent noises of 5 dB each are both there."""
    value = quantity(predicted, "dB")
    compare(
        value,
        5 - 10 * math.log10(2),
        0.15,
        {
            "5 dB is the SNR with one of them. The second one adds energy.": 5,
            "decibels cannot be added: 10 dB would be less noise than before.": 10,
            "decibels cannot be averaged or halved; go back to the energies.": 2.5,
            "0 dB would need noise as strong as the speech. Two noises of 5 dB have about 0.32 "
            "of its energy each.": 0,
            "that is the SNR if their amplitudes added, sample by sample in step. Independent "
            "noises are as often against each other as with each other.": 5 - 20 * math.log10(2),
            "the sign of the change is wrong: more noise, lower SNR.": 5 + 10 * math.log10(2),
        },
        "dB",
    )
    speech = material.sentence()
    first = mixing.mix(speech, material.white(len(speech)), 5)
    second = mixing.mix(speech, material.hum(len(speech)), 5)
    measured = mixing.snr_db(speech, first.noise + second.noise)
    return f"measured on a sentence in white noise and in a hum of 5 dB each: {measured:.2f} dB."


def active_snr(speech: np.ndarray, noise: np.ndarray) -> dict[str, float]:
    """The SNR over the active frames, and what the usual mistakes make of it."""
    count = len(speech) // FRAME
    s, n = (
        np.square(x[: count * FRAME].astype(np.float64)).reshape(count, FRAME).sum(1)
        for x in (speech, noise)
    )

    def snr(some_s: np.ndarray, some_n: np.ndarray) -> float:
        return 10 * math.log10(some_s.sum() / some_n.sum())

    active = s >= s.max() * 10 ** (-ACTIVE_DB / 10)
    narrow = s >= s.max() * 10 ** (-ACTIVE_DB / 20)
    return {
        "right": snr(s[active], n[active]),
        "whole": mixing.snr_db(speech, noise),
        "whole frames": snr(s, n),
        "amplitude threshold": snr(s[narrow], n[narrow]),
        "from the mean": snr(s[s >= s.mean() * 1e-4], n[s >= s.mean() * 1e-4]),
        "mean of frames": float(np.mean(10 * np.log10(s[active] / n[active]))),
    }


@exercise("01.4")
def without_pauses(function: Callable[..., Any], predicted: Any) -> str:
    """A function of speech and noise that returns the SNR in dB over active frames, and your
    prediction: "higher", "lower" or "the same" as the SNR over the whole utterance.
    """
    spoken = material.sentence()
    pause = material.white(6_500, seed=3, rms=1e-6)
    speech = np.concatenate([spoken, pause, material.sentence(1), pause]).astype(np.float32)
    noise = material.white(len(speech), seed=2)
    noise[-9_000:] *= 3  # a restless noise, loudest in a pause
    speech, noise, *_ = mixing.mix(speech, noise, 0)[1:]
    found = active_snr(speech, noise)
    value = quantity(function(speech, noise), "dB")
    compare(
        value,
        found["right"],
        0.01,
        {
            "this is the SNR over the whole signal: is any frame left out, and is it left out of "
            "the noise as well?": found["whole"],
            "this is the SNR over all frames: is the noise counted in the frames in which the "
            "speech is active, and in no others?": found["whole frames"],
            "too many frames were left out: 40 dB are a factor of 10,000 in the energy of a "
            "frame, not of 100.": found["amplitude threshold"],
            "40 dB are counted from the loudest frame, not from the mean one.": found[
                "from the mean"
            ],
            "this is the mean of the frames' SNRs in dB. Asked for is one ratio of two energies, "
            "each summed over the active frames.": found["mean of frames"],
            "the sign is wrong: it is speech over noise.": -found["right"],
        },
        "dB",
    )
    if option(predicted, ("higher", "lower", "the same")) != "higher":
        raise NotYet(
            "the function is right, the prediction is not: leaving out the pauses takes hardly "
            "any energy from the speech. What does it take from the noise?"
        )
    return (
        f"a mixture of 0.00 dB has {found['right']:+.2f} dB without its pauses: a data set mixed "
        "by active level has more noise in it than its label would mean here."
    )


@exercise("01.5")
def offset(predicted: Any) -> str:
    """A number: by how many dB the audible part of the noise gets weaker."""
    value = abs(quantity(predicted, "dB"))
    noise = material.white(160_000).astype(np.float64)
    noise -= noise.mean()
    speech = material.sentence()[:64_000]
    plain, shifted = (mixing.mix(speech, n.astype(np.float32), 0) for n in (noise, noise + 0.1))
    truth = 20 * math.log10(plain.noise.std() / shifted.noise.std())
    compare(
        value,
        truth,
        0.3,
        {
            "the SNR is the same, and yet something changes: part of the energy that counts as "
            "noise is now in the constant, which nobody hears.": 0,
            "that is a factor of 2 in amplitude. The constant has as much energy as the noise "
            "itself; so the two together have twice the energy.": 6.02,
            "10 dB would be a factor of 10 in energy: compare the mean square of the noise with "
            "that of the constant.": 10,
        },
        "dB",
    )
    return (
        f"measured: {truth:.2f} dB. The SNR is exact and half of the noise is silent: as no "
        "mean is removed, recordings with an offset make easier mixtures than their labels say."
    )


def heard(train: list[Interval], test: list[Interval]) -> float:
    """The share of the test's noise samples that some training mixture holds, by counting."""
    used = {i for start, samples in train for i in range(start, start + samples)}
    wanted = [i for start, samples in test for i in range(start, start + samples)]
    return sum(i in used for i in wanted) / len(wanted)


@exercise("01.6")
def leak(function: Callable[..., Any]) -> str:
    """A function of two lists of (first sample, number of samples), of training and of test,
    that returns the share of the test's samples that some training mixture holds.
    """
    cases: list[tuple[str, list[Interval], list[Interval], str]] = [
        (
            "a test piece inside a training piece",
            [(0, 100)],
            [(20, 50)],
            "the test piece begins elsewhere, yet all of it was heard: compare samples, not "
            "starts.",
        ),
        (
            "a test piece that begins where training ends",
            [(0, 60)],
            [(60, 40)],
            "a piece that starts at 0 and has 60 samples ends with sample 59: sample 60 is free.",
        ),
        (
            "a test piece of which 10 of 40 samples were heard",
            [(0, 70)],
            [(60, 40)],
            "asked for is the share of the test's samples, not whether a piece is touched, and "
            "not a share of the training.",
        ),
        (
            "two training pieces that hold the same samples",
            [(0, 60), (10, 60)],
            [(20, 80)],
            "what two training pieces hold was heard once, not twice.",
        ),
        (
            "test pieces of unequal lengths",
            [(0, 30)],
            [(0, 30), (100, 90)],
            "a long test piece counts for more than a short one: add up samples, then divide.",
        ),
        (
            "two test pieces that share samples",
            [(0, 50)],
            [(0, 50), (25, 50)],
            "each test mixture counts with all its samples, also where two of them share some.",
        ),
    ]
    for name, train, test, help_ in cases:
        value, truth = quantity(function(train, test)), heard(train, test)
        if abs(value - 100 * truth) < 1e-6 and truth > 0:
            raise NotYet("this is a percentage; the share is a number from 0 to 1.")
        if abs(value - truth) > 1e-9:
            raise NotYet(f"{name}: {help_}")
    quiet = quantity(function([(0, 600_000)] * 3, [(590_000, 40_000), (700_000, 40_000)]))
    compare(quiet, 0.125, 1e-9)
    return f"right in {len(cases) + 1} cases, from none heard to all."
