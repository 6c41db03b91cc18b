"""Figures of sound: waveforms, spectrograms, long-term and modulation spectra.

Notebook: 01_data_construction.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.signal import stft, welch

from snrlib.audio import SAMPLE_RATE
from snrlib.plots.style import axes, colour, styled

DYNAMIC_RANGE_DB = 70
# Finer shades cannot be told apart, and make a page of spectrograms several times larger.
SHADE_DB = 2


@styled
def waveform(
    signal: np.ndarray,
    ax: Axes | None = None,
    *,
    sample_rate: int = SAMPLE_RATE,
    role: str = "clean",
    title: str = "",
    limit: float | None = None,
) -> tuple[Figure, Axes]:
    """A signal (samples,) over time.

    Long signals are drawn as the envelope of their extremes, so a figure stays small and no
    peak is lost.

    Args:
        signal: (samples,).
        ax: where to draw.
        sample_rate: in Hz.
        role: gives the colour ("clean", "noisy", "S2", ...).
        title: over the axes.
        limit: amplitude at the edges; give one value to all panels that are compared.
    """
    figure, ax = axes(ax, (7.5, 1.8))
    signal = np.asarray(signal, np.float64)
    seconds = len(signal) / sample_rate
    if len(signal) <= 4_000:
        ax.plot(np.arange(len(signal)) / sample_rate, signal, color=colour(role), linewidth=1)
    else:
        per_column = -(-len(signal) // 1_500)
        padded = np.pad(signal, (0, -len(signal) % per_column), mode="edge")
        columns = padded.reshape(-1, per_column)
        times = (np.arange(len(columns)) + 0.5) * per_column / sample_rate
        ax.fill_between(
            times, columns.min(axis=1), columns.max(axis=1), color=colour(role), linewidth=0.4
        )
    limit = limit or float(np.abs(signal).max(initial=0)) * 1.05 or 1.0
    ax.set(xlim=(0, seconds), ylim=(-limit, limit), xlabel="time in s", ylabel="amplitude")
    ax.set_title(title)
    return figure, ax


@styled
def spectrogram(
    signal: np.ndarray,
    ax: Axes | None = None,
    *,
    sample_rate: int = SAMPLE_RATE,
    title: str = "",
    top_db: float | None = None,
    colourbar: bool = True,
    small: bool = False,
) -> tuple[Figure, Axes]:
    """The level of a signal over time and frequency, 70 dB deep.

    Args:
        signal: (samples,).
        ax: where to draw.
        sample_rate: in Hz.
        title: over the axes.
        top_db: level of the brightest colour; None is the loudest point of this signal. Give
            one value to all panels that are compared (:func:`spectrograms` does).
        colourbar: draw the scale.
        small: for a panel among many: less detail than the full size shows.
    """
    figure, ax = axes(ax, (7.5, 2.8))
    levels, times, frequencies = _levels(signal, sample_rate, small)
    top = float(levels.max()) if top_db is None else top_db
    image = ax.imshow(
        np.round((levels - top) / SHADE_DB) * SHADE_DB + top,
        origin="lower",
        aspect="auto",
        extent=(0, times[-1], 0, frequencies[-1] / 1_000),
        vmin=top - DYNAMIC_RANGE_DB,
        vmax=top,
        cmap="magma",
        interpolation="nearest",
    )
    ax.grid(False)
    ax.set(xlabel="time in s", ylabel="frequency in kHz")
    ax.set_title(title)
    if colourbar:
        figure.colorbar(image, ax=ax, label="level in dB", pad=0.02)
    return figure, ax


@styled
def spectrograms(
    signals: Mapping[str, np.ndarray],
    *,
    sample_rate: int = SAMPLE_RATE,
    columns: int = 1,
) -> tuple[Figure, np.ndarray]:
    """Spectrograms of several signals under one scale, so that colours can be compared.

    Args:
        signals: title -> (samples,).
        sample_rate: in Hz.
        columns: panels side by side.

    Returns:
        The figure and the array of axes (rows, columns).
    """
    import matplotlib.pyplot as plt

    rows = -(-len(signals) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(7.5 if columns == 1 else 10, 0.6 + 1.75 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    top = max(float(_levels(signal, sample_rate)[0].max()) for signal in signals.values())
    for place, (title, signal) in enumerate(signals.items()):
        panel = panels.flat[place]
        spectrogram(
            signal, panel, sample_rate=sample_rate, title=title, top_db=top, colourbar=False,
            small=columns > 2,
        )  # fmt: skip
        panel.label_outer()
    for panel in panels.flat[len(signals) :]:
        panel.set_visible(False)
    image = panels.flat[0].images[0]
    figure.colorbar(image, ax=panels, label="level in dB", pad=0.02, aspect=30)
    return figure, panels


@styled
def spectra(
    signals: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    sample_rate: int = SAMPLE_RATE,
    title: str = "",
) -> tuple[Figure, Axes]:
    """Long-term average spectra in third octaves, each relative to its signal's own level.

    Args:
        signals: name -> (samples,).
        ax: where to draw.
        sample_rate: in Hz.
        title: over the axes.
    """
    figure, ax = axes(ax)
    # Third octaves between 100 Hz and the last one below half the sample rate.
    last = int(np.floor(3 * np.log2(sample_rate / 2 / 2 ** (1 / 6) / 100)))
    centres = 100 * 2.0 ** (np.arange(last + 1) / 3)
    for style_of, (name, signal) in zip(_styles(signals), signals.items(), strict=True):
        signal = np.asarray(signal, np.float64)
        frequencies, power = welch(signal, sample_rate, nperseg=min(2_048, len(signal)))
        bands = [
            power[(frequencies >= c / 2 ** (1 / 6)) & (frequencies < c * 2 ** (1 / 6))].sum()
            for c in centres
        ]
        shares = np.array(bands) / max(power.sum(), 1e-30)
        ax.semilogx(centres, 10 * np.log10(np.maximum(shares, 1e-10)), label=name, **style_of)
    _octave_ticks(ax, [125, 250, 500, 1000, 2000, 4000])
    ax.set_ylim(max(ax.get_ylim()[0], -60), None)
    ax.set(xlabel="frequency in Hz", ylabel="share of the level in a third octave, dB")
    ax.set_title(title)
    _outside_legend(ax)
    return figure, ax


@styled
def modulation(
    signals: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    sample_rate: int = SAMPLE_RATE,
    title: str = "",
) -> tuple[Figure, Axes]:
    """How strongly the level of each signal swings, by speed: speech peaks near 4 Hz.

    The level is the RMS of 10 ms frames; its octave-band fluctuation is relative to its mean.

    Args:
        signals: name -> (samples,), at least 4 s for the slowest band to mean anything.
        ax: where to draw.
        sample_rate: in Hz.
        title: over the axes.
    """
    figure, ax = axes(ax)
    centres = 2.0 ** np.arange(-1, 6)
    frame = sample_rate // 100
    for style_of, (name, signal) in zip(_styles(signals), signals.items(), strict=True):
        signal = np.asarray(signal, np.float64)
        frames = signal[: len(signal) // frame * frame].reshape(-1, frame)
        level = np.sqrt(np.mean(frames**2, axis=1))
        depth = level / max(level.mean(), 1e-30) - 1
        frequencies, power = welch(depth, 100, nperseg=min(512, len(depth)))
        width = frequencies[1] - frequencies[0]
        swing = [
            np.sqrt(
                width
                * power[(frequencies >= c / np.sqrt(2)) & (frequencies < c * np.sqrt(2))].sum()
            )
            for c in centres
        ]
        ax.semilogx(centres, swing, label=name, **style_of)
    _octave_ticks(ax, list(centres))
    ax.set_ylim(0, None)
    ax.set(xlabel="modulation frequency in Hz (octave bands)", ylabel="RMS swing / mean level")
    ax.set_title(title)
    _outside_legend(ax)
    return figure, ax


def _levels(
    signal: np.ndarray, sample_rate: int, small: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels in dB (frequencies, times): 32 ms Hann windows every 8 ms or so.

    Small: at most some 250 columns, and of every two neighbouring frequencies the stronger.
    """
    signal = np.asarray(signal, np.float64)
    window = round(0.032 * sample_rate)
    signal = np.pad(signal, (0, max(0, window - len(signal))))
    # A wider hop for long signals: a figure has some 1,500 columns of pixels.
    hop = max(window // 4, len(signal) // (250 if small else 1_500))
    if hop > window:
        window = hop
    frequencies, times, values = stft(
        signal, sample_rate, nperseg=window, noverlap=window - hop, padded=False
    )
    levels = 20 * np.log10(np.maximum(np.abs(values), 1e-7))
    if small:
        levels = levels[: len(levels) // 2 * 2].reshape(-1, 2, levels.shape[1]).max(axis=1)
    return levels, np.maximum(times, 1 / sample_rate), frequencies


def _styles(signals: Mapping[str, np.ndarray]) -> list[dict[str, str]]:
    """A colour and a line for each name: the role's, or one of a safe sequence."""
    from snrlib.plots.style import COLOURS

    sequence = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b07d00", "#329ac8", "#1a1a1a"]
    lines = ["-", "--", ":", "-."]
    chosen = []
    for place, name in enumerate(signals):
        if name in COLOURS:
            chosen.append({"color": COLOURS[name], "linestyle": "-"})
        else:
            turn, hue = divmod(place, len(sequence))
            chosen.append({"color": sequence[hue], "linestyle": lines[turn % len(lines)]})
    return chosen


def _octave_ticks(ax: Axes, values: list[float]) -> None:
    ax.set_xticks(values, [f"{value:g}" for value in values])
    ax.minorticks_off()


def _outside_legend(ax: Axes) -> None:
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
