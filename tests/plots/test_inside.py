"""Figures of a network at work show what is there: filters in order, peaks kept, seams placed."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from snrlib import plots


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_filters_are_ordered_by_the_frequency_they_pass():
    taps = np.arange(15)
    kernels = np.stack([np.cos(2 * np.pi * f / 16_000 * taps) for f in (6_000, 1_000, 3_000)])
    figure, (_, response) = plots.filters(kernels)
    figure.canvas.draw()
    best = response.images[0].get_array().argmax(axis=1)
    assert list(best) == sorted(best)
    assert response.get_xlabel().endswith("kHz")


def test_a_feature_map_loses_no_peak_however_long_the_signal():
    features = np.zeros((2, 100_003))
    features[1, 50_000] = -3.0
    figure, panels = plots.feature_maps(
        {"encoder 1": features, "bottleneck": features[:, ::128]}, 6
    )
    figure.canvas.draw()
    shown = panels[0].images[0].get_array()
    assert shown.shape[1] < 2_000
    assert shown[1].max() == 1 and shown[0].max() == 0
    assert panels[-1].get_xlabel() == "time in s"


def test_the_border_stands_in_the_middle_of_a_seam_figure():
    errors = np.full(64, -80.0)
    errors[32] = -10.0
    figure, ax = plots.seam_error({"chunks": errors}, period=16_384)
    figure.canvas.draw()
    time, drawn = ax.lines[0].get_data()
    assert abs(time[np.argmax(drawn)]) < 0.01
    assert "dB" in ax.get_ylabel() and "in s" in ax.get_xlabel()
