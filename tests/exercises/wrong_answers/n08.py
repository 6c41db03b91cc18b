"""Typical wrong answers to the exercises of notebook 08, and a word their diagnosis must have."""

import numpy as np

from snrlib import metrics


def means(table):
    return table.groupby(["noise", "student"])["si_sdr"].mean().unstack("student")


def by_mixture(table):
    students = table.groupby("student")["si_sdr"].mean()
    return students["with"] - students["without"]


def nearest(snrs, stoi, wanted):
    return snrs[np.abs(stoi - wanted).argmin()]


WRONG = [
    ("08.1", (0.999,), "put that in"),
    ("08.1", (metrics.mos_lqo(0.5),), "sign"),
    ("08.1", (0.999 + 4 / (1 + np.exp(0.5 * 1.3669 + 3.8224)),), "wide-band"),
    ("08.1", (-0.5,), "raw score"),
    ("08.1", (2.0,), "mos_lqo"),
    ("08.2", (lambda n, e: (100 * (e / n - 1).mean(), 100 * (e.mean() / n.mean() - 1)),), "order"),
    ("08.2", (lambda n, e: (e.mean() / n.mean() - 1, (e / n - 1).mean()),), "fractions"),
    ("08.2", (lambda n, e: (100 * e.mean() / n.mean(), 100 * (e / n).mean()),), "100 too much"),
    ("08.2", (lambda n, e: (100 * (1 - n.mean() / e.mean()), 100 * (e / n - 1).mean()),), "starts"),
    ("08.2", (lambda n, e: (100 * (e.mean() / n.mean() - 1),) * 2,), "each SNR"),
    ("08.2", (lambda n, e: (1.0, 2.0),), "first number"),
    ("08.2", (lambda n, e: 38.71,), "shape"),
    ("08.3", (33.3,), "another number"),
    ("08.3", (0.25,), "fraction"),
    ("08.3", (50,), "added"),
    ("08.3", (10,), "ratio"),
    ("08.4", (nearest,), "given SNRs"),
    ("08.4", (lambda x, s, w: np.interp(w, x, s),), "np.interp"),
    ("08.4", (lambda x, s, w: np.interp(w, s, x) + 1,), "lower"),
    ("08.5", (by_mixture,), "alike"),
    ("08.5", (lambda t: (means(t)["without"] - means(t)["with"]).mean(),), "lost"),
    ("08.5", (lambda t: (means(t)["with"] - means(t)["without"]).sum(),), "sum"),
    ("08.5", (lambda t: means(t)["with"].mean(),), "minus"),
]
