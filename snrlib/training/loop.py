"""The one training loop: teachers, students and baselines differ in data and objective only.

A training is a function of its settings: the same settings give the same weights, on CPU in
float32 bit for bit, also when the process is killed on the way and started again. One step is
:mod:`snrlib.training.step`; devices, mixed precision and several processes are Lightning Fabric's
business. With several processes the first one decides, validates for all and writes.

Notebooks: 04_teacher_training, 05_distillation.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas
import torch
from torch import Tensor, nn

from snrlib.datasets.crops import Crops
from snrlib.models import checkpoint
from snrlib.support import tables
from snrlib.support.devices import computes_in_bf16
from snrlib.support.devices import fabric as launch
from snrlib.support.errors import SnrlibError
from snrlib.support.files import lock
from snrlib.support.progress import Progress
from snrlib.training.objectives import Objective
from snrlib.training.step import Step

__all__ = ["HISTORY_COLUMNS", "Budget", "computes_in_bf16", "history", "train"]

HISTORY_COLUMNS = [
    "step", "epoch", "seconds", "learning_rate",
    "train_loss", "valid_loss", "valid_pesq_raw", "valid_stoi",
]  # fmt: skip
RESUME_EVERY = 45.0  # seconds: what a kill can cost at most


@dataclass(frozen=True)
class Budget:
    """How long and how fast a network learns.

    Attributes:
        steps: at most.
        batch: rows per step (paper: 16).
        learning_rate: the highest one (paper: 2e-4 for teachers, 2e-3 for students).
        schedule: "constant"; "halve" halves every `halve_epochs` and stops after a whole such
            stage without a new best validation loss (paper, section 2.2, as ruled); "onecycle"
            rises and falls once over all steps, for short budgets.
        valid_every: steps between two rows of the history.
        valid_crops: crops the validation loss is measured on.
        halve_epochs: length of a stage (paper: 300).
        precision: "32-true", "bf16-mixed", or "auto": bf16 where the hardware computes in it.
        threads: that a CPU computes with; 0 for as many as there are. Sums depend on it in the
            last bit, so it belongs to the training and not to what runs beside it.
        average: 0, or how much of the running average of the weights each step keeps (0.999:
            about the last thousand steps). The average, steadier than the weights themselves,
            is then what is validated and kept; the steps are taken by the weights.
    """

    steps: int
    batch: int = 16
    learning_rate: float = 2e-3
    schedule: str = "onecycle"
    valid_every: int = 100
    valid_crops: int = 64
    halve_epochs: int = 300
    precision: str = "32-true"
    threads: int = 0
    average: float = 0.0

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.valid_every, self.valid_crops) < 1:
            raise SnrlibError("A training needs at least one step, row and validation crop.")
        if self.schedule not in ("constant", "halve", "onecycle"):
            raise SnrlibError(
                f"There is no schedule '{self.schedule}'; choose constant, halve or onecycle."
            )
        if not 0 <= self.average < 1:
            raise SnrlibError(f"average is 0 or a share below 1, not {self.average}.")

    def facts(self) -> dict[str, Any]:
        """The numbers that identify a training; what is switched off is left out."""
        later = ("threads", "average")  # entries that trainings before them do not have
        return {key: value for key, value in asdict(self).items() if key not in later or value}

    def rate(self, step: int, epoch: float) -> float:
        """The learning rate of a step."""
        if self.schedule == "halve":
            return self.learning_rate * 0.5 ** int(epoch / self.halve_epochs)
        if self.schedule == "onecycle":
            # Up over the first sixth, down along a cosine: what short trainings do best with.
            done = (step + 1) / self.steps
            rise = min(1.0, done * 6)
            return self.learning_rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        return self.learning_rate


def train(
    name: str,
    model: nn.Module,
    crops: Crops,
    valid: Crops,
    objective: Objective,
    budget: Budget,
    folder: str | Path,
    settings: dict[str, Any],
    listen: Callable[[nn.Module, int], dict[str, float]] | None = None,
    accelerator: str = "auto",
    devices: int = 1,
    nodes: int = 1,
    fresh: bool = False,
    capture: bool = True,
) -> Path:
    """Trains `model` and returns its folder, with the weights of the best validation loss.

    The same call continues a training that was killed, and returns at once when it is done.

    Args:
        name: as it stands in tables ("T1", "S2").
        model: freshly created; its `class` and `arguments` are in `settings["model"]`.
        crops: training examples; valid: validation examples.
        objective: the loss of one batch.
        budget: steps, learning rate, schedule.
        folder: `runs/<run>/models/<name>`.
        settings: everything else the weights depend on (seed, data checksums, alpha, teachers);
            written to the model card, and compared when the folder already holds a training.
        listen: scores of the current model on a fixed validation subset, as columns of the
            history (validation PESQ and STOI: Fig. 4).
        accelerator, devices, nodes: as Lightning Fabric takes them: processes per machine, and
            machines. They share `folder`. Every process calls this function with the same
            arguments; what it raises, all of them raise.
        fresh: throw an earlier training away.
        capture: on one GPU, replay forward and backward pass as CUDA graphs.

    Raises:
        SnrlibError: the folder holds a training with other settings, another process works in
            it, or the loss is no longer a number.
    """
    folder = Path(folder)
    settings = {**settings, "name": name, "budget": budget.facts()}
    fabric = launch(accelerator, devices, nodes, budget.precision)
    with ExitStack() as held:
        finished, refused = False, ""
        if fabric.is_global_zero:
            try:
                held.enter_context(lock(folder))
                finished = _finished(folder, settings, fresh)
            except SnrlibError as error:
                refused = str(error)
        # Told to all: a process that waits for one that has given up waits for long.
        finished, refused = fabric.broadcast((finished, refused))
        if refused:
            raise SnrlibError(refused)
        if finished:
            return folder
        training = _Training(name, model, crops, valid, objective, budget, folder, settings, listen)
        with _threads(budget.threads):
            return training(fabric, capture)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Computes with that many threads inside the block; 0 changes nothing."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _finished(folder: Path, settings: dict[str, Any], fresh: bool) -> bool:
    """Whether the folder already holds this training, to its end."""
    if fresh:
        for path in (folder / checkpoint.DESCRIPTION, folder / "resume" / "state.safetensors"):
            path.unlink(missing_ok=True)
    if not (folder / checkpoint.DESCRIPTION).exists():
        return False
    _, card = checkpoint.load(folder)
    _compare(folder, card["settings"], settings)
    return True


def history(folder: str | Path) -> pandas.DataFrame:
    """The history of a training, one row per validation: `HISTORY_COLUMNS`."""
    path = Path(folder) / "history.csv"
    if not path.is_file():
        raise SnrlibError(f"{path} does not exist; train the model first.")
    return tables.read(path)


class _Training:
    """One training under way: what has to survive a kill, and the loop around it."""

    def __init__(
        self,
        name: str,
        model: nn.Module,
        crops: Crops,
        valid: Crops,
        objective: Objective,
        budget: Budget,
        folder: Path,
        settings: dict[str, Any],
        listen: Callable[[nn.Module, int], dict[str, float]] | None,
    ) -> None:
        self.name, self.model, self.crops, self.valid = name, model, crops, valid
        self.objective, self.budget, self.folder = objective, budget, folder
        self.settings, self.listen = settings, listen
        self.adam: dict[int, dict[str, Tensor]] = {}
        self.step, self.seconds, self.train_loss = 0, 0.0, 0.0
        self.rows: list[dict[str, float]] = []
        self.best_loss, self.best_step = math.inf, 0
        self.best: dict[str, Tensor] = {}
        self.mean: dict[str, Tensor] = {}  # the running average of the weights, if wanted

    def __call__(self, fabric: Any, capture: bool) -> Path:
        self.fabric = fabric
        state = self.folder / "resume" / "state.safetensors"
        if state.exists():
            self._restore(state)
        one_step = Step(fabric, self.model, self.crops, self.objective, capture, self.adam)
        self.optimizer = one_step.adam
        budget, losses_since = self.budget, []
        saved = clock = time.monotonic()
        one_step.network.train()
        progress = Progress(budget.steps, self.name, done=self.step)
        with progress if fabric.is_global_zero else _Quiet():
            while self.step < budget.steps and not self._exhausted():
                rate = budget.rate(self.step, self.crops.epoch(self.step))
                # Read only where it is shown: reading waits for the device.
                losses_since.append(one_step(self.step, rate, self.step / budget.steps))
                self.step += 1
                self._average()
                due = self.step % budget.valid_every == 0 or self.step == budget.steps
                if due:
                    # Deliberately a mean over what this process saw since the last row.
                    self.train_loss = float(torch.stack(losses_since).mean())
                    losses_since.clear()
                    self.seconds += time.monotonic() - clock
                    with self._averaged():
                        self._validate(one_step.network, rate)
                    clock = time.monotonic()
                if fabric.is_global_zero:
                    if due or time.monotonic() - saved > RESUME_EVERY:
                        self.seconds += time.monotonic() - clock
                        clock = saved = time.monotonic()
                        self._save(state, losses_since)
                    progress.update(loss=f"{self.train_loss:.2e}" if self.rows else "...")
        if fabric.is_global_zero:
            self._finish()
        fabric.barrier()
        return self.folder

    def _exhausted(self) -> bool:
        """A whole stage of the halving schedule went by without a new best (paper, ruled)."""
        if self.budget.schedule != "halve":
            return False
        since = self.crops.epoch(self.step) - self.crops.epoch(self.best_step)
        return since >= 2 * self.budget.halve_epochs

    @torch.no_grad()
    def _average(self) -> None:
        """Moves the running average towards the weights; in the first steps by more."""
        if not self.budget.average:
            return
        state = self.model.state_dict()
        if not self.mean:
            self.mean = {key: value.clone() for key, value in state.items()}
            return
        keep = min(self.budget.average, self.step / (self.step + 10))
        for key, value in state.items():
            if value.is_floating_point():
                self.mean[key].lerp_(value, 1 - keep)
            else:
                self.mean[key].copy_(value)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The model has its averaged weights inside, its own again outside."""
        if not self.mean:
            yield
            return
        own = {key: value.clone() for key, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.mean)
        yield
        self.model.load_state_dict(own)

    def _validate(self, network: nn.Module, rate: float) -> None:
        network.eval()
        total = rows = 0.0
        with torch.no_grad():
            fixed = self.valid.fixed(self.budget.valid_crops)
            for noisy, clean, snr_db in zip(
                *(part.split(self.budget.batch) for part in fixed), strict=True
            ):
                # As at the end of the training, at every step: what moves with progress (fading
                # teachers, widening SNRs, lots) would compare unlike things for the best weights.
                loss = self.objective(network, noisy, clean, snr_db, 1.0)
                total, rows = total + float(loss) * len(noisy), rows + len(noisy)
        heard: dict[str, float] = {}
        if self.listen and self.fabric.is_global_zero:
            heard = self.listen(self.model, self.step)
        network.train()
        # One process's word for all: devices may differ in the last bit, and then disagree on
        # which weights were best and when to stop.
        valid_loss, heard = self.fabric.broadcast((total / rows, heard))
        if not math.isfinite(valid_loss):
            raise SnrlibError(
                f"The loss of {self.name} is no longer a number at step {self.step}; lower the "
                "learning rate and train it afresh."
            )
        row = {
            "step": self.step,
            "epoch": round(self.crops.epoch(self.step), 4),
            "seconds": round(self.seconds, 2),
            "learning_rate": rate,
            "train_loss": self.train_loss,
            "valid_loss": valid_loss,
            **heard,
        }
        self.rows.append(row)
        if valid_loss < self.best_loss:
            self.best_loss, self.best_step = valid_loss, self.step
            self.best = {key: value.clone() for key, value in self.model.state_dict().items()}

    def _save(self, path: Path, losses_since: list[Tensor]) -> None:
        """All that the rest of the training depends on, in one file that appears whole."""
        tensors = {f"model.{key}": value for key, value in self.model.state_dict().items()}
        tensors |= {f"best.{key}": value for key, value in self.best.items()}
        tensors |= {f"mean.{key}": value for key, value in self.mean.items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{number}.{key}": value for key, value in moments.items()}
        if losses_since:
            tensors["losses_since"] = torch.stack(losses_since)
        facts = {
            key: getattr(self, key)
            for key in ("step", "seconds", "train_loss", "rows", "best_loss", "best_step")
        }
        metadata = {"facts": json.dumps(facts), "settings": json.dumps(self.settings, default=str)}
        checkpoint.write_tensors(path, tensors, metadata=metadata)
        self._write_history()

    def _restore(self, path: Path) -> None:
        from safetensors import safe_open

        tensors = checkpoint.read_tensors(path)
        with safe_open(str(path), "pt") as file:
            metadata = file.metadata()
        _compare(self.folder, json.loads(metadata["settings"]), self.settings)
        for key, value in json.loads(metadata["facts"]).items():
            setattr(self, key, value)
        part = {
            prefix: {k.split(".", 1)[1]: v for k, v in tensors.items() if k.startswith(prefix)}
            for prefix in ("model.", "best.", "adam.", "mean.")
        }
        self.model.load_state_dict(part["model."])
        self.best, self.mean = part["best."], part["mean."]
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in part["adam."].items():
            number, moment = key.split(".")
            moments.setdefault(int(number), {})[moment] = value
        self.adam = moments

    def _write_history(self) -> None:
        table = pandas.DataFrame(self.rows).reindex(columns=HISTORY_COLUMNS)
        tables.write(self.folder / "history.csv", table)

    def _finish(self) -> None:
        self._write_history()
        checkpoint.write_tensors(self.folder / "last.safetensors", self.model.state_dict())
        self.model.load_state_dict(self.best)
        description = {
            "name": self.name,
            **self.settings["model"],
            "settings": self.settings,
            "training": {
                "steps": self.step,
                "examples": self.step * self.budget.batch,
                "seconds": round(self.seconds, 1),
                "best_step": self.best_step,
                "best_valid_loss": self.best_loss,
                "device": str(self.crops.device),
            },
        }
        checkpoint.save(self.folder, self.model, description)


class _Quiet:
    """Progress of the processes that have nothing to say."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _compare(folder: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Refuses to mix two trainings, naming the first setting that differs."""
    old, new = (
        _flatten(json.loads(json.dumps(there, default=str))),
        _flatten(json.loads(json.dumps(here, default=str))),
    )
    for key in [*new, *(k for k in old if k not in new)]:
        if old.get(key) != new.get(key):
            raise SnrlibError(
                f"{folder} holds a training with {key} = {old.get(key)}, but {new.get(key)} is "
                "asked for now; choose another --run-dir, or start it afresh with --fresh."
            )


def _flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
