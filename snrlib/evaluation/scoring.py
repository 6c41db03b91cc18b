"""A test set -> a tidy table of scores -> means with intervals that respect utterances.

:func:`score` fills the table, one row per system and mixture; a score that failed stays in
it as NaN with its reason and is counted beside every mean. :func:`summary` and :func:`paired`
put intervals on means by resampling utterances: the mixtures of one utterance share its
words and its voice, so they are not independent evidence. With several voices in the test
set the interval is still about utterances, not about other speakers.

Notebook: 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from snrlib.audio import SAMPLE_RATE
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.files import checksum
from snrlib.metrics import METRICS, all_metrics
from snrlib.support.progress import Progress
from snrlib.evaluation.scores import MIXTURE_COLUMNS, SCORE_COLUMNS, ScoreFile, read_scores, write_scores

__all__ = [
    "SCORE_COLUMNS",
    "describe",
    "interval",
    "measured",
    "paired",
    "read_scores",
    "score",
    "score_pairs",
    "summary",
    "write_scores",
]

# One block is enhanced while the block before it is scored. A killed run repeats at most two.
BLOCK_MIXTURES = 100
BLOCK_SECONDS = 600

# Noisy signals -> estimates; with `oracle`, mixtures -> estimates.
Enhance = Callable[[list[Any]], Sequence[np.ndarray]]


def rotated(recipe: pd.DataFrame, noises: int) -> pd.DataFrame:
    """A smaller test set: each utterance meets only `noises` of the noises, at every SNR.

    They are spread over the list of noises (seen ones stand first), and go round from utterance
    to utterance, so that all noises stay in the set and as many speakers as in the whole:
    intervals over utterances need speakers more than mixtures.

    Args:
        recipe: a recipe of all utterances with all noises at all SNRs.
        noises: per utterance; 0 for all.
    """
    utterance = pd.factorize(recipe["utterance"])[0]
    noise, names = pd.factorize(recipe["noise"])
    if not noises or noises >= len(names):
        return recipe
    spread = [i * len(names) // noises for i in range(noises)]
    kept = np.isin((noise - utterance) % len(names), spread)
    return recipe[kept].reset_index(drop=True)


def score(
    system: str,
    recipe: pd.DataFrame,
    enhance: Enhance | None,
    *,
    seed: int = 0,
    path: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    jobs: int = -1,
    read: Callable[[Mapping[str, Any]], Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    fresh: bool = False,
    oracle: bool = False,
) -> pd.DataFrame:
    """The scores of one system on every mixture of a recipe, in the recipe's order.

    With `path`, finished scores are read instead of computed again (so the noisy input is
    scored once per test set), and a killed run continues where it stopped: each block is
    added to `<path>.part`, and the table appears under `path` when it is whole.

    Args:
        system: what the rows are called: "noisy", "S2", ...
        recipe: one row per mixture (:func:`snrlib.datasets.recipe`).
        enhance: a list of noisy signals -> the list of estimates; None scores the noisy input.
        seed: of the system's training; a column of the table.
        path: the CSV file to keep the scores in.
        metrics: which of :data:`snrlib.metrics.METRICS`; None is all.
        jobs: worker processes, -1 for one per core; 1 scores in this process.
        read: recipe row -> object with `.noisy` and `.speech`; None reads the audio files.
        identity: what else the scores depend on, e.g. the checksum of the weights.
        fresh: score again although `path` holds other scores.
        oracle: `enhance` gets what `read` returns, clean speech and SNR included, instead of
            noisy signals: for ceilings that no system in use can reach.

    Returns:
        A table with the columns :data:`SCORE_COLUMNS`.

    Raises:
        SnrlibError: `path` holds scores of something else, no mixture could be read, or
            `enhance` returned another number of signals.
    """
    if read is None:
        from snrlib.datasets import mixture

        read = mixture
    metrics = list(METRICS if metrics is None else metrics)
    missing = [name for name in MIXTURE_COLUMNS if name not in recipe.columns]
    if missing:
        raise SnrlibError(f"The recipe has no column '{missing[0]}'; make it with snrlib.datasets.")
    store = None
    if path is not None:
        described = describe(system, seed, recipe, metrics, identity or {})
        store = ScoreFile(path, described, fresh)
        if store.path.exists():
            return read_scores(store.path)
    done = store.unfinished() if store else pd.DataFrame(columns=SCORE_COLUMNS)
    open_rows = recipe[~recipe["mixture"].astype(str).isin(set(done["mixture"].astype(str)))]

    parts = [done] if len(done) else []
    with (
        Progress(len(recipe), f"scoring {system}", "mixture", done=len(done)) as progress,
        _one_thread_each(),
        Parallel(jobs, return_as="generator", pre_dispatch="all", batch_size=1) as workers,
    ):
        for scored in _overlapped(_blocks(open_rows, read), enhance, workers, metrics, oracle):
            block = _table(scored, system, seed)
            if not parts and block["failure"].str.contains("cannot be read: ").all():
                raise SnrlibError(f"No mixture could be read; {block['failure'].iloc[0]}")
            if store:
                store.append(block)
            parts.append(block)
            progress.update(len(block))
    scores = pd.concat(parts, ignore_index=True) if parts else done
    order = {str(name): place for place, name in enumerate(recipe["mixture"])}
    scores = scores.sort_values(
        "mixture", key=lambda names: names.astype(str).map(order), ignore_index=True
    )
    if store:
        store.finish(scores)
    return scores


def score_pairs(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    metrics: Sequence[str] = METRICS,
    jobs: int = -1,
) -> pd.DataFrame:
    """The scores of (clean, estimate) pairs at 16 kHz: one row each, and a `failure` column."""
    with _one_thread_each():
        results = Parallel(jobs)(
            delayed(_score_pair)((clean, estimate), metrics) for clean, estimate in pairs
        )
    rows = [{**scores, "failure": failure} for scores, failure in results]
    return pd.DataFrame(rows, columns=[*metrics, "failure"])


def summary(
    scores: pd.DataFrame,
    by: Sequence[str] = ("system", "snr_db"),
    metric: str = "pesq_raw",
    *,
    resamples: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean and median of one score per group, with 95 % intervals and the failures.

    Args:
        scores: a table of scores.
        by: the columns that make a group; empty for one row over everything.
        metric: the score.
        resamples: how many times the utterances are drawn anew.
        seed: of the drawing.

    Returns:
        The columns `by`, then `mean, median, low, high` (95 % bootstrap interval of the mean
        over utterances; NaN with fewer than two), `mixtures` (scored), `utterances`,
        `failures` (mixtures whose score could not be computed).

    Raises:
        SnrlibError: the scores do not hold `metric`.
    """
    table = measured(scores, metric)
    if "utterance" not in table.columns:  # printed tables hold means, not utterances
        table = table.assign(utterance="")
    rows = []
    for names, group in _groups(table, by):
        scored = group[group["value"].notna()]
        low, high = interval(scored["value"], scored["utterance"], resamples=resamples, seed=seed)
        rows.append(
            {
                **names,
                "mean": scored["value"].mean(),
                "median": scored["value"].median(),
                "low": low,
                "high": high,
                "mixtures": len(scored),
                "utterances": scored["utterance"].nunique(),
                "failures": len(group) - len(scored),
            }
        )
    return pd.DataFrame(rows)


