"""The time-domain U-Net of the paper (section 1.3, Fig. 3): waveform in, waveform out.

Twelve encoder blocks widen the signal into features, the first seven of them keeping one of
every two samples; a bottleneck; twelve decoder blocks that narrow it again, the last seven
doubling the length by linear interpolation, each seeing the encoder's features of its own
length through a skip connection. The output is a 1x1 convolution over the last features *and
the noisy input itself*, squashed by tanh. What the paper leaves open (its Fig. 3 is the only
source and gives no numbers we could check) follows the authors' public Wave-U-Net.

Notebook: 03_time_domain_unet.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from snrlib.support.errors import SnrlibError


class Layer(NamedTuple):
    """One row of the network's layer table; `samples` is the length of its output."""

    name: str
    channels: int
    samples: int


class BatchNorm(nn.BatchNorm1d):
    """Batch norm over batch and samples, whether or not channels come last in memory."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in (3, 4):
            raise ValueError(f"expected (batch, channels, samples), not {input.dim()} dimensions")


# A CPU convolves twice as fast where the channels of a sample lie side by side in memory.
# PyTorch knows that layout for pictures only: a signal becomes a picture of one line.


def channels_last(signal: Tensor) -> Tensor:
    """`(batch, channels, samples)` as `(batch, channels, 1, samples)`, channels last in memory."""
    picture = signal if signal.dim() == 4 else signal.unsqueeze(2)
    return picture.contiguous(memory_format=torch.channels_last)


class Convolution(nn.Conv1d):
    """A Conv1d that takes features in either layout, and leaves them in it."""

    def forward(self, input: Tensor) -> Tensor:
        """The convolved features."""
        if input.dim() == 3:
            return super().forward(input)
        weight, padding = channels_last(self.weight), (0, int(self.padding[0]))
        out = functional.conv2d(input, weight, self.bias, padding=padding)
        # A signal of one channel lies alike in both layouts; what becomes of it is up to PyTorch.
        return channels_last(out)


class Block(nn.Sequential):
    """Conv1d with same padding, batch norm, LeakyReLU(0.1): every block of the network.

    `(batch, channels_in, samples)` -> `(batch, channels_out, samples)`, in either layout.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__(
            Convolution(channels_in, channels_out, kernel, padding=kernel // 2),
            BatchNorm(channels_out),
            nn.LeakyReLU(0.1, inplace=True),
        )


def joined(features: Tensor, other: Tensor) -> Tensor:
    """The channels of two signals of one length, one behind the other; in either layout."""
    if features.dim() == 4 and features.requires_grad:
        # The gradient of a part has gaps, and a CPU takes up to five times as long for it.
        features.register_hook(channels_last)
    return torch.cat([features, other], dim=1)


class UNet(nn.Module):
    """Time-domain U-Net, by default at the paper's size (12,680,906 parameters).

    Args:
        channels: channels of the first block (paper: 48).
        growth: channels added by every further block (paper: 24).
        depth: number of encoder blocks, and of decoder blocks (paper: 12).
        decimations: how many of the first encoder blocks halve the length (paper: 7). The
            authors' public variant is `channels=24, growth=24, decimations=12`
            (10,132,802 parameters).
        kernel: samples seen by a convolution of the encoder and the bottleneck.
        decoder_kernel: the same in the decoder.
        align_corners: the grid of the linear interpolation. With True, as in the authors'
            code, the grid depends on the total length, so a chunk of a recording is not
            treated like the whole; with False it is (notebook 03 measures both).
        identity_start: start from the identity instead of from noise: the last convolution
            passes the noisy input through and adds almost nothing. Few steps then count.

    Raises:
        SnrlibError: sizes that make no network.
    """

    context: int  # samples of context on each side that make a piece equal to the whole
    crop_multiple: int  # lengths must be multiples of this: 2 ** decimations
    level_rms = 0.1  # RMS that input mixtures are scaled to; tanh is nearly linear there

    def __init__(
        self,
        channels: int = 48,
        growth: int = 24,
        depth: int = 12,
        decimations: int = 7,
        kernel: int = 15,
        decoder_kernel: int = 5,
        align_corners: bool = False,
        identity_start: bool = True,
    ) -> None:
        super().__init__()
        if min(channels, depth) < 1 or growth < 0 or not 0 <= decimations <= depth:
            raise SnrlibError(
                f"A U-Net needs channels and depth of at least 1 and at most {depth} "
                f"decimations, not channels={channels}, depth={depth}, decimations={decimations}."
            )
        if not kernel % 2 or not decoder_kernel % 2:
            raise SnrlibError("Same padding needs odd kernels; choose for example 15 and 5.")
        self.decimations, self.align_corners = decimations, align_corners
        self.crop_multiple = 2**decimations
        self.context = self._context(depth, kernel, decoder_kernel)
        widths = [channels + growth * i for i in range(depth)]
        self.encoder = nn.ModuleList(
            Block(before, width, kernel)
            for before, width in zip([1, *widths], widths, strict=False)
        )
        self.bottleneck = Block(widths[-1], widths[-1], kernel)
        # The decoder meets the skips in reverse order: it gets the features from below and
        # those of the encoder block at its own length, and leaves as many as that block.
        self.decoder = nn.ModuleList(
            Block(below + width, width, decoder_kernel)
            for below, width in zip([widths[-1], *reversed(widths)], reversed(widths), strict=False)
        )
        self.output = Convolution(widths[0] + 1, 1, 1)
        if identity_start:
            with torch.no_grad():
                self.output.weight *= 0.1
                self.output.weight[:, -1] = 1.0
                self.output.bias.zero_()  # type: ignore[union-attr]

    def _context(self, depth: int, kernel: int, decoder_kernel: int) -> int:
        """Samples on each side that an output sample can depend on, as a multiple of the crop's.

        A convolution reaches half a kernel at its own rate; interpolation reaches one sample of
        the coarser rate. Exact only without aligned corners.
        """
        rates = [2 ** min(i, self.decimations) for i in range(depth)]
        reach = sum(rate * (kernel // 2) for rate in rates) + self.crop_multiple * (kernel // 2)
        reach += sum(rate * (decoder_kernel // 2) for rate in rates)
        reach += sum(2 * 2**i for i in range(self.decimations))
        return -(-reach // self.crop_multiple) * self.crop_multiple

    def forward(self, noisy: Tensor) -> Tensor:
        """The enhanced waveforms `(batch, samples)` of noisy ones of the same shape.

        Raises:
            SnrlibError: the length is not a multiple of `crop_multiple`.
        """
        if noisy.shape[-1] % self.crop_multiple:
            raise SnrlibError(
                f"The U-Net takes lengths that are multiples of {self.crop_multiple} samples, "
                f"not {noisy.shape[-1]}; Enhancer.enhance handles any length."
            )
        skips = []
        features = waveform = noisy.unsqueeze(1)
        by_sample = noisy.device.type == "cpu"
        if by_sample:
            features = waveform = channels_last(waveform)
        for i, block in enumerate(self.encoder):
            features = block(features)
            skips.append(features)  # before decimation: the decoder needs every sample
            if i < self.decimations:
                features = features[..., ::2]
                features = channels_last(features) if by_sample else features
        features = self.bottleneck(features)
        for i, block in zip(reversed(range(len(skips))), self.decoder, strict=True):
            if i < self.decimations:
                features = self._doubled(features)
            features = block(joined(features, skips[i]))
        both = joined(features, waveform)
        return torch.tanh(self.output(both)).reshape(noisy.shape)

    def _doubled(self, features: Tensor) -> Tensor:
        """Twice as many samples, by linear interpolation; in either layout."""
        line = features.dim() == 4
        return functional.interpolate(
            features,
            scale_factor=(1, 2) if line else 2,
            mode="bilinear" if line else "linear",
            align_corners=self.align_corners,
        )

    @torch.no_grad()
    def layers(self, samples: int = 16_384) -> list[Layer]:
        """The layer table for an input of `samples`, observed on a real forward pass."""
        rows: list[Layer] = []
        names = [f"encoder {i + 1}" for i in range(len(self.encoder))] + ["bottleneck"]
        names += [f"decoder {i + 1}" for i in range(len(self.decoder))] + ["output"]
        modules = [*self.encoder, self.bottleneck, *self.decoder, self.output]
        handles = [
            module.register_forward_hook(
                lambda _, __, out, name=name: rows.append(Layer(name, out.shape[1], out.shape[-1]))
            )
            for name, module in zip(names, modules, strict=True)
        ]
        was_training = self.training
        self.eval()(torch.zeros(1, samples, device=self.output.weight.device))
        self.train(was_training)
        for handle in handles:
            handle.remove()
        return rows
