"""Scoring: all metrics on all cores through joblib, beside a plain loop."""

from collections.abc import Iterator

from snrlib import evaluation, metrics
from snrlib.audio import SAMPLE_RATE
from snrlib.commands.bench import material
from snrlib.commands.bench.figure import Figure, compare


def figures(quick: bool) -> Iterator[Figure]:
    """The six scores of noisy utterances."""
    pairs = material.pairs(8 if quick else 32)
    yield compare(
        f"six scores of {len(pairs)} utterances", "a loop over the utterances",
        lambda: [metrics.all_metrics(*pair, SAMPLE_RATE, metrics.METRICS) for pair in pairs],
        "evaluation.score_pairs", lambda: evaluation.score_pairs(pairs), 2 if quick else 5,
        target=1.7, per=len(pairs), workers=True,
    )  # fmt: skip
