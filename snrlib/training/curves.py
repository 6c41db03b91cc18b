"""Validation PESQ and STOI while a network learns: the growth curves of the paper's Fig. 4.

A fixed subset of the validation mixtures, whole utterances, is enhanced every few hundred
steps. Where pesq or pystoi is not installed, its column stays empty and a line says why.

Notebook: 05_distillation.
"""

import logging

import numpy as np
import pandas
import torch
from torch import nn

from snrlib import datasets, metrics
from snrlib.datasets.bank import Bank
from snrlib.enhancement import Enhancer

log = logging.getLogger("snrlib.training")


def subset(table: pandas.DataFrame, mixtures: int) -> pandas.DataFrame:
    """`mixtures` rows spread evenly over the SNRs, utterances and noises of a recipe."""
    ordered = table.sort_values(["snr_db", "utterance", "noise"], kind="stable")
    chosen = np.linspace(0, len(ordered) - 1, min(mixtures, len(ordered))).round().astype(int)
    return ordered.iloc[chosen].reset_index(drop=True)


class Listener:
    """Scores a network on a fixed subset; called by the training loop at each validation.

    Args:
        table: rows of a recipe, with gains.
        bank: holds their speech and noises.
        device: of the network.
    """

    def __init__(
        self,
        table: pandas.DataFrame,
        bank: Bank,
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = device
        self.pairs = []
        for row in table.to_dict("records"):
            mixture = datasets.mixture(row, bank)
            self.pairs.append((mixture.noisy, mixture.speech))

    def __call__(self, model: nn.Module, step: int) -> dict[str, float]:
        """Mean raw PESQ and STOI over the subset, as columns of the history."""
        if not self.pairs:
            return {}
        enhancer = Enhancer(model, {}, self.device, precision="float32")
        estimates = [enhancer.enhance(noisy) for noisy, _ in self.pairs]
        clean = [speech for _, speech in self.pairs]
        return mean_scores(list(zip(clean, estimates, strict=True)))


def mean_scores(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """Mean raw PESQ and STOI of (clean, estimate) pairs; failed scores are left out.

    NaN where none could be computed, as where pesq or pystoi is not installed.
    """
    scored = [metrics.all_metrics(*pair, metrics=("pesq_raw", "stoi")) for pair in pairs]
    table = pandas.DataFrame([scores for scores, _ in scored])
    empty = [name for name in table if table[name].isna().all()]
    if empty:
        log.warning("No validation score %s: %s", ", ".join(empty), scored[0][1])
    return {f"valid_{name}": float(table[name].mean()) for name in table}
