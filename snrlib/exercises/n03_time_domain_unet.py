"""Checks of the exercises on the network's lengths, sizes, reach and seams.

Notebook: 03_time_domain_unet.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from snrlib import models
from snrlib.audio import SAMPLE_RATE
from snrlib.exercises import NotYet, compare, exercise, quantity, signal

TONE_HZ = 5_500


@exercise("03.1")
def padding(function: Callable[..., Any]) -> str:
    """A function of (samples, decimations) that returns how many zeros must be appended to a
    recording so that a network that halves so often can take it.
    """
    for samples, decimations in ((50_000, 7), (16_384, 7), (16_385, 7), (1_001, 3), (5, 0)):
        step = 2**decimations
        value = quantity(function(samples, decimations), "samples")
        mistakes = {
            "this is what is left over after the last whole step. Asked for is what is missing to "
            "the next one.": samples % step,
            "7 halvings divide the length by 2 seven times over, which is more than by "
            "14.": -samples % max(2 * decimations, 1),
        }
        if samples % step == 0:
            mistakes = {
                "nothing is missing here: a whole step of zeros is one too many.": step
            } | mistakes
        try:
            compare(value, -samples % step, 1e-9, mistakes, "samples")
        except NotYet as wrong:
            raise NotYet(f"{samples:,} samples, {decimations} halvings: {wrong}") from wrong
    return "right for every case, also for the recording that fits already."


@exercise("03.2")
def block_size(count: Any) -> str:
    """A number: the parameters of the first decoder block of the paper's network."""
    width, kernel = 312, 5
    weights = width * 2 * width * kernel
    truth = weights + width + 2 * width
    compare(
        quantity(count, "parameters"),
        truth,
        0.5,
        {
            "this block gets twice as many channels as the bottleneck has: the skip's come "
            "on top.": width * width * kernel + 3 * width,
            "the bias is missing: one number per channel that comes out.": weights + 2 * width,
            "batch norm is missing: two numbers per channel are learned.": weights + width,
            "bias and batch norm are missing.": weights,
            "the running averages of batch norm are no parameters: training does not adjust "
            "them.": weights + width + 4 * width,
            "15 taps are the encoder's kernel; the decoder has another.": width * 2 * width * 15
            + 3 * width,
            "bias and batch norm belong to the channels that come out, not to those that go "
            "in.": weights + 3 * 2 * width,
        },
        "parameters",
    )
    with torch.device("meta"):  # counts without holding a number
        network = models.create("unet")
    counted = models.parameters(network.get_submodule("decoder.0"))
    share = counted / models.parameters(network)
    return f"the package's block has {counted:,} parameters, {share:.0%} of the network."


@exercise("03.3")
def reach(past: Any) -> str:
    """A number: how many samples into the past the authors' public variant (12 halvings) sees."""

    def total(bottleneck: int = 2**12, cap: int = 12, ups: int = 12, decoder: int = 2) -> int:
        rates = sum(2 ** min(i, cap) for i in range(12))
        return (7 + decoder) * rates + 7 * bottleneck + 2 * (2**ups - 1)

    truth = total()
    compare(
        quantity(past, "samples"),
        truth,
        0.5,
        {
            "this is the paper's network, with its seven halvings.": total(128, 7, 7),
            "the bottleneck comes after the last halving: one of its samples is 4,096 of the "
            "input.": total(2**11),
            "the bottleneck still works at 128 samples of the input; here it comes after twelve "
            "halvings.": total(128),
            "now there are twelve interpolations, not seven.": total(ups=7),
            "the interpolations are missing: they reach as well.": total() - 2 * (2**12 - 1),
            "the decoder's convolutions are missing.": total(decoder=0),
            "the bottleneck is missing.": total(0),
            "the rates still end at 128; in this variant they go on doubling.": total(cap=7),
            "this is the reach into the future; interpolation reaches further into the past.": truth
            - (2**12 - 1),
            "this is past and future together.": 2 * truth - (2**12 - 1) + 1,
        },
        "samples",
    )
    with torch.device("meta"):
        public = models.create("unet", channels=1, growth=0, decimations=12)
    both = 2 * truth - (2**12 - 1) + 1
    assert public.context == -(-truth // 2**12) * 2**12
    return (
        f"with the future {both:,} samples, {both / SAMPLE_RATE:.1f} s. In a crop of 1.024 s every "
        "output sample sees mostly the zeros beyond its ends."
    )


@exercise("03.4")
def aliases(once: Any, twice: Any) -> str:
    """Two numbers: the frequency in Hz of a tone of 5,500 Hz after one halving without a
    low-pass, and after two.
    """
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * TONE_HZ * time)
    shifted = (
        "it is mirrored at the new limit, not moved down by it: 100 Hz above comes out 100 Hz "
    )
    wrong_for: list[dict[str, float]] = [
        {
            "at 8 kHz there are no frequencies above 4,000 Hz, so the tone cannot stay where it "
            "is.": 5_500,
            "every second sample of the tone is still taken at its old time: it is not slowed "
            "down.": 2_750,
            shifted + "below.": 1_500,
            "nothing is filtered: the tone does not vanish, it comes back elsewhere.": 0,
        },
        {
            "at 4 kHz there are no frequencies above 2,000 Hz, so the tone has to move once "
            "more.": 2_500,
            "every second sample of the tone is still taken at its old time: it is not slowed "
            "down.": 1_250,
            shifted + "below.": 500,
            "nothing is filtered: the tone does not vanish, it comes back elsewhere.": 0,
        },
    ]
    measured = []
    for halvings, given in enumerate((once, twice), start=1):
        step = 2**halvings
        spectrum = np.abs(np.fft.rfft(tone[::step]))
        found = float(spectrum.argmax() * SAMPLE_RATE / len(tone))
        try:
            compare(quantity(given, "Hz"), found, 10, wrong_for[halvings - 1], "Hz")
        except NotYet as wrong:
            raise NotYet(f"after {step // 2} halving{'s' * (halvings > 1)}: {wrong}") from wrong
        measured.append(found)
    return f"measured: {measured[0]:.0f} Hz, then {measured[1]:.0f} Hz, as loud as before."


