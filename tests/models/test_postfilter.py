"""The post-filter cannot invent sound, does no harm at either end, and streams without seams."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from snrlib import audio, metrics, mixing
from snrlib.enhancement import Enhancer, enhance_file, load_model
from snrlib.models.postfilter import PostFilter, measured_own_snr_db, own_snr_db

FILTER = PostFilter(low=0.3, high=0.1, centre_db=-10, width_db=3)


def tone(hertz: float, samples: int = 24_000) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(samples) / 16_000).astype(np.float32)


def mixture(snr_db: float) -> mixing.Mixture:
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(24_000).astype(np.float32)
    return mixing.mix(tone(500), noise, snr_db)


@pytest.mark.parametrize("snr_db", [-20, -7, 0, 12])
def test_a_perfect_output_tells_the_true_snr(snr_db: float) -> None:
    mixed = mixture(snr_db)
    assert own_snr_db(mixed.noisy, mixed.speech) == pytest.approx(snr_db, abs=1e-3)


def test_the_share_of_the_noisy_recording_falls_from_low_to_high() -> None:
    assert FILTER.share(-100) == pytest.approx(0.3) and FILTER.share(100) == pytest.approx(0.1)
    assert FILTER.share(-10) == pytest.approx(0.2)
    shares = [FILTER.share(own) for own in (-1e6, -30, -10, 0, 30, 1e6)]
    assert shares == sorted(shares, reverse=True)


def test_what_the_recording_does_not_hold_is_not_invented() -> None:
    noisy, invented = tone(500), tone(3000)
    filtered = PostFilter(0, 0, -10, 3)(noisy, invented)
    assert metrics.si_sdr(invented, filtered) < -30
    assert np.abs(filtered).mean() < 0.05 * np.abs(noisy).mean()


def test_an_untouched_recording_and_a_silenced_one() -> None:
    noisy = mixture(5).noisy
    assert np.allclose(FILTER(noisy, noisy), noisy, atol=1e-5), "a gain of 1 everywhere"
    assert np.allclose(FILTER(noisy, 0 * noisy), 0.3 * noisy, atol=1e-5), "its lowest share"


def test_pieces_give_the_output_of_the_whole() -> None:
    rng = np.random.default_rng(1)
    noisy, enhanced = rng.standard_normal((2, 200_001)).astype(np.float32)
    whole = PostFilter._filtered(np.stack([noisy, enhanced]), 0.2)
    cut = np.split(noisy, [7, 70_000, 199_999]), np.split(enhanced, [100_000, 150_000])
    pieces = np.concatenate(list(FILTER.stream(*cut, share=0.2)))
    assert np.abs(pieces - whole).max() < 1e-6
    assert measured_own_snr_db(*cut) == pytest.approx(own_snr_db(noisy, enhanced), abs=1e-6)


class Half(nn.Module):
    """A network that halves what it is given."""

    def forward(self, noisy: torch.Tensor) -> torch.Tensor:
        return 0.5 * noisy


@pytest.mark.parametrize("samples", [1, 159, 161, 90_000])
def test_an_enhancer_applies_it_at_any_length_and_level(samples: int) -> None:
    noisy = np.random.default_rng(2).standard_normal(samples).astype(np.float32)
    enhancer = Enhancer(Half(), {}, post_filter=FILTER)
    enhanced = enhancer.enhance(noisy)
    share = FILTER.share(0.0)
    assert np.allclose(enhanced, (share + (1 - share) * 0.5) * noisy, atol=1e-5)
    assert np.allclose(enhancer.enhance(1e-3 * noisy), 1e-3 * enhanced, atol=1e-8)
    assert not enhancer.enhance(0 * noisy).any(), "silence stays silence"


@pytest.mark.parametrize("held", [0, 1 << 24])
def test_a_file_is_filtered_like_the_recording_in_memory(
    tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snrlib.enhancement.HELD", held)  # output kept, or computed twice
    audio.write(tmp_path / "noisy.wav", 0.1 * np.tile(mixture(3).noisy, 8), subtype="FLOAT")
    enhancer = Enhancer(Half(), {}, post_filter=FILTER)
    enhance_file(enhancer, tmp_path / "noisy.wav", tmp_path / "enhanced.wav")
    expected = enhancer.enhance(audio.read(tmp_path / "noisy.wav"))
    assert np.abs(audio.read(tmp_path / "enhanced.wav") - expected).max() < 1e-4


def test_a_card_names_the_filter_of_its_model() -> None:
    assert PostFilter.of({"post_filter": FILTER.facts()}) == FILTER
    assert PostFilter.of({}) is None
    assert load_model("S2", post_filter=False).post_filter is None
