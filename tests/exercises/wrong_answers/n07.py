"""Typical wrong answers to the exercises of notebook 07, and a word their diagnosis must have."""

import numpy as np


def looks(frame=20, loud=False, tolerance=0.0, only=None):
    """A test for causality that changes one frame, as most first attempts do."""

    def is_causal(system):
        before = np.random.default_rng(0).uniform(0.5, 1.0, (40, 3))
        after = before.copy()
        after[frame] = 30.0 if loud else 0.1
        moved = np.abs(system(before) - system(after)).max(axis=1)
        return bool(moved[: frame if only is None else only].max(initial=0) <= tolerance)

    return is_causal


def same_frame_only(system):
    before = np.random.default_rng(0).uniform(0.5, 1.0, (40, 3))
    after = before.copy()
    after[20] = 9.0
    moved = np.abs(system(before) - system(after)).max(axis=1)
    return bool((np.delete(moved, 20) == 0).all())


def first_frame_only(system):
    before = np.random.default_rng(0).uniform(0.5, 1.0, (40, 3))
    after = before.copy()
    after[1:] = 10 * before[1:]
    return bool(np.array_equal(system(before)[0], system(after)[0]))


WRONG = [
    ("07.1", (lambda i, o, k, r: 2 * i * o * k * r,), "one MAC"),
    ("07.1", (lambda i, o, k, r: i * o * k,), "per second"),
    ("07.1", (lambda i, o, k, r: i * o * r,), "taps"),
    ("07.1", (lambda i, o, k, r: o * k * r + 1,), "less"),
    ("07.1", (lambda i, o, k, r: i * k * r,), "output channels"),
    ("07.2", (lambda s, d: s * (2**d - 1),), "head"),
    ("07.2", (lambda s, d: 2 * (s * (2**d - 1) + 3),), "both sides"),
    ("07.2", (lambda s, d: s * 2**d + 3,), "nearly"),
    ("07.2", (lambda s, d: s * 2 ** (d - 1) + 3,), "largest dilation"),
    ("07.2", (lambda s, d: (s * (2**d - 1) + 3) / 16,), "milliseconds"),
    ("07.3", (looks(),), "loudest"),
    ("07.3", (looks(loud=True, tolerance=0.1),), "faintly"),
    ("07.3", (same_frame_only,), "remembers"),
    ("07.3", (looks(only=0),), "one frame ahead"),
    ("07.3", (first_frame_only,), "only from its 30th frame on"),
    ("07.3", (lambda system: "yes",), "True or False"),
    ("07.4", (lambda y, s: np.clip(abs(s) / abs(y), 0, 1),), "ratio of magnitudes"),
    ("07.4", (lambda y, s: (s / y).real,), "0 to 1"),
    ("07.4", (lambda y, s: s / y,), "complex"),
    ("07.4", (lambda y, s: np.clip((s * y).real / abs(y) ** 2, 0, 1),), "conjugated"),
    ("07.4", (lambda y, s: np.clip((s * y.conj()).real / abs(y), 0, 1),), "once more"),
    ("07.4", (lambda y, s: 0.5 * np.ones(y.shape),), "less error"),
    ("07.5", ("magnitude",), "squared"),
    ("07.5", ("psm",), "none of the options"),
]
