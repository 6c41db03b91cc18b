"""A test set -> a tidy table of scores -> means with intervals that respect utterances.

:func:`score` fills the table, one row per system and mixture; a score that failed stays in
it as NaN with its reason and is counted beside every mean. :func:`summary` and :func:`paired`
put intervals on means by resampling utterances: the mixtures of one utterance share its
words and its voice, so they are not independent evidence. With several voices in the test
set the interval is still about utterances, not about other speakers.

Notebook: 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from snrlib.audio import SAMPLE_RATE
from snrlib.evaluation.scores import (
    MIXTURE_COLUMNS,
    SCORE_COLUMNS,
    ScoreFile,
    read_scores,
)
from snrlib.metrics import METRICS, all_metrics
from snrlib.support import tables
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.files import checksum
from snrlib.support.progress import Progress

# One block is enhanced while the block before it is scored. A killed run repeats at most two.
BLOCK_MIXTURES = 100
BLOCK_SECONDS = 600

# Noisy signals -> estimates; with `oracle`, mixtures -> estimates.
Enhance = Callable[[list[Any]], Sequence[np.ndarray]]


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
        from snrlib.datasets.mixtures import mixture

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
        "recipe": checksum(tables.encoded(rows)),
    }
    for package in ("pesq", "pystoi"):
        try:
            described[package] = version(package)
        except PackageNotFoundError:
            described[package] = "not installed"
    return {**described, **identity}


@contextmanager
def joined(address: str, patience: float = 20.0) -> Iterator[None]:
    """Lets joblib's work inside the block run on a cluster; on this machine without an address.

    Args:
        address: of the Dask scheduler, such as `tcp://10.0.0.5:8786`; "" for none.
        patience: seconds to wait for it.

    Raises:
        SnrlibError: Dask is not installed, or nothing answers at that address.
    """
    if not address:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise SnrlibError(
            "A cluster needs Dask, which is not installed; run: pip install distributed"
        ) from error
    from joblib import parallel_config

    try:
        client = Client(address, timeout=patience)
    except (OSError, ValueError) as error:
        raise SnrlibError(
            f"No Dask scheduler answers at {address} ({error}); start one with `dask scheduler` "
            "and give the address that it prints."
        ) from error
    with client, parallel_config(backend="dask"):
        yield
