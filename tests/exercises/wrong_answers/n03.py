"""Typical wrong answers to the exercises of notebook 03, and a word their diagnosis must have."""

import numpy as np
import torch
from torch.nn.functional import interpolate


def grid(aligned):
    return lambda x: interpolate(
        torch.as_tensor(x)[None, None], scale_factor=2, mode="linear", align_corners=aligned
    )[0, 0]


def without_ends(network, noisy, crop):
    """Middle halves, but nothing at the ends of the recording."""
    out = np.zeros_like(noisy)
    for i in range(0, len(noisy) - crop + 1, crop // 2):
        out[i + crop // 4 : i + 3 * crop // 4] = network(noisy[i : i + crop])[
            crop // 4 : 3 * crop // 4
        ]
    return out


def plain(network, noisy, crop):
    return np.concatenate([network(noisy[i : i + crop]) for i in range(0, len(noisy), crop)])


def first_halves(network, noisy, crop):
    padded = np.pad(noisy, crop // 4)
    return np.concatenate(
        [network(padded[i : i + crop])[: crop // 2] for i in range(0, len(noisy), crop // 2)]
    )


def all_at_once(network, noisy, crop):
    return network(noisy)


def sample_by_sample(network, noisy, crop):
    padded = np.pad(noisy, crop // 2)
    step = crop // 8
    pieces = range(0, len(noisy), step)
    return np.concatenate(
        [network(padded[i : i + crop])[crop // 2 : crop // 2 + step] for i in pieces]
    )


WRONG = [
    ("03.1", (lambda n, d: n % 2**d,), "next one"),
    ("03.1", (lambda n, d: 2**d - n % 2**d,), "one too many"),
    ("03.1", (lambda n, d: -n % (2 * d),), "14"),
    ("03.2", (312 * (312 * 5 + 1) + 624,), "skip"),
    ("03.2", (312 * 624 * 5 + 624,), "bias"),
    ("03.2", (312 * (624 * 5 + 1),), "batch norm is missing"),
    ("03.2", (312 * (624 * 15 + 1) + 624,), "15 taps"),
    ("03.2", (312 * (624 * 5 + 1) + 4 * 312,), "running averages"),
    ("03.3", (8053,), "paper's network"),
    ("03.3", (73717 - 7 * 2048,), "after the last halving"),
    ("03.3", (73717 - 8190 + 254,), "twelve interpolations"),
    ("03.3", (73717 - 4095,), "future"),
    ("03.3", (147434 - 4095 + 1,), "together"),
    ("03.4", (5500, 1500), "no frequencies above 4,000"),
    ("03.4", (2750, 1500), "not slowed down"),
    ("03.4", (1500, 1500), "mirrored"),
    ("03.4", (2500, 500), "after 2 halvings: it is mirrored"),
    ("03.4", (0, 0), "does not vanish"),
    ("03.5", (grid(False),), "free grid"),
    ("03.5", (grid(True),), "aligned"),
    ("03.5", (lambda x: np.repeat(x, 2),), "repeats every sample"),
    ("03.5", (lambda x: np.interp(np.arange(len(x) * 2 - 1) / 2, np.arange(len(x)), x),), "shape"),
    (
        "03.5",
        (lambda x: np.append(np.interp(np.arange(79) / 2, np.arange(len(x)), x), 0.0),),
        "last new sample",
    ),
    ("03.6", (plain,), "plain chunks"),
    ("03.6", (without_ends,), "quarter of zeros"),
    ("03.6", (first_halves,), "differ"),
    ("03.6", (all_at_once,), "this network takes 512 samples"),
    ("03.6", (sample_by_sample,), "runs of the network"),
]
