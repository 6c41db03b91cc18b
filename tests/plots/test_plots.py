"""Figures are opaque, labelled with units, readable for everyone, and show what is there."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from snrlib import plots
from snrlib.evaluation import published

RATE = 16_000
SNRS = range(-20, 25, 5)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {
            "system": system,
            "seed": 0,
            "mixture": f"{utterance}-{noise}-{snr}",
            "utterance": utterance,
            "noise": noise,
            "noise_seen": "seen" if noise == "babble" else "unseen",
            "snr_db": snr,
            "snr_seen": "seen" if snr % 10 == 0 else "unseen",
            "pesq_raw": 2 + snr / 20 + 0.2 * place + rng.normal(0, 0.1),
            "si_sdr": snr + place - abs(snr - 15 * (place - 3)) / 10,
            "stoi": 0.5 + snr / 100,
            "failure": "",
        }
        for place, system in enumerate(["noisy", "T1", "T2", "T3", "T4", "S1", "S2"])
        for utterance in range(5)
        for noise in ("babble", "synthetic_cafe")
        for snr in SNRS
    ]
    return pd.DataFrame(rows)


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def tone(frequency: float, seconds: float = 2.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


def test_every_figure_is_opaque_labelled_with_units_and_drawable(scores) -> None:
    history = pd.DataFrame({"step": range(0, 500, 100), "valid_stoi": np.linspace(0.6, 0.7, 5)})
    drawn = {
        "waveform": plots.waveform(tone(200)),
        "spectrogram": plots.spectrogram(tone(200)),
        "spectra": plots.spectra({"clean": tone(200), "a noise": tone(900)}),
        "modulation": plots.modulation({"clean": tone(200, 6)}),
        "score_curves": plots.score_curves(scores, printed=published.table2()),
        "difference_curve": plots.difference_curve(scores),
        "growth": plots.growth({"S1": history, "S2": history}),
        "teacher_map": plots.teacher_map(scores),
        "noise_map": plots.noise_map(scores),
        "recipe_map": plots.recipe_map(scores),
        "metric_scatter": plots.metric_scatter(scores),
    }
    for name, (figure, ax) in drawn.items():
        figure.canvas.draw()
        assert mpl.colors.to_rgba(figure.get_facecolor())[3] == 1, name
        assert ax.get_xlabel(), name
    for name in ("waveform", "spectrogram"):
        assert drawn[name][1].get_xlabel() == "time in s"
    for name in ("score_curves", "difference_curve", "teacher_map", "noise_map", "recipe_map"):
        assert drawn[name][1].get_xlabel() == "SNR of the mixture in dB"


def test_a_figure_can_be_drawn_on_given_axes(scores) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    for drawn in (
        plots.score_curves(scores, ax=left),
        plots.growth({}, ax=left),
        plots.waveform(tone(200), ax=left),
        plots.heatmap(pd.DataFrame([[1.0]]), ax=left),
    ):
        assert drawn == (figure, left)
    assert not right.lines


def test_the_look_does_not_leak_into_the_session() -> None:
    before = mpl.rcParams["axes.spines.top"]
    plots.waveform(tone(200))
    assert mpl.rcParams["axes.spines.top"] == before


def test_a_short_peak_in_a_long_signal_stays_visible() -> None:
    signal = np.zeros(60 * RATE)
    signal[12_345] = 0.9
    _, ax = plots.waveform(signal)
    path = ax.collections[0].get_paths()[0].vertices
    assert path[:, 1].max() == pytest.approx(0.9)


def test_a_spectrogram_shows_a_tone_where_it_is() -> None:
    _, ax = plots.spectrogram(tone(2_000))
    levels = ax.images[0].get_array()
    row = int(np.asarray(levels).mean(axis=1).argmax())
    assert row / (levels.shape[0] - 1) * RATE / 2 == pytest.approx(2_000, abs=32)


def test_spectrograms_share_one_scale() -> None:
    _, panels = plots.spectrograms({"loud": tone(500), "quiet": 0.01 * tone(500)})
    assert panels[0, 0].images[0].get_clim() == panels[1, 0].images[0].get_clim()


def test_modulation_peaks_at_the_speed_of_the_syllables() -> None:
    time = np.arange(8 * RATE) / RATE
    syllables = (1 + 0.8 * np.sin(2 * np.pi * 4 * time)) * tone(500, 8)
    _, ax = plots.modulation({"clean": syllables})
    speeds, swing = ax.lines[0].get_data()
    assert speeds[np.argmax(swing)] == 4
    # A sine of depth 0.8 swings by 0.8 / sqrt(2).
    assert max(swing) == pytest.approx(0.8 / np.sqrt(2), rel=0.1)


def test_third_octaves_hold_the_whole_level() -> None:
    noise = np.random.default_rng(0).standard_normal(10 * RATE)
    _, ax = plots.spectra({"white": noise})
    centres, levels = ax.lines[0].get_data()
    share = 10 ** (levels[-1] / 10)
    bandwidth = centres[-1] * (2 ** (1 / 6) - 2 ** (-1 / 6))
    assert share == pytest.approx(bandwidth / (RATE / 2), rel=0.05)


def test_curves_show_the_means_and_the_difference_its_sign(scores) -> None:
    _, ax = plots.score_curves(scores, "stoi", ["S2"])
    snrs, means = ax.lines[0].get_data()
    assert list(means) == pytest.approx([0.5 + snr / 100 for snr in snrs])
    _, ax = plots.difference_curve(scores, "S2", "noisy")
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["interval without zero"]  # 1.2 apart with 0.1 of noise


def test_a_system_that_is_not_better_is_drawn_hollow(scores) -> None:
    same = scores[scores["system"] == "S1"].assign(system="S2")
    rng = np.random.default_rng(1)
    same["pesq_raw"] += rng.normal(0, 0.5, len(same))
    both = pd.concat([scores[scores["system"] == "S1"], same])
    _, ax = plots.difference_curve(both)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "interval with zero" in legend


def test_maps_print_their_numbers_and_leave_gaps_empty() -> None:
    _, ax = plots.noise_map(published.table1())
    assert "+0.38" in texts(ax)  # babble at -15 dB: 1.084 - 0.703
    assert len(texts(ax)) == 81
    _, ax = plots.heatmap(pd.DataFrame([[1.0, np.nan], [2.0, 3.0]]), spec=".0f")
    assert texts(ax) == ["1", "2", "3"]
    _, ax = plots.heatmap(pd.DataFrame([[-1.0, -0.004]]), spec="+.1f")
    assert texts(ax) == ["−1.0", "0.0"]


def test_the_teacher_map_marks_the_best_and_the_trained_range(scores) -> None:
    _, ax = plots.teacher_map(scores, "pesq_raw")
    assert len(ax.patches) == 4
    # A cell goes from its row's and column's index to the next whole number.
    dots = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert {int(row) for _, row in dots} == {3}  # T4 was made the best everywhere
    assert [int(column) for column, _ in dots] == list(range(len(dots)))
    snrs = [float(tick.get_text().replace("−", "-")) for tick in ax.get_xticklabels()]
    frame = ax.patches[-1].get_bbox()
    columns = [i for i in range(len(snrs)) if frame.x0 < i + 0.5 < frame.x1]
    assert {snrs[i] for i in columns} == {snr for snr in snrs if 10 <= snr <= 20}
    assert frame.y0 < 3.5 < frame.y1 and frame.height < 1


def test_a_line_divides_seen_from_unseen_noises() -> None:
    _, ax = plots.noise_map(published.table1())
    (line,) = ax.lines
    kinds = [tick.get_text().rsplit("(", 1)[1] for tick in ax.get_yticklabels()]
    assert line.get_ydata()[0] == kinds.index("unseen)") == 5


def test_the_unet_diagram_says_what_the_network_has() -> None:
    rows = [("encoder 1", 8, 1024), ("encoder 2", 12, 512), ("bottleneck", 12, 256)]
    rows += [("decoder 1", 12, 512), ("decoder 2", 8, 1024), ("output", 1, 1024)]
    _, ax = plots.unet_diagram(rows)
    shown = texts(ax)
    assert shown.count("8 × 1,024") == 2 and shown.count("12 × 512") == 2
    assert "12 × 256" in shown
    assert shown.count("↓ 2") == 2 and shown.count("↑ 2") == 2


@pytest.mark.parametrize("teachers", [1, 2, 4])
def test_the_distillation_diagram_has_that_many_teachers(teachers: int) -> None:
    figure, ax = plots.distillation_diagram(teachers)
    figure.canvas.draw()
    assert sum("frozen" in text for text in texts(ax)) == teachers


# Machado, Oliveira & Fernandes 2009: full dichromacy, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(colour: str, kind: str) -> np.ndarray:
    """CIELAB coordinates (D65) of a colour as someone with that colour vision sees it."""
    values = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(BLINDNESS[kind]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ seen / [0.9505, 1, 1.089]
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_roles_that_share_a_figure_stay_apart_for_colour_blind_readers(kind: str) -> None:
    together = [
        ("clean", "noisy", "S1", "S2"),
        ("T1", "T2", "T3", "T4", "S1", "S2"),
        ("noisy", "S2", "wavenet", "psa_bilstm", "crn"),
        ("noisy", "S2", "teachers-true-snr", "teachers-estimated-snr", "wavenet", "crn"),
    ]
    for roles in together:
        for one, other in itertools.combinations(roles, 2):
            distance = np.linalg.norm(
                lab(plots.COLOURS[one], kind) - lab(plots.COLOURS[other], kind)
            )
            assert distance > 12, (one, other, kind)


def test_a_network_of_another_size_looks_like_the_one_of_the_papers() -> None:
    for name in ("wavenet", "psa_bilstm", "crn"):
        assert plots.colour(f"{name}-narrow") == plots.COLOURS[name]
        assert plots.marker(f"{name}-narrow") == plots.marker(name) != "."
    assert plots.colour("oracle_psm") == plots.COLOURS["oracle"]


def test_every_role_has_its_own_colour() -> None:
    assert len(set(plots.COLOURS.values())) == len(plots.COLOURS)
    assert plots.colour("a control") == plots.colour("a control")


def test_growth_of_several_seeds_draws_each_thin_and_their_mean_thick() -> None:
    history = pd.DataFrame(
        {"step": [1, 2, 1, 2], "seed": [1, 1, 2, 2], "valid_stoi": [0.0, 2.0, 2.0, 4.0]}
    )
    _, ax = plots.growth({"S1": history})
    assert [list(line.get_ydata()) for line in ax.lines] == [[0, 2], [2, 4], [1, 3]]
    assert ax.lines[-1].get_linewidth() > ax.lines[0].get_linewidth()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["S1"]
