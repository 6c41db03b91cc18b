"""The CRN against its paper: sizes, causality, loss, lengths."""

import pytest
import torch
from torch.nn import functional

from snrlib.models import create, parameters
from snrlib.models.crn import CRN
from snrlib.models.stft import stft
from snrlib.support.errors import SnrlibError

NARROW = (2, 3, 4, 5, 6)


def narrow(dtype=torch.float32):
    torch.manual_seed(0)
    return CRN(NARROW).to(dtype).eval()


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_papers_size_has_17_579_459_parameters():
    with torch.device("meta"):
        model = create("crn")
    assert parameters(model) == 17_579_459
    assert count(model.encoder) + count(model.encoder_norm) == 262_704
    assert count(model.lstm) == 16_793_600
    assert count(model.decoder) + count(model.decoder_norm) == 523_155


@torch.no_grad()
def test_bins_and_channels_are_the_papers_at_every_layer():
    model, seen = CRN().eval(), []
    for layer in [*model.encoder, *model.decoder]:
        layer.register_forward_hook(lambda _, __, out: seen.append((out.shape[1], out.shape[3])))
    assert model.magnitude(torch.rand(1, 7, 161)).shape == (1, 7, 161)
    assert seen[:5] == [(16, 80), (32, 39), (64, 19), (128, 9), (256, 4)]
    assert seen[5:] == [(128, 9), (64, 19), (32, 39), (16, 80), (1, 161)]


@pytest.mark.parametrize("frame", [0, 1, 12, 29])
@torch.no_grad()
def test_changing_a_frame_moves_nothing_before_it(frame):
    model = narrow()
    noisy = torch.rand(1, 30, 161)
    changed = noisy.clone()
    changed[:, frame] += 1
    difference = (model.magnitude(noisy) - model.magnitude(changed)).abs().amax(dim=-1)[0]
    assert not difference[:frame].any()
    assert difference[frame] > 0


@torch.no_grad()
def test_the_lstm_remembers_beyond_the_reach_of_the_convolutions():
    model = narrow()
    noisy = torch.rand(1, 30, 161)
    changed = noisy.clone()
    changed[:, 0] += 1
    reach = len(model.encoder) + len(model.decoder)  # one frame of the past per layer
    difference = (model.magnitude(noisy) - model.magnitude(changed)).abs().amax(dim=-1)[0]
    assert difference[reach + 1] > 0


@pytest.mark.parametrize("samples", [1, 2, 160, 161, 16_000, 100_001])
@torch.no_grad()
def test_as_many_samples_come_out_as_go_in(samples):
    assert narrow()(torch.randn(2, samples)).shape == (2, samples)


@torch.no_grad()
def test_the_estimate_is_as_loud_as_the_input():
    model, noisy = narrow(), torch.randn(2, 4_000)
    torch.testing.assert_close(model(100 * noisy), 100 * model(noisy), rtol=1e-3, atol=1e-2)
    assert not model(torch.zeros(1, 500)).isnan().any()


@torch.no_grad()
def test_the_estimate_keeps_the_noisy_phase():
    """With the true magnitudes in the network's place, only the phase is still wrong."""
    model, noisy = narrow(), torch.randn(1, 4_000)
    model.magnitude = lambda magnitude: magnitude  # a network that changes nothing
    torch.testing.assert_close(model(noisy), noisy, rtol=1e-4, atol=1e-5)


def test_the_loss_is_the_mean_squared_error_of_the_magnitudes():
    model = narrow()
    clean = torch.randn(2, 4_000)
    noisy = clean + torch.randn(2, 4_000)
    gain = 1 / noisy.square().mean(dim=1, keepdim=True).sqrt()
    with torch.no_grad():
        estimate = model.magnitude(stft(gain * noisy).abs())
        expected = (estimate - stft(gain * clean).abs()).square().mean()
        torch.testing.assert_close(model.loss(noisy, clean), expected)


def test_padding_behind_a_short_utterance_does_not_count():
    """The same utterance costs the same, however much silence fills up its crop."""
    model = narrow()
    clean = torch.randn(1, 4_000)
    noisy = clean + torch.randn(1, 4_000)
    with torch.no_grad():
        losses = [
            model.loss(*(functional.pad(x, (0, more)) for x in (noisy, clean))).item()
            for more in (0, 1_600, 8_000)
        ]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


@torch.no_grad()
def test_training_starts_from_near_silence():
    estimate = CRN(NARROW).magnitude(torch.rand(4, 50, 161))  # train mode: norms are in force
    assert estimate.mean() == pytest.approx(functional.softplus(torch.tensor(-2.0)).item(), abs=0.1)


def test_all_of_the_network_learns():
    model = narrow().train()
    clean = torch.randn(2, 4_000)
    model.loss(clean + torch.randn(2, 4_000), clean).backward()
    assert all(
        p.grad is not None and p.grad.any()
        for name, p in model.named_parameters()
        if "norm" in name or "weight" in name
    )


def test_other_depths_are_refused():
    with pytest.raises(SnrlibError, match="exactly five layers"):
        CRN((16, 32, 64))