@exercise("03.5")
def on_time(function: Callable[..., Any]) -> str:
    """A function that takes an array (samples,) and returns it at twice the length by linear
    interpolation without any delay.
    """
    x = np.random.default_rng(5).standard_normal(40)
    right = np.empty(80)
    right[::2] = x
    right[1::2] = (x + np.append(x[1:], x[-1])) / 2
    got = signal(function(x), right)

    def same(other: np.ndarray, ends: int = 2) -> bool:
        return np.allclose(got[ends:-ends], other[ends:-ends], atol=1e-5)

    old = torch.from_numpy(x)[None, None]
    free, aligned = (
        interpolate(old, scale_factor=2, mode="linear", align_corners=corners)[0, 0].numpy()
        for corners in (False, True)
    )
    if same(free):
        raise NotYet("this is the free grid: every old sample is now half a new sample off.")
    if same(aligned):
        raise NotYet(
            "this is the grid with aligned corners: it stretches the signal by a different amount "
            "at every length. Here every old sample has to be found among the new ones."
        )
    if same(np.repeat(x, 2)):
        raise NotYet("this repeats every sample. What lies between two old ones is their mean.")
    if same(np.roll(right, 1)) or same(np.roll(right, -1)):
        raise NotYet("right but for a shift by one: the new sample 0 should be the old sample 0.")
    if not same(right):
        raise NotYet(
            "the new sample 2 i should be the old sample i, and between two old samples should lie "
            "their mean."
        )
    if not np.allclose(got, right, atol=1e-5):
        raise NotYet("right but for the ends: the last new sample repeats the last old one.")
    ramp = np.arange(64.0)
    late = float((ramp - signal(function(ramp[::2]), ramp))[8:-8].mean())
    return (
        f"a ramp, halved and doubled again, comes back {late:.1f} samples late; on the free grid "
        "it is 0.5."
    )


@exercise("03.6")
def middle_halves(function: Callable[..., Any]) -> str:
    """A function of (network, noisy, crop) that runs the network on crops that overlap by half,
    keeps the middle half of each, and returns as many samples as it was given.
    """
    crop, reach, calls = 512, 60, 0
    noisy = np.random.default_rng(6).standard_normal(6 * crop)
    taps = np.random.default_rng(7).standard_normal(2 * reach + 1) / reach

    def whole(x: np.ndarray) -> np.ndarray:
        return np.tanh(np.convolve(x, taps, "same"))

    def network(x: Any) -> np.ndarray:
        nonlocal calls
        calls += 1
        x = np.asarray(x, np.float64)
        if x.shape != (crop,):
            raise ValueError(f"this network takes {crop} samples, not an array of shape {x.shape}")
        return whole(x)

    got = signal(function(network, noisy, crop), noisy)
    right = whole(noisy)
    wrong = np.abs(got - right) > 1e-6
    if wrong.any():
        chunks = np.concatenate([whole(noisy[i : i + crop]) for i in range(0, len(noisy), crop)])
        quarter = crop // 4
        if np.allclose(got, chunks):
            raise NotYet(
                "these are plain chunks: near every border the network saw zeros instead of what "
                "comes before or after. Move on by half a crop and keep the middle half only."
            )
        if not wrong[quarter:-quarter].any():
            raise NotYet(
                "right but for the first or last quarter of a crop. No middle half lies there "
                "unless the recording gets a quarter of zeros in front and behind."
            )
        for late in (-crop // 2, -quarter, quarter, crop // 2):
            if np.allclose(np.roll(right, late)[crop:-crop], got[crop:-crop]):
                raise NotYet(f"the pieces are right, but they lie {late:+d} samples off.")
        raise NotYet(
            f"{wrong.mean():.0%} of the samples differ from what the network makes of the whole "
            f"recording; the crop has {crop}, and the first that differs is sample "
            f"{int(wrong.argmax()):,}."
        )
    if calls > 2 * len(noisy) // crop + 1:
        raise NotYet(
            f"right, but with {calls} runs of the network on {len(noisy) // crop} crops of sound; "
            "half a crop of output per run needs about twice as many runs as crops."
        )
    return (
        f"no seam at all, with {calls} runs instead of {len(noisy) // crop}: a quarter of a crop "
        f"({crop // 4} samples) is more than this network's reach of {reach}. The U-Net's reach is "
        "half a crop, so for it a seam would remain."
    )
