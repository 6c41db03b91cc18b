"""Scores mean what their names say, and what cannot be scored says why."""

import builtins
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snrlib import metrics
from snrlib.support.errors import MetricError

RATE = 16_000


def speech_like(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """Voiced syllables: harmonics of a gliding pitch under a 4 Hz envelope."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(k * phase + rng.uniform(0, 6)) / k for k in range(1, 25))
    envelope = np.clip(np.sin(2 * np.pi * 2 * time) ** 2 - 0.1, 0, None)
    return (0.1 * voice * envelope).astype(np.float32)


def noisy(clean: np.ndarray, snr_db: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(clean))
    gain = np.sqrt((clean @ clean) / (noise @ noise)) * 10 ** (-snr_db / 20)
    return (clean + gain * noise).astype(np.float32)


CLEAN = speech_like()
NOISY = noisy(CLEAN, 5)
SCORES = [metrics.pesq_raw, metrics.pesq_nb, metrics.pesq_wb]
SCORES += [metrics.stoi, metrics.estoi, metrics.si_sdr]


@given(st.floats(-0.5, 4.5))
def test_raw_pesq_undoes_p862_1(raw: float) -> None:
    assert metrics.raw_pesq(metrics.mos_lqo(raw)) == pytest.approx(raw, abs=1e-9)


def test_p862_1_takes_the_published_end_points() -> None:
    # ITU-T P.862.1: raw scores -0.5..4.5 become MOS-LQO 1.02..4.55.
    assert metrics.mos_lqo(-0.5) == pytest.approx(1.017, abs=5e-4)
    assert metrics.mos_lqo(4.5) == pytest.approx(4.549, abs=5e-4)


def test_the_three_pesqs_are_three_scales_of_the_pesq_package() -> None:
    pesq = pytest.importorskip("pesq")
    narrow = pesq.pesq(RATE, CLEAN, NOISY, "nb")
    assert metrics.pesq_nb(CLEAN, NOISY) == pytest.approx(narrow)
    assert metrics.mos_lqo(metrics.pesq_raw(CLEAN, NOISY)) == pytest.approx(narrow, abs=1e-6)
    assert metrics.pesq_wb(CLEAN, NOISY) == pytest.approx(pesq.pesq(RATE, CLEAN, NOISY, "wb"))


def test_clean_speech_has_the_best_scores() -> None:
    pytest.importorskip("pesq")
    assert metrics.pesq_raw(CLEAN, CLEAN) == pytest.approx(4.5, abs=1e-3)
    assert metrics.stoi(CLEAN, CLEAN) == pytest.approx(1, abs=1e-6)
    assert metrics.estoi(CLEAN, CLEAN) == pytest.approx(1, abs=1e-6)
    assert metrics.si_sdr(CLEAN, CLEAN) == math.inf


def test_stoi_and_estoi_are_pystois() -> None:
    from pystoi import stoi

    clean, estimate = CLEAN.astype(float), NOISY.astype(float)
    assert metrics.stoi(CLEAN, NOISY) == pytest.approx(stoi(clean, estimate, RATE))
    extended = stoi(clean, estimate, RATE, extended=True)
    assert metrics.estoi(CLEAN, NOISY) == pytest.approx(extended)


def test_scores_neither_use_nor_disturb_the_callers_random_numbers() -> None:
    np.random.seed(3)
    expected = np.random.standard_normal()
    np.random.seed(3)
    first = metrics.estoi(CLEAN, NOISY)
    assert np.random.standard_normal() == expected
    assert metrics.estoi(CLEAN, NOISY) == first


@settings(max_examples=30, deadline=None)
@given(st.floats(-30, 40), st.floats(1e-3, 1e3))
def test_si_sdr_of_orthogonal_noise_is_the_snr_at_any_scale(snr_db: float, scale: float) -> None:
    time = np.arange(RATE) / RATE
    tone, noise = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 700 * time)
    estimate = scale * (tone + 10 ** (-snr_db / 20) * noise)
    assert metrics.si_sdr(tone, estimate) == pytest.approx(snr_db, abs=1e-6)


def test_si_sdr_counts_an_offset_as_distortion() -> None:
    time = np.arange(RATE) / RATE
    tone = np.sqrt(2) * np.sin(2 * np.pi * 200 * time)  # power 1
    assert metrics.si_sdr(tone, tone + 0.1) == pytest.approx(20, abs=1e-6)
    assert metrics.si_sdr(tone, np.ones(RATE)) < -200


@pytest.mark.parametrize("score", SCORES)
def test_what_cannot_be_scored_is_refused_with_a_sentence(score) -> None:
    silence, broken = np.zeros_like(CLEAN), NOISY.copy()
    broken[100] = np.nan
    with pytest.raises(MetricError, match="clean speech is silent"):
        score(silence, NOISY)
    with pytest.raises(MetricError, match="estimate is silent"):
        score(CLEAN, silence)
    with pytest.raises(MetricError, match="NaN"):
        score(CLEAN, broken)
    with pytest.raises(MetricError, match=r"31,900|one length"):
        score(CLEAN, NOISY[:-100])
    with pytest.raises(MetricError, match="shape"):
        score(CLEAN[None], NOISY[None])


@pytest.mark.parametrize("score", SCORES[:-1])
def test_a_tenth_of_a_second_is_too_short(score) -> None:
    with pytest.raises(MetricError, match=r"0\.100 s"):
        score(CLEAN[:1600], NOISY[:1600])


def test_an_impulse_holds_too_little_speech_for_stoi() -> None:
    impulse = np.zeros_like(CLEAN)
    impulse[RATE] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(MetricError, match="silent frames"):
            metrics.stoi(impulse, NOISY)


def test_pesq_refuses_what_would_crash_its_reference_program() -> None:
    pytest.importorskip("pesq")
    words = np.tile(np.concatenate([CLEAN[:8000], np.zeros(8000, np.float32)]), 60)
    with pytest.raises(MetricError, match="cut it"):
        metrics.pesq_nb(words, words)
    with pytest.raises(MetricError, match="resample"):
        metrics.pesq_wb(CLEAN, NOISY, sample_rate=8_000)


def test_without_pesq_the_other_scores_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def import_without_pesq(name, *rest, **more):
        if name == "pesq":
            raise ImportError("No module named 'pesq'")
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", import_without_pesq)
    scores, failure = metrics.all_metrics(CLEAN, NOISY)
    assert all(math.isnan(scores[name]) for name in ("pesq_raw", "pesq_nb", "pesq_wb"))
    assert all(math.isfinite(scores[name]) for name in ("stoi", "estoi", "si_sdr"))
    assert failure.startswith("pesq_raw, pesq_nb, pesq_wb: PESQ needs the package")


def test_all_metrics_agrees_with_each_score_and_runs_narrow_band_pesq_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pesq = pytest.importorskip("pesq")
    expected = {score.__name__: score(CLEAN, NOISY) for score in SCORES}
    bands = []
    real = pesq.pesq
    monkeypatch.setattr(pesq, "pesq", lambda *a: bands.append(a[3]) or real(*a))
    scores, failure = metrics.all_metrics(CLEAN, NOISY)
    assert scores == pytest.approx(expected)
    assert tuple(scores) == metrics.METRICS
    assert failure == ""
    assert sorted(bands) == ["nb", "wb"]


def test_all_metrics_of_a_perfect_estimate_has_no_infinite_mean() -> None:
    scores, failure = metrics.all_metrics(CLEAN, CLEAN, metrics=("stoi", "si_sdr"))
    assert math.isnan(scores["si_sdr"])
    assert failure == "si_sdr: the score is inf"


def test_an_unknown_score_is_named() -> None:
    with pytest.raises(MetricError, match="'sisnr'"):
        metrics.all_metrics(CLEAN, NOISY, metrics=("sisnr",))
