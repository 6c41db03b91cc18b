"""The U-Net is the paper's: parameters, lengths at every layer, length in = length out."""

import copy

import pytest
import torch

from snrlib import models
from snrlib.commands.bench.plain import plainly
from snrlib.models.unet import UNet
from snrlib.support.errors import SnrlibError


def test_the_papers_network_has_its_parameters():
    assert models.parameters(models.create("unet")) == 12_680_906


def test_the_authors_public_variant_comes_from_the_same_class():
    public = models.create("unet", channels=24, growth=24, decimations=12)
    assert models.parameters(public) == 10_132_802


def test_lengths_and_channels_are_the_papers_at_every_layer():
    layers = models.create("unet").layers(16_384)
    encoder = [layer for layer in layers if layer.name.startswith("encoder")]
    decoder = [layer for layer in layers if layer.name.startswith("decoder")]
    halved = [16_384 // 2**i for i in range(7)] + [128] * 5
    assert [layer.samples for layer in encoder] == halved
    assert [layer.channels for layer in encoder] == [48 + 24 * i for i in range(12)]
    assert next(x for x in layers if x.name == "bottleneck")[1:] == (312, 128)
    assert [layer.samples for layer in decoder] == halved[::-1]
    assert layers[-1] == ("output", 1, 16_384)


@pytest.mark.parametrize("samples", [128, 16_384, 128 * 201])
def test_length_in_is_length_out(samples):
    narrow = models.create("unet", channels=4, growth=2).eval()
    assert narrow(torch.randn(2, samples)).shape == (2, samples)


def test_other_lengths_are_refused_with_the_remedy():
    with pytest.raises(SnrlibError, match="multiples of 128"):
        models.create("unet", channels=4, growth=2)(torch.zeros(1, 16_100))


def test_it_starts_close_to_the_identity():
    torch.manual_seed(0)
    noisy = 0.1 * torch.randn(4, 16_384)
    left = models.create("unet", channels=8, growth=4)(noisy) - noisy
    assert left.square().mean().sqrt() < 0.1


@pytest.mark.parametrize("aligned", [False, True])
def test_its_context_covers_all_that_an_output_depends_on(aligned):
    """Perturb one sample: what moves stays within the context."""
    torch.manual_seed(0)
    network = models.create("unet", channels=4, growth=2, align_corners=aligned).eval().double()
    noisy = 0.1 * torch.randn(1, 128 * 256, dtype=torch.float64)
    moved = noisy.clone()
    moved[0, 128 * 128] += 0.05
    with torch.no_grad():
        where = (network(noisy) - network(moved)).abs()[0].nonzero().flatten() - 128 * 128
    assert int(where.abs().max()) <= network.context


def test_unknown_models_and_arguments_are_named():
    with pytest.raises(SnrlibError, match="did you mean 'unet'"):
        models.create("unett")
    with pytest.raises(SnrlibError, match="no argument 'chanels'"):
        models.create("unet", chanels=3)
    with pytest.raises(SnrlibError, match="odd kernels"):
        models.create("unet", kernel=4)
    with pytest.raises(SnrlibError, match="decimations"):
        models.create("unet", depth=3)


@pytest.mark.parametrize("align_corners", [False, True])
def test_a_cpu_lays_channels_last_and_computes_the_same(align_corners: bool) -> None:
    torch.manual_seed(2)
    fast = UNet(channels=6, growth=3, align_corners=align_corners).train().double()
    plain = copy.deepcopy(fast)
    noisy = torch.randn(3, 1024, dtype=torch.float64)
    for estimate in (fast(noisy), plainly(plain, noisy)):
        (estimate**2).mean().backward()
    assert torch.allclose(fast(noisy), plainly(plain, noisy), atol=1e-12)
    for ours, theirs in zip(fast.parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None and theirs.grad is not None
        assert torch.allclose(ours.grad, theirs.grad, rtol=1e-6, atol=1e-12)
    for ours, theirs in zip(fast.buffers(), plain.buffers(), strict=True):
        assert torch.allclose(ours, theirs)
    assert torch.allclose(fast.eval()(noisy), plainly(plain.eval(), noisy), atol=1e-12)
