"""Building blocks of synthetic noise: coloured noise, hums, impacts, slow change, rooms.

Each returns float32 arrays of one dimension at 16 kHz and takes its random numbers from the
generator it is given, so that the same generator gives the same sound. `synthetic_noises` puts
them together. A spectrum is given as third-octave levels, `{frequency in Hz: level in dB}`,
with straight lines between them on a logarithmic frequency axis.

Notebook: 01_data_construction.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import signal as filters

from snrlib.audio import SAMPLE_RATE

Curve = Mapping[float, float]

BANDS = 1000 * 2.0 ** (np.arange(-14, 10) / 3)  # third-octave centres, 39 Hz to 8 kHz
_TAPS = 2047  # 8 Hz resolution: enough for third octaves down to 40 Hz


def third_octave_levels(signal: np.ndarray) -> np.ndarray:
    """Long-term level in dB of `signal` in each of `BANDS`, relative to its total power."""
    frequencies, density = filters.welch(signal, SAMPLE_RATE, nperseg=8192)
    edges = np.searchsorted(frequencies, np.append(BANDS * 2 ** (-1 / 6), BANDS[-1] * 2 ** (1 / 6)))
    power = np.array([density[a:b].sum() for a, b in itertools.pairwise(edges)])
    return 10 * np.log10(power / density.sum() + 1e-12)


def levels(curve: Curve) -> np.ndarray:
    """The curve's level in dB at each of `BANDS`, its powers adding up to 0 dB."""
    points = sorted(curve)
    level = np.interp(np.log(BANDS), np.log(points), [curve[point] for point in points])
    return level - 10 * np.log10(np.sum(10 ** (level / 10)))


def _filter(signal: np.ndarray, gains_db: np.ndarray) -> np.ndarray:
    """`signal` through a linear-phase filter with `gains_db` at `BANDS`."""
    grid = np.linspace(0, SAMPLE_RATE / 2, 1024)
    gain = np.interp(np.log(np.maximum(grid, 1)), np.log(BANDS), gains_db)
    taps = filters.firwin2(_TAPS, grid, 10 ** (gain / 20), fs=SAMPLE_RATE)
    return filters.oaconvolve(signal, taps.astype(np.float32), mode="same").astype(np.float32)


def unit(signal: np.ndarray) -> np.ndarray:
    """`signal` scaled to an RMS of 1."""
    return (signal / np.sqrt(np.mean(np.square(signal, dtype=np.float64)) + 1e-20)).astype(
        np.float32
    )


def coloured(samples: int, rng: np.random.Generator, curve: Curve) -> np.ndarray:
    """Stationary Gaussian noise with the third-octave levels of `curve`, RMS 1."""
    # White noise has a level proportional to the band's width, which grows by 3 dB an octave.
    white = rng.standard_normal(samples, dtype=np.float32)
    return unit(_filter(white, levels(curve) - 10 * np.log10(BANDS / BANDS[0])))


