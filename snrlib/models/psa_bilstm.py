"""PSA-BiLSTM (Erdogan et al. 2015): a mask that knows what the noisy phase will cost.

A bidirectional LSTM reads the noisy magnitudes of the whole recording, forwards and backwards,
and gives every time-frequency point a factor between 0 and 1. The phase stays the noisy one, so
where it is wrong by an angle, even the true magnitude would be too much: the loss asks for the
part of the speech that lies along the noisy phase (:func:`phase_sensitive_target`). The paper
at hand calls the method PSM-BiLSTM.

Notebook: 07_baselines.
"""

import torch
from torch import Tensor, nn

from snrlib.models.level import gain_to
from snrlib.models.pieces import in_pieces
from snrlib.models.stft import BINS, istft, masked_mean, sounding, stft
from snrlib.support.errors import SnrlibError

FLOOR = 1e-3  # 60 dB below the mixture's level: what lies lower is silence to the network


class PSABiLSTM(nn.Module):
    """Phase-sensitive bidirectional LSTM, by default 5,349,281 parameters.

    Rulings: two layers of 384 units per direction (the paper at hand does not say); the input
    is the log magnitude, each bin normalised to the mean and variance of the training data (a
    batch norm without weights); the target is clipped to what a mask in [0, 1] can reach; mean
    instead of sum over time and frequency; Adam with 1e-3 and batches of 16.

    Args:
        units: LSTM units per direction.
        layers: LSTM layers.

    Raises:
        SnrlibError: sizes that make no network.
    """

    crop_multiple = 1
    level_rms = 1.0  # of the mixture
    learning_rate = 1e-3
    batch_size = 16

    def __init__(self, units: int = 384, layers: int = 2) -> None:
        super().__init__()
        if min(units, layers) < 1:
            raise SnrlibError(
                "A BiLSTM needs at least one unit and one layer, "
                f"not units={units}, layers={layers}."
            )
        self.normalise = nn.BatchNorm1d(BINS, affine=False)
        self.lstm = nn.LSTM(BINS, units, layers, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * units, BINS)

    def forward(self, noisy: Tensor) -> Tensor:
        """The enhanced waveforms `(batch, samples)` of noisy ones, of any length and level."""
        gain = gain_to(noisy, self.level_rms)
        return in_pieces(self.enhance, noisy * gain) / gain

    def enhance(self, noisy: Tensor) -> Tensor:
        """The enhanced waveforms of noisy ones at the network's level, in one piece."""
        spectrum = stft(noisy)
        return istft(self.mask(spectrum.abs()) * spectrum, noisy.shape[-1])

    def mask(self, magnitude: Tensor) -> Tensor:
        """Masks in [0, 1] of noisy magnitudes, both `(batch, frames, 161)`; not causal."""
        features = self.normalise(torch.log(magnitude + FLOOR).transpose(1, 2)).transpose(1, 2)
        memory, _ = self.lstm(features)
        return torch.sigmoid(self.output(memory)).to(magnitude.dtype)

    def loss(self, noisy: Tensor, clean: Tensor) -> Tensor:
        """Phase-sensitive spectrum approximation of crops `(batch, samples)`; a scalar.

        The mean of `(mask |noisy| - target)^2`; frames that only pad a short utterance do not
        count. Source: Erdogan et al. 2015, section 3.
        """
        gain = gain_to(noisy, self.level_rms)
        noisy_spectrum, clean_spectrum = stft(noisy * gain), stft(clean * gain)
        magnitude = noisy_spectrum.abs()
        target = phase_sensitive_target(noisy_spectrum, clean_spectrum)
        error = (self.mask(magnitude) * magnitude - target).square()
        return masked_mean(error, sounding(magnitude))


def phase_sensitive_target(noisy: Tensor, clean: Tensor, clip: bool = True) -> Tensor:
    """The clean spectrum's component along the noisy phase, `|s| cos(angle(s) - angle(y))`.

    Computed as `Re(s y*) / |y|`, which needs no angles. Any real mask m leaves the error
    `|m y - s|^2 = (m |y| - target)^2 + what lies across the noisy phase`: minimising the first
    part minimises the error of the complex spectrum itself.

    Args:
        noisy: complex spectra y, any shape.
        clean: complex spectra s, the same shape.
        clip: limit the target to [0, |y|], which masks in [0, 1] can reach.

    Source: Erdogan et al. 2015, section 3.
    Notebook: 07_baselines.
    """
    magnitude = noisy.abs()
    along = (clean * noisy.conj()).real / magnitude.clamp(min=torch.finfo(magnitude.dtype).tiny)
    return torch.minimum(along.clamp(min=0), magnitude) if clip else along
