"""One loudness for a network: mixtures are scaled to one RMS on the way in, and back after.

A network that was trained at one level works at that level only. The three baselines carry
their level (`level_rms`) with them, so that a recording ten times as loud gives an estimate ten
times as loud, wherever the model is loaded and whoever calls it.

Notebook: 07_baselines.
"""

import torch
from torch import Tensor


def gain_to(noisy: Tensor, rms: float) -> Tensor:
    """The factor `(batch, 1)` that brings each row of `noisy` `(batch, samples)` to `rms`.

    Samples that are exactly zero do not count: they pad a short utterance up to the crop, or a
    short recording up to its neighbours in a batch, and say nothing about its level. Silence
    gets the factor 1.
    """
    sounding = (noisy != 0).sum(dim=-1, keepdim=True).clamp(min=1)
    level = (noisy.square().sum(dim=-1, keepdim=True) / sounding).sqrt()
    return torch.where(level > 0, rms / level.clamp(min=torch.finfo(level.dtype).tiny), 1.0)
