"""Trains many small students under changed conditions: where is S2 better than S1, and why?

    OMP_NUM_THREADS=1 python tools/map_claim.py runs/map                 # all, in order
    OMP_NUM_THREADS=1 python tools/map_claim.py runs/map interference    # one experiment

Each condition says what was expected of it before it was trained. Networks are the `fast`
profile's (0.354 M), on the embedded audio, 500 steps of 12 crops of 8,192 samples, one-cycle from
2e-3, judged by their last weights on 324 mixtures of a voice and of noise segments that none has
heard. Every training's scores are on disk, mixture by mixture, as soon as it is finished; the same
command goes on where it was stopped.
"""

import argparse
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas
import torch

from snrlib import datasets, evaluation, models, open_run, training
from snrlib.datasets.recipes import STUDENT_SNRS
from snrlib.enhancement import RELEASED, load_enhancer
from snrlib.models import checkpoint
from snrlib.support.files import lock, write_text
from snrlib.teachers import TEACHER_SNRS
from snrlib.training import ablations, interference, objectives

SAMPLES = 8_192
BATCH = 12
SEEDS = (7, 8, 9)
DATA_SEED = 7  # which utterances and noise segments: the same for all trainings
TEST_UTTERANCES = 36  # with one noise each, in rotation, at nine SNRs: 324 mixtures
WITHOUT_LOUDEST = tuple(float(snr) for snr in STUDENT_SNRS if snr > -20)


@dataclass(frozen=True)
class Condition:
    """One kind of training.

    Attributes:
        name: in tables.
        experiment: what it belongs to.
        prediction: written before it was trained.
        target: as :func:`snrlib.training.ablations.objective` takes it, or a cure of `CURES`.
        teachers: "" for none, "released", or the family whose conditions train them.
        data: "student", or a teacher's set.
        speech: "all" utterances, "half" of them, the "other half", or how many.
        snrs: of the student's rows.
        steps, batch, rate, schedule: the budget.
        size: channels and growth of the network.
        single: every batch holds one SNR.
        level_rms: of the networks' input; None leaves levels as they are.
        seeds: of weights and crops.
    """

    name: str
    experiment: str
    prediction: str = ""
    target: str = "clean"
    teachers: str = ""
    data: str = "student"
    speech: str = "all"
    snrs: tuple[float, ...] = tuple(map(float, STUDENT_SNRS))
    steps: int = 500
    batch: int = BATCH
    rate: float = 2e-3
    schedule: str = "onecycle"
    size: tuple[int, int] = (8, 4)
    single: bool = False
    level_rms: float | None = 0.1
    seeds: tuple[int, ...] = SEEDS


CURES: dict[str, Any] = {
    "weight 0": interference.Weighted({-20.0: 0.0}),
    "weight 0.25": interference.Weighted({-20.0: 0.25}),
    "late": interference.Weighted({-20.0: 0.0}, until=0.5),
    "projected": interference.Projected(),
}


