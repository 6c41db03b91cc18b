"""One training step: the same on every device, and nothing in it waits for one."""

import contextlib

import numpy as np
import pandas
import pytest
import torch

from snrlib import datasets, models
from snrlib.datasets.bank import Bank
from snrlib.support import devices
from snrlib.training.ablations import Smoothing
from snrlib.training.objectives import Distillation, Supervised
from snrlib.training.step import Step

SIZE = {"channels": 2, "growth": 1, "depth": 3, "decimations": 2}
TEACHERS = ("T1", "T2", "T3", "T4")
SHARES = {float(snr): 0.1 for snr in datasets.STUDENT_SNRS}


def crops(device: str = "cpu", **changes) -> datasets.Crops:
    rng = np.random.default_rng(0)
    held = Bank((1_000 * rng.standard_normal(40_000)).astype(np.int16), {}, "noise")
    held.begins.update({f"u{i}": (3_000 * i, 3_000) for i in range(6)} | {"n": (20_000, 20_000)})
    names = [f"u{i}" for i in range(6)]
    speech = pandas.DataFrame(
        {"id": names, "speaker": "s", "path": names, "samples": 3_000, "split": "train"}
    )
    speech.loc[5, "split"] = "test"
    noises = pandas.DataFrame({"id": ["n"], "path": ["n"], "samples": 20_000, "seen": True})
    table = datasets.fill_gains(datasets.recipe("student", speech, noises, 1), held)
    return datasets.Crops(table, held, 8, 3, samples=1_600, device=device, **changes)


def teachers(device: str) -> dict[str, torch.nn.Module]:
    return {name: models.create("unet", **SIZE).eval().to(device) for name in TEACHERS}


class Nowhere:
    """A Fabric on PyTorch's meta device, where tensors have shapes and no numbers to ask for."""

    device, world_size, global_rank = torch.device("meta"), 1, 0

    def setup(self, model, optimizer):
        return model, optimizer

    def autocast(self):
        return contextlib.nullcontext()

    def backward(self, loss):
        loss.backward()


@pytest.mark.parametrize("level_over", ["crop", "utterance"])
@pytest.mark.parametrize(
    "objective",
    [
        Supervised(balance=0.5),
        Distillation(teachers("meta"), (0.2, 0.8), 0.5),
        Smoothing({}, 0.5, shares=SHARES),
    ],
    ids=["supervised", "distillation", "smoothing"],
)
def test_nothing_in_a_step_asks_the_device_for_a_number(objective, level_over):
    step = Step(
        Nowhere(), models.create("unet", **SIZE), crops("meta", level_over=level_over), objective
    )
    for number in range(3):
        loss = step(number, 1e-3, number / 3)
    assert loss.is_meta and loss.shape == ()
    with pytest.raises((RuntimeError, NotImplementedError)):
        float(loss)  # so would any look at a number within the step


def test_what_is_drawn_does_not_depend_on_the_device():
    here, there = crops("cpu"), crops("meta")
    for number in (0, 5, 40):
        assert torch.equal(here.rows(number), there.rows(number))
        noisy, clean, snr_db = there.batch_at(number)
        assert noisy.is_meta and clean.is_meta and noisy.shape == (8, 1_600)
        assert torch.equal(snr_db, here.batch_at(number)[2])


def test_a_step_is_forward_backward_and_adam():
    torch.manual_seed(0)
    model = models.create("unet", **SIZE)
    torch.manual_seed(0)
    written_out = models.create("unet", **SIZE)
    step = Step(devices.fabric("cpu", 1, 1, "32-true"), model, crops(), Supervised())
    adam = torch.optim.Adam(written_out.parameters(), lr=5e-3)
    examples = crops()
    for number in range(3):
        step(number, 5e-3, 0.0)
        noisy, clean, _ = examples.batch_at(number)
        adam.zero_grad()
        (0.5 * (written_out(noisy) - clean).square().mean()).backward()
        adam.step()
    for one, other in zip(model.parameters(), written_out.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-7)


def test_rows_of_one_teacher_go_through_it_together():
    class Counting(torch.nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor, self.rows = factor, 0

        def forward(self, noisy):
            self.rows += len(noisy)
            return self.factor * noisy

    from snrlib.teachers import assign, supervise

    counting = {name: Counting(number) for number, name in enumerate(TEACHERS)}
    noisy, _, snr_db = crops().batch_at(0)
    target = supervise(counting, noisy, snr_db)
    assert sum(teacher.rows for teacher in counting.values()) == len(noisy)
    for row, name in enumerate(assign(snr_db.tolist())):
        assert torch.equal(target[row], counting[name].factor * noisy[row])


def test_where_graphs_cannot_be_captured_training_goes_on_without(monkeypatch, caplog):
    from snrlib.training import step

    model = models.create("unet", **SIZE)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}

    def refuses(network, examples):
        network(*examples)  # warming up moves the running means
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", refuses)
    fabric = devices.fabric("cpu", 1, 1, "bf16-mixed")
    with caplog.at_level("INFO", logger="snrlib"):
        assert not step._capture(fabric, model, 2, 64)
    assert "without CUDA graphs" in caplog.text and "is capturing" in caplog.text
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())
