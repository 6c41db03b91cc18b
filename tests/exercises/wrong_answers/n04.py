"""Typical wrong answers to the exercises of notebook 04, and a word their diagnosis must have."""

import numpy as np

from snrlib.teachers import assign


def by_range(snr, lists):
    """Whoever has the SNR between its smallest and largest."""
    inside = [name for name, snrs in lists.items() if min(snrs) <= snr <= max(snrs)]
    return inside[0] if inside else None


def by_mean(snr, lists):
    return min(lists, key=lambda name: abs(snr - np.mean(lists[name])))


def ties_up(snr, lists):
    return min(reversed(lists), key=lambda name: min(abs(snr - s) for s in lists[name]))


def step(network, optimiser, noisy, clean, *, zero=True, scale=0.5, move=True, total=False):
    loss = scale * (network(noisy) - clean).square()
    loss = loss.sum() if total else loss.mean()
    if zero:
        optimiser.zero_grad()
    loss.backward()
    if move:
        optimiser.step()
    return loss


def number(**options):
    return lambda *given: step(*given, **options).item()


def in_eval_mode(network, optimiser, noisy, clean):
    network.eval()
    return step(network, optimiser, noisy, clean).item()


def loss_after(network, optimiser, noisy, clean):
    step(network, optimiser, noisy, clean)
    return (0.5 * (network(noisy) - clean).square().mean()).item()


GRID = [-1, -0.5, 0.5, 1, 1.5, 2]

WRONG = [
    ("04.1", (by_range,), "smallest to largest"),
    ("04.1", (by_mean,), "T2"),
    ("04.1", (ties_up,), "equally near"),
    ("04.1", (lambda snr, lists: assign(snr)[0],), "does not use those"),
    ("04.1", (lambda snr, lists: 2,), "no teacher"),
    ("04.1", (lambda snr, lists: ["T1"],), "no teacher"),
    ("04.2", ([0], [], GRID), "in both cases"),
    ("04.2", ([], [-5], GRID), "in both cases"),
    ("04.2", ([], [], [0.5, 1]), "still missing"),
    ("04.2", ([], [], [*GRID, 7]), "not among them"),
    ("04.2", (0, [], GRID), "a list"),
    ("04.3", (10, 1.98), "squares"),
    ("04.3", (100, 100), "levels have changed"),
    ("04.3", (0.01, 1.98), "upside down"),
    ("04.3", (100, 0.99), "how much of it"),
    ("04.4", (lambda s, n: s.sum() * n.sum() / (s.sum() + n.sum()),), "all bands alike"),
    ("04.4", (lambda s, n: np.mean(s * n / (s + n)),), "mean over the bands"),
    ("04.4", (lambda s, n: s * n / (s + n),), "one number"),
    ("04.4", (lambda s, n: np.sum((s / (s + n)) ** 2 * n),), "comes through"),
    ("04.5", (step,), "with its graph"),
    ("04.5", (number(zero=False),), "zero_grad"),
    ("04.5", (number(scale=1.0),), "½"),
    ("04.5", (number(total=True),), "sum over samples"),
    ("04.5", (number(move=False),), "has not changed"),
    ("04.5", (in_eval_mode,), "eval mode"),
    ("04.5", (loss_after,), "after the step"),
    ("04.6", (13, 17, "B"), "sign"),
    ("04.6", (-26, -34, "B"), "10 log10"),
    ("04.6", (-13, -17, "A"), "More decibels"),
    ("04.6", (0.05, 0.02, "B"), "not in decibels"),
]
