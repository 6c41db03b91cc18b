"""Typical wrong answers to the exercises of notebook 02, and a word their diagnosis must have."""

import numpy as np
from scipy.signal import butter, sosfilt, sosfiltfilt

from snrlib import metrics

COLLAPSE = {
    "20 dB softer": [],
    "1 ms late": ["SI-SDR"],
    "50 ms late": ["SI-SDR", "STOI"],
    "clipped at 10 % of its peak": ["raw PESQ"],
    "a constant of 0.2 added": ["SI-SDR"],
}


def lqo(raw):
    return metrics.mos_lqo(float(raw))


def low_pass(hertz, filtered=sosfiltfilt, order=4):
    return lambda noisy: filtered(butter(order, hertz, fs=16_000, output="sos"), noisy)


def aligned(shift, ends=0):
    """The best SI-SDR over delays, with the estimate shifted by a function."""
    return lambda c, e, longest: max(shift(c, e, d) for d in range(longest + 1 - ends))


def later(c, e, d):
    return metrics.si_sdr(c[: len(c) - d], e[d:])


def earlier(c, e, d):
    return metrics.si_sdr(c[d:], e[: len(e) - d])


def circle(c, e, d):
    return metrics.si_sdr(c, np.roll(e, -d))


WRONG = [
    ("02.1", (0.2, 0.2), "gain in MOS-LQO"),
    ("02.1", (lqo(1.4) - lqo(1.2), 0.137), "wrong direction"),
    ("02.1", (0.498, -0.137), "sign"),
    ("02.1", (1.65, 3.39), "score after"),
    ("02.2", (lambda raw: lqo(np.mean(raw)), "higher"), "convert first"),
    ("02.2", (np.mean, "higher"), "nothing was converted"),
    ("02.2", (lambda raw: sum(map(lqo, raw)), "higher"), "sum, not a mean"),
    ("02.2", (lambda raw: np.mean([lqo(r) for r in raw]), "the same"), "prediction is not"),
    ("02.2", (lambda raw: [lqo(r) for r in raw], "higher"), "mean missing"),
    ("02.3", (COLLAPSE | {"20 dB softer": ["SI-SDR"]},), "how loud"),
    ("02.3", (COLLAPSE | {"1 ms late": []},), "aligns first"),
    ("02.3", (COLLAPSE | {"50 ms late": ["SI-SDR"]},), "How long is a frame"),
    ("02.3", (COLLAPSE | {"50 ms late": ["PESQ"]},), "none of the options"),
    ("02.3", (COLLAPSE | {"a constant of 0.2 added": []},), "removes no mean"),
    ("02.3", (COLLAPSE | {"clipped at 10 % of its peak": ...},), "something is not"),
    ("02.4", (lambda c, e, longest: metrics.si_sdr(c, e),), "without any alignment"),
    ("02.4", (aligned(earlier),), "wrong direction"),
    ("02.4", (aligned(circle),), "circle"),
    ("02.4", (aligned(later, ends=1),), "one short"),
    ("02.4", (lambda c, e, n: max(range(n + 1), key=lambda d: later(c, e, d)),), "the delay"),
    ("02.5", (lambda noisy: noisy,), "Where"),
    ("02.5", (lambda noisy: 0 * noisy,), "silence"),
    ("02.5", (low_pass(600, sosfilt),), "late"),
    ("02.5", (lambda noisy: noisy[:-1],), "shape"),
]
