"""One look for all figures: opaque, colour-blind safe, one colour per role.

Teachers are shades of one green from dark (loud noise) to light (little noise), because they
are ordered; the two students, whose difference is the question, are blue and vermilion, which
stay apart under every common kind of colour blindness. Lines differ by marker as well.
"""

import functools
import re
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# Hues follow Okabe & Ito, "Color universal design" (2008); their pink is left out, which looks
# like the grey of the noisy input without green cones, and their light ones are darker here, to
# stand out from white paper. tests/test_plots.py and tests/test_contrast.py measure both.
COLOURS = {
    "clean": "#1a1a1a",
    "noisy": "#8a8a8a",
    "noise": "#a87f5c",
    "T1": "#022b09",
    "T2": "#024a38",
    "T3": "#056f27",
    "T4": "#07a573",
    "S1": "#d55e00",
    "S2": "#0072b2",
    "wavenet": "#99336b",
    "psa_bilstm": "#a87400",
    "crn": "#329ac8",
    "teachers-true-snr": "#004020",
    "teachers-estimated-snr": "#5f8f1f",
    "oracle": "#6a3d9a",
    "log_mmse": "#7f6000",
    "wiener": "#8f8f30",
}
MARKERS = {
    "clean": "",
    "noisy": "o",
    "noise": "",
    "T1": "v",
    "T2": "<",
    "T3": ">",
    "T4": "^",
    "S1": "s",
    "S2": "D",
    "wavenet": "P",
    "psa_bilstm": "X",
    "crn": "h",
    "teachers-true-snr": "<",
    "teachers-estimated-snr": ">",
    "oracle": "*",
    "log_mmse": "1",
    "wiener": "2",
}
# What is no trained single network is not drawn as one.
LINES = {
    "noisy": "--",
    "log_mmse": ":",
    "oracle": ":",
    "teachers-true-snr": "-.",
    "teachers-estimated-snr": "-.",
}
# For systems that have no role of their own (controls, sweeps), in order of appearance.
SPARE_COLOURS = ["#cc3311", "#2f8f80", "#8a8a2c", "#332288", "#b07d00", "#661100"]

LABELS = {
    "pesq_raw": "raw PESQ (−0.5 to 4.5)",
    "pesq_nb": "narrow-band PESQ, MOS-LQO (1 to 4.5)",
    "pesq_wb": "wide-band PESQ, MOS-LQO (1 to 4.6)",
    "stoi": "STOI (0 to 1)",
    "estoi": "extended STOI (0 to 1)",
    "si_sdr": "SI-SDR in dB",
    "snr_db": "SNR of the mixture in dB",
    "step": "training step",
    "epoch": "epoch",
    "seconds": "training time in s",
    "learning_rate": "learning rate",
    "train_loss": "training loss",
    "valid_loss": "validation loss",
    "valid_pesq_raw": "validation raw PESQ (−0.5 to 4.5)",
    "valid_stoi": "validation STOI (0 to 1)",
}

STYLE: Any = {
    "figure.facecolor": "white",  # opaque: black text survives a dark page
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "figure.figsize": (7.5, 4.0),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "legend.frameon": False,
    "image.cmap": "magma",
    "svg.fonttype": "none",
}


def style() -> None:
    """Makes the kit's look the default of this session, at double resolution in notebooks."""
    mpl.rcParams.update(STYLE)
    shell = sys.modules.get("IPython")
    if shell and shell.get_ipython():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("retina")


def role(system: str) -> str:
    """Whose look a system has: that of its paper's size, if it is the same at another size."""
    return {"oracle_psm": "oracle"}.get(system, re.sub("-(narrow|wide)$", "", system))


def colour(system: str) -> str:
    """The colour of a role; a name without one gets a spare colour that is always the same."""
    if role(system) in COLOURS:
        return COLOURS[role(system)]
    return SPARE_COLOURS[sum(system.encode()) % len(SPARE_COLOURS)]


def marker(system: str) -> str:
    """The marker of a role; a dot for a name without one."""
    return MARKERS.get(role(system), ".")


def stroke(system: str) -> str:
    """The line of a role: solid for a trained network."""
    return LINES.get(role(system), "-")


def ink_on(fill: Any) -> str:
    """White or black, whichever can be read on this colour (contrast of 4.5 or more, WCAG 2)."""
    values = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in mpl.colors.to_rgb(fill)
    ]
    luminance = sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), values, strict=True))
    return "white" if 1.05 / (luminance + 0.05) >= 4.5 else "black"


def label(column: str) -> str:
    """What an axis with this column says, unit included."""
    return LABELS.get(column, column.replace("_", " "))


def styled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Draws in the kit's look whatever the session's defaults are."""

    @functools.wraps(function)
    def drawn(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        with plt.rc_context(STYLE):
            return function(*arguments, **options)

    return drawn


def axes(ax: Axes | None, size: tuple[float, float] = (7.5, 4.0)) -> tuple[Figure, Axes]:
    """The figure and axes to draw on: the given ones, or new ones of `size` inches."""
    if ax is None:
        return plt.subplots(figsize=size)
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure, ax
