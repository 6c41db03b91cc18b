"""Files of any length: block by block gives what the whole gives."""

import numpy as np
import pytest
import torch

from snrlib import audio, enhancement, models
from snrlib.support.errors import AudioError


@pytest.fixture(scope="module")
def enhancer():
    torch.manual_seed(1)
    network = models.create("unet", channels=2, growth=1, depth=8)
    for _ in range(3):
        network(0.1 * torch.randn(4, 4_096))
    return enhancement.Enhancer(network, {}, precision="float32")


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(enhancement, "PIECE", 1 << 14)


def noise(samples, channels=1):
    shape = (samples, channels) if channels > 1 else samples
    return 0.1 * np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("rate, channels", [(16_000, 1), (16_000, 2), (44_100, 1), (8_000, 2)])
def test_blocks_are_the_file(tmp_path, rate, channels):
    import soundfile

    path = tmp_path / "talk.wav"
    soundfile.write(path, noise(100_003, channels), rate, subtype="FLOAT")
    blocks = list(audio.blocks(path, samples=7_000))
    assert len(blocks) > 10
    whole = audio.read(path)
    assert sum(map(len, blocks)) == len(whole)
    assert np.abs(np.concatenate(blocks) - whole).max() < 1e-5


@pytest.mark.parametrize("samples", [1, 1 << 14, 40_000, 100_001])
def test_a_streamed_file_is_the_enhanced_recording(tmp_path, enhancer, small_pieces, samples):
    noisy = noise(samples)
    audio.write(tmp_path / "in.wav", noisy)
    enhancement.enhance_file(enhancer, tmp_path / "in.wav", tmp_path / "out.wav")
    streamed = audio.read(tmp_path / "out.wav")
    assert streamed.shape == noisy.shape
    factor = float(0.1 / np.sqrt(np.mean(noisy.astype(np.float64) ** 2)))
    padded = torch.from_numpy(np.pad(noisy * np.float32(factor), (0, -samples % 128)))
    with torch.inference_mode():
        expected = enhancer.model(padded[None])[0, :samples].numpy() / factor
    assert np.abs(streamed - expected).max() < 1e-5


def test_pieces_never_grow_with_the_file(enhancer, small_pieces, monkeypatch):
    lengths = []
    forward = enhancement.Enhancer._forward
    monkeypatch.setattr(
        enhancement.Enhancer,
        "_forward",
        lambda self, x: (lengths.append(len(x)), forward(self, x))[1],
    )
    blocks = (noise(9_000) for _ in range(30))
    assert sum(len(part) for part in enhancer.stream(blocks, 0.1)) == 270_000
    assert max(lengths) <= (1 << 14) + 2 * enhancer.model.context


def test_several_models_read_the_same_file(tmp_path, enhancer):
    audio.write(tmp_path / "in.wav", noise(5_000))
    targets = [tmp_path / "a.wav", tmp_path / "b.flac"]
    counted = []
    enhancement.enhance_file([enhancer, enhancer], tmp_path / "in.wav", targets, counted.append)
    assert sum(counted) == 2 * 5_000
    a, b = (audio.read(path) for path in targets)
    assert np.abs(a - b).max() < 1e-6


def test_silence_stays_silence(tmp_path, enhancer):
    audio.write(tmp_path / "in.wav", np.zeros(3_000))
    enhancement.enhance_file(enhancer, tmp_path / "in.wav", tmp_path / "out.wav")
    assert not audio.read(tmp_path / "out.wav").any()


def test_a_bad_sample_far_inside_leaves_no_output(tmp_path, enhancer):
    broken = noise(600_000)
    broken[-5] = np.nan
    import soundfile

    soundfile.write(tmp_path / "in.wav", broken, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN"):
        enhancement.enhance_file(enhancer, tmp_path / "in.wav", tmp_path / "out.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]
