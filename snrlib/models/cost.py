"""What a model costs: parameters, multiply-accumulates, and time on one core.

Multiply-accumulates are counted by watching every convolution, LSTM and linear layer during a
forward pass, on PyTorch's meta device, where tensors have shapes and no numbers: the count is
exact and takes milliseconds even for a network that needs minutes. Transforms, norms,
activations and other sums are left out; they are small beside these layers.

Notebook: 07_baselines.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snrlib import models

SAMPLE_RATE = 16_000


def multiply_accumulates(model: nn.Module, seconds: float = 60.0) -> float:
    """Multiply-accumulates per second of audio, when enhancing a recording of `seconds`.

    What the model computes twice (context of overlapping chunks) is counted twice.
    """
    shadow = copy.deepcopy(model).to("meta").eval()
    multiple = int(getattr(model, "crop_multiple", 1))
    samples = multiple * math.ceil(seconds * SAMPLE_RATE / multiple)
    counts: list[int] = []
    for layer in shadow.modules():
        if isinstance(layer, _COUNTED):
            layer.register_forward_hook(
                lambda layer, inputs, output: counts.append(_layer_macs(layer, inputs[0], output))
            )
        if isinstance(layer, nn.LSTM):  # stepping through a minute of frames would take one
            layer.forward = partial(_lstm_shapes, layer)  # type: ignore[assignment]
    with torch.no_grad():
        shadow(torch.zeros(1, samples, device="meta"))
    return sum(counts) / samples * SAMPLE_RATE


def real_time_factor(
    enhance: Callable[[NDArray[np.float32]], Any], seconds: float = 4.0, repeats: int = 3
) -> float:
    """Processor seconds per second of audio on one core; below 1 is faster than real time.

    The best of `repeats` runs after one to warm up, on noise: the time does not depend on what
    is said. Processor time, not wall time, so that other work on the machine does not count.

    Args:
        enhance: takes a float32 waveform `(samples,)`, for example `Enhancer.enhance`.
        seconds: length of the waveform.
        repeats: runs to choose the best from.
    """
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE))
    signal = noise.astype(np.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        enhance(signal)
        times = []
        for _ in range(repeats):
            start = time.process_time()
            enhance(signal)
            times.append(time.process_time() - start)
    finally:
        torch.set_num_threads(threads)
    return min(times) / seconds


_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d)
_COUNTED = (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear, nn.LSTM)


def _layer_macs(layer: nn.Module, given: Tensor, result: Any) -> int:
    """Multiplications by a weight in one call of `layer`."""
    if isinstance(layer, _CONVOLUTIONS):  # every output value: one product per kernel weight
        return result.numel() * layer.weight[0].numel()
    if isinstance(layer, _TRANSPOSED):  # every input value is spread over the whole kernel
        return given.numel() * layer.weight[0].numel()
    if isinstance(layer, nn.Linear):
        return given.numel() * layer.out_features
    assert isinstance(layer, nn.LSTM)
    matrices = sum(p.numel() for name, p in layer.named_parameters() if "weight" in name)
    return matrices * given.shape[0] * given.shape[1]  # batch x steps


def _lstm_shapes(layer: nn.LSTM, given: Tensor) -> tuple[Tensor, None]:
    """An LSTM's output as far as the meta device knows it: its shape."""
    width = layer.hidden_size * (2 if layer.bidirectional else 1)
    return given.new_empty(*given.shape[:2], width), None


def costs(enhancers: Mapping[str, Any], seconds: float = 4.0) -> pd.DataFrame:
    """What trained models take to run, and what they were trained with.

    Args:
        enhancers: name -> trained model, a :class:`snrlib.Enhancer`.
        seconds: of audio that the real-time factor is measured on.

    Returns:
        One row per model; columns `parameters`, `GMAC/s` (billions of multiply-accumulates
        per second of audio), `real-time factor` (seconds of one core per second of audio), `steps`,
        `batch`, `examples` (training samples seen), `best step`, `minutes` (of training, on
        whatever machine that was).
    """
    rows = {}
    for name, enhancer in enhancers.items():
        card = enhancer.card
        training, budget = card["training"], card["settings"]["budget"]
        rows[name] = {
            "parameters": models.parameters(enhancer.model),
            "GMAC/s": multiply_accumulates(enhancer.model) / 1e9,
            "real-time factor": real_time_factor(enhancer.enhance, seconds),
            "steps": training["steps"],
            "batch": budget["batch"],
            "examples": training["examples"],
            "best step": training["best_step"],
            "minutes": training["seconds"] / 60,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("system")


def paper_sizes() -> pd.DataFrame:
    """Parameters and multiply-accumulates of the four networks at their papers' sizes.

    Counted on a device without numbers, so nothing is trained, or even filled.
    """
    rows = {}
    for name in models.MODELS:
        with torch.device("meta"):
            model = models.create(name)
        rows[name] = {
            "parameters": models.parameters(model),
            "GMAC/s": multiply_accumulates(model) / 1e9,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
