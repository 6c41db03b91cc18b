"""A run: one folder with the settings, models and scores of one pass through the study.

Notebooks and the command line say what they want ("the recipe of T1", "S2 trained", "its
scores"); the run knows the profile's numbers, keeps every result in its folder, and never
computes one twice.
"""

import inspect
import logging
import re
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas
import torch

from snrlib import corpora, datasets, evaluation, metrics, training
from snrlib import models as networks
from snrlib.datasets import bank
from snrlib.enhancement import RELEASED, Enhancer, load_enhancer, load_model
from snrlib.evaluation.scores import ScoreFile, read_scores
from snrlib.experiment import account, profiles, side_by_side, systems
from snrlib.experiment.systems import REFERENCES
from snrlib.models import checkpoint
from snrlib.support import devices, kernel, tables
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum, lock, read_json, run_folder, write_json
from snrlib.support.text import duration
from snrlib.teachers import averaged, routing
from snrlib.teachers.snr_estimation import SpectralEstimator
from snrlib.training import ablations, curves

RELEASED_SUFFIX = " released"  # behind a model's name: the one that comes with the kit
ESTIMATOR_MIXTURES = 1_000  # that the SNR estimator of the deployed teachers is fitted to


def open_run(
    profile: str = "fast",
    run_dir: str = "",
    seed: int = 7,
    speech: str = "",
    seen_noise: str = "",
    unseen_noise: str = "",
    quiet: bool = False,
) -> "Run":
    """Opens a run folder, made on first use, and prints what it stands for.

    Args:
        profile: "fast", "cpu", "gpu", "paper", or a TOML file.
        run_dir: the folder; empty for `runs/<profile>`. `runs/...` lies in the kit, any other
            relative path in the working folder.
        seed: of utterances, offsets, crops and initial weights.
        speech: corpus names, comma-separated; empty for the profile's.
        seen_noise: the same, for noises of training and test.
        unseen_noise: the same, for noises of the test only.
        quiet: print nothing.

    Raises:
        SnrlibError: an unknown profile or corpus, a folder made with other settings, or a
            parameter that papermill was given and the notebook does not have.
    """
    kernel.refuse_unknown()
    numbers = profiles.load(profile)
    data = numbers["data"]
    settings = {
        "profile": numbers["name"],
        "seed": int(seed),
        "speech": corpora.absolute(speech or data["speech"]),
        "seen_noise": corpora.absolute(seen_noise or data["seen_noise"]),
        "unseen_noise": corpora.absolute(unseen_noise or data["unseen_noise"]),
    }
    folder = run_folder(run_dir or f"runs/{numbers['name']}")
    facts = folder / "run.json"
    if facts.exists():
        there = read_json(facts)
        for key, value in settings.items():
            if there.get(key) != value:
                raise SnrlibError(
                    f"{folder} was made with {key} = {there.get(key)}, not {value}; choose "
                    "another run_dir, or delete the folder to start afresh."
                )
    else:
        write_json(facts, settings)
    run = Run(folder, numbers, settings)
    # Now, before the notebook's next cells may use one of these names for something else.
    common = inspect.signature(open_run).parameters
    run.own = {n: v for n, v in kernel.parameters().items() if n not in common}
    say_what_is_changed()
    if not quiet:
        print(run.banner())
    return run


