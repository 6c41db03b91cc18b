"""A model is its two files: what is saved is what is loaded, and no code runs from them."""

import json

import pytest
import torch

from snrlib import models
from snrlib.models import checkpoint
from snrlib.support.errors import SnrlibError

SIZE = {"channels": 4, "growth": 2}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    network = models.create("unet", **SIZE).eval()
    checkpoint.save(tmp_path, network, {"name": "T1", "class": "unet", "arguments": SIZE})
    return tmp_path, network


def test_what_is_saved_is_loaded(folder):
    path, network = folder
    again, description = checkpoint.load(path)
    noisy = torch.randn(1, 1_280)
    assert torch.equal(network(noisy), again(noisy))
    assert description["parameters"] == models.parameters(network)
    assert description["level"] == {"signal": "noisy", "rms": 0.1}
    assert not again.training


def test_half_precision_is_half_the_size_and_nearly_the_same(folder, tmp_path):
    path, network = folder
    half = tmp_path / "half"
    checkpoint.save(half, network, {"class": "unet", "arguments": SIZE}, dtype=torch.float16)
    sizes = [(p / "weights.safetensors").stat().st_size for p in (path, half)]
    assert sizes[1] < 0.65 * sizes[0]
    again, _ = checkpoint.load(half)
    noisy = 0.1 * torch.randn(1, 1_280)
    assert torch.allclose(network(noisy), again(noisy), atol=1e-3)


def test_damage_is_refused_by_name(folder):
    path, _ = folder
    weights = path / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SnrlibError, match=r"weights\.safetensors is damaged"):
        checkpoint.load(path)
    weights.unlink()
    with pytest.raises(SnrlibError, match="does not exist"):
        checkpoint.load(path)


def test_weights_that_do_not_fit_are_refused(folder):
    path, _ = folder
    card = json.loads((path / "model.json").read_text())
    card["arguments"] = {"channels": 6, "growth": 2}
    (path / "model.json").write_text(json.dumps(card))
    with pytest.raises(SnrlibError, match="does not fit"):
        checkpoint.load(path)


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(SnrlibError, match="holds no model"):
        checkpoint.load(tmp_path)
