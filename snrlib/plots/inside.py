"""Figures of a network at work: its filters, its features, and the seams it leaves.

Notebook: 03_time_domain_unet.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snrlib.audio import SAMPLE_RATE
from snrlib.plots.style import axes, styled

COLUMNS = 900  # of a feature map: what a page can show


@styled
def filters(
    kernels: np.ndarray, *, sample_rate: int = SAMPLE_RATE, title: str = ""
) -> tuple[Figure, np.ndarray]:
    """What the filters of a convolution respond to: taps on the left, spectra on the right.

    Filters are ordered by the frequency they pass best, and each is scaled to its own largest
    value.

    Args:
        kernels: (filters, taps), for one input channel.
        sample_rate: at which the filters run, in Hz.
        title: over the figure.

    Returns:
        The figure and its two axes.
    """
    kernels = np.asarray(kernels, np.float64)
    spectra = np.abs(np.fft.rfft(kernels, 256, axis=1))
    order = np.argsort(spectra.argmax(axis=1), kind="stable")
    kernels, spectra = kernels[order], spectra[order]
    kernels = kernels / np.maximum(np.abs(kernels).max(axis=1, keepdims=True), 1e-12)
    spectra = spectra / np.maximum(spectra.max(axis=1, keepdims=True), 1e-12)
    count, taps = kernels.shape
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.5, min(6.0, 1.6 + 0.2 * count)), width_ratios=(1, 1.8), sharey=True
    )
    middle = taps // 2
    shape = {"aspect": "auto", "interpolation": "nearest", "origin": "lower"}
    left.imshow(
        kernels, cmap="PuOr", vmin=-1, vmax=1,
        extent=(-middle - 0.5, taps - middle - 0.5, 0.5, count + 0.5), **shape,
    )  # fmt: skip
    image = right.imshow(
        20 * np.log10(np.maximum(spectra, 1e-3)), cmap="magma", vmin=-30, vmax=0,
        extent=(0, sample_rate / 2000, 0.5, count + 0.5), **shape,
    )  # fmt: skip
    for ax in (left, right):
        ax.grid(False)
    left.set(xlabel="tap in samples", ylabel="filter", title="taps (purple up, orange down)")
    right.set(xlabel="frequency in kHz", title="what passes")
    figure.colorbar(image, ax=right, label="gain in dB below the best", pad=0.02)
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=11)
    return figure, np.array([left, right])


@styled
def feature_maps(
    features: Mapping[str, np.ndarray], seconds: float, *, title: str = ""
) -> tuple[Figure, np.ndarray]:
    """The features of several layers over the same time, one panel per layer.

    Every channel is one line of a panel, scaled to its own largest magnitude; a pixel shows the
    largest magnitude of the samples it covers, so that no peak is lost.

    Args:
        features: layer -> (channels, samples); layers may differ in both.
        seconds: how long all of them last.
        title: over the figure.

    Returns:
        The figure and the array of axes.
    """
    heights = [0.55 + 0.02 * len(maps) for maps in features.values()]
    figure, panels = plt.subplots(
        len(features), 1, figsize=(9.5, 0.7 + sum(heights) * 1.25),
        height_ratios=heights, sharex=True, squeeze=False,
    )  # fmt: skip
    for ax, (name, maps) in zip(panels.flat, features.items(), strict=True):
        magnitude = np.abs(np.asarray(maps, np.float64))
        channels, samples = magnitude.shape
        per_pixel = max(1, samples // COLUMNS)
        pixels = magnitude[:, : samples // per_pixel * per_pixel]
        pixels = pixels.reshape(channels, -1, per_pixel).max(axis=2)
        pixels /= np.maximum(pixels.max(axis=1, keepdims=True), 1e-12)
        ax.imshow(
            pixels, aspect="auto", interpolation="nearest", cmap="magma", vmin=0, vmax=1,
            extent=(0, seconds, channels + 0.5, 0.5),
        )  # fmt: skip
        ax.grid(False)
        ax.set_yticks([1, channels])
        ax.set_ylabel("channel", fontsize=8)
        ax.set_title(f"{name}: {channels} × {samples:,}", fontsize=9.5, pad=3)
    panels.flat[-1].set_xlabel("time in s")
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=11)
    return figure, panels.ravel()


@styled
def seam_error(
    profiles: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    period: int,
    sample_rate: int = SAMPLE_RATE,
    title: str = "",
) -> tuple[Figure, Axes]:
    """How far the output of each method is from that of the whole recording, around a border.

    Args:
        profiles: method -> error in dB over one period, with the border in its middle.
        ax: where to draw.
        period: samples from one border to the next.
        sample_rate: in Hz.
        title: over the axes.
    """
    colours = ["#d55e00", "#a87400", "#0072b2", "#329ac8", "#1a1a1a"]
    figure, ax = axes(ax)
    for (name, errors), ink in zip(profiles.items(), colours, strict=False):
        place = ((np.arange(len(errors)) + 0.5) / len(errors) - 0.5) * period / sample_rate
        ax.plot(place, errors, color=ink, label=name)
    ax.axvline(0, color="#8a8a8a", linewidth=1, linestyle=":")
    ax.set(
        xlabel="time from a border between two crops, in s",
        ylabel="error in dB, relative to the output's RMS",
    )
    ax.set_title(title)
    ax.legend(loc="best", fontsize=9)
    return figure, ax
