"""Typical wrong answers to the exercises of notebook 01, and a word their diagnosis must have.

Each entry: the number, the answers, the word. tests/test_exercises.py reads one such file per
notebook.
"""

import numpy as np

DB = {
    "energy ratio at 20 dB": 100,
    "amplitude ratio at 20 dB": 10,
    "SNR after doubling the noise's amplitude": -6,
    "SNR when speech has half the noise's energy": -3,
}


def energy(x):
    return np.sum(np.asarray(x, np.float64) ** 2)


def active(s, n, power=10, own=False, both=True):
    s, n = (x[: len(x) // 320 * 320].astype(float).reshape(-1, 320) for x in (s, n))
    e, f = (s**2).sum(1), (n**2).sum(1)
    mask = e > e.max() * 10 ** (-40 / power)
    other = f > f.max() * 1e-4 if own else mask if both else np.ones_like(mask)
    return 10 * np.log10(e[mask].sum() / f[other].sum())


def touches(train, test):
    """Share of the test pieces that share any sample with training."""
    return np.mean([any(a < c + d and c < a + b for a, b in train) for c, d in test])


def summed(train, test):
    """Overlaps of all pairs: what two training pieces hold counts twice."""
    both = sum(max(0, min(a + b, c + d) - max(a, c)) for a, b in train for c, d in test)
    return both / sum(d for _, d in test)


def closed(train, test):
    """Intervals with both ends in."""
    used = {i for a, b in train for i in range(a, a + b + 1)}
    return np.mean([i in used for c, d in test for i in range(c, c + d)])


def by_piece(train, test):
    """Each test piece's share, averaged over pieces."""
    used = {i for a, b in train for i in range(a, a + b)}
    return np.mean([np.mean([i in used for i in range(c, c + d)]) for c, d in test])


WRONG = [
    ("01.1", (DB | {"energy ratio at 20 dB": 10},), "squares"),
    ("01.1", (DB | {"amplitude ratio at 20 dB": 100},), "square root"),
    ("01.1", (DB | {"SNR after doubling the noise's amplitude": 6},), "sign"),
    ("01.1", (DB | {"SNR after doubling the noise's amplitude": -3},), "four times the energy"),
    ("01.1", (DB | {"SNR when speech has half the noise's energy": 0.5},), "not in decibels"),
    ("01.1", (DB | {"SNR when speech has half the noise's energy": ...},), "something is not"),
    ("01.1", ({"a": 1},), "keep the names"),
    ("01.1", (7,), "keep the names"),
    ("01.2", (lambda s, x: 10 * np.log10(energy(s) / energy(x)),), "whole mixture"),
    ("01.2", (lambda s, x: 20 * np.log10(energy(s) / energy(x - s)),), "20 log10"),
    ("01.2", (lambda s, x: 10 * np.log10(energy(x - s) / energy(s)),), "sign"),
    ("01.2", (lambda s, x: 10 * np.log(energy(s) / energy(x - s)),), "natural"),
    ("01.2", (lambda s, x: energy(s) / energy(x - s),), "bare ratio"),
    ("01.2", (lambda s, x: 10 * np.log10(np.var(s) / np.var(x - s)),), "mean"),
    ("01.2", (lambda s, x: 20 * np.log10(abs(s).sum() / abs(x - s).sum()),), "squaring"),
    ("01.2", (lambda s, x: 10 * np.log10((s**2).sum() / ((x - s) ** 2).sum()),), "16-bit"),
    ("01.2", (lambda s, x: 10 * np.log10(s**2 / (x - s) ** 2),), "mean missing"),
    ("01.2", (lambda s: 0,), "raised TypeError"),
    ("01.3", (5,), "second one adds energy"),
    ("01.3", (10,), "cannot be added"),
    ("01.3", (2.5,), "halved"),
    ("01.3", (-1,), "in step"),
    ("01.3", (8,), "sign"),
    ("01.3", (3.5,), "too high"),
    ("01.4", (lambda s, n: 10 * np.log10(energy(s) / energy(n)), "higher"), "whole signal"),
    ("01.4", (lambda s, n: active(s, n, power=20), "higher"), "10,000"),
    ("01.4", (lambda s, n: active(s, n, both=False), "higher"), "in no others"),
    ("01.4", (lambda s, n: active(s, n, own=True), "higher"), "in no others"),
    ("01.4", (active, "lower"), "prediction is not"),
    ("01.4", (active, "more"), "none of the options"),
    ("01.5", (0,), "nobody hears"),
    ("01.5", (6,), "twice the energy"),
    ("01.6", (touches,), "not whether a piece is touched"),
    ("01.6", (summed,), "once, not twice"),
    ("01.6", (closed,), "sample 60 is free"),
    ("01.6", (by_piece,), "add up samples"),
    ("01.6", (lambda a, b: float(a[0][0] == b[0][0]),), "not starts"),
]
