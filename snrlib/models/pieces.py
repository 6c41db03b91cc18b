"""Hours of audio in bounded memory: a spectral network runs piece by piece, with context.

A minute at a time, and ten seconds more on each side that are thrown away: by then an LSTM has
forgotten how it started (a trained BiLSTM of 96 units differed from the whole by -93 dB with
ten seconds of context, by -34 dB with one). Recordings up to a minute and twenty seconds run in
one piece, so nothing that the study scores is touched by this.

Notebook: 07_baselines.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from snrlib.models.stft import HOP

PIECE = 60 * 100 * HOP  # samples; a multiple of the hop, so that frames fall where they did
CONTEXT = 10 * 100 * HOP


def in_pieces(
    network: Callable[[Tensor], Tensor], noisy: Tensor, piece: int = PIECE, context: int = CONTEXT
) -> Tensor:
    """`network(noisy)` for waveforms `(batch, samples)` of any length, in bounded memory.

    Args:
        network: waveforms in, waveforms of the same shape out.
        noisy: `(batch, samples)`, already at the network's level.
        piece: samples kept of each run, a multiple of the hop.
        context: samples seen and thrown away on each side, a multiple of the hop.
    """
    samples = noisy.shape[-1]
    if samples <= piece + 2 * context:
        return network(noisy)
    estimates = []
    for begin in range(0, samples, piece):
        first = max(0, begin - context)
        estimate = network(noisy[:, first : begin + piece + context])
        estimates.append(estimate[:, begin - first : begin - first + piece])
    return torch.cat(estimates, dim=-1)
