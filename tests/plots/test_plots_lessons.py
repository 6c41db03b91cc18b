"""Figures of the first notebooks show the data they are given."""

import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from snrlib import datasets, metrics, plots, teachers
from snrlib.evaluation import published


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def speech() -> pd.DataFrame:
    rows = [(f"{kind}/{i}", "a", f"{kind}{i}.wav", 32_000, kind)
            for kind, count in (("train", 120), ("test", 6)) for i in range(count)]  # fmt: skip
    return pd.DataFrame(rows, columns=["id", "speaker", "path", "samples", "split"])


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_the_map_of_the_study_names_every_notebook_after_this_one() -> None:
    _, ax = plots.study_map()
    numbers = " ".join(texts(ax))
    assert all(f"{number:02d}" in numbers.split() for number in range(1, 10))
    assert all(any(name in text for text in texts(ax)) for name in ("T1", "T4", "S1", "S2"))


def test_the_snr_map_has_a_dot_for_every_snr_of_every_set() -> None:
    sets = {**teachers.TEACHER_SNRS, "student": datasets.STUDENT_SNRS, "test": datasets.TEST_SNRS}
    _, ax = plots.snr_map(sets)
    drawn = sorted(float(x) for line in ax.lines for x in line.get_xdata())
    assert drawn == sorted(float(snr) for snrs in sets.values() for snr in snrs)
    assert "dB" in ax.get_xlabel()


def test_the_utterance_map_counts_each_role_and_keeps_them_apart(speech) -> None:
    roles = datasets.utterance_split(speech, seed=1)
    _, ax = plots.utterance_map(roles)
    assert texts(ax) == [str(len(records)) for records in roles.values()]
    spans = {}
    for role, bars in zip(roles, ax.collections, strict=True):
        boxes = [path.get_extents() for path in bars.get_paths()]
        spans[role] = {x for box in boxes for x in range(round(box.x0), round(box.x1))}
        assert len(spans[role]) == len(roles[role])
    assert not spans["teacher train"] & spans["student valid"]
    assert not spans["test"] & (spans["teacher train"] | spans["student train"])


def test_the_noise_figure_shows_that_training_and_test_use_other_seconds(speech) -> None:
    noises = pd.DataFrame(
        {"id": ["hum"], "path": ["hum.wav"], "samples": [100 * 16_000], "seen": [True]}
    )
    recipes = pd.concat([datasets.recipe(n, speech, noises, 1) for n in ("student", "test")])
    _, ax = plots.noise_use(recipes)
    colours = plots.data_sets._SPLITS
    used: dict[str, list[float]] = {"train": [], "test": []}
    for bars in ax.collections:
        for split in used:
            if mpl.colors.same_color(bars.get_facecolor()[0][:3], colours[split]):
                used[split] += [path.get_extents().x0 for path in bars.get_paths()]
    assert used["train"] and used["test"]
    assert max(used["train"]) < 60 <= min(used["test"])


def test_printed_pesq_below_the_mos_scale_lies_where_only_raw_scores_can_be() -> None:
    printed = published.table1().query("system == 'noisy'")["pesq_raw"]
    _, ax = plots.pesq_scale({"printed": printed})
    ticks = next(line for line in ax.lines if line.get_label() == "printed, read as raw")
    assert ticks.get_xdata().min() == printed.min() < 0.999
    assert min(ticks.get_ydata()) == pytest.approx(metrics.mos_lqo(printed.min()))
    assert "MOS-LQO" in ax.get_ylabel() and "raw" in ax.get_xlabel()


def test_reactions_have_one_panel_per_scale_and_degradation_and_cap_a_perfect_copy() -> None:
    table = pd.DataFrame(
        {
            "degradation": ["gain", "gain", "delay"],
            "unit": ["dB", "dB", "ms"],
            "amount": [-20, 0, 10],
            "pesq_raw": [4.5, 4.5, 4.4],
            "pesq_wb": [4.6, 4.6, 4.6],
            "stoi": [1, 1, 0.7],
            "estoi": [1, 1, 0.5],
            "si_sdr": [float("inf"), 140, -20],
        }
    )
    figure = plots.reactions(table)
    assert len(figure.axes) == 6
    last = next(ax for ax in figure.axes if ax.get_ylabel() == "SI-SDR in dB")
    assert max(last.lines[0].get_ydata()) == plots.measures.SI_SDR_TOP_DB
