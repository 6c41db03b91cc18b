"""The network for listening computes what the trained network computes."""

import copy

import numpy as np
import pytest
import torch

from snrlib import enhancement, models
from snrlib.models.folded import FoldedUNet
from snrlib.support import devices
from snrlib.support.errors import SnrlibError


@pytest.fixture(params=[False, True], ids=["corners free", "corners aligned"])
def unet(request):
    """A random U-Net whose batch norms have seen something, far from the identity."""
    torch.manual_seed(1)
    network = models.create(
        "unet", channels=6, growth=3, depth=9, align_corners=request.param, identity_start=False
    )
    for _ in range(5):
        network(0.1 * torch.randn(4, 4_096))
    return network.eval()


@pytest.mark.parametrize("batch", [1, 3])
def test_folding_batch_norm_changes_nothing(unet, batch):
    noisy = 0.1 * torch.randn(batch, 8_192)
    with torch.inference_mode():
        assert torch.allclose(FoldedUNet(unet)(noisy), unet(noisy), atol=1e-6)


def test_bf16_stays_within_a_thousandth_of_full_scale(unet):
    noisy = 0.1 * torch.randn(2, 8_192)
    with torch.inference_mode():
        distance = (FoldedUNet(unet, torch.bfloat16)(noisy) - unet(noisy)).abs().max()
    assert 0 < distance < 1e-3


@pytest.mark.parametrize("decimations", [0, 3])
def test_every_shape_of_u_net_can_be_folded(decimations):
    torch.manual_seed(2)
    unet = models.create("unet", channels=3, growth=1, depth=3, decimations=decimations, kernel=5)
    unet(torch.randn(2, 64))
    noisy = torch.randn(2, 128)
    with torch.inference_mode():
        assert torch.allclose(FoldedUNet(unet)(noisy), unet.eval()(noisy), atol=1e-6)


def test_the_trained_network_is_left_as_it_was(unet):
    before = copy.deepcopy(unet.state_dict())
    enhancement.Enhancer(unet, {}).enhance(np.ones(5_000, np.float32))
    assert all(torch.equal(value, before[key]) for key, value in unet.state_dict().items())


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_the_precisions_agree_with_the_plain_network(unet, precision):
    noisy = 0.1 * np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    plain = enhancement.Enhancer(unet, {}, precision="eager").enhance(noisy)
    fast = enhancement.Enhancer(unet, {}, precision=precision).enhance(noisy)
    limit = 1e-3 if precision == "auto" and devices.computes_in_bf16("cpu") else 1e-5
    assert np.abs(fast - plain).max() < limit


def test_weights_that_change_are_heard(unet):
    enhancer = enhancement.Enhancer(unet, {})
    noisy = 0.1 * np.random.default_rng(0).standard_normal(5_000).astype(np.float32)
    before = enhancer.enhance(noisy)
    with torch.no_grad():
        unet.output.bias += 0.5
    assert enhancer.enhance(noisy).mean() > before.mean() + 0.1


def test_an_unknown_precision_is_refused(unet):
    with pytest.raises(SnrlibError, match="no precision 'int8'; choose auto, float32, eager"):
        enhancement.Enhancer(unet, {}, precision="int8")
