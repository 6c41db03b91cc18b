"""The checks of notebook 07: what networks cost, what they hear, and what a mask can do.

Notebook: 07_baselines.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from snrlib import audio, metrics, mixing, models
from snrlib.exercises import NotYet, exercise, option, quantity
from snrlib.exercises.answers import signal
from snrlib.models.stft import istft, stft


@exercise("07.1")
def macs(count: Callable[..., float]) -> str:
    """A function of (inputs, outputs, kernel, rate) that returns the multiply-accumulates per
    second of a convolution with that many channels in and out, taps, and output values per second.
    """
    for inputs, outputs, kernel, rate in ((1, 48, 15, 16_000), (48, 72, 15, 8_000), (4, 2, 5, 100)):
        value = quantity(count(inputs, outputs, kernel, rate))
        right = inputs * outputs * kernel * rate
        where = f"for {inputs} to {outputs} channels, {kernel} taps, {rate:,} values a second"
        usual: dict[float, str] = {
            2 * right: "counts multiplications and additions apart; one MAC is one of each.",
            right // rate: "is the work for one output sample; how many of them are there per "
            "second?",
            right // kernel: "leaves out the taps.",
            right // inputs: "leaves out that every output listens to every input channel.",
            right // outputs: "leaves out that there are several output channels.",
        }
        if value == right:
            continue
        if value in usual:
            raise NotYet(f"{where} {value:,.0f} {usual[value]}")
        raise NotYet(
            f"{where} you count {value:,.0f}; it is {'more' if value < right else 'less'}. How "
            "many weights does one output value of one channel use?"
        )
    return (
        "the U-Net's second layer costs 0.41 GMAC/s at 8 kHz. At 16 kHz, without the decimation "
        "before it, it would cost twice as much."
    )


@exercise("07.2")
def reach(samples: Callable[..., int]) -> str:
    """A function of (stacks, dilations) that returns how many samples a Wavenet hears to one side:
    three-tap layers with dilations 1, 2, 4, ..., gone through `stacks` times, and three more
    three-tap layers of dilation 1.
    """
    for stacks, dilations in ((3, 10), (1, 4), (2, 1)):
        network = models.create(
            "wavenet", channels=1, stacks=stacks, dilations=dilations, head=(1, 1)
        )
        right = int(network.half_field)  # type: ignore[arg-type]
        value = quantity(samples(stacks, dilations), "samples")
        where = f"for {stacks} stacks of {dilations} dilations you get {value:g} samples"
        if value == right:
            continue
        if value == right - 3:
            raise NotYet(f"{where}: the first layer and the two of the head are missing.")
        if value in (2 * right, 2 * right + 1):
            raise NotYet(f"{where}: that is both sides; asked is one.")
        if value == 3 + stacks * 2**dilations:
            raise NotYet(f"{where}: nearly. What is 1 + 2 + 4 + ... up to the largest dilation?")
        if value == 3 + stacks * 2 ** (dilations - 1):
            raise NotYet(f"{where}: only the largest dilation of each stack is counted.")
        if np.isclose(value, right / 16):
            raise NotYet(f"{where}: that is milliseconds; asked are samples.")
        raise NotYet(
            f"{where}; the package's network hears {'more' if value < right else 'fewer'}. A "
            "three-tap layer reaches one dilation to each side, and reaches add up."
        )
    return "3,072 samples, 192 ms to each side, as for the paper's network; no padding, no guess."


@exercise("07.3")
def causal(is_causal: Callable[..., bool]) -> str:
    """A function of a system, which maps magnitudes (frames, bins) to the same shape, that
    returns True if no output frame depends on a later input frame, and False otherwise.
    """
    before: Callable[[np.ndarray], np.ndarray] = lambda x: np.roll(x, 1, axis=0)  # noqa: E731

    def delayed(x: np.ndarray) -> np.ndarray:
        late = before(x)
        late[0] = 0
        return late

    def ahead(x: np.ndarray) -> np.ndarray:
        early = np.roll(x, -1, axis=0)
        early[-1] = 0
        return 0.5 * (x + early)

    def far_ahead(x: np.ndarray) -> np.ndarray:
        early = np.roll(x, -12, axis=0)
        early[-12:] = 0
        return x + 1e-3 * early

    def late_ahead(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x[:30], ahead(x[30:])])

    systems: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool, str]] = {
        "one that passes its input on": (np.copy, True, "it looks at the same frame only"),
        "a running mean over the past": (
            lambda x: np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None],
            True,
            "it remembers everything that was, which is no look ahead",
        ),
        "a delay of one frame": (delayed, True, "being late is not looking ahead"),
        "a mean of this frame and the next": (ahead, False, "one frame ahead is ahead"),
        "one that looks twelve frames ahead, faintly": (
            far_ahead,
            False,
            "a thousandth of a frame that is far away counts too: change many frames, or every "
            "one, and compare exactly or with a tight tolerance",
        ),
        "one that divides by the loudest value of the recording": (
            lambda x: x / np.abs(x).max(),
            False,
            "the loudest value may still come: does your change make a frame the loudest?",
        ),
        "one that looks ahead only from its 30th frame on": (
            late_ahead,
            False,
            "its first frames know nothing of what comes, its last ones do: look at every frame "
            "before the change, and change in several places",
        ),
    }
    for name, (system, right, why) in systems.items():
        found = is_causal(system)
        if not isinstance(found, (bool, np.bool_)):
            raise NotYet(f"for {name} the function returns {found!r}; asked is True or False.")
        if bool(found) != right:
            word = "causal" if found else "not causal"
            raise NotYet(f"you call {name} {word}: {why}.")
    return (
        "seven of seven. Scaling a recording by its loudest value looks ahead: that is why the "
        "kit's CRN is causal only given a running level."
    )


@exercise("07.4")
def best_mask(mask: Callable[..., np.ndarray]) -> str:
    """A function of the complex spectra (noisy, clean) that returns for each point the real
    factor m from 0 to 1 for which |m noisy - clean|^2 is smallest.
    """
    noisy, clean = (spectrum.numpy()[0] for spectrum in _spectra())
    given = mask(noisy, clean)
    if np.iscomplexobj(given):
        raise NotYet(
            "the mask is complex; a real factor cannot turn the phase. Which part of "
            "clean / noisy can it reach?"
        )
    found = signal(given, noisy.real)
    ratio = clean / noisy
    right = np.clip(ratio.real, 0, 1)
    if found.min() < 0 or found.max() > 1:
        raise NotYet(
            f"the mask goes from {found.min():.2f} to {found.max():.2f}; asked is 0 to 1. "
            "The error is a parabola in m, so where is its lowest point inside?"
        )
    if np.allclose(found, np.clip(np.abs(ratio), 0, 1), atol=1e-4):
        raise NotYet(
            "that is the ratio of magnitudes: right only where speech and mixture have "
            "the same phase. Elsewhere it points past the goal."
        )
    if np.allclose(found, np.clip((clean * noisy).real / np.abs(noisy) ** 2, 0, 1), atol=1e-4):
        raise NotYet(
            "the angles are added instead of subtracted: one of the two spectra must be conjugated."
        )
    if np.allclose(found, np.clip((clean * noisy.conj()).real / np.abs(noisy), 0, 1), atol=1e-4):
        raise NotYet(
            "that is the wanted magnitude along the mixture, not a factor: divide by the "
            "mixture's magnitude once more."
        )
    errors = [np.sum(np.abs(m * noisy - clean) ** 2) for m in (found, right)]
    if errors[0] > errors[1] * (1 + 1e-4):
        raise NotYet(
            f"another mask leaves {100 * (1 - errors[1] / errors[0]):.1f} % less error. "
            "Set the derivative of |m y - s|^2 by m to zero."
        )
    left = 10 * np.log10(errors[1] / np.sum(np.abs(clean) ** 2))
    return (
        f"no mask does better. At 0 dB in white noise it leaves an error of {left:.1f} dB: the "
        "price of the noisy phase, and of factors that may not exceed 1."
    )


@exercise("07.5")
def which_mask(better: str) -> str:
    """Your prediction, "magnitude" or "phase-sensitive": which oracle mask has the higher SI-SDR
    on a mixture at 0 dB, min(|clean| / |noisy|, 1) or the one of exercise 07.4.
    """
    chosen = option(better, ("magnitude", "phase-sensitive"))
    noisy, clean = _spectra()
    ratio = clean / noisy
    speech = _mixture().speech
    score = {}
    for name, mask in (("magnitude", ratio.abs()), ("phase-sensitive", ratio.real)):
        estimate = istft(mask.clamp(0, 1) * noisy, len(speech))[0].numpy()
        score[name] = metrics.si_sdr(speech, estimate)
    found = max(score, key=lambda name: score[name])
    numbers = ", ".join(f"{name} {value:.1f} dB" for name, value in score.items())
    if chosen != found:
        raise NotYet(
            f"measured: {numbers}. Which of the two was made to leave the smallest "
            "squared error, and what does SI-SDR measure?"
        )
    return (
        f"{numbers}. The magnitude mask restores every magnitude and adds it at the wrong angle; "
        "a measure that looks at magnitudes only would prefer it."
    )


@cache
def _mixture() -> mixing.Mixture:
    """A sentence of the embedded speech in white noise at 0 dB."""
    from snrlib import corpora

    spoken = corpora.speech("embedded").sort_values(["samples", "id"])
    speech = audio.read(spoken.iloc[len(spoken) // 2]["path"])
    noise = np.random.default_rng(7).standard_normal(len(speech)).astype(np.float32)
    return mixing.mix(speech, noise, 0.0)


def _spectra() -> tuple[torch.Tensor, torch.Tensor]:
    mixture = _mixture()
    noisy, clean = (stft(torch.from_numpy(x)[None]) for x in (mixture.noisy, mixture.speech))
    return noisy, clean