def say_what_is_changed() -> None:
    """Lets the kit say in one line each what it does to the reader's audio (resampling, ...)."""
    log = logging.getLogger("snrlib")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("snrlib: %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


class Run:
    """One pass through the study; made by :func:`open_run`.

    Attributes:
        folder: where everything is kept.
        profile: the profile's numbers, nested.
        settings: profile name, seed and corpora.
        seed: of the run.
        device: where networks train.
        own: the parameters of the notebook that opened the run, less those of all notebooks.
    """

    def __init__(self, folder: Path, profile: dict[str, Any], settings: dict[str, Any]) -> None:
        self.folder, self.profile, self.settings = folder, profile, settings
        self.seed = int(settings["seed"])
        self.device = devices.local()
        self.own: dict[str, Any] = {}
        self._recipes: dict[str, pandas.DataFrame] = {}
        self._opened = time.monotonic()

    def __repr__(self) -> str:
        return f"Run({self.folder})"

    # --- data ---------------------------------------------------------------------------

    @cached_property
    def speech(self) -> pandas.DataFrame:
        """Records of the speech corpora."""
        return corpora.speech(self.settings["speech"])

    @cached_property
    def noises(self) -> pandas.DataFrame:
        """Records of the noises, with the column `seen`."""
        return corpora.noises(self.settings["seen_noise"], self.settings["unseen_noise"])

    @cached_property
    def bank(self) -> bank.Bank:
        """All audio of the run, memory-mapped."""
        spoken = self.speech[self.speech["split"].isin(["train", "test"])]
        records = pandas.concat([spoken, self.noises], ignore_index=True)
        return bank.open_bank(records, offset=str(self.profile["data"].get("offset", "removed")))

    def recipe(self, name: str) -> pandas.DataFrame:
        """The recipe of "T1" to "T4", "student" or "test", with gains; kept as CSV.

        Built, hashed and read once by each run object: every caller gets a copy of its own.
        """
        if name not in self._recipes:
            self._recipes[name] = self._recipe(name)
        return self._recipes[name].copy()

    def _recipe(self, name: str) -> pandas.DataFrame:
        path = self.folder / "recipes" / f"{name}.csv"
        data = self.profile["data"]
        limit = data["test_utterances"] if name == "test" else data["utterances"]
        table = datasets.recipe(
            name, self.speech, self.noises, self.seed, utterances=limit,
            student_snrs=data.get("student_snrs", datasets.STUDENT_SNRS),
            shared_speakers=bool(data.get("shared_speakers", False)),
        )  # fmt: skip
        per_utterance = data.get("test_noises" if name == "test" else "train_noises", 0)
        table = datasets.rotated(table, int(per_utterance))
        identity = checksum(tables.text(table.drop(columns="gain")), self.bank.checksum)
        beside = path.with_suffix(".json")
        if path.exists() and beside.exists() and read_json(beside)["identity"] == identity:
            return tables.read(path)
        table = datasets.fill_gains(table, self.bank)
        tables.write(path, table)
        write_json(beside, {"identity": identity, **self._offsets()})
        return table

    def _offsets(self) -> dict[str, Any]:
        """What was done about offsets, for cards and recipes; nothing where there was none."""
        if self.profile["data"].get("offset", "removed") == "kept":
            return {"offset": "kept"}
        count = len(self.bank.offsets)
        return {"offset": f"removed from {count} recordings"} if count else {}

    def crops(
        self, name: str, split: str = "train", batch: int = 16, **changes: Any
    ) -> datasets.Crops:
        """Training ("train") or validation ("valid") examples of a data set."""
        table = self.recipe(name)
        table = table[table["split"] == split].reset_index(drop=True)
        level = {"level_over": self.profile["level"]["over"]}
        return datasets.Crops(
            table,
            self.bank,
            batch,
            **{"seed": self.seed, "device": self.device, **level, **changes},
        )

    # --- models -------------------------------------------------------------------------

    def model_folder(self, name: str) -> Path:
        """Where the model of that name is, or will be."""
        return self.folder / "models" / name

    def model(self, name: str) -> Enhancer:
        """A model of this run.

        Raises:
            SnrlibError: it is not trained yet; the sentence says which notebook or command does it.
        """
        if not (self.model_folder(name) / checkpoint.DESCRIPTION).exists():
            remedy = systems.how_to_train(name, self.settings["profile"], self.folder)
            raise SnrlibError(f"{name} has not been trained in {self.folder}; {remedy}.")
        # Scores must not depend on whether the processor has bf16.
        return load_enhancer(self.model_folder(name), self.device, precision="float32")

    def history(self, name: str) -> pandas.DataFrame:
        """The history of a training, one row per validation."""
        self.model(name)
        return training.history(self.model_folder(name))

    def train(self, name: str, fresh: bool = False, **options: Any) -> Enhancer:
        """Trains the system `name`, continues its training, or returns it if it is trained.

        Args:
            name: see :mod:`snrlib.experiment.systems`.
            fresh: throw an earlier training away.
            options: accelerator, devices, nodes, capture, as :func:`snrlib.training.train`
                takes them.

        Raises:
            SnrlibError: an unknown system, a teacher that is not trained yet, or a folder that
                holds a training with other settings.
        """
        system = systems.find(name, self.profile)
        folder = self.model_folder(name)
        # With several processes, each has everything on its own device.
        self.device = devices.local(options.get("accelerator", "auto"))
        teachers = {teacher: self.model(teacher) for teacher in system.teachers}
        balance = float(self.profile["level"]["balance"])
        emphasis = float(self.profile["level"].get("emphasis", 0.0))
        seed = self.seed + 1000 * (system.replicate - 1)
        torch.manual_seed(seed)  # the initial weights
        network = networks.create(system.architecture, **system.arguments)
        begin = self._beginning(system)
        if begin:
            try:
                network.load_state_dict(
                    averaged([checkpoint.load(start)[0] for start in begin.values()])
                )
            except RuntimeError as error:
                raise SnrlibError(
                    f"{name} cannot start from {', '.join(map(str, begin.values()))}: another "
                    "network; give the profile's [model] the numbers in model.json there."
                ) from error
        level = {"level_rms": getattr(network, "level_rms", 0.1)}
        crops = self.crops(system.data, "train", system.budget.batch, seed=seed, **level)
        valid = self.crops(system.data, "valid", system.budget.batch, **level)
        settings = {
            "model": {"class": system.architecture, "arguments": dict(system.arguments)},
            "level": dict(self.profile["level"]),
            "target": system.target,
            "alpha": system.alpha,
            "data": {
                "set": system.data,
                # Without paths: a run folder may be moved, or copied to another machine.
                "recipe": datasets.fingerprint(crops.table),
                "audio": self.bank.checksum,
                **self._offsets(),
                **{k: self.settings[k] for k in ("speech", "seen_noise", "unseen_noise", "seed")},
            },
            **({"replicate": system.replicate} if system.replicate > 1 else {}),
            **(
                {"start": {n: checkpoint.fingerprint(start) for n, start in begin.items()}}
                if begin
                else {}
            ),
            "teachers": {t: checkpoint.fingerprint(self.model_folder(t)) for t in teachers},
        }
        frozen = {t: enhancer.model.requires_grad_(False) for t, enhancer in teachers.items()}
        objective = ablations.objective(
            system.target, frozen, system.alpha, balance, crops, emphasis
        )
        listen = None
        if system.followed:
            heard = curves.subset(valid.table, int(self.profile["growth"]["mixtures"]))
            listen = curves.Listener(heard, self.bank, self.device)
        training.train(
            name, network, crops, valid, objective, system.budget, folder, settings,
            listen=listen, fresh=fresh, **options,
        )  # fmt: skip
        return self.model(name)

    def train_all(
        self, names: Sequence[str], jobs: int = 0, fresh: bool = False, **options: Any
    ) -> dict[str, Enhancer]:
        """Trains independent systems side by side, each in a process of its own.

        The weights are those of training one after the other. One that is trained already is
        not trained again, one that was stopped goes on.

        Args:
            names: of the systems; none may need another one of them.
            jobs: how many at a time; 0 for what this machine does fastest.
            fresh: throw earlier trainings away.
            options: as :meth:`train` takes them.

        Returns:
            The models by name.

        Raises:
            SnrlibError: one of them cannot be trained, or failed; the others stopped with it and
                can go on.
        """
        found = [systems.find(name, self.profile) for name in names]
        for system in found:
            needed = {*system.teachers, *system.before}
            if needed & set(names):
                raise SnrlibError(
                    f"{system.name} needs {sorted(needed & set(names))[0]}, so the two cannot be "
                    "trained side by side; train one after the other."
                )
            for name in needed:
                self.model(name)
        left = [
            name for name in names
            if fresh or not (self.model_folder(name) / checkpoint.DESCRIPTION).exists()
        ]  # fmt: skip
        threads = max((system.budget.threads for system in found), default=0)
        gpus = torch.cuda.device_count() if self.device.type == "cuda" else 0
        jobs = jobs or side_by_side.at_once(len(left), threads, gpus)
        if jobs > 1 and len(left) > 1:
            for system in found:  # once, not once in every process
                self.recipe(system.data)
            opening = {"folder": self.folder, "profile": self.profile, "settings": self.settings}
            side_by_side.train(left, opening, min(jobs, len(left)), train_one, fresh=fresh,
                               **options)  # fmt: skip
            fresh = False
        return {name: self.train(name, fresh=fresh, **options) for name in names}

    def _beginning(self, system: systems.System) -> dict[str, Path]:
        """The models whose weights a training begins with; none for random ones.

        A profile with the line `start = "released"`, or with a folder of models there, goes on
        from the model of the same name: that is how a trained study meets another corpus.
        """
        if system.start:
            for name in system.before:
                self.model(name)  # or the sentence that says what trains it
            return {name: self.model_folder(name) for name in system.before}
        if not self.profile.get("start"):
            return {}
        start = self.profile["start"]
        folder = RELEASED if start == "released" else run_folder(start)
        plain = systems.variant(system.name)[0]
        for name in (plain, f"{plain}-narrow"):  # as teachers are released
            if (folder / name / checkpoint.DESCRIPTION).exists():
                return {name: folder / name}
        raise SnrlibError(
            f"The profile says start = \"{start}\", and {folder} has no model '{plain}' to "
            "start from; train it there first, or take that line out."
        )

    # --- scores -------------------------------------------------------------------------

    def scores(self, names: list[str] | str, fresh: bool = False) -> pandas.DataFrame:
        """Tidy scores of systems on the test set; computed where missing, read where not.

        Args:
            names: models of this run; "noisy"; the references "log_mmse" and "oracle_psm"; the
                deployed teachers "teachers-true-snr" and "teachers-estimated-snr"; a model that
                comes with the kit, such as "S2 released".
            fresh: score again.
        """
        names = [names] if isinstance(names, str) else names
        return pandas.concat([self._scores(name, fresh) for name in names], ignore_index=True)

    @cached_property
    def snr_estimator(self) -> SpectralEstimator:
        """What the deployed teachers are chosen by, fitted to mixtures that trained them."""
        known = pandas.concat([self.recipe(name) for name in systems.TEACHERS], ignore_index=True)
        known = known[known["split"] == "train"]
        known = known.sample(min(len(known), ESTIMATOR_MIXTURES), random_state=self.seed)
        noisy = (self.mixture(row).noisy for row in known.to_dict("records"))
        return SpectralEstimator(noisy, known["snr_db"])

    def routes(self, name: str) -> pandas.DataFrame:
        """Which teacher gets which test mixture; see :func:`snrlib.teachers.routing.choices`."""
        recipe = self.recipe("test")
        if name == routing.TRUE:
            return routing.choices(recipe)
        rows = recipe.to_dict("records")
        return routing.choices(recipe, [self.snr_estimator(self.mixture(r).noisy) for r in rows])

    def mixture(self, row: Any) -> Any:
        """The mixture of a recipe row, out of this run's bank."""
        return datasets.mixture(row, self.bank)

    @property
    def metrics(self) -> list[str]:
        """The scores that this profile computes; the others stay empty."""
        return list(self.profile["data"].get("metrics", metrics.METRICS))

    def _scores(self, name: str, fresh: bool) -> pandas.DataFrame:
        folder, file = self.folder / "scores", re.sub(r"[^A-Za-z0-9._-]+", "_", name)
        identity: dict[str, Any] = {"audio": self.bank.checksum}
        if name in routing.SYSTEMS:
            return self._routed_scores(name, folder / f"{file}.csv", identity, fresh)
        enhance: Any = None
        oracle = False
        if name in REFERENCES:
            enhance, oracle = REFERENCES[name]
        elif name.endswith(RELEASED_SUFFIX):
            # Apart from the run's own, under their fingerprint: another release is scored anew.
            model = name.removesuffix(RELEASED_SUFFIX)
            network = load_model(model, self.device, precision="float32", post_filter=False)
            enhance = network.enhance
            identity["weights"] = checkpoint.fingerprint(RELEASED / model)
            folder, file = self.folder / "scores-released", f"{model}-{identity['weights']}"
        elif name != "noisy":
            enhance = self.model(name).enhance
            identity["weights"] = checkpoint.fingerprint(self.model_folder(name))
        with lock(folder):
            return evaluation.score(
                name, self.recipe("test"),
                None if enhance is None else lambda block: [enhance(one) for one in block],
                seed=self.seed, path=folder / f"{file}.csv", metrics=self.metrics,
                read=self.mixture, identity=identity, fresh=fresh, oracle=oracle,
            )  # fmt: skip

    def _routed_scores(
        self, name: str, path: Path, identity: dict[str, Any], fresh: bool
    ) -> pandas.DataFrame:
        """Scores of the deployed teachers: each mixture's are those of the teacher it goes to."""
        teachers = self.scores(list(systems.TEACHERS), fresh)
        weights = {t: checkpoint.fingerprint(self.model_folder(t)) for t in systems.TEACHERS}
        described = evaluation.describe(
            name, self.seed, self.recipe("test"), self.metrics,
            {**identity, "weights": checksum(weights)},
        )  # fmt: skip
        with lock(self.folder / "scores"):
            store = ScoreFile(path, described, fresh)
            if not store.path.exists():
                store.finish(routing.scores(name, self.routes(name), teachers))
            return read_scores(store.path)

    # --- what a reader should know -------------------------------------------------------

    @property
    def caption(self) -> str:
        """What every table and figure of this run must say about itself."""
        return account.caption(self)

    def banner(self) -> str:
        """Versions, device, seed and data source, as notebooks print them first."""
        return account.banner(self)

    def provenance(self) -> dict[str, Any]:
        """Everything a number of this run depends on, for the last cell of a notebook."""
        return account.provenance(self)

    def finish(self) -> None:
        """Prints elapsed time and provenance: the last cell of every notebook."""
        provenance = self.provenance()  # may decode audio, with progress of its own
        print(f"elapsed: {duration(time.monotonic() - self._opened)}")
        for key, value in provenance.items():
            print(f"{key}: {value}")


def train_one(opening: dict[str, Any], name: str, options: dict[str, Any]) -> None:
    """Trains one system of a run in a process of its own; see :meth:`Run.train_all`."""
    say_what_is_changed()
    Run(**opening).train(name, **options)
