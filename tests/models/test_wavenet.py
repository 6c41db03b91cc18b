"""Wavenet-denoising against its paper: sizes, reach, loss, lengths."""

import pytest
import torch

from snrlib.models import create, parameters
from snrlib.models.wavenet import WavenetDenoiser, energy_conserving, silence_targets
from snrlib.support.errors import SnrlibError


def narrow(**changes):
    torch.manual_seed(0)
    return WavenetDenoiser(**{"channels": 2, "head": (4, 3)} | changes).eval()


def batch(rows=3, samples=8_000):
    generator = torch.Generator().manual_seed(1)
    clean = torch.randn(rows, samples, generator=generator) * 0.1
    return clean + torch.randn(rows, samples, generator=generator) * 0.05, clean


def test_the_papers_size_has_6_342_657_parameters():
    with torch.device("meta"):
        model = create("wavenet")
    assert parameters(model) == 6_342_657
    assert len(model.blocks) == 30
    assert [block.dilation for block in model.blocks] == 3 * [2**power for power in range(10)]


def test_of_the_convolutions_only_the_last_has_a_bias():
    biases = [name for name, _ in narrow().named_parameters() if name.endswith("bias")]
    assert biases == ["output.bias"]


@torch.no_grad()
def test_one_input_sample_moves_6145_outputs():
    """The field does not depend on the width; one sample in silence shows its very ends.

    Its only bias starts at zero, so the network answers silence with exact zeros, and every
    output that is not zero has been moved, however little.
    """
    model = narrow(channels=4, head=(32, 32)).double()
    silence = torch.zeros(1, 15_000, dtype=torch.float64)
    assert not model.inner(silence).any()
    silence[0, 7_500] = 1
    moved = torch.nonzero(model.inner(silence))[:, 1] + model.half_field  # in input samples
    assert model.receptive_field == 6_145
    assert moved.tolist() == list(range(7_500 - 3_072, 7_500 + 3_072 + 1))


@torch.no_grad()
def test_the_stacks_alone_see_6139_samples():
    assert 2 * sum(block.dilation for block in narrow().blocks) + 1 == 6_139


@pytest.mark.parametrize("samples", [1, 2, 1_601, 6_145, 16_000])
@torch.no_grad()
def test_as_many_samples_come_out_as_go_in(samples):
    assert narrow()(torch.randn(2, samples)).shape == (2, samples)


@torch.no_grad()
def test_a_long_recording_keeps_its_length():
    model = narrow(stacks=1, dilations=4)
    assert model(torch.randn(1, 100_001)).shape == (1, 100_001)


@torch.no_grad()
def test_chunks_leave_no_trace():
    """However a recording is cut, every sample is estimated from the same context."""
    noisy, _ = batch(1, 5_000)
    whole = narrow(chunk=5_000)(noisy)
    papers = narrow(chunk=1_601)(noisy)
    assert (whole - papers).abs().max() < 1e-5 * whole.abs().max()


@torch.no_grad()
def test_the_estimate_is_as_loud_as_the_input():
    model, (noisy, _) = narrow(), batch()
    torch.testing.assert_close(model(100 * noisy), 100 * model(noisy))
    assert not model(torch.zeros(1, 500)).isnan().any()


@torch.no_grad()
def test_at_0_db_the_clean_speech_has_the_papers_rms():
    speech, noise = torch.randn(2, 1, 160_000, generator=torch.Generator().manual_seed(0))
    speech, noise = speech / speech.square().mean().sqrt(), noise / noise.square().mean().sqrt()
    mixture = speech + noise
    gain = WavenetDenoiser.level_rms / mixture.square().mean().sqrt()
    assert (gain * speech).square().mean().sqrt() == pytest.approx(0.06, rel=0.01)


@torch.no_grad()
def test_an_unknown_class_leaves_the_condition_without_effect():
    model, (noisy, _) = narrow(), batch(1, 500)
    unknown, known = torch.zeros(1, 5), torch.tensor([[0.0, 0, 1, 0, 1]])
    assert torch.equal(model(noisy, unknown), model(noisy))
    assert not torch.equal(model(noisy, known), model(noisy))


def test_the_two_terms_of_the_energy_conserving_loss_are_equal():
    noisy, clean = (signal.double() for signal in batch())
    estimate = torch.randn_like(clean, requires_grad=True)
    speech, noise = energy_conserving(noisy, clean, estimate)
    assert noise.item() == pytest.approx(speech.item(), rel=1e-12)
    (both,) = torch.autograd.grad(speech + noise, estimate, retain_graph=True)
    (twice,) = torch.autograd.grad(2 * (estimate - clean).abs().mean(), estimate)
    torch.testing.assert_close(both, twice)


def test_the_loss_is_twice_the_l1_error_of_the_samples_with_full_context():
    model, (noisy, clean) = narrow(stacks=1), batch()
    gain = model.level_rms / noisy.square().mean(dim=1, keepdim=True).sqrt()
    inner = slice(model.half_field, -model.half_field)
    error = gain * (model(noisy) - clean)
    assert model.loss(noisy, clean).item() == pytest.approx(
        2 * error[:, inner].abs().mean().item(), rel=1e-4
    )


def test_one_training_row_in_ten_is_noise_alone_with_a_silent_target():
    noisy, clean = batch(rows=10)
    changed_noisy, changed_clean = silence_targets(noisy, clean, round(10 * 0.1))
    assert torch.equal(changed_noisy[0], noisy[0] - clean[0])
    assert not changed_clean[0].any()
    assert torch.equal(changed_noisy[1:], noisy[1:])
    assert torch.equal(changed_clean[1:], clean[1:])
    assert WavenetDenoiser.batch_size == 10


def test_crops_that_hold_no_target_are_refused():
    with pytest.raises(SnrlibError, match="6145 samples"):
        narrow().loss(*batch(samples=6_000))
    with pytest.raises(SnrlibError, match="at least one channel"):
        WavenetDenoiser(channels=0)
