"""What a study of each profile would cost on this machine, from single steps and scores.

Nobody waits a year for a number. One training step of every system of a profile is timed, with
its networks at their sizes and as many rows as fit a short test (larger batches cost in
proportion), and so are one enhanced and one scored test utterance. The rest is multiplication by
the profile's own numbers.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pandas
import torch

from snrlib import corpora, metrics, models
from snrlib.commands.bench import material
from snrlib.commands.bench.memory import measured
from snrlib.datasets import TEST_SNRS
from snrlib.enhancement import Enhancer
from snrlib.evaluation import recorded as kept
from snrlib.evaluation import score_pairs
from snrlib.experiment import profiles
from snrlib.experiment.systems import TEACHERS, System, baselines, find
from snrlib.support import devices
from snrlib.training import ablations, objectives
from snrlib.training.step import Step

ROWS = 16  # of a measured step, at most; larger batches cost in proportion
HEAVY_ROWS = 2  # of a network with over 10 million multiply-accumulates a sample of audio
SCORED = {  # systems whose scores each notebook is the first to need
    "04": ["noisy", *TEACHERS],
    "05": [],
    "06": ["S1", "S2", "S2-smoothing"],
    "07": ["log_mmse", "oracle_psm"],  # and the baselines
    "08": ["released"],
}
PAGES_MB = 60  # executed notebooks and pages of profile `fast`
PCM = 2 * 16_000  # bytes a second of audio takes in a bank


def trained(profile: dict[str, Any]) -> dict[str, list[System]]:
    """The systems that each notebook trains."""
    students = [find("S1", profile), find("S2", profile)]
    sweep = [
        find(f"S2-alpha{value:g}-steps{profile['alpha']['steps']}", profile)
        for value in profile["alpha"]["values"]
    ]
    return {
        "04": [find(name, profile) for name in TEACHERS],
        "05": [*students, *sweep],
        "06": [find("S2-smoothing", profile)],
        "07": [find(name, profile) for name in baselines(profile)],
    }


def network(system: System) -> torch.nn.Module:
    """The network of a system, its batch norms run once."""
    torch.manual_seed(0)
    return models.create(system.architecture, **system.arguments)


def objective(system: System) -> objectives.Objective:
    """What the system is trained towards, with untrained teachers where it has some."""
    if system.target == "smoothing":  # a blend costs nothing
        return objectives.Supervised()
    frozen = {t: network(system).eval().requires_grad_(False) for t in system.teachers}
    return ablations.objective(system.target, frozen, system.alpha, balance=0.0)


def steps(system: System, rows: int) -> Callable[[], Any]:
    """Makes training steps of a system on the bench's speech, `rows` at a time."""
    fabric = devices.fabric("auto", 1, 1, system.budget.precision)
    crops = material.crops(rows, fabric.device)
    step = Step(fabric, network(system), crops, objective(system))
    step.network.train()
    numbers = iter(range(1_000_000))
    return lambda: step(next(numbers), 1e-4, 0.0)


def memory_job(profile: str, name: str) -> None:
    """Two steps at the full batch, for :func:`snrlib.commands.bench.memory.measured`."""
    system = find(name, profiles.load(profile))
    step = steps(system, system.budget.batch)
    step(), step()


