"""Every figure reads on a light and on a dark page: its ground is its own, and in contrast to it.

Contrast is that of WCAG 2.2: 4.5 for text (1.4.3), 3 for what carries meaning (1.4.11).
"""

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_plots import scores, tone  # noqa: F401  (scores is a fixture)

from snrlib import plots
from snrlib.exercises import Verdict
from snrlib.plots.style import SPARE_COLOURS

PAGES = {"light": (1.0, 1.0, 1.0), "dark": (0.07, 0.07, 0.09)}
NO_FIGURES = {"COLOURS", "LABELS", "beside", "colour", "label", "marker", "style", "table"}


def luminance(colour: Any) -> float:
    values = np.asarray(mpl.colors.to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: Any, other: Any) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_recommendation() -> None:
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)  # its published example


@pytest.mark.parametrize("colour", [*plots.COLOURS.values(), *SPARE_COLOURS])
def test_the_colour_of_a_role_stands_out_from_the_ground_of_figures(colour: str) -> None:
    assert contrast(colour, "white") >= 3


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("solved", [True, False])
def test_the_mark_of_a_verdict_stands_out_from_the_page(page: Any, solved: bool) -> None:
    box = Verdict("77.1", solved, "so.")._repr_html_()
    assert contrast(re.findall(r"#[0-9a-f]{6}", box)[0], page) >= 3


def leads() -> pd.DataFrame:
    """Two budgets, two trainings each."""
    values = pd.DataFrame({"steps": [500, 500, 2_000, 2_000], "seed": [1, 2, 1, 2]})
    lead = pd.Series([0.4, 0.3, 0.1, -0.1])
    return values.assign(metric="si_sdr", difference=lead, low=lead - 0.1, high=lead + 0.1)


Drawing = Callable[[pd.DataFrame], Any]

FIGURES: dict[str, Drawing] = {
    "waveform": lambda s: plots.waveform(tone(200), title="a tone"),
    "spectrogram": lambda s: plots.spectrogram(tone(200), title="a tone"),
    "spectrograms": lambda s: plots.spectrograms({"one": tone(200), "two": tone(900)}),
    "spectra": lambda s: plots.spectra(
        {"clean": tone(200)} | {f"noise {i}": tone(200 + 100 * i) for i in range(6)}
    ),
    "modulation": lambda s: plots.modulation({"clean": tone(200, 6), "hum": tone(90, 6)}),
    "score_curves": lambda s: plots.score_curves(s, title="PESQ"),
    "difference_curve": lambda s: plots.difference_curve(s),
    "growth": lambda s: plots.growth({name: history() for name in ("T1", "T4", "S1", "S2")}),
    "lead_by_budget": lambda s: plots.lead_by_budget(leads(), title="a lead"),
    "claim_map": lambda s: plots.claim_map(
        pd.DataFrame(
            {
                "asked": ["S2 − S1", "S2 − S1"], "where": ["all", "upper"], "trainings": 3,
                "difference": 0.2, "low": [-0.1, 0.1], "high": 0.3,
            }
        )
    ),
    "teacher_map": lambda s: plots.teacher_map(s, "pesq_raw"),
    "noise_map": lambda s: plots.noise_map(s),
    "recipe_map": lambda s: plots.recipe_map(s),
    "heatmap": lambda s: plots.heatmap(pd.DataFrame(np.linspace(0, 4, 40).reshape(5, 8)), unit="x"),
    "metric_scatter": lambda s: plots.metric_scatter(s),
    "unet_diagram": lambda s: plots.unet_diagram(network(), title="a network"),
    "distillation_diagram": lambda s: plots.distillation_diagram(4),
    "study_map": lambda s: plots.study_map(),
    "snr_map": lambda s: plots.snr_map({"T1": (-20, -11), "T4": (10, 20), "test": (-20, 0, 20)}),
    "utterance_map": lambda s: plots.utterance_map(
        {
            f"student {split}": pd.DataFrame({"id": [f"{split}{i}" for i in range(9)]})
            for split in ("train", "valid")
        }
    ),
    "noise_use": lambda s: plots.noise_use(
        pd.DataFrame(
            {
                "noise": "hum",
                "split": ["train", "valid", "test"],
                "noise_start": [0, 200_000, 600_000],
                "noise_samples": 100_000,
            }
        )
    ),
    "pesq_scale": lambda s: plots.pesq_scale({"noisy": [0.5, 1.5], "S2": [1.0, 2.0]}),
    "reactions": lambda s: plots.reactions(
        pd.DataFrame({"degradation": "gain", "unit": "dB", "amount": [-20, 0], "pesq_raw": 4.5,
                      "pesq_wb": 4.6, "stoi": 1.0, "estoi": 0.9, "si_sdr": 30.0})
    ),
    "filters": lambda s: plots.filters(np.random.default_rng(0).normal(size=(8, 15))),
    "feature_maps": lambda s: plots.feature_maps({"encoder 1": np.eye(12, 200)}, 1.0),
    "seam_error": lambda s: plots.seam_error(
        {name: np.full(64, -20.0 * i) for i, name in enumerate("abcde", start=1)}, period=16_384
    ),
    "teacher_choice": lambda s: plots.teacher_choice(title="who teaches"),
    "blend_of_squares": lambda s: plots.blend_of_squares(),
    "alpha_curve": lambda s: plots.alpha_curve(
        pd.DataFrame({"name": ["S1", "S2", "x"], "alpha": [0, 0.5, 1], "steps": [400, 400, 900],
                      "mean": [1.0, 1.2, 1.1], "low": 0.9, "high": 1.3}), ylabel="PESQ"
    ),
    "reach": lambda s: plots.reach({"S2": tone(5), "crn": tone(9)}, 16_000),
    "phase_sensitive": lambda s: plots.phase_sensitive(),
}  # fmt: skip


