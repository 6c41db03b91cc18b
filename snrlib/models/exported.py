"""A trained U-Net as one ONNX file, which runs where no PyTorch is: phones, browsers, C++.

The graph is the network alone, at the level it was trained on; what an enhancer does around it
(scale the recording to the model's RMS, pad it to a multiple of 128 samples, undo both) stands in
the file's metadata and takes three lines. A file is written only after ONNX Runtime has given what
PyTorch gives, on three lengths and on a whole recording.

Notebook: 03_time_domain_unet.
"""

import copy
import json
import logging
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from snrlib.models.unet import UNet
from snrlib.support.errors import SnrlibError
from snrlib.support.files import atomic
from snrlib.support.text import listed

OPSET = 18
LENGTHS = (128, 16_384, 48_000)  # samples that the file is checked on
TOLERANCE = 1e-5  # of full scale: the largest difference from PyTorch that is accepted
_NEEDS = ("onnx", "onnxscript", "onnxruntime")


def export(
    model: nn.Module, card: dict[str, Any], path: str | Path, recording: NDArray[np.float32]
) -> float:
    """Writes a model as an ONNX file and returns its largest difference from PyTorch.

    Input `noisy` and output `enhanced` are float32 (batch, samples), at 16 kHz and at the level
    `level_rms` of the metadata, `samples` a multiple of 128.

    Args:
        model: a U-Net.
        card: of the model; goes into the metadata.
        path: of the file, which appears whole or not at all.
        recording: (samples,) at 16 kHz that the file is checked on, too.

    Raises:
        SnrlibError: another kind of network, packages that are not installed, or a difference
            from PyTorch that is too large.
    """
    path = Path(path)
    if not isinstance(model, UNet):
        raise SnrlibError(
            f"{card.get('name', 'This model')} is a {type(model).__name__}; only U-Nets (S1, S2, "
            "T1 to T4) can be exported, the baselines' recurrences and transforms cannot."
        )
    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        raise SnrlibError(
            f"The export needs {listed(missing)}, not installed here: pip install 'snrlib[export]'."
        )
    if path.suffix != ".onnx":
        raise SnrlibError(f"{path} must end in .onnx.")
    import onnx

    plain = copy.deepcopy(model).cpu().float().eval()
    with atomic(path) as unfinished:
        _write(plain, unfinished)
        graph = onnx.load(str(unfinished))
        onnx.helper.set_model_props(graph, _facts(plain, card))
        onnx.save(graph, str(unfinished))
        onnx.checker.check_model(str(unfinished), full_check=True)
        worst = _difference(plain, unfinished, recording)
        if not worst <= TOLERANCE:
            raise SnrlibError(
                f"{path} was not written: ONNX Runtime differs from PyTorch by {worst:.1e} of full "
                f"scale, and at most {TOLERANCE:.0e} is accepted; update onnxruntime and torch."
            )
    return worst


def _write(model: UNet, path: Path) -> None:
    """The graph, with a batch and a length that may change."""
    dim = torch.export.Dim
    shapes = {"noisy": {0: dim("batch"), 1: model.crop_multiple * dim("blocks")}}
    # The exporter tells of every step and of its own deprecations.
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model, (torch.zeros(2, 4 * model.crop_multiple),), str(path), dynamo=True,
                opset_version=OPSET, dynamic_shapes=shapes, external_data=False,
                input_names=["noisy"], output_names=["enhanced"], verbose=False,
            )  # fmt: skip
    finally:
        logger.setLevel(level)


def _facts(model: UNet, card: dict[str, Any]) -> dict[str, str]:
    """What stands in the file beside the graph: how to use it, and the model's card."""
    level = float(card.get("level", {}).get("rms", model.level_rms))
    return {
        "name": str(card.get("name", "model")),
        "sample_rate": "16000",
        "multiple": str(model.crop_multiple),
        "level_rms": repr(level),
        "use": (
            "factor = level_rms / rms of the whole recording; pad factor * recording with zeros "
            f"to a multiple of {model.crop_multiple} samples; run; cut to the recording's length; "
            "divide by factor. Silence stays silence."
        ),
        "licence": str(card.get("licence", "")),
        "card": json.dumps(card, default=str),
    }


def runner(path: str | Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Enhancement by an exported file: recording (samples,) at 16 kHz -> the same, enhanced.

    What the metadata says, in Python, with ONNX Runtime alone.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    multiple, level = int(facts["multiple"]), float(facts["level_rms"])

    def enhance(noisy: NDArray[np.float32]) -> NDArray[np.float32]:
        rms = float(np.sqrt(np.mean(np.square(noisy, dtype=np.float64)))) if len(noisy) else 0.0
        if rms == 0:
            return np.zeros(len(noisy), np.float32)
        factor = level / rms
        padded = np.pad((noisy * factor).astype(np.float32), (0, -len(noisy) % multiple))
        (enhanced,) = session.run(None, {"noisy": padded[None]})
        return (enhanced[0, : len(noisy)] / factor).astype(np.float32)

    return enhance


@torch.no_grad()
def _difference(model: UNet, path: Path, recording: NDArray[np.float32]) -> float:
    """The largest difference from PyTorch, on noise of three lengths and on a recording."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    draws = np.random.default_rng(0)
    whole = np.pad(recording, (0, -len(recording) % model.crop_multiple)).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(whole, dtype=np.float64)))) or 1.0
    signals = [draws.normal(0, model.level_rms, (2, n)).astype(np.float32) for n in LENGTHS]
    signals.append((whole * (model.level_rms / rms))[None].astype(np.float32))
    worst = 0.0
    for signal in signals:
        (theirs,) = session.run(None, {"noisy": signal})
        worst = max(worst, float(np.abs(theirs - model(torch.from_numpy(signal)).numpy()).max()))
    return worst
