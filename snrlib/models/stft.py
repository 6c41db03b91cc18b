"""Waveform to short-time spectrum and back, as the two spectral baselines see speech.

Frames of 20 ms every 10 ms (window 320, hop 160, 161 bins at 16 kHz). Every sample lies under
exactly two frames, at the edges too, because the signal is padded with one hop of zeros in
front and completed with zeros behind; so any length goes in and the same length comes out.

Notebook: 07_baselines.
"""

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 320
HOP = WINDOW // 2
BINS = WINDOW // 2 + 1


def window() -> Tensor:
    """The analysis window `(320,)`: periodic Hann of unit energy.

    Unit energy is a ruling (the papers give only lengths): noise of RMS 1 then has magnitudes
    of RMS 1, so that networks work on numbers near 1 instead of near 11.
    """
    hann = torch.hann_window(WINDOW)
    return hann / hann.square().sum().sqrt()


def frames(samples: int) -> int:
    """How many frames `samples` samples give: one per hop begun, and one more."""
    return -(-samples // HOP) + 1


def stft(signal: Tensor) -> Tensor:
    """Complex spectra `(batch, frames, 161)` of waveforms `(batch, samples)`, in float32.

    Frame t is centred on sample 160 t and sees 160 samples to each side.
    """
    behind = frames(signal.shape[-1]) * HOP - signal.shape[-1]
    padded = functional.pad(signal.float(), (HOP, behind))
    return torch.fft.rfft(padded.unfold(-1, WINDOW, HOP) * window().to(signal.device))


def istft(spectrum: Tensor, samples: int) -> Tensor:
    """Waveforms `(batch, samples)` of complex spectra `(batch, frames, 161)`.

    Windowed overlap-add: of all waveforms, the one whose spectra are nearest to `spectrum` in
    the least-squares sense; it undoes :func:`stft` exactly.

    Source: Griffin and Lim, "Signal estimation from modified short-time Fourier transform",
    1984, equation 6.
    """
    analysis = window().to(spectrum.device)
    energy = analysis[:HOP].square() + analysis[HOP:].square()  # of the two windows on a sample
    synthesis = analysis / torch.cat([energy, energy])
    pieces = torch.fft.irfft(spectrum, n=WINDOW) * synthesis
    # Hop k of the signal: the second half of frame k plus the first half of frame k + 1.
    hops = pieces[:, :-1, HOP:] + pieces[:, 1:, :HOP]
    return hops.flatten(1)[:, :samples]


def sounding(magnitude: Tensor) -> Tensor:
    """Which frames hold anything but zeros, `(batch, frames, 1)`, of `(batch, frames, 161)`.

    Utterances shorter than a crop are completed with zeros; frames of nothing but zeros are
    that padding, and losses leave them out.
    """
    return (magnitude > 0).any(dim=-1, keepdim=True)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of `values` `(batch, frames, bins)` over the frames in `mask`; 0 if none is."""
    counted = (mask.sum() * values.shape[-1]).clamp(min=1)
    return torch.where(mask, values, 0.0).sum() / counted
