"""Wavenet for speech denoising (Rethage, Pons, Serra 2018): samples in, samples out.

Thirty dilated convolutions with gates, none of them causal, see 0.4 s around every sample and
say what that sample is without noise. There is no spectrum and no decimation: the network keeps
16,000 feature vectors per second, which is why it costs so much more than the others. Its loss
asks for the speech and for the noise; because the two estimates add up to the input, both terms
are the same number (:func:`energy_conserving`).

Notebook: 07_baselines.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from snrlib.models.level import gain_to
from snrlib.support.errors import SnrlibError

CODE_BITS = 5  # the noise or speaker class as a binary number, 29 classes, 0 = unknown


class GatedBlock(nn.Module):
    """One dilated, gated convolution: `(batch, channels, n)` -> (residual, skip).

    No padding: both outputs are `2 * dilation` samples shorter than the input.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.dilated = nn.Conv1d(channels, 2 * channels, 3, dilation=dilation, bias=False)
        self.condition_filter = nn.Linear(CODE_BITS, channels, bias=False)
        self.condition_gate = nn.Linear(CODE_BITS, channels, bias=False)
        self.out = nn.Conv1d(channels, 2 * channels, 1, bias=False)

    def forward(self, features: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        content, gate = self.dilated(features).chunk(2, dim=1)
        content = torch.tanh(content + self.condition_filter(code).unsqueeze(-1))
        gate = torch.sigmoid(gate + self.condition_gate(code).unsqueeze(-1))
        residual, skip = self.out(content * gate).chunk(2, dim=1)
        return features[..., self.dilation : -self.dilation] + residual, skip


class WavenetDenoiser(nn.Module):
    """The denoising Wavenet, by default at the paper's size (6,342,657 parameters).

    The layers are the paper's; the convolutions are computed without padding, on a signal that
    goes on in silence beyond its ends, so that every sample has its whole receptive field and
    the estimate does not depend on how a recording is cut into chunks. (The official model pads
    inside the layers, targets 1,601 samples at a time, and drops a recording's edges.)

    Rulings: the kit has no speaker classes, so the condition is 0 ("unknown") in training as at
    inference, unless `code` is given. The paper scales its data so that the *clean* speech has
    RMS 0.06, which nobody can do at inference; here the *mixture* has RMS 0.085, which is clean
    speech of RMS 0.06 at 0 dB, the middle of the student's SNRs.

    Args:
        channels: residual and skip channels (paper: 128).
        stacks: how often the dilations 1, 2, 4, ... are gone through (paper: 3).
        dilations: how many of them there are (paper: 10, up to 512).
        head: channels of the two three-tap convolutions after the skips (paper: 2048, 256).
        chunk: samples estimated in one pass (paper: 1,601). It changes cost and memory, not the
            estimate: every pass computes `receptive_field - 1` samples of context anew.
        target: samples in the middle of each training crop that the loss is over (paper:
            1,601); None is all that have their whole context in the crop. It changes the cost
            of a training step and what the step learns from, nothing else.

    Raises:
        SnrlibError: sizes that make no network.
    """

    crop_multiple = 1
    level_rms = 0.06 * 2**0.5  # of the mixture; see the ruling above
    learning_rate = 1e-3  # Adam, as in the paper
    batch_size = 10  # paper
    noise_only = 0.1  # share of training rows that hold noise alone, with a silent target (paper)

    def __init__(
        self,
        channels: int = 128,
        stacks: int = 3,
        dilations: int = 10,
        head: tuple[int, int] = (2048, 256),
        chunk: int = 16_384,
        target: int | None = None,
    ) -> None:
        super().__init__()
        if min(channels, stacks, dilations, chunk, target or 1, *head) < 1 or len(head) != 2:
            raise SnrlibError(
                "A Wavenet needs at least one channel, stack, dilation and sample per chunk, and "
                f"two widths for its head, not channels={channels}, stacks={stacks}, "
                f"dilations={dilations}, head={tuple(head)}, chunk={chunk}."
            )
        self.chunk, self.target = chunk, target
        self.first = nn.Conv1d(1, channels, 3, bias=False)
        self.condition_first = nn.Linear(CODE_BITS, channels, bias=False)
        self.blocks = nn.ModuleList(
            GatedBlock(channels, 2**power) for _ in range(stacks) for power in range(dilations)
        )
        self.head = nn.ModuleList(
            [
                nn.Conv1d(channels, head[0], 3, bias=False),
                nn.Conv1d(head[0], head[1], 3, bias=False),
            ]
        )
        self.condition_head = nn.ModuleList(
            nn.Linear(CODE_BITS, width, bias=False) for width in head
        )
        self.output = nn.Conv1d(head[1], 1, 1)
        # From silence: PyTorch's own start is a constant offset as large as the speech itself.
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]
        # One sample each for the first layer and the two of the head, `dilation` for each block.
        self.half_field = 3 + stacks * (2**dilations - 1)

    @property
    def receptive_field(self) -> int:
        """How many input samples one output sample depends on (paper's size: 6,145)."""
        return 2 * self.half_field + 1

    def forward(self, noisy: Tensor, code: Tensor | None = None) -> Tensor:
        """The enhanced waveforms `(batch, samples)` of noisy ones, of any length and level.

        Args:
            noisy: `(batch, samples)`.
            code: the condition's bits `(batch, 5)`; zeros where it is unknown.
        """
        gain = gain_to(noisy, self.level_rms)
        padded = functional.pad(noisy * gain, (self.half_field, self.half_field))
        pieces = [
            self.inner(padded[:, start : start + self.chunk + 2 * self.half_field], code)
            for start in range(0, noisy.shape[-1], self.chunk)
        ]
        return torch.cat(pieces, dim=-1) / gain

    def inner(self, noisy: Tensor, code: Tensor | None = None) -> Tensor:
        """The estimate of the samples that have their whole context inside `noisy`.

        `(batch, n)` at the network's level -> `(batch, n - 2 * half_field)`.
        """
        if code is None:
            code = noisy.new_zeros(len(noisy), CODE_BITS)
        target = noisy.shape[-1] - 2 * self.half_field + 4  # the head's two layers take 4 samples
        features = self.first(noisy.unsqueeze(1)) + self.condition_first(code).unsqueeze(-1)
        total: Tensor | None = None
        for block in self.blocks:
            features, skip = block(features, code)
            edge = (skip.shape[-1] - target) // 2
            skip = skip[..., edge : edge + target]
            total = skip if total is None else total + skip
        assert total is not None  # there is at least one block
        for layer, condition in zip(self.head, self.condition_head, strict=True):
            total = layer(torch.relu(total)) + condition(code).unsqueeze(-1)
        return self.output(torch.relu(total)).squeeze(1).to(noisy.dtype)

    def loss(self, noisy: Tensor, clean: Tensor) -> Tensor:
        """The energy-conserving loss of a batch of crops `(batch, samples)`; a scalar.

        The crop's first and last `half_field` samples are context only; the loss is over the
        samples between, or over `target` of them. In training, every tenth row becomes noise
        alone with a silent target.

        Raises:
            SnrlibError: crops shorter than the receptive field.
        """
        if noisy.shape[-1] < self.receptive_field:
            raise SnrlibError(
                f"This Wavenet sees {self.receptive_field} samples, so crops of "
                f"{noisy.shape[-1]} hold no target: use longer crops or fewer dilations."
            )
        if self.training:
            noisy, clean = silence_targets(noisy, clean, round(self.noise_only * len(noisy)))
        gain = gain_to(noisy, self.level_rms)
        noisy, clean = noisy * gain, clean * gain
        if self.training and self.target:
            spare = (noisy.shape[-1] - 2 * self.half_field - self.target) // 2
            kept = slice(max(spare, 0), noisy.shape[-1] - max(spare, 0))
            noisy, clean = noisy[:, kept], clean[:, kept]
        inner = slice(self.half_field, noisy.shape[-1] - self.half_field)
        speech, noise = energy_conserving(noisy[:, inner], clean[:, inner], self.inner(noisy))
        return speech + noise


def energy_conserving(noisy: Tensor, clean: Tensor, estimate: Tensor) -> tuple[Tensor, Tensor]:
    """The two terms of the paper's loss: mean absolute error of the speech, and of the noise.

    The noise estimate is what the speech estimate leaves of the input. Because
    `(noisy - estimate) - (noisy - clean) = clean - estimate`, the terms are equal, and their sum
    is exactly twice the speech's L1 error: the second term teaches the network nothing new.

    Source: Rethage, Pons, Serra 2018, section 3 (energy-conserving loss).
    Notebook: 07_baselines.
    """
    speech = (estimate - clean).abs().mean()
    noise = ((noisy - estimate) - (noisy - clean)).abs().mean()
    return speech, noise


def silence_targets(noisy: Tensor, clean: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """The batch with its first `rows` rows turned into noise alone, whose target is silence.

    Which rows come first is chance already (crops are drawn at random), and drawing nothing
    here keeps a resumed training equal to an uninterrupted one.
    """
    keep = (torch.arange(len(noisy), device=noisy.device) >= rows).unsqueeze(-1)
    return torch.where(keep, noisy, noisy - clean), torch.where(keep, clean, 0.0)