def history() -> pd.DataFrame:
    return pd.DataFrame({"step": range(0, 500, 100), "valid_stoi": np.linspace(0.6, 0.7, 5)})


def network() -> list[tuple[str, int, int]]:
    """Layer rows from few channels to many, so that every tint occurs."""
    widths = [6, 12, 18, 24, 30, 36]
    rows = [(f"encoder {i + 1}", w, 4096 >> i) for i, w in enumerate(widths)]
    rows += [("bottleneck", 36, 64)]
    return rows + [(f"decoder {i + 1}", w, 128 << i) for i, w in enumerate(widths[::-1])]


def pixels(figure: Figure) -> np.ndarray:
    """The figure as a notebook saves it: RGBA from 0 to 1, first row on top."""
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=70)
    held.seek(0)
    return plt.imread(held)


def hide_text(figure: Figure) -> list[tuple[Text, Any]]:
    """Every text that shows, with its place in pixels; afterwards none of them shows."""
    figure.canvas.draw()
    found = []
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        if text.get_visible() and text.get_text().strip() and box.width > 1 and box.height > 1:
            found.append((text, box))
    for text, _ in found:
        text.set_alpha(0.0)
    return found


def test_every_drawing_function_is_looked_at() -> None:
    assert set(FIGURES) == set(plots.__all__) - NO_FIGURES


@pytest.mark.parametrize("name", FIGURES)
def test_text_and_lines_can_be_read_on_any_page(
    name: str,
    scores: pd.DataFrame,  # noqa: F811
) -> None:
    drawn = FIGURES[name](scores)
    figure = drawn if isinstance(drawn, Figure) else drawn[0]
    figure.set_dpi(70)
    texts = hide_text(figure)
    picture = pixels(figure)
    height, width = picture.shape[:2]
    for page in PAGES.values():
        on_page = picture[..., :3] * picture[..., 3:] + np.array(page) * (1 - picture[..., 3:])
        for text, box in texts:
            rows = slice(max(0, round(height - box.y1)), max(1, round(height - box.y0)))
            columns = slice(max(0, round(box.x0)), min(width, round(box.x1)))
            under = on_page[rows, columns].reshape(-1, 3)
            if len(under):
                ground = np.median(under, axis=0)
                found = contrast(text.get_color(), ground)
                assert found >= 4.5, (text.get_text(), text.get_color(), ground.round(2))
    for ax in figure.axes:
        for line in ax.lines:
            if line.get_linestyle() != "None" or line.get_marker() not in ("None", ""):
                found = contrast(line.get_color(), ax.get_facecolor())
                assert found >= 3, (line.get_label(), line.get_color())
    plt.close(figure)