def paired(
    scores: pd.DataFrame,
    system: str,
    reference: str,
    metric: str = "pesq_raw",
    by: Sequence[str] = ("snr_db",),
    *,
    resamples: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """How much better `system` scores than `reference` on the same mixtures.

    Differences are taken mixture by mixture (after averaging over training seeds), so what
    makes a mixture easy or hard for both cancels.

    Args:
        scores: a table of scores that holds both systems.
        system: the system that may be better.
        reference: the system it is compared with.
        metric: the score.
        by: the columns that make a group; empty for one row over everything.
        resamples: how many times the utterances are drawn anew.
        seed: of the drawing.

    Returns:
        The columns `by`, then `difference` (mean), `low, high` (95 % bootstrap interval over
        utterances), `mixtures`, `utterances`, `failures` (mixtures that lack a score of
        either system).

    Raises:
        SnrlibError: one of the systems or the metric is not in the scores.
    """
    table = measured(scores, metric)
    sides = []
    for name in (system, reference):
        side = table[table["system"] == name]
        if side.empty:
            raise SnrlibError(f"There are no {metric} scores of '{name}'; evaluate it first.")
        seeds = side.groupby("mixture")["value"]
        # A mixture counts only if every training seed was scored on it.
        sides.append(seeds.mean().where(seeds.count() == seeds.size()))
    described = table[table["system"] == system].drop_duplicates("mixture").set_index("mixture")
    both = described.loc[described.index.intersection(sides[1].index)].copy()
    if both.empty:
        raise SnrlibError(f"'{system}' and '{reference}' were scored on different mixtures.")
    both[metric] = sides[0].reindex(both.index) - sides[1].reindex(both.index)
    # The reasons of one system alone would hide the failures of the other.
    both = both.reset_index().drop(columns=["value", "failure"])
    result = summary(both, by, metric, resamples=resamples, seed=seed)
    return result.drop(columns="median").rename(columns={"mean": "difference"})


def interval(
    values: Sequence[float] | pd.Series,
    utterances: Sequence[Any] | pd.Series,
    *,
    resamples: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """The percentile bootstrap interval of a mean, resampling whole utterances.

    Each resample draws as many utterances as there are, with replacement, and keeps all
    mixtures of each. NaN, NaN with fewer than two utterances: one says nothing about others.
    """
    codes, names = pd.factorize(np.asarray(utterances))
    if len(names) < 2:
        return np.nan, np.nan
    sums = np.bincount(codes, weights=np.asarray(values, float))
    counts = np.bincount(codes).astype(float)
    draws = _draws(len(names), resamples, seed)
    means = (draws @ sums) / (draws @ counts)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def measured(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows on which `metric` was tried, the score in a column `value` (NaN: it failed).

    Raises:
        SnrlibError: `metric` was not computed for these scores.
    """
    if metric not in scores.columns:
        raise SnrlibError(f"The scores have no column '{metric}'.")
    tried = scores[metric].notna()
    if "failure" in scores.columns:
        tried |= scores["failure"].str.contains(rf"\b{metric}\b")
    else:
        tried[:] = True
    if len(scores) and not tried.any():
        raise SnrlibError(f"'{metric}' was not computed for these scores; evaluate with it.")
    return scores[tried].assign(value=scores.loc[tried, metric])


def _groups(
    table: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    if not by:
        yield {}, table
        return
    for names, group in table.groupby(list(by), sort=False):
        yield dict(zip(by, names, strict=True)), group


@lru_cache(maxsize=16)
def _draws(utterances: int, resamples: int, seed: int) -> np.ndarray:
    """How often each utterance is drawn in each resample: (resamples, utterances)."""
    rng = np.random.default_rng(seed)
    even = np.full(utterances, 1 / utterances)
    return rng.multinomial(utterances, even, size=resamples).astype(float)


def _score_pair(
    pair: tuple[np.ndarray, np.ndarray], metrics: Sequence[str]
) -> tuple[dict[str, float], str]:
    """Scores and failure of one (clean, estimate).

    The two travel as a tuple: bare arrays are handed by joblib's Dask backend to one worker
    each, ahead of the work, and are lost when it dies.
    """
    return all_metrics(*pair, SAMPLE_RATE, metrics)


def _one_thread_each() -> AbstractContextManager[Any]:
    """Workers of one thread each, unless the caller chose a cluster as joblib's backend."""
    from joblib.parallel import LokyBackend, get_active_backend

    if isinstance(get_active_backend()[0], LokyBackend):
        return parallel_config(backend="loky", inner_max_num_threads=1)
    return nullcontext()


def _blocks(
    recipe: pd.DataFrame, read: Callable[[Mapping[str, Any]], Any]
) -> Iterator[list[tuple[dict[str, Any], Any]]]:
    """(row, mixture or the reason why it cannot be read), a block at a time."""
    block: list[tuple[dict[str, Any], Any]] = []
    samples = 0
    for row in recipe.to_dict("records"):
        named = {str(name): value for name, value in row.items()}
        try:
            mixture = read(named)
            samples += len(mixture.noisy)
        except AudioError as error:
            mixture = str(error)
        block.append((named, mixture))
        if len(block) >= BLOCK_MIXTURES or samples >= BLOCK_SECONDS * SAMPLE_RATE:
            yield block
            block, samples = [], 0
    if block:
        yield block


def _overlapped(
    blocks: Iterator[list[tuple[dict[str, Any], Any]]],
    enhance: Enhance | None,
    workers: Parallel,
    metrics: list[str],
    oracle: bool,
) -> Iterator[list[dict[str, Any]]]:
    """Scores block after block: one is read and enhanced here while workers score the last."""

    def collect(
        block: list[tuple[dict[str, Any], Any]], results: Iterator[tuple[dict[str, float], str]]
    ) -> list[dict[str, Any]]:
        try:
            scored = iter(list(results))
        except TerminatedWorkerError as error:
            raise SnrlibError(
                "A scoring process was killed, most likely for want of memory; run the same "
                "command again to continue, with jobs=1 if it happens again."
            ) from error
        rows = []
        for row, mixture in block:
            if isinstance(mixture, str):
                scores: dict[str, float] = {}
                failure = f"{', '.join(metrics)}: the mixture cannot be read: {mixture}"
            else:
                scores, failure = next(scored)
            rows.append({**row, **scores, "failure": failure})
        return rows

    pending: tuple[list[tuple[dict[str, Any], Any]], Iterator[Any]] | None = None
    for block in blocks:
        mixtures = [mixture for _, mixture in block if not isinstance(mixture, str)]
        noisy = [mixture.noisy for mixture in mixtures]
        try:
            estimates = noisy
            if enhance is not None and noisy:
                estimates = list(enhance(mixtures if oracle else noisy))
        except Exception:
            if pending:  # what the workers have under way is not lost with this block
                yield collect(*pending)
            raise
        if len(estimates) != len(noisy):
            raise SnrlibError(
                f"The enhancer returned {len(estimates)} signals for {len(noisy)} mixtures; "
                "it must return one estimate per mixture, in order."
            )
        if pending:
            yield collect(*pending)
        tasks = [
            delayed(_score_pair)((mixture.speech, np.asarray(estimate)), metrics)
            for mixture, estimate in zip(mixtures, estimates, strict=True)
        ]
        pending = block, workers(tasks)
    if pending:
        yield collect(*pending)


def _table(rows: list[dict[str, Any]], system: str, seed: int) -> pd.DataFrame:
    table = pd.DataFrame(rows).assign(system=system, seed=seed).reindex(columns=SCORE_COLUMNS)
    # A millionth is below any meaning; without the tail the files stay small and comparable.
    table[list(METRICS)] = table[list(METRICS)].astype(float).round(6)
    table["failure"] = table["failure"].str.replace(r"\s+", " ", regex=True)
    return table


def describe(
    system: str,
    seed: int,
    recipe: pd.DataFrame,
    metrics: Sequence[str],
    identity: Mapping[str, Any],
) -> dict[str, Any]:
    """What a file of scores depends on, as JSON-able values; kept beside it."""
    columns = [name for name in (*MIXTURE_COLUMNS, "noise_start") if name in recipe.columns]
    # As text from one spelling, so that a recipe read back from CSV is the same recipe.
    rows = recipe[columns].assign(snr_db=recipe["snr_db"].astype(float))
    described = {
        "system": system,
        "seed": int(seed),
        "metrics": list(metrics),
        "mixtures": len(recipe),
        "recipe": checksum(rows.to_csv(index=False).encode()),
    }
    for package in ("pesq", "pystoi"):
        try:
            described[package] = version(package)
        except PackageNotFoundError:
            described[package] = "not installed"
    return {**described, **identity}
