"""A trained network as two files: its numbers and what they are.

`weights.safetensors` holds nothing but tensors, so loading runs no code from the file;
`model.json` says which class with which arguments, the level its input is scaled to, how it was
trained, on what data, and who may use it.

Notebook: 04_teacher_training.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from snrlib import models
from snrlib.support.errors import SnrlibError
from snrlib.support.files import atomic, checksum, read_json, write_json
from snrlib.support.provenance import commit, versions

WEIGHTS, DESCRIPTION = "weights.safetensors", "model.json"


def save(
    folder: str | Path,
    model: nn.Module,
    description: dict[str, Any],
    dtype: torch.dtype = torch.float32,
) -> None:
    """Writes `model` into `folder`; `description` must name its `class` and `arguments`.

    Args:
        folder: made when missing.
        model: any network of :mod:`snrlib.models`.
        description: becomes `model.json`, completed by parameters, level and versions.
        dtype: of floating-point weights; half precision for released ones.
    """
    folder = Path(folder)
    write_tensors(folder / WEIGHTS, model.state_dict(), dtype)
    facts = {
        **description,
        "parameters": models.parameters(model),
        "level": {"signal": "noisy", "rms": float(getattr(model, "level_rms", 0.1))},
        "versions": versions(),
        "commit": commit(),
    }
    write_json(folder / DESCRIPTION, facts)


def load(folder: str | Path) -> tuple[nn.Module, dict[str, Any]]:
    """The network in `folder`, in eval mode and float32, and its description.

    Raises:
        SnrlibError: a file is missing, damaged, or does not fit the description.
    """
    folder = Path(folder)
    if not (folder / DESCRIPTION).is_file():
        raise SnrlibError(f"{folder} holds no model ({DESCRIPTION} is missing); train it first.")
    description = read_json(folder / DESCRIPTION)
    try:
        model = models.create(description["class"], **description["arguments"])
    except KeyError as error:
        raise SnrlibError(
            f"{folder / DESCRIPTION} has no entry {error}; train it again."
        ) from error
    tensors = read_tensors(folder / WEIGHTS)
    try:
        model.load_state_dict(
            {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
        )
    except RuntimeError as error:
        raise SnrlibError(
            f"{folder / WEIGHTS} does not fit the network described beside it; train it again."
        ) from error
    return model.eval(), description


def write_tensors(
    path: Path,
    tensors: dict[str, Tensor],
    dtype: torch.dtype | None = None,
    metadata: dict[str, str] | None = None,
) -> None:
    """Tensors to a safetensors file, whole or not at all."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {
        name: (t.to(dtype) if dtype and t.is_floating_point() else t).detach().cpu().contiguous()
        for name, t in tensors.items()
    }
    with atomic(path) as unfinished:
        try:
            save_file(plain, str(unfinished), metadata=metadata)
        except SafetensorError as error:
            raise SnrlibError(f"Cannot write {path} ({error}); free some space there.") from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        SnrlibError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path))
    except FileNotFoundError as error:
        raise SnrlibError(f"{path} does not exist; train the model, or copy it again.") from error
    except (SafetensorError, OSError) as error:
        raise SnrlibError(f"{path} is damaged ({error}); train the model again.") from error


def fingerprint(folder: str | Path) -> str:
    """Identity of the weights in a model folder: what depends on them can be skipped or not."""
    return checksum((Path(folder) / WEIGHTS).read_bytes())
