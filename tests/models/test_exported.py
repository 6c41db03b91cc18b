"""An exported network is the network: ONNX Runtime gives what PyTorch gives, or no file is left."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import snrlib
from snrlib import audio, models
from snrlib.commands.cli import cli
from snrlib.enhancement import RELEASED
from snrlib.models import exported
from snrlib.support.errors import SnrlibError

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def recording() -> np.ndarray:
    return audio.read(next(RELEASED.parent.glob("audio/embedded/ivrvoice/ru/*.ogg")))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "s2.onnx"
    told = CliRunner().invoke(cli, ["export", "S2", str(path)], catch_exceptions=False)
    assert told.exit_code == 0 and "of PyTorch on three lengths and a recording" in told.output
    return path


def plain(name: str) -> snrlib.Enhancer:
    """The released network alone, in float32."""
    enhancer = snrlib.load_model(name, precision="float32")
    return snrlib.Enhancer(enhancer.model, enhancer.card, precision="float32")


@pytest.mark.parametrize("samples", [1, 127, 128, 5_000, 40_001])
def test_the_file_gives_what_the_enhancer_gives_at_any_length(file, recording, samples) -> None:
    ours, theirs = plain("S2"), exported.runner(file)
    noisy = 3 * recording[:samples] + np.float32(0.01)
    assert np.abs(theirs(noisy) - ours.enhance(noisy)).max() < 1e-5 * max(1, np.abs(noisy).max())


def test_silence_stays_silence(file: Path) -> None:
    assert not exported.runner(file)(np.zeros(300, np.float32)).any()


def test_the_graph_says_what_it_takes_and_carries_the_card(file: Path) -> None:
    graph = onnx.load(str(file))
    facts = {entry.key: entry.value for entry in graph.metadata_props}
    assert json.loads(facts["card"])["name"] == "S2"
    assert (facts["sample_rate"], facts["multiple"]) == ("16000", "128")
    assert graph.opset_import[0].version == exported.OPSET
    (noisy,) = graph.graph.input
    assert [bool(d.dim_param) for d in noisy.type.tensor_type.shape.dim] == [True, True]
    resizes = [node for node in graph.graph.node if node.op_type == "Resize"]
    assert len(resizes) == 7, "linear interpolation is one operation, seven times"


def test_a_file_that_differs_is_not_written(tmp_path, recording, monkeypatch) -> None:
    monkeypatch.setattr(exported, "_difference", lambda *_: 1e-3)
    small = models.create("unet", channels=4, growth=2).eval()
    with pytest.raises(SnrlibError, match=r"was not written: .* 1\.0e-03"):
        exported.export(small, {}, tmp_path / "a.onnx", recording)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_told(tmp_path, recording) -> None:
    for network in ("crn", "psa_bilstm"):
        with torch.device("meta"):
            model = models.create(network)
        with pytest.raises(SnrlibError, match="only U-Nets"):
            exported.export(model, {"name": network}, tmp_path / "a.onnx", recording)
    small = models.create("unet", channels=4, growth=2)
    with pytest.raises(SnrlibError, match=r"must end in \.onnx"):
        exported.export(small, {}, tmp_path / "a.bin", recording)
    told = CliRunner().invoke(cli, ["export", "teachers", str(tmp_path / "a.onnx")])
    assert isinstance(told.exception, SnrlibError) and "one by one" in str(told.exception)
