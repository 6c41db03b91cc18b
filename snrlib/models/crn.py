"""CRN (Tan and Wang 2018): a causal convolutional recurrent network on magnitude spectra.

Five convolutions shrink each frame's 161 bins to 4 while widening it to 256 channels, two LSTM
layers carry what was heard so far, five transposed convolutions with skip connections grow the
frame back. A frame depends on itself and on the past only, so the network could run live. It
estimates magnitudes; the phase stays the noisy one.

Notebook: 07_baselines.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from snrlib.models.level import gain_to
from snrlib.models.pieces import in_pieces
from snrlib.models.stft import istft, masked_mean, sounding, stft
from snrlib.support.errors import SnrlibError

KERNEL, STRIDE = (2, 3), (1, 2)  # (time, frequency)
QUIET_START = -2.0  # softplus(-2) = 0.13, on magnitudes of RMS 1
DEEPEST_BINS = 4  # 161 -> 80 -> 39 -> 19 -> 9 -> 4


class CRN(nn.Module):
    """Convolutional recurrent network, by default at the paper's size (17,579,459 parameters).

    Rulings: the level is that of the whole recording (the paper scales each mixture to RMS 1),
    so a live system would need a running level in its place. The last batch norm starts at -2,
    where the softplus is nearly silent: magnitudes of speech are small in most places, and a
    network that starts out loud (at 0) spends its first hundreds of steps unlearning that.

    Args:
        channels: of the five encoder layers (paper: 16, 32, 64, 128, 256). The LSTM has four
            times as many units as the last one has channels.

    Raises:
        SnrlibError: not five positive numbers of channels.
    """

    crop_multiple = 1
    level_rms = 1.0  # of the mixture, as in the paper; the clean speech by the same factor
    learning_rate = 2e-4  # Adam; authors' code
    batch_size = 16  # authors' code

    def __init__(self, channels: Sequence[int] = (16, 32, 64, 128, 256)) -> None:
        super().__init__()
        if len(channels) != 5 or min(channels) < 1:
            raise SnrlibError(
                "The CRN's 161 bins need exactly five layers: give five positive numbers of "
                f"channels, not {tuple(channels)}."
            )
        steps = list(pairwise([1, *channels]))
        self.encoder = nn.ModuleList(
            nn.Conv2d(before, width, KERNEL, STRIDE) for before, width in steps
        )
        self.encoder_norm = nn.ModuleList(nn.BatchNorm2d(width) for _, width in steps)
        units = channels[-1] * DEEPEST_BINS
        self.lstm = nn.LSTM(units, units, num_layers=2, batch_first=True)
        # Back up: each layer gets the features from below beside the encoder's of the same size.
        # 4 -> 9 -> 19 -> 39 -> 80 -> 161 bins; only the way to 80 needs an extra bin.
        extra_bins = (0, 0, 0, 1, 0)
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(2 * width, below, KERNEL, STRIDE, output_padding=(0, extra))
            for (below, width), extra in zip(reversed(steps), extra_bins, strict=True)
        )
        self.decoder_norm = nn.ModuleList(nn.BatchNorm2d(below) for below, _ in reversed(steps))
        nn.init.constant_(self.decoder_norm[-1].bias, QUIET_START)  # type: ignore[arg-type]

    def forward(self, noisy: Tensor) -> Tensor:
        """The enhanced waveforms `(batch, samples)` of noisy ones, of any length and level."""
        gain = gain_to(noisy, self.level_rms)
        return in_pieces(self.enhance, noisy * gain) / gain

    def enhance(self, noisy: Tensor) -> Tensor:
        """The enhanced waveforms of noisy ones at the network's level, in one piece."""
        spectrum = stft(noisy)
        estimate = self.magnitude(spectrum.abs())
        return istft(torch.polar(estimate, spectrum.angle()), noisy.shape[-1])

    def magnitude(self, noisy: Tensor) -> Tensor:
        """Estimated clean magnitudes of noisy ones, both `(batch, frames, 161)`; causal."""
        features = noisy.unsqueeze(1)
        skips = []
        for convolution, norm in zip(self.encoder, self.encoder_norm, strict=True):
            past = functional.pad(features, (0, 0, 1, 0))  # one frame before, none after
            features = functional.elu(norm(convolution(past)))
            skips.append(features)
        batch, channels, frames, bins = features.shape
        memory, _ = self.lstm(features.transpose(1, 2).reshape(batch, frames, channels * bins))
        features = memory.reshape(batch, frames, channels, bins).transpose(1, 2)
        features = torch.cat([features, skips.pop()], dim=1)
        for deconvolution, norm in zip(self.decoder, self.decoder_norm, strict=True):
            # The last output frame hears the last input frame alone, as "the frame before":
            # without it, frame t is made of the frames t and t - 1.
            features = norm(deconvolution(features)[:, :, :-1])
            if skips:
                features = functional.elu(torch.cat([features, skips.pop()], dim=1))
        return functional.softplus(features).squeeze(1).to(noisy.dtype)

    def loss(self, noisy: Tensor, clean: Tensor) -> Tensor:
        """Mean squared error of the magnitudes of crops `(batch, samples)`; a scalar.

        Frames that only pad a short utterance do not count.
        Source: Tan and Wang 2018, section 3.
        """
        gain = gain_to(noisy, self.level_rms)
        noisy_magnitude, target = stft(noisy * gain).abs(), stft(clean * gain).abs()
        error = (self.magnitude(noisy_magnitude) - target).square()
        return masked_mean(error, sounding(noisy_magnitude))