def equalised(signal: np.ndarray, curve: Curve) -> np.ndarray:
    """`signal` with its long-term spectrum brought to `curve`, RMS 1.

    The correction is smoothed over an octave and bounded, so that tones stay tones.
    """
    wanted = levels(curve) - third_octave_levels(signal)
    smooth = np.convolve(np.pad(wanted, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return unit(_filter(signal, np.clip(smooth, -25, 25)))


def drift(
    samples: int, rng: np.random.Generator, hertz: float, depth_db: float = 1.0
) -> np.ndarray:
    """A gain that wanders up and down, mostly slower than `hertz`, by `depth_db` RMS."""
    knots = int(samples / SAMPLE_RATE * hertz * 2) + 5
    steps = filters.lfilter([0.6], [1, -0.8], rng.standard_normal(knots + 20))[20:]
    at = np.arange(samples, dtype=np.float64) * (hertz * 2 / SAMPLE_RATE)
    here = at.astype(np.int64)
    blend = 0.5 - 0.5 * np.cos(np.pi * (at - here))  # smooth between the knots
    decibels = depth_db * (steps[here] + (steps[here + 1] - steps[here]) * blend)
    return (10 ** (decibels / 20)).astype(np.float32)


def hum(
    frequency: np.ndarray | float, samples: int, amplitudes: Sequence[float] | np.ndarray
) -> np.ndarray:
    """A periodic sound of `frequency` Hz (a number, or one per sample), RMS 1.

    Args:
        frequency: of the fundamental.
        samples: length.
        amplitudes: of the harmonics, from the fundamental on; their phases are fixed.
    """
    cycles = np.cumsum(np.broadcast_to(np.asarray(frequency, np.float64) / SAMPLE_RATE, samples))
    spectrum = np.zeros(4097, complex)
    order = np.arange(1, len(amplitudes) + 1)
    spectrum[order] = np.asarray(amplitudes) * np.exp(2.4j * order**2)  # low crest factor
    period = np.fft.irfft(spectrum)
    return unit(period[(np.mod(cycles, 1) * len(period)).astype(np.int64)])


def strike(
    rng: np.random.Generator,
    low: float,
    high: float,
    decay: float,
    modes: int = 12,
    crack: float = 0.0,
) -> np.ndarray:
    """The sound of something struck once: damped resonances, peak 1.

    Args:
        rng: draws the resonances.
        low: lowest resonance in Hz.
        high: highest resonance in Hz.
        decay: seconds until the lowest resonance has fallen by 60 dB; higher ones fall faster.
        modes: how many resonances.
        crack: amplitude of the broad-band attack beside the resonances.
    """
    time = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = low * (high / low) ** rng.random((modes, 1))
    rate = 6.9 / decay * (frequency / low) ** 0.4
    phase = 2 * np.pi * rng.random((modes, 1))
    sound = np.sum(
        rng.uniform(0.3, 1, (modes, 1))
        * np.exp(-rate * time)
        * np.sin(2 * np.pi * frequency * time + phase),
        axis=0,
    )
    if crack:
        burst = rng.standard_normal(len(time)) * np.exp(-25 * time / decay)
        sound = sound / np.abs(sound).max() + crack * burst
    sound *= np.minimum(1, time / 0.0005)
    return (sound / np.abs(sound).max()).astype(np.float32)


def scatter(
    samples: int, at: np.ndarray, gains: np.ndarray, sounds: Sequence[np.ndarray]
) -> np.ndarray:
    """`sounds` in turn, beginning at the samples `at` with the amplitudes `gains`."""
    result = np.zeros(samples, np.float32)
    for number, sound in enumerate(sounds):
        mine = np.arange(number, len(at), len(sounds))
        mine = mine[(at[mine] >= 0) & (at[mine] < samples)]
        for begin, gain in zip(at[mine].astype(np.int64), gains[mine], strict=True):
            part = result[begin : begin + len(sound)]
            part += np.float32(gain) * sound[: len(part)]
    return result


def moments(samples: int, rng: np.random.Generator, per_second: float) -> np.ndarray:
    """Sample numbers of independent events, `per_second` on average (a Poisson process)."""
    count = rng.poisson(samples / SAMPLE_RATE * per_second)
    return np.sort(rng.integers(0, samples, count))


def room(
    signal: np.ndarray, rng: np.random.Generator, seconds: float, direct: float = 0.5
) -> np.ndarray:
    """`signal` in a room that reverberates for `seconds` (60 dB), same length.

    Args:
        signal: (samples,).
        rng: draws the reflections.
        seconds: reverberation time.
        direct: share of the energy that arrives directly.
    """
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / seconds)
    tail = filters.lfilter([0.5], [1, -0.5], tail)  # walls and air swallow the treble first
    tail *= np.sqrt((1 - direct) / np.sum(tail**2))
    tail[0] = np.sqrt(direct)
    return filters.oaconvolve(signal, tail.astype(np.float32))[: len(signal)].astype(np.float32)
