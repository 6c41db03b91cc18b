"""The framing of the spectral baselines: what goes in comes out."""

import numpy as np
import pytest
import scipy.signal
import torch

from snrlib.models.stft import BINS, HOP, WINDOW, frames, istft, sounding, stft, window

LENGTHS = [1, 2, 159, 160, 161, 319, 320, 321, 16_000, 100_001]


@pytest.mark.parametrize("samples", LENGTHS)
def test_round_trip_is_below_minus_100_db_at_any_length(samples):
    signal = torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))
    back = istft(stft(signal), samples)
    assert back.shape == signal.shape
    error_db = 10 * torch.log10((back - signal).square().sum() / signal.square().sum())
    assert error_db < -100


@pytest.mark.parametrize("samples", LENGTHS)
def test_every_begun_hop_has_a_frame_and_there_is_one_more(samples):
    assert stft(torch.zeros(1, samples)).shape == (1, frames(samples), BINS)
    assert frames(samples) == int(np.ceil(samples / HOP)) + 1


def test_frames_are_those_of_scipy():
    signal = np.random.default_rng(0).normal(size=4_000)
    ours = stft(torch.from_numpy(signal)[None])[0].numpy()
    hann = scipy.signal.get_window("hann", WINDOW, fftbins=True)
    padded = np.concatenate([np.zeros(HOP), signal, np.zeros(HOP)])
    for frame in (0, 1, 7, len(ours) - 1):
        piece = padded[frame * HOP : frame * HOP + WINDOW]
        expected = np.fft.rfft(piece * hann / np.linalg.norm(hann))
        np.testing.assert_allclose(ours[frame], expected, atol=1e-5)


def test_white_noise_of_rms_1_has_magnitudes_of_rms_1():
    noise = torch.randn(1, 160_000, generator=torch.Generator().manual_seed(0))
    assert stft(noise).abs().square().mean().sqrt() == pytest.approx(1, abs=0.02)
    assert window().square().sum() == pytest.approx(1)


def test_an_impulse_is_heard_by_the_two_frames_around_it():
    signal = torch.zeros(1, 1_600)
    signal[0, 500] = 1  # between the centres of frames 3 (480) and 4 (640)
    heard = stft(signal).abs().amax(dim=-1)[0]
    assert torch.nonzero(heard).flatten().tolist() == [3, 4]


def test_frames_of_padding_are_told_from_frames_of_sound():
    signal = torch.randn(1, 1_600)
    signal[:, 800:] = 0  # the utterance ends where frame 5 is centred
    assert sounding(stft(signal).abs())[0, :, 0].tolist() == [True] * 6 + [False] * 5


def test_frames_are_those_of_librosa():
    librosa = pytest.importorskip("librosa")
    signal = np.random.default_rng(1).normal(size=25 * HOP).astype(np.float32)
    ours = stft(torch.from_numpy(signal)[None])[0].numpy().T
    theirs = librosa.stft(signal, n_fft=WINDOW, hop_length=HOP, window=window().numpy())
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
