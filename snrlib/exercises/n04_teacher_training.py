"""Checks of the exercises on who teaches what, and on what a training step does.

Notebook: 04_teacher_training.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snrlib.datasets import STUDENT_SNRS, TEST_SNRS
from snrlib.exercises import NotYet, compare, exercise, quantity
from snrlib.teachers import TEACHER_SNRS, assign

Lists = Mapping[str, Sequence[float]]


@exercise("04.1")
def the_rule(function: Callable[..., Any]) -> str:
    """A function of an SNR in dB and a dictionary of the teachers' SNRs that returns the name of
    the teacher that was trained nearest to it, ties going to the lower number.
    """
    lists: dict[str, Sequence[float]] = {**TEACHER_SNRS}
    thoughts = {
        0.0: "T2's list begins and ends around 0 dB, but the nearest SNR is in another list. A "
        "range from smallest to largest is not what counts.",
        0.5: "0 and 1 dB are equally near, and they are in two lists.",
        -10.5: "−11 and −10 dB are equally near.",
        -5.0: "look at the teachers' SNRs themselves, not at the means of their lists.",
        40.0: "there is a nearest SNR for every SNR, also beyond all lists.",
    }
    for snr in (*thoughts, *range(-25, 26)):
        given, right = function(snr, dict(lists)), assign(snr)[0]
        if not isinstance(given, str) or given not in lists:
            raise NotYet(f"at {snr:g} dB your function returns {given!r}, which is no teacher.")
        if given != right:
            thought = thoughts.get(snr, "which of all sixteen SNRs is nearest?")
            raise NotYet(f"at {snr:g} dB your rule asks {given}: {thought}")
    two: Lists = {"loud": (-10, -5), "soft": (5, 10)}
    if function(7, dict(two)) != "soft":
        raise NotYet(
            "right for the paper's lists, but your function does not use those it is given."
        )
    return "the same teacher as the package's rule at 55 SNRs, ties included."


@exercise("04.2")
def the_misprint(student: Any, test: Any, grid: Any) -> str:
    """Three lists of SNRs in dB whose teacher changes when T2's 1 dB becomes −1 dB: of the
    student's five, of the test's nine, and of the grid from −3 to 3 dB in steps of 0.5.
    """
    meant: dict[str, Sequence[float]] = {**TEACHER_SNRS, "T2": (-10, -7, -3, -1)}

    def nearest(snr: float) -> str:
        return min(meant, key=lambda name: min(abs(snr - s) for s in meant[name]))

    steps = tuple(np.arange(-3, 3.1, 0.5))
    rows = {"the student's": (student, STUDENT_SNRS), "the test's": (test, TEST_SNRS)}
    for name, (given, snrs) in (rows | {"the grid's": (grid, steps)}).items():
        truth = {float(snr) for snr in snrs if nearest(snr) != assign(snr)[0]}
        try:
            listed = {float(snr) for snr in given}
        except TypeError as error:
            raise NotYet(f"{name}: a list of SNRs is asked for, [] if there are none.") from error
        stray = sorted(listed - {float(snr) for snr in snrs})
        if stray:
            raise NotYet(f"{name}: {stray[0]:g} dB is not among them.")
        if listed - truth:
            snr = min(listed - truth)
            raise NotYet(
                f"{name}: {snr:g} dB goes to {assign(snr)[0]} in both cases. How far is it from "
                "the nearest SNR of T2, how far from that of T3? Mind the ties."
            )
        if truth - listed:
            many = len(truth - listed)
            raise NotYet(
                f"{name}: {many} {'is' if many == 1 else 'are'} still missing. Ties go to T2, "
                "before and after; and an SNR may also come to T2."
            )
    return (
        "no SNR of the student's or the test's changes its teacher: the misprint matters to what "
        "T2 learns, not to whom it teaches."
    )


@exercise("04.3")
def loudness(files: Any, scaled: Any) -> str:
    """Two numbers: how many times larger the loss of doing nothing is at −20 dB than at 0 dB,
    with the speech at one level, and with the mixtures at one level.
    """
    rng = np.random.default_rng(0)
    speech, noise = rng.standard_normal((2, 400_000))
    at_files, at_one_level = {}, {}
    for snr in (-20, 0):
        n = noise * 10 ** (-snr / 20)
        at_files[snr] = 0.5 * float(np.mean(n**2))
        at_one_level[snr] = at_files[snr] / float(np.mean((speech + n) ** 2))
    compare_in_words(
        "speech at one level",
        files,
        100,
        3,
        {
            "20 dB are a factor of 10 in amplitude; the loss is about squares.": 10,
            "this is the dB number, not the ratio of two powers.": 20,
            "upside down: there is more noise left at −20 dB.": 0.01,
            "the factor ½ is in both losses; it cancels.": 50,
        },
    )
    compare_in_words(
        "mixtures at one level",
        scaled,
        2 * 100 / 101,
        0.03,
        {
            "the levels have changed: scale both mixtures to the same power S + N first, and see "
            "what share of it is noise.": 100,
            "almost all of the mixture at −20 dB is noise; how much of it is noise at 0 dB?": 1,
            "upside down: there is more noise left at −20 dB.": 101 / 200,
            "this is the error that a Wiener filter leaves; asked for is the loss of doing "
            "nothing.": 4 * 100 / 101**2,
        },
    )
    return (
        f"measured on random signals: {at_files[-20] / at_files[0]:.0f} and "
        f"{at_one_level[-20] / at_one_level[0]:.2f}. One level for all mixtures keeps the loudest "
        "noise from deciding everything."
    )


def compare_in_words(
    name: str, given: Any, truth: float, tolerance: float, mistakes: Mapping[str, float]
) -> None:
    """:func:`compare`, with the name of the entry in front of its sentence."""
    try:
        compare(quantity(given), truth, tolerance, mistakes)
    except NotYet as wrong:
        raise NotYet(f"{name}: {wrong}") from wrong


@exercise("04.4")
def band_by_band(function: Callable[..., Any]) -> str:
    """A function of two arrays, the powers of speech and of noise in each frequency band, that
    returns the power of the error which the best filter leaves.
    """
    rng = np.random.default_rng(1)
    cases = {
        "equal spectra": (np.full(4, 2.0), np.full(4, 0.5)),
        "spectra that differ": (rng.uniform(0.1, 3, 12), rng.uniform(0.1, 3, 12)),
        "spectra that share a few bands": (
            np.array([3.0, 1.0, 0.5, 0.0, 0.0]),
            np.array([0.0, 0.0, 0.5, 2.0, 1.0]),
        ),
    }
    for name, (s, n) in cases.items():
        truth = float(sum(a * b / (a + b) for a, b in zip(s, n, strict=True)))
        whole_s, whole_n = float(s.sum()), float(n.sum())
        gain = s / (s + n)
        given = function(s, n)
        if np.size(given) != 1:
            raise NotYet(f"{name}: add up what is left in the bands, to one number.")
        mistakes = {
            "this treats all bands alike. The filter has a factor of its own for every band, and "
            "what it leaves adds up over the bands.": whole_s * whole_n / (whole_s + whole_n),
            "this is the noise that comes through. The filter also takes some of the speech, and "
            "that is an error as well.": float((gain**2 * n).sum()),
            "this is the speech that gets lost. Some noise comes through as well.": float(
                ((1 - gain) ** 2 * s).sum()
            ),
            "the factors act on amplitudes: powers are multiplied by their squares.": float(
                ((1 - gain) * s + gain * n).sum()
            ),
            "this is a mean over the bands; powers of bands add.": truth / len(s),
            "this is what comes out of the filter, not its distance to the speech.": float(
                (gain**2 * (s + n)).sum()
            ),
        }
        compare_in_words(name, given, truth, 1e-6, mistakes)
    apart = (np.array([3.0, 1.0, 0.0]), np.array([0.0, 0.0, 2.0]))
    compare_in_words("spectra that share no band", function(*apart), 0.0, 1e-9, {})
    return (
        "right for equal, different and separate spectra; where no band is shared nothing is "
        "left, at any SNR. It is the overlap that makes a noise hard."
    )


@exercise("04.5")
def training_step(function: Callable[..., Any]) -> str:
    """A function of (network, optimiser, noisy, clean) that takes one training step and returns
    the loss before it, as a number.
    """
    made = torch.Generator().manual_seed(4)
    batches = [torch.randn(2, 4, 64, generator=made) for _ in range(3)]
    rate = 0.05

    class Gain(nn.Module):
        """A network of one parameter: what its gradients are can be worked out by hand."""

        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.tensor(0.5))

        def forward(self, noisy: Tensor) -> Tensor:
            return self.gain * noisy

    with torch.enable_grad():
        network = Gain()
        optimiser = torch.optim.SGD(network.parameters(), lr=rate)
        right, summed = 0.5, 0.0
        for number, (noisy, clean) in enumerate(batches, start=1):
            before, first = right, number == 1
            residual = before * noisy - clean
            loss = float(0.5 * residual.square().mean())
            slope = float((residual * noisy).mean())
            summed += slope
            right = before - rate * slope
            given = function(network, optimiser, noisy, clean)
            if isinstance(given, Tensor) and given.requires_grad:
                raise NotYet(
                    "the loss is returned with its graph, which keeps every batch in memory. "
                    "loss.item() is the number alone."
                )
            compare_in_words(
                "the loss",
                given,
                loss,
                1e-5,
                {
                    "the factor ½ is missing.": 2 * loss,
                    "this is a sum over samples; the loss is a mean.": loss * noisy.numel(),
                    "this is the loss after the step; return the one before.": float(
                        0.5 * (right * noisy - clean).square().mean()
                    ),
                },
            )
            got = network.gain.item()
            if got == before:
                raise NotYet(
                    "the network has not changed. Gradients come from loss.backward(), and "
                    "optimiser.step() uses them."
                )
            if abs(got - right) < 1e-5:
                continue
            if not first and abs(got - (before - rate * summed)) < 1e-5:
                raise NotYet(
                    "the first step is right, the second is not: gradients add up from step to "
                    "step unless optimiser.zero_grad() clears them."
                )
            for words, wrong in {
                "the gradient is that of a sum, not of a mean": before
                - rate * slope * noisy.numel(),
                "the gradient lacks the factor ½ of the loss": before - 2 * rate * slope,
                "the step goes up the slope instead of down": before + rate * slope,
                "two steps were taken on one batch": right
                - rate * float(((right * noisy - clean) * noisy).mean()),
            }.items():
                if abs(got - wrong) < 1e-5:
                    raise NotYet(f"{words}.")
            raise NotYet(
                f"after step {number} the network's one parameter should be {right:.4f}, not "
                f"{got:.4f}: is the gradient that of this batch, and is it there only once?"
            )
        if not network.training:
            raise NotYet("the network was left in eval mode; batch norm learns in training mode.")
    return f"three steps on a network of one parameter end where the formula says, at {right:.4f}."


LOSSES = {"A": (2.0e-4, 4.0e-3), "B": (1.0e-3, 5.0e-2)}  # validation loss; loss of doing nothing


@exercise("04.6")
def relative(a: Any, b: Any, better: Any) -> str:
    """Two numbers, the error left by teachers A and B relative to doing nothing, in dB; and the
    name of the one that removes more, "A" or "B".
    """
    for name, given in (("A", a), ("B", b)):
        loss, idle = LOSSES[name]
        ratio = loss / idle
        compare_in_words(
            name,
            given,
            10 * np.log10(ratio),
            0.1,
            {
                "the sign is wrong: less than doing nothing is below 0 dB.": -10 * np.log10(ratio),
                "a loss is a mean of squares, a power: 10 log10.": 20 * np.log10(ratio),
                "this is the ratio; it is not in decibels yet.": ratio,
                "this is the natural logarithm.": 10 * np.log(ratio),
                "this is the loss in dB, relative to nothing.": 10 * np.log10(loss),
            },
        )
    if not isinstance(better, str) or better.strip().upper() not in LOSSES:
        raise NotYet('which one removes more? Answer "A" or "B".')
    if better.strip().upper() != "B":
        raise NotYet("the numbers are right. More decibels below 0 means more removed.")
    return (
        "A has the smaller loss and B removes more: what can be left over depends on the SNRs that "
        "a teacher gets."
    )
