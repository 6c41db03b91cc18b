"""Direction and chance of gradients against networks whose gradients are known in closed form."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snrlib.support.errors import SnrlibError
from snrlib.training import gradients


def split(drawn: dict[str, Tensor]) -> dict[str, gradients.Parts]:
    gathered = gradients.Gradients(drawn)
    for batch in range(len(next(iter(drawn.values())))):
        gathered.add({name: rows[batch] for name, rows in drawn.items()})
    return gathered.parts()


def test_direction_and_chance_of_gradients_drawn_around_a_known_mean() -> None:
    rng = torch.Generator().manual_seed(3)
    mean = torch.tensor([3.0, 4.0])  # of power 25
    draws = mean + 2.0 * torch.randn(4_000, 2, generator=rng)  # chance of power 2 * 4
    other = torch.tensor([4.0, -3.0]) + torch.randn(4_000, 2, generator=rng)  # at a right angle
    parts = split({"a": draws, "b": other, "c": -draws})
    assert parts["a"].common == pytest.approx(25, rel=0.03)
    assert parts["a"].chance == pytest.approx(8, rel=0.05)
    assert parts["a"].noise_to_signal == pytest.approx(8 / 25, rel=0.06)
    assert parts["a"].cosine == pytest.approx(1, abs=1e-6)
    assert parts["b"].chance == pytest.approx(2, rel=0.05)
    assert parts["b"].cosine == pytest.approx(0, abs=0.02)
    assert parts["c"].cosine == pytest.approx(-1, abs=1e-6)


def test_pure_chance_has_no_direction_on_average() -> None:
    rng = torch.Generator().manual_seed(4)
    # 200 measurements of 5 batches each: single ones may be negative, their mean is zero.
    parts = [split({"a": torch.randn(5, 10, generator=rng)})["a"] for _ in range(200)]
    powers = [part.common for part in parts]
    assert min(powers) < 0
    assert abs(np.mean(powers)) < 4 * np.std(powers) / len(powers) ** 0.5
    # Most of them are not taken for a direction, and have no angle then.
    lost = [part for part in parts if not part.found]
    assert len(lost) > 150
    assert all(np.isnan(part.cosine) and np.isinf(part.noise_to_signal) for part in lost)


def test_one_batch_is_refused() -> None:
    with pytest.raises(SnrlibError, match="two batches"):
        split({"a": torch.ones(1, 3)})


class Line(nn.Module):
    """factor * noisy, through a batch norm that must stay as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.5))
        self.norm = nn.BatchNorm1d(1, affine=False)

    def forward(self, noisy: Tensor) -> Tensor:
        self.norm(noisy.unsqueeze(1))
        return self.factor * noisy


class Batches:
    """Clean speech `2 * noisy`, louder in every second batch."""

    def batch_at(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        noisy = torch.full((4, 8), 1.0 + step % 2)
        return noisy, 2 * noisy, torch.zeros(4)


def test_measured_gradients_are_those_of_the_objective_and_nothing_moves() -> None:
    def half_square(model: nn.Module, noisy: Tensor, clean: Tensor, *_: object) -> Tensor:
        return 0.5 * (model(noisy) - clean).square().mean()

    model = Line().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    table = gradients.measure(model, {"clean": half_square}, Batches(), batches=4)  # type: ignore[arg-type]
    # d/df of half (f x - 2 x)^2 is (f - 2) x^2: -1.5 and -6 in turns; products of different
    # batches: (sum^2 - sum of squares) / 12 with sum -15 and squares 76.5.
    assert table.loc["clean", "common"] == pytest.approx((225 - 76.5) / 12)
    assert table.loc["clean", "chance"] == pytest.approx(76.5 / 4 - (225 - 76.5) / 12)
    assert table.loc["clean", "loss"] == pytest.approx((1.125 + 4.5) / 2)
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