def median_seconds(work: Callable[[], Any], repeats: int = 5) -> float:
    """The median time of a call, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def row_seconds(system: System) -> tuple[float, float]:
    """Seconds that one row takes in training and in validation."""
    heavy = sum(p.numel() for p in network(system).parameters()) > 3e6
    heavy &= system.architecture == "wavenet"  # no layer of it works at a lower rate
    rows = min(system.budget.batch, HEAVY_ROWS if heavy else ROWS)
    training = median_seconds(steps(system, rows), 2 if heavy else 5) / rows
    # Forward is a third of forward, gradient by input and gradient by weight.
    return training, training / 3


def costs(
    profile: dict[str, Any], told: Callable[[str], None] = lambda line: None
) -> pandas.DataFrame:
    """Seconds of every notebook of a profile here: the columns `notebook, seconds`.

    Args:
        profile: the profile's numbers.
        told: called with what was measured, a line each.
    """
    pairs = material.pairs(16)
    length = statistics.mean(len(clean) for clean, _ in pairs)
    wanted = tuple(profile["data"].get("metrics", metrics.METRICS))
    score = median_seconds(lambda: score_pairs(pairs, wanted), 3) / len(pairs)
    alone = median_seconds(
        lambda: [metrics.all_metrics(*pair, metrics=("pesq_raw", "stoi")) for pair in pairs], 1
    ) / len(pairs)
    enhancer = Enhancer(models.create("unet", **profile["model"]), {}, devices.local(), "float32")
    enhance = median_seconds(lambda: [enhancer.enhance(noisy) for _, noisy in pairs], 1)
    enhance /= len(pairs)
    noises = profile["data"].get("test_noises", 9)
    mixtures = profile["data"]["test_utterances"] * noises * len(TEST_SNRS)
    told(
        f"{profile['name']}: a score {score:.3f} s, enhancing {length / 16_000:.1f} s "
        f"{enhance:.3f} s, {mixtures:,} test mixtures"
    )

    seconds = dict.fromkeys(kept.costs().query("profile == 'fast'")["notebook"], 0.0)
    known: dict[str, tuple[float, float]] = {}
    for notebook in seconds:
        number = notebook[:2]
        systems = trained(profile).get(number, [])
        for system in systems:
            budget = system.budget
            kind = f"{system.architecture} {system.target if system.target == 'teachers' else ''}"
            if kind not in known:
                known[kind] = row_seconds(system)
                told(f"  {kind}: {1000 * known[kind][0]:.1f} ms a row in training")
            train, valid = known[kind]
            checks = -(-budget.steps // budget.valid_every)
            seconds[notebook] += budget.steps * budget.batch * train
            seconds[notebook] += checks * budget.valid_crops * valid
            if system.name in ("S1", "S2"):
                seconds[notebook] += checks * profile["growth"]["mixtures"] * (alone + enhance)
        scored = SCORED.get(number, []) + [s.name for s in systems if number == "07"]
        seconds[notebook] += len(scored) * mixtures * (score + enhance)
    fixed = kept.costs().query("profile == 'fast'").set_index("notebook")["seconds"]
    for notebook in seconds:  # what is left takes as long in every profile
        if notebook[:2] not in (*trained(profile), *SCORED):
            seconds[notebook] = fixed[notebook]
        else:
            seconds[notebook] += 25  # figures, players, tables, the kernel's start
    return pandas.DataFrame({"notebook": seconds.keys(), "seconds": seconds.values()})


def disk_mb(profile: dict[str, Any]) -> float:
    """Megabytes that a whole run leaves, with its corpora as fetched and decoded once."""
    weights = sum(
        sum(p.numel() for p in network(system).parameters())
        for systems in trained(profile).values()
        for system in systems
    )
    names = set()
    for key in ("speech", "seen_noise", "unseen_noise"):
        names |= {part.split(":")[0].strip() for part in profile["data"][key].split(",")}
    hours = fetched = 0.0
    for corpus in map(corpora.get, names):
        every = sum(part.size for part in corpus.downloads)
        wanted = sum(part.size for part in corpus.downloads if part.wanted)
        hours += (corpus.hours or 0) * (wanted / every if every else 1)
        fetched += wanted
    # Best and last weights are kept in float32.
    return (2 * 4 * weights + hours * 3600 * PCM + fetched) / 1e6 + PAGES_MB


def memory_mb(profile: dict[str, Any], told: Callable[[str], None] = lambda line: None) -> float:
    """Peak memory of two training steps at the full batch, the largest of all systems."""
    jobs = {s.architecture + s.target: s for group in trained(profile).values() for s in group}
    found = []
    for system in jobs.values():
        result = measured("snrlib.commands.bench.studies:memory_job", profile["name"], system.name)
        told(f"  {system.name}: {result['peak_mb']:,.0f} MB")
        found.append(result["peak_mb"])
    return max(found)
