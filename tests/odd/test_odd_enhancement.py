"""What comes out of an enhancer does not hang on an offset, and absurd input is refused."""

import numpy as np
import pytest
import soundfile

import snrlib
from snrlib import AudioError, audio, enhancement


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.default_rng(0)
    t = np.arange(32_000) / 16_000
    return (0.05 * np.sin(2 * np.pi * 300 * t) + 0.02 * rng.standard_normal(32_000)).astype("f4")


@pytest.mark.parametrize("offset", [0.03, -0.5, 3.0])
def test_an_offset_changes_nothing_but_itself(noisy, tmp_path, offset):
    model = snrlib.load_model("S2", precision="float32")
    plain = model.enhance(noisy - noisy.mean())
    np.testing.assert_allclose(model.enhance(noisy + np.float32(offset)), plain, atol=2e-5)
    soundfile.write(tmp_path / "in.wav", noisy + offset, 16_000, "FLOAT")
    enhancement.enhance_file(model, tmp_path / "in.wav", tmp_path / "out.wav")
    np.testing.assert_allclose(audio.read(tmp_path / "out.wav"), plain, atol=2e-5)


def test_nothing_but_an_offset_is_silence(tmp_path):
    model = snrlib.load_model("S2", precision="float32")
    assert not model.enhance(np.full(16_000, 0.25, np.float32)).any()


@pytest.mark.parametrize("rate", [1, 100, 2_000_000_000])
def test_a_rate_that_no_recording_has_is_refused(noisy, rate):
    with pytest.raises(AudioError, match="samples a second"):
        snrlib.load_model("S2").enhance(noisy, sample_rate=rate)


def test_an_amplitude_that_no_recording_has_is_refused(noisy):
    with pytest.raises(AudioError, match="beyond any recording"):
        snrlib.load_model("S2").enhance(1e30 * noisy)
