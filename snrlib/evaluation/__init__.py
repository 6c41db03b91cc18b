"""Scores of a test set, means with intervals, the paper's tables, and what they let one say.

Systems are scored in :mod:`~snrlib.evaluation.scoring`, mixture by mixture; means and differences
with intervals are in :mod:`~snrlib.evaluation.statistics`, trainings repeated with other seeds in
:mod:`~snrlib.evaluation.seeds`, the paper's tables in :mod:`~snrlib.evaluation.tables` and
sentences whose numbers are computed in :mod:`~snrlib.evaluation.findings`.

Notebooks: 06_ablation_s1_vs_s2, 07_baselines, 08_results.
"""

from snrlib.evaluation.scores import SCORE_COLUMNS, read_scores
from snrlib.evaluation.scoring import describe, score, score_pairs
from snrlib.evaluation.statistics import bootstrap, interval, measured, paired, summary

__all__ = [
    "SCORE_COLUMNS",
    "bootstrap",
    "describe",
    "interval",
    "measured",
    "paired",
    "read_scores",
    "score",
    "score_pairs",
    "summary",
]
