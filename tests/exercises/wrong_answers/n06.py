"""Typical wrong answers to the exercises of notebook 06, and a word their diagnosis must have."""

import numpy as np

RIGHT = {"a": "smoothing", "b": "knowledge", "c": "undecided", "d": "both"}


def two_means(scores, system, reference):
    means = scores.groupby("system")["si_sdr"].mean()
    return means[system] - means[reference]


def by_position(scores, system, reference):
    values = {name: rows["si_sdr"].to_numpy() for name, rows in scores.groupby("system")}
    return np.nanmean(values[system] - values[reference])


def not_a_number(scores, system, reference):
    values = scores.pivot(index="mixture", columns="system", values="si_sdr").to_numpy()
    return (values[:, 1] - values[:, 0]).mean()


def turned(scores, system, reference):
    wide = scores.pivot(index="mixture", columns="system", values="si_sdr")
    return (wide[reference] - wide[system]).mean()


def over(whole=True, replace=True, ends=(0.025, 0.975), single=False):
    def interval(differences, utterances):
        generator = np.random.default_rng(0)
        names = np.unique(utterances) if whole else np.arange(len(differences))
        belongs = utterances if whole else names
        parts = [differences[belongs == name] for name in names]
        means = []
        for _ in range(800):
            drawn = generator.choice(len(parts), len(parts), replace=replace)
            values = np.concatenate([parts[i] for i in drawn])
            means.append(values[0] if single else values.mean())
        return np.quantile(means, ends)

    return interval


def of_means(differences, utterances):
    means = np.array([differences[utterances == name].mean() for name in np.unique(utterances)])
    drawn = np.random.default_rng(0).integers(len(means), size=(4_000, len(means)))
    return np.quantile(means[drawn].mean(axis=1), [0.025, 0.975])


def energy(x):
    return np.sum(np.square(x))


WRONG = [
    ("06.1", (RIGHT | {"c": "knowledge"},), "outcome c"),
    ("06.1", (RIGHT | {"a": "both"},), "outcome a"),
    ("06.1", (RIGHT | {"d": "luck"},), "none of the options"),
    ("06.1", ("knowledge",), "dictionary"),
    ("06.2", (two_means,), "different mixtures"),
    ("06.2", (by_position,), "same order"),
    ("06.2", (not_a_number,), "NaN"),
    ("06.2", (turned,), "sign"),
    ("06.3", (over(whole=False),), "108 sentences"),
    ("06.3", (over(replace=False),), "replacement"),
    ("06.3", (over(ends=(0.05, 0.95)),), "90 %"),
    ("06.3", (over(single=True),), "scatter"),
    ("06.3", (of_means,), "sentences' means"),
    ("06.3", (lambda d, u: d.mean(),), "shape"),
    ("06.3", (lambda d, u: (1.0, 0.0),), "low is above high"),
    ("06.4", (9,), "width of an interval"),
    ("06.4", (1,), "independent"),
    ("06.4", (1 / 3,), "below 1"),
    ("06.4", (5,), "less"),
    ("06.5", (lambda x, y, t: energy(t - y) / energy(x - y),), "energies"),
    ("06.5", (lambda x, y, t: np.sqrt(energy(x - y) / energy(t - y)),), "head"),
    ("06.5", (lambda x, y, t: np.sqrt(energy(t) / energy(x)),), "own"),
    ("06.5", (lambda x, y, t: np.sqrt(energy(t - y) / energy(x)),), "alone"),
    ("06.5", (lambda x, y, t: 0.5,), "dB against"),
    ("06.6", (lambda s, g: (2.8 * s / g) ** 2,), "whole number"),
    ("06.6", (lambda s, g: int(np.ceil(2.8 * s / g)),), "square"),
    ("06.6", (lambda s, g: int(np.ceil((s / g) ** 2)),), "1.96"),
    ("06.6", (lambda s, g: int(np.ceil((1.96 * s / g) ** 2)),), "half of them would miss it"),
    ("06.6", (lambda s, g: 2 * int(np.ceil((2.8 * s / g) ** 2)),), "98 % of studies"),
]
