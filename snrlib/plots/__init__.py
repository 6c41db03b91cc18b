"""Figures of sound, of results, and of the technique itself, in one style.

Every function takes `ax=None` (a new figure) or the axes to draw on, and returns
`(figure, axes)`; axes carry units, and a role has one colour everywhere.
"""

from snrlib.plots.baselines import phase_sensitive, reach
from snrlib.plots.data_sets import noise_use, snr_map, utterance_map
from snrlib.plots.diagrams import distillation_diagram, study_map, unet_diagram
from snrlib.plots.inside import feature_maps, filters, seam_error
from snrlib.plots.measures import pesq_scale, reactions
from snrlib.plots.readable import beside, table
from snrlib.plots.results import (
    claim_map,
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
from snrlib.plots.style import COLOURS, LABELS, colour, label, marker, style
from snrlib.plots.teaching import alpha_curve, blend_of_squares, lead_by_budget, teacher_choice

__all__ = [
    "COLOURS",
    "LABELS",
    "alpha_curve",
    "beside",
    "blend_of_squares",
    "claim_map",
    "colour",
    "difference_curve",
    "distillation_diagram",
    "feature_maps",
    "filters",
    "growth",
    "heatmap",
    "label",
    "lead_by_budget",
    "marker",
    "metric_scatter",
    "modulation",
    "noise_map",
    "noise_use",
    "pesq_scale",
    "phase_sensitive",
    "reach",
    "reactions",
    "recipe_map",
    "score_curves",
    "seam_error",
    "snr_map",
    "spectra",
    "spectrogram",
    "spectrograms",
    "study_map",
    "style",
    "table",
    "teacher_choice",
    "teacher_map",
    "unet_diagram",
    "utterance_map",
    "waveform",
]