def conditions() -> list[Condition]:
    """All conditions, in the order in which they are trained: teachers before their students."""
    s2: dict[str, Any] = {"target": "teachers", "teachers": "released"}
    quiet: dict[str, Any] = {"snrs": WITHOUT_LOUDEST}
    claim, cures, scarce = "claim", "interference", "scarce speech"
    found = [
        Condition("S1", claim, "the reference"),
        Condition("S2", claim, "+0.25 dB over S1: larger teachers that heard more", **s2),
        Condition("S1 without -20 dB", claim, "+0.8 dB over S1, more than S2 gains", **quiet),
        Condition("S2 without -20 dB", claim, "+0.1 dB over S1 without -20 dB", **s2, **quiet),
        *_of_all(),
        Condition(
            "S1, -20 dB at weight 0", cures,
            "less than without those rows: batch norm still sees them", "weight 0",
        ),
        Condition(
            "S1, projected gradients", cures, "+0.4 dB over S1, below leaving the rows out",
            "projected",
        ),
    ]  # fmt: skip
    for count in ("8", "40"):
        found += [
            Condition(f"S1, {count} utterances", scarce, "below S1", speech=count),
            Condition(
                f"S2, {count} utterances", scarce,
                "+0.3 dB over S1: the teachers heard what the student lacks", speech=count, **s2,
            ),
        ]  # fmt: skip
    found += [
        Condition(
            "S1, -20 dB in the second half", cures, "no gain: the end of a training counts", "late"
        ),
        Condition(
            "S1, one SNR a step", cures,
            "worse than S1: batch norm sees other statistics than in use", single=True,
        ),
        Condition(
            "S1 without -20 dB, 400 steps", cures,
            "as good as after 500: the same rows elsewhere", steps=400, **quiet,
        ),
    ]  # fmt: skip
    found += [Condition("S2-mean", claim, "+0.4 dB over S1", "mean", "released"), *_factorial()]
    for rate in (2e-4, 2e-3):
        found += [
            Condition(
                f"S1, constant {rate:g}", "rates", "below one-cycle", rate=rate,
                schedule="constant",
            ),
            Condition(
                f"S2, constant {rate:g}", "rates", "S2 - S1 within 0.2 dB of zero", rate=rate,
                schedule="constant", **s2,
            ),
        ]  # fmt: skip
    for steps in (1500, 2500):
        found += [
            Condition(f"S1, {steps} steps", "steps", "beats every S2 of 500 steps", steps=steps),
            Condition(f"S2, {steps} steps", "steps", "S2 - S1 shrinks", steps=steps, **s2),
        ]
    return found


def _of_all() -> list[Condition]:
    """Teachers of the student's size, budget and utterances: better in nothing but their range."""
    family = "all, 500 steps"
    return [
        *(
            Condition(f"{teacher} of {family}", "teachers", data=teacher, seeds=SEEDS[:1])
            for teacher in TEACHER_SNRS
        ),
        Condition(
            f"S2, teachers of {family}", "teachers",
            "0 dB over S1: what teachers know more is what counts", "teachers", family,
        ),
    ]  # fmt: skip


def _factorial() -> list[Condition]:
    """A student of half the utterances, and teachers of the same or of the other half."""
    experiment = "teachers"
    found = [
        Condition("S1, half", experiment, "a little below S1", speech="half"),
        Condition(
            "S2, half, released teachers", experiment,
            "+0.3 dB over S1 of half: three times the size, all utterances and more",
            "teachers", "released", speech="half",
        ),
    ]  # fmt: skip
    for speech, steps in (("half", 500), ("other half", 500), ("half", 1500), ("other half", 1500)):
        family = f"{speech}, {steps} steps"
        found += [
            Condition(
                f"{teacher} of {family}", experiment, data=teacher, speech=speech, steps=steps,
                seeds=SEEDS[:1],
            )
            for teacher in TEACHER_SNRS
        ]  # fmt: skip
        gain = "+0.1" if steps > 500 else "0"
        more = "; a little more than from teachers of the same half" if "other" in speech else ""
        found.append(
            Condition(
                f"S2, teachers of {family}", experiment, f"{gain} dB over S1 of half{more}",
                "teachers", family, speech="half",
            )
        )  # fmt: skip
    return found


