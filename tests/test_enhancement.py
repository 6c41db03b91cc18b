"""Whole recordings: same length, same level, no seams, whatever comes in."""

import numpy as np
import pytest
import torch

import snrlib
from snrlib import enhancement, models
from snrlib.support.errors import AudioError, SnrlibError


@pytest.fixture(scope="module", params=[False, True], ids=["corners free", "corners aligned"])
def enhancer(request):
    """A random narrow U-Net whose batch norms have seen something."""
    torch.manual_seed(1)
    network = models.create("unet", channels=4, growth=2, align_corners=request.param)
    network.train()
    for _ in range(5):
        network(0.1 * torch.randn(4, 16_384))
    return enhancement.Enhancer(network, {"name": "random"})


@pytest.mark.parametrize("samples", [0, 1, 2, 127, 128, 129, 16_383, 16_385, 100_001])
@pytest.mark.parametrize("method", enhancement.METHODS)
def test_length_in_is_length_out(enhancer, samples, method):
    noisy = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    enhanced = enhancer.enhance(noisy, method=method)
    assert enhanced.shape == (samples,) and enhanced.dtype == np.float32
    assert np.isfinite(enhanced).all()


@pytest.mark.parametrize("gain", [1e-4, 0.3, 50])
def test_the_output_follows_the_level_of_the_input(enhancer, gain):
    noisy = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    assert np.allclose(
        enhancer.enhance(gain * noisy), gain * enhancer.enhance(noisy), rtol=1e-3, atol=1e-4 * gain
    )


def test_silence_comes_back_as_silence(enhancer):
    assert not enhancer.enhance(np.zeros(5_000)).any()


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_other_rates_come_back_at_their_own(enhancer, rate):
    noisy = np.random.default_rng(0).standard_normal(rate + 7)
    assert enhancer.enhance(noisy, sample_rate=rate).shape == (rate + 7,)


def test_pieces_give_what_the_whole_gives(monkeypatch):
    torch.manual_seed(1)
    network = models.create("unet", channels=4, growth=2)
    for _ in range(3):
        network(0.1 * torch.randn(4, 16_384))
    enhancer = enhancement.Enhancer(network, {})
    noisy = np.random.default_rng(0).standard_normal(150_001).astype(np.float32)
    whole = enhancer.enhance(noisy)
    monkeypatch.setattr(enhancement, "PIECE", 1 << 14)
    pieces = enhancer.enhance(noisy)
    assert np.abs(whole - pieces).max() < 1e-5 * np.abs(whole).max()


def test_what_is_no_recording_is_refused(enhancer):
    with pytest.raises(AudioError, match="mono"):
        enhancer.enhance(np.zeros((2, 100)))
    with pytest.raises(AudioError, match="NaN"):
        enhancer.enhance(np.array([0.0, np.nan]))
    with pytest.raises(SnrlibError, match="no method 'fft'"):
        enhancer.enhance(np.zeros(9), method="fft")


def test_a_model_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(SnrlibError, match="no model 'S9'"):
        snrlib.load_model("S9")
