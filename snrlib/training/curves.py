"""Validation PESQ and STOI while a network learns: the growth curves of the paper's Fig. 4.

A fixed subset of the validation mixtures, whole utterances, is enhanced every few hundred
steps. Where the metrics are not installed (a bare PyTorch machine), the enhanced audio is kept
beside the history, and `snrlib evaluate --history` fills the columns in later.

Notebook: 05_distillation.
"""

from pathlib import Path

import numpy as np
import pandas
import torch
from torch import nn

from snrlib import datasets
from snrlib.datasets.bank import Bank, FULL_SCALE
from snrlib.enhancement import Enhancer
from snrlib.support.errors import MetricError
from snrlib.support.files import atomic, write_text

AUDIO = "heard"  # folder beside history.csv


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
        folder: of the model, where audio is kept if no metric is installed.
        device: of the network.
    """

    def __init__(
        self,
        table: pandas.DataFrame,
        bank: Bank,
        folder: Path,
        device: torch.device | str = "cpu",
    ) -> None:
        self.folder, self.device, self.calls = folder, device, 0
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
        try:
            return mean_scores(
                list(zip([clean for _, clean in self.pairs], estimates, strict=True))
            )
        except ImportError:
            with atomic(self.folder / AUDIO / f"{step:08d}.npy") as unfinished:
                flat = np.concatenate(estimates) * FULL_SCALE
                limits = (-FULL_SCALE, FULL_SCALE - 1)
                np.save(unfinished, flat.round().clip(*limits).astype(np.int16))
            return {}


def mean_scores(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """Mean raw PESQ and STOI of (clean, estimate) pairs; failed scores are left out.

    Raises:
        ImportError: pesq or pystoi is not installed.
    """
    import pesq  # noqa: F401  (asked for here, so that its absence is not a failed score)
    import pystoi  # noqa: F401

    from snrlib import metrics

    means = {}
    for column, metric in (("valid_pesq_raw", metrics.pesq_raw), ("valid_stoi", metrics.stoi)):
        scores = []
        for clean, estimate in pairs:
            try:
                scores.append(metric(clean, estimate))
            except MetricError:
                scores.append(float("nan"))
        measured = [score for score in scores if np.isfinite(score)]
        means[column] = float(np.mean(measured)) if measured else float("nan")
    return means


def fill_history(folder: str | Path, table: pandas.DataFrame, bank: Bank) -> int:
    """Fills the PESQ and STOI columns of a history from kept audio; returns the rows filled.

    Args:
        folder: of the model (`runs/<run>/models/<name>`).
        table: the same rows that the training listened to.
        bank: holds their audio.
    """
    folder = Path(folder)
    rows = pandas.read_csv(folder / "history.csv")
    clean = [bank[path] for path in table["speech_path"]]
    borders = np.cumsum([len(signal) for signal in clean])[:-1]
    filled = 0
    for file in sorted((folder / AUDIO).glob("*.npy")):
        at = rows["step"] == int(file.stem)
        if not at.any() or rows.loc[at, "valid_stoi"].notna().all():
            continue
        estimates = np.split(np.load(file).astype(np.float32) / FULL_SCALE, borders)
        for column, value in mean_scores(list(zip(clean, estimates, strict=True))).items():
            rows.loc[at, column] = value
        filled += 1
    write_text(folder / "history.csv", rows.to_csv(index=False))
    return filled
