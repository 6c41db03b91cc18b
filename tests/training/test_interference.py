"""Rows that pull against each other: weights, and gradients without their conflicting parts."""

import torch
from torch import nn

from snrlib.training.interference import OneSNR, Projected, Weighted, projected
from snrlib.training.objectives import Supervised


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    clean = torch.randn(6, 32, generator=generator)
    noisy = clean + torch.randn(6, 32, generator=generator)
    return noisy, clean, torch.tensor([-20.0, 0.0, -20.0, 10.0, 20.0, 0.0])


def slope(objective, model: nn.Module, progress: float = 0.0) -> torch.Tensor:
    model.zero_grad()
    objective(model, *batch(), progress).backward()
    return torch.cat([weight.grad.flatten() for weight in model.parameters()])


def test_conflicting_gradients_lose_what_they_have_along_each_other() -> None:
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])
    # By hand: one - (-1/2) other = (.5, .5); other - (-1) one = (0, 1).
    assert torch.allclose(projected(one, other), torch.tensor([0.5, 1.5]))
    agreeing = torch.tensor([1.0, 1.0])
    assert torch.equal(projected(one, agreeing), one + agreeing)


def test_the_projected_loss_has_s1s_value_and_the_projected_gradient() -> None:
    torch.manual_seed(0)
    model = nn.Linear(32, 32)
    noisy, clean, snr_db = batch()
    objective = Projected()
    assert torch.isclose(
        objective(model, noisy, clean, snr_db, 0.0), Supervised()(model, noisy, clean, snr_db, 0.0)
    )
    rows = 0.5 * (model(noisy) - clean).square().mean(dim=-1) / 6
    weights = list(model.parameters())
    parts = [
        torch.autograd.grad(rows[group].sum(), weights, retain_graph=True)
        for group in (snr_db == -20, snr_db > -20)
    ]
    vectors = [torch.cat([g.flatten() for g in part]) for part in parts]
    assert torch.allclose(slope(objective, model), projected(*vectors), atol=1e-6)
    with torch.no_grad():  # as validation asks
        assert objective(model, noisy, clean, snr_db, 0.0) > 0


def test_rows_of_weight_zero_teach_nothing() -> None:
    torch.manual_seed(0)
    model = nn.Linear(32, 32)
    kept = slope(Weighted({-20.0: 0.0, 10.0: 0.0, 20.0: 0.0}), model)
    noisy, clean, snr_db = batch()
    model.zero_grad()
    quiet = snr_db == 0
    (Supervised()(model, noisy[quiet], clean[quiet], snr_db[quiet], 0.0) * 2 / 6).backward()
    alone = torch.cat([weight.grad.flatten() for weight in model.parameters()])
    assert torch.allclose(kept, alone, atol=1e-6)
    late = Weighted({-20.0: 0.0}, until=0.5)
    assert torch.allclose(slope(late, model, 0.5), slope(Supervised(), model))
    assert not torch.allclose(slope(late, model, 0.4), slope(Supervised(), model))


def test_a_batch_of_one_snr_holds_one_snr_and_all_have_their_turn(tmp_path) -> None:
    from test_training import corpus

    crops, held = corpus(tmp_path)
    single = OneSNR(crops["train"].table, held, 4, 3, samples=2_048)
    seen = [single.batch_at(step)[2].unique() for step in range(5)]
    assert all(len(snrs) == 1 for snrs in seen)
    assert {float(snrs) for snrs in seen} == {-20.0, -10.0, 0.0, 10.0, 20.0}
