"""The engine of the page computes what PyTorch computes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import load_tool

from snrlib import models
from snrlib.enhancement import RELEASED, Enhancer, load_model
from snrlib.listening.desk import engine, weights
from snrlib.models import checkpoint
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(samples).astype("f4")


def trained(folder: Path, **arguments: int) -> Path:
    """A model whose batch norms have seen something, as trained ones have."""
    torch.manual_seed(1)
    network = models.create("unet", **arguments)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.1)
    checkpoint.save(folder, network, {"name": "mine", "class": "unet", "arguments": arguments})
    return folder


def test_the_binary_was_compiled_from_the_source_beside_it() -> None:
    assert engine.made_from() == checksum(engine.SOURCE.read_bytes()), (
        "engine.c has changed: run tools/build_engine.py"
    )


def test_the_compiler_gives_the_same_bytes_again() -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("ziglang (411 MB) is not installed; only a change of engine.c needs it")
    assert load_tool("build_engine").compiled() == engine.binary()


@pytest.mark.parametrize("name", ["S2", "T1-narrow"])
def test_a_released_model_gives_the_output_of_pytorch(name: str) -> None:
    pytest.importorskip("wasmtime")
    packed = weights.pack(RELEASED / name)
    assert packed.size == 2 and not packed.rounded, "released weights are half precision already"
    inside, outside = engine.Engine(packed), load_model(name, precision="float32")
    for samples in (1, 129, 20_000):
        noisy = noise(samples)
        expected = outside.enhance(noisy)
        assert np.abs(inside.enhance(noisy) - expected).max() < 1e-6
        quiet = inside.enhance(1e-3 * noisy)
        assert np.abs(quiet - 1e-3 * expected).max() < 1e-9, "the level is undone"


@pytest.mark.parametrize(
    "arguments",
    [
        {"channels": 8, "growth": 4, "depth": 12},  # the fast profile's: widths that need padding
        {"channels": 5, "growth": 3, "depth": 4, "decimations": 2},
        {"channels": 3, "growth": 0, "depth": 3, "decimations": 3, "kernel": 7},
        {"channels": 1, "growth": 1, "depth": 2, "decimations": 1, "decoder_kernel": 3},
    ],
)
def test_any_shape_of_the_network_is_computed(arguments: dict[str, int], tmp_path: Path) -> None:
    pytest.importorskip("wasmtime")
    folder = trained(tmp_path / "model", **arguments)
    packed = weights.pack(folder)
    assert packed.size == 4 and not packed.rounded
    model, card = checkpoint.load(folder)
    expected = Enhancer(model, card, precision="eager").enhance(noise(3_000))
    assert np.abs(expected).max() > 0.01
    assert np.abs(engine.Engine(packed).enhance(noise(3_000)) - expected).max() < 1e-6


def test_tanh_is_exact_to_the_last_bits(tmp_path: Path) -> None:
    # A network that passes its input through shows the squashing alone, from silence to full.
    pytest.importorskip("wasmtime")
    arguments = {"channels": 1, "growth": 0, "depth": 1, "decimations": 0}
    network = models.create("unet", **arguments)
    with torch.no_grad():
        network.output.weight[:, :-1] = 0
    checkpoint.save(tmp_path, network, {"name": "x", "class": "unet", "arguments": arguments})
    # A sample of full swing beside nearly silent ones.
    noisy = np.concatenate([[0, 1e-7, -1e-4, 0.1, -1, 30, -30], np.zeros(10_000)]).astype("f4")
    factor = 0.1 / np.sqrt(np.mean(np.square(noisy, dtype=np.float64)))
    expected = np.tanh((noisy * factor).astype("f4").astype(np.float64)) / factor
    got = engine.Engine(weights.pack(tmp_path)).enhance(noisy)
    assert got == pytest.approx(expected, rel=2e-7, abs=1e-12)


def test_silence_comes_back_as_silence() -> None:
    pytest.importorskip("wasmtime")
    inside = engine.Engine(weights.pack(RELEASED / "S2"))
    assert not inside.enhance(np.zeros(500, "f4")).any()
    assert inside.enhance(np.zeros(0, "f4")).shape == (0,)


def test_what_the_engine_cannot_compute_is_refused(tmp_path: Path) -> None:
    arguments = {"channels": 2, "growth": 1, "depth": 2, "decimations": 1, "align_corners": True}
    with pytest.raises(SnrlibError, match="without aligned corners"):
        weights.pack(trained(tmp_path / "aligned", **arguments))
    with pytest.raises(SnrlibError, match="U-Nets"):
        weights.pack(RELEASED / "crn-narrow")


def test_a_script_of_weights_is_the_same_at_every_packing() -> None:
    first, second = (weights.pack(RELEASED / "S2").script("S2") for _ in range(2))
    assert first == second and len(first) < 2.7e6
    nasty = weights.pack(RELEASED / "S2")._replace(name='</script><b>"x"')
    assert "</script" not in nasty.script("S2")
