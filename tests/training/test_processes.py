"""Several processes train the network that one process trains.

Run as a script, this file is what the processes do: `test_processes.py WHAT FOLDER`.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from snrlib import datasets, models, training
from snrlib.datasets.bank import Bank
from snrlib.models import checkpoint
from snrlib.support import devices
from snrlib.support.errors import SnrlibError
from snrlib.training import loop
from snrlib.training.objectives import Supervised, own_loss
from snrlib.training.step import Step

BATCH = 5  # over two processes: three rows and two
SIZE = {"channels": 3, "growth": 1, "depth": 3, "decimations": 2}
NETWORKS = {
    "unet": (SIZE, Supervised(balance=0.5)),
    "crn": ({"channels": (1, 1, 1, 1, 2)}, own_loss),
}


def crops(samples: int = 1_600) -> datasets.Crops:
    """Crops of noise, from a bank that was never a file."""
    rng = np.random.default_rng(0)
    held = Bank((1_000 * rng.standard_normal(40_000)).astype(np.int16), {}, "noise")
    held.begins.update({f"u{i}": (3_000 * i, 3_000) for i in range(6)} | {"n": (20_000, 20_000)})
    speech = pandas.DataFrame(
        {
            "id": [f"u{i}" for i in range(6)], "speaker": "s",
            "path": [f"u{i}" for i in range(6)], "samples": 3_000,
            "split": ["train"] * 5 + ["test"],
        }
    )  # fmt: skip
    noises = pandas.DataFrame({"id": ["n"], "path": ["n"], "samples": 20_000, "seen": True})
    table = datasets.fill_gains(datasets.recipe("student", speech, noises, 1), held)
    return datasets.Crops(table, held, BATCH, 3, samples=samples)


def gradients(fabric, name: str) -> dict[str, torch.Tensor]:
    """The gradients of the first batch, batch norm in eval mode."""
    arguments, objective = NETWORKS[name]
    torch.manual_seed(1)
    step = Step(fabric, models.create(name, **arguments), crops(), objective)
    found = {}
    step.adam.register_step_pre_hook(
        lambda *_: found.update(
            {f"{name}.{key}": p.grad.clone() for key, p in step.network.module.named_parameters()}
        )
    )
    step.network.eval()
    step(0, 1e-3, 0.0)
    return found


def train(folder: Path, count: int, pause: float = 0.0, steps: int = 24) -> None:
    """A short training by `count` processes."""

    class Slow(Supervised):
        def __call__(self, *arguments):
            time.sleep(pause)
            return super().__call__(*arguments)

    torch.manual_seed(1)
    training.train(
        "S1", models.create("unet", **SIZE), crops(), crops(), Slow(),
        training.Budget(steps, BATCH, valid_every=4, valid_crops=4), folder / "S1",
        {"model": {"class": "unet", "arguments": SIZE}}, accelerator="cpu", devices=count,
    )  # fmt: skip


def main(what: str, folder: Path) -> None:
    torch.set_num_threads(1)
    loop.RESUME_EVERY = 0.0
    rank = os.environ.get("LOCAL_RANK", "0")
    if what == "gradients":
        fabric = devices.fabric("cpu", 2, 1, "32-true")
        found = {key: grad for name in NETWORKS for key, grad in gradients(fabric, name).items()}
        checkpoint.write_tensors(folder / f"{fabric.global_rank}.safetensors", found)
        train(folder, 2)
    else:
        (folder / f"pid{rank}").write_text(str(os.getpid()))
        train(folder, 2, pause=0.1)


def command(what: str, folder: Path) -> list[str]:
    return [sys.executable, __file__, what, str(folder)]


@pytest.fixture(scope="module")
def together(tmp_path_factory) -> Path:
    """What two processes left behind."""
    folder = tmp_path_factory.mktemp("together")
    subprocess.run(command("gradients", folder), check=True, timeout=120)
    return folder


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradients_are_those_of_one_process(together, name):
    alone = gradients(devices.fabric("cpu", 1, 1, "32-true"), name)
    for rank in (0, 1):
        shared = checkpoint.read_tensors(together / f"{rank}.safetensors")
        for key, gradient in alone.items():
            scale = float(gradient.abs().max())
            assert torch.allclose(shared[key], gradient, rtol=1e-4, atol=1e-5 * scale + 1e-9), key


def test_the_first_process_writes_one_training(together):
    history = training.history(together / "S1")
    assert history["step"].tolist() == list(range(4, 25, 4))
    assert history["valid_loss"].iloc[-1] < history["valid_loss"].iloc[0]
    _, card = checkpoint.load(together / "S1")
    assert card["training"]["best_valid_loss"] == history["valid_loss"].min()


@pytest.mark.skipif(os.name != "posix", reason="kills a process by signal")
def test_a_process_that_dies_ends_the_job_which_can_be_resumed(tmp_path):
    job = subprocess.Popen(command("slowly", tmp_path), stderr=subprocess.PIPE)
    history = tmp_path / "S1" / "history.csv"
    deadline = time.monotonic() + 90
    while not history.exists() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(int((tmp_path / "pid1").read_text()), signal.SIGKILL)
    _, errors = job.communicate(timeout=60)
    assert job.returncode != 0, errors
    assert not (tmp_path / "S1" / checkpoint.DESCRIPTION).exists()
    train(tmp_path, 1)  # how many processes share a batch changes nothing: one may go on alone
    assert training.history(tmp_path / "S1")["step"].tolist() == list(range(4, 25, 4))


def test_every_row_of_a_batch_belongs_to_one_process():
    whole = crops()
    noisy, _, snr_db = whole.batch_at(7)
    parts = []
    for rank in range(2):
        mine = crops()
        mine.share(rank, 2)
        parts.append(mine.batch_at(7))
    assert [len(part[0]) for part in parts] == [3, 2]
    for rank, part in enumerate(parts):
        assert torch.equal(part[0], noisy[rank::2]) and torch.equal(part[2], snr_db[rank::2])


def test_more_processes_than_rows_are_refused():
    class Fabric:
        world_size, global_rank, device = 6, 0, torch.device("cpu")

    with pytest.raises(SnrlibError, match="5 rows cannot be shared by 6 processes"):
        Step(Fabric(), models.create("unet", **SIZE), crops(), Supervised())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