class Map:
    """The folder in which all trainings of the map are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = open_run("fast", str(folder.resolve()), DATA_SEED, quiet=True)

    @cached_property
    def test(self) -> pandas.DataFrame:
        """The test mixtures: every utterance with one noise, at all SNRs."""
        run = self.run
        table = datasets.recipe("test", run.speech, run.noises, DATA_SEED, TEST_UTTERANCES)
        return datasets.fill_gains(datasets.rotated(table, 1), run.bank)

    def crops(self, condition: Condition, seed: int, split: str = "train") -> datasets.Crops:
        """The examples of a condition."""
        table = self.run.recipe(condition.data)
        table = table[table["split"] == split]
        if split == "train":
            utterances = list(dict.fromkeys(table["utterance"]))
            # Even and odd ones in the order of the seed's permutation of the corpus.
            order = sorted(dict.fromkeys(self.run.recipe("T1")["utterance"]))
            chosen = {
                "all": utterances,
                "half": [u for u in utterances if order.index(u) % 2 == 0],
                "other half": [u for u in utterances if order.index(u) % 2],
            }.get(condition.speech)
            if chosen is None:
                chosen = utterances[: int(condition.speech)]
            table = table[table["utterance"].isin(chosen)]
            if condition.data == "student":
                table = table[table["snr_db"].isin(condition.snrs)]
        kind = interference.OneSNR if condition.single and split == "train" else datasets.Crops
        return kind(
            table.reset_index(drop=True), self.run.bank, condition.batch, seed=seed,
            level_rms=condition.level_rms, samples=SAMPLES,
        )  # fmt: skip

    def teachers(self, family: str) -> dict[str, Path]:
        """Where each teacher of a family is; none for no family."""
        if not family:
            return {}
        if family == "released":
            return {name: RELEASED / f"{name}-narrow" for name in TEACHER_SNRS}
        return {n: self.model_folder(f"{n} of {family}", SEEDS[0]) for n in TEACHER_SNRS}

    def model_folder(self, name: str, seed: int) -> Path:
        """Where a training is kept."""
        return self.folder / "models" / f"{name}, seed {seed}"

    def train(self, condition: Condition, seed: int) -> None:
        """Trains and scores one seed of a condition, unless that is done."""
        where = self.teachers(condition.teachers)
        frozen = {n: load_enhancer(at).model.requires_grad_(False) for n, at in where.items()}
        torch.manual_seed(seed)
        channels, growth = condition.size
        arguments = {"channels": channels, "growth": growth}
        network = models.create("unet", **arguments)
        crops = self.crops(condition, seed)
        budget = training.Budget(
            condition.steps, condition.batch, condition.rate, condition.schedule,
            # One validation, at the end: no training is helped by a choice of its best weights.
            valid_every=condition.steps, valid_crops=64, precision="auto",
        )  # fmt: skip
        objective: objectives.Objective = CURES.get(condition.target) or ablations.objective(
            condition.target, frozen, 0.5, 0.0, crops
        )
        settings = {
            "model": {"class": "unet", "arguments": arguments},
            "level": {"over": "crop", "balance": 0.0},
            "data": {
                "recipe": datasets.fingerprint(crops.table),
                "audio": self.run.bank.checksum,
                **{k: self.run.settings[k] for k in ("speech", "seen_noise", "unseen_noise")},
                "seed": seed,
            },
            "condition": {k: v for k, v in asdict(condition).items() if k != "prediction"},
            "teachers": {name: checkpoint.fingerprint(at) for name, at in where.items()},
        }
        folder = self.model_folder(condition.name, seed)
        training.train(
            condition.name, network, crops, self.crops(condition, seed, "valid"), objective,
            budget, folder, settings,
        )  # fmt: skip
        trained = load_enhancer(folder, precision="float32")
        self.score(condition.name, seed, trained.enhance)

    def score(self, name: str, seed: int, enhance: Any) -> None:
        """Scores a system on the test mixtures, unless that is done."""
        with lock(self.folder / "scores"):
            evaluation.score(
                name, self.test, enhance and (lambda block: [enhance(one) for one in block]),
                seed=seed, path=self.folder / "scores" / f"{name}, seed {seed}.csv",
                metrics=["si_sdr", "stoi"], jobs=1, read=self.run.mixture,
            )  # fmt: skip


def note(table: list[Condition], path: Path) -> None:
    """Writes all conditions and predictions down, each with the time when it first was."""
    rows = pandas.DataFrame([asdict(condition) for condition in table])
    now = pandas.Timestamp.now("UTC").strftime("%Y-%m-%d %H:%M")
    before = pandas.read_csv(path).set_index("name") if path.exists() else rows.iloc[:0]
    known = before["written"] if "written" in before else pandas.Series(dtype=str)
    rows["written"] = [known.get(name, now) for name in rows["name"]]
    write_text(path, rows.to_csv(index=False))


def main() -> None:
    """Trains what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("experiments", nargs="*", help="names of experiments; all without")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    where = Map(arguments.folder)
    table = conditions()
    note(table, arguments.folder / "conditions.csv")
    where.score("noisy", 0, None)
    for condition in table:
        if not arguments.experiments or condition.experiment in arguments.experiments:
            for seed in condition.seeds:
                where.train(condition, seed)


if __name__ == "__main__":
    main()
