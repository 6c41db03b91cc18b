"""PSA-BiLSTM against its paper: sizes, direction, target, loss, lengths."""

import pytest
import torch

from snrlib.models import create, parameters
from snrlib.models.psa_bilstm import PSABiLSTM, phase_sensitive_target
from snrlib.models.stft import stft
from snrlib.support.errors import SnrlibError


def narrow():
    torch.manual_seed(0)
    return PSABiLSTM(units=6).eval()


def spectra():
    generator = torch.Generator().manual_seed(2)
    shape = (2, 20, 161)
    return (
        torch.randn(shape, dtype=torch.complex128, generator=generator),
        torch.randn(shape, dtype=torch.complex128, generator=generator),
    )


def test_sizes_are_the_published_ones():
    with torch.device("meta"):
        assert parameters(create("psa_bilstm")) == 5_349_281
        assert parameters(create("psa_bilstm", units=256)) == 2_517_665


@pytest.mark.parametrize("frame", [0, 12, 29])
@torch.no_grad()
def test_the_future_moves_the_past(frame):
    """Bidirectional: a changed frame is felt at both ends of the recording."""
    model = narrow()
    noisy = torch.rand(1, 30, 161)
    changed = noisy.clone()
    changed[:, frame] += 1
    difference = (model.mask(noisy) - model.mask(changed)).abs().amax(dim=-1)[0]
    assert difference[0] > 0
    assert difference[-1] > 0


def test_the_target_is_the_speech_along_the_noisy_phase():
    noisy, clean = spectra()
    direct = clean.abs() * torch.cos(clean.angle() - noisy.angle())
    torch.testing.assert_close(phase_sensitive_target(noisy, clean, clip=False), direct)
    clipped = phase_sensitive_target(noisy, clean)
    torch.testing.assert_close(clipped, torch.minimum(direct.clamp(min=0), noisy.abs()))


def test_where_the_phases_agree_the_target_is_the_clean_magnitude():
    noisy, _ = spectra()
    torch.testing.assert_close(phase_sensitive_target(noisy, 0.3 * noisy), 0.3 * noisy.abs())


def test_silence_in_the_mixture_gives_a_target_of_zero():
    target = phase_sensitive_target(
        torch.zeros(1, 1, 1, dtype=torch.complex64), torch.ones(1, 1, 1)
    )
    assert target.item() == 0


def test_the_loss_is_the_error_of_the_complex_spectrum_up_to_what_no_mask_can_mend():
    """|m y - s|^2 = (m |y| - target)^2 + (the speech across the noisy phase)^2."""
    noisy, clean = spectra()
    mask = torch.rand(noisy.shape, dtype=torch.float64, requires_grad=True)
    whole = (mask * noisy - clean).abs().square()
    along = (mask * noisy.abs() - phase_sensitive_target(noisy, clean, clip=False)).square()
    across = (clean.abs() * torch.sin(clean.angle() - noisy.angle())).square()
    torch.testing.assert_close(whole, along + across)
    gradients = [torch.autograd.grad(x.sum(), mask)[0] for x in (whole, along)]
    torch.testing.assert_close(*gradients)


def test_the_loss_is_the_phase_sensitive_approximation_of_the_scaled_mixture():
    model = narrow()
    clean = torch.randn(2, 4_000)
    noisy = clean + torch.randn(2, 4_000)
    gain = 1 / noisy.square().mean(dim=1, keepdim=True).sqrt()
    y, s = stft(gain * noisy), stft(gain * clean)
    direct = s.abs() * torch.cos(s.angle() - y.angle())
    with torch.no_grad():
        error = model.mask(y.abs()) * y.abs() - torch.minimum(direct.clamp(min=0), y.abs())
        torch.testing.assert_close(
            model.loss(noisy, clean), error.square().mean(), rtol=1e-4, atol=1e-6
        )


def test_silence_that_pads_a_crop_costs_nothing():
    model, silence = narrow(), torch.zeros(2, 4_000)
    with torch.no_grad():
        assert model.loss(silence, silence) == 0


@torch.no_grad()
def test_masks_lie_between_0_and_1():
    mask = narrow().mask(100 * torch.rand(2, 10, 161))
    assert mask.min() >= 0
    assert mask.max() <= 1


@torch.no_grad()
def test_training_measures_the_mean_and_variance_of_every_bin():
    model = narrow().train()
    magnitude = torch.rand(4, 50, 161) + 0.1
    for _ in range(100):
        model.mask(magnitude)
    logs = torch.log(magnitude + 1e-3).flatten(0, 1)
    torch.testing.assert_close(model.normalise.running_mean, logs.mean(0), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(model.normalise.running_var, logs.var(0), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 2, 160, 161, 16_000, 100_001])
@torch.no_grad()
def test_as_many_samples_come_out_as_go_in(samples):
    assert narrow()(torch.randn(2, samples)).shape == (2, samples)


@torch.no_grad()
def test_the_estimate_is_as_loud_as_the_input():
    model, noisy = narrow(), torch.randn(2, 4_000)
    torch.testing.assert_close(model(100 * noisy), 100 * model(noisy), rtol=1e-3, atol=1e-2)
    assert not model(torch.zeros(1, 500)).isnan().any()


def test_networks_without_units_are_refused():
    with pytest.raises(SnrlibError, match="at least one unit"):
        PSABiLSTM(units=0)
