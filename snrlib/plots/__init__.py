"""Figures of sound, of results, and of the technique itself, in one style.

Every function takes `ax=None` (a new figure) or the axes to draw on, and returns
`(figure, axes)`; axes carry units, and a role has one colour everywhere.
"""

from snrlib.plots.diagrams import distillation_diagram, unet_diagram
from snrlib.plots.results import (
    difference_curve,
    growth,
    heatmap,
    metric_scatter,
    noise_map,
    recipe_map,
    score_curves,
    teacher_map,
)
from snrlib.plots.sound import modulation, spectra, spectrogram, spectrograms, waveform
from snrlib.plots.style import COLOURS, LABELS, colour, label, style

__all__ = [
    "COLOURS",
    "LABELS",
    "colour",
    "difference_curve",
    "distillation_diagram",
    "growth",
    "heatmap",
    "label",
    "metric_scatter",
    "modulation",
    "noise_map",
    "recipe_map",
    "score_curves",
    "spectra",
    "spectrogram",
    "spectrograms",
    "style",
    "teacher_map",
    "unet_diagram",
    "waveform",
]
