"""A model's weights as a script that a page loads when the model is first asked for.

From `file://` a page may load scripts and nothing else, so the numbers travel as text: in the
order of the state dict, all high bytes before all low bytes (they compress apart), gzipped, in
base64. Released models are half precision and stay so, bit for bit; others keep float32 unless
that would swell the site.

Notebook: 03_time_domain_unet.
"""

import base64
import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from snrlib.models import checkpoint
from snrlib.models.unet import UNet
from snrlib.support.errors import SnrlibError

SHAPE = ("channels", "growth", "depth", "decimations", "kernel", "decoder_kernel")
# Beyond this, float32 would be more than 15 MB of text; rounding to half precision moves the
# output by about 1e-4.
LARGEST_FLOAT32 = 4_000_000
_DEFAULTS = {
    "channels": 48, "growth": 24, "depth": 12, "decimations": 7, "kernel": 15, "decoder_kernel": 5,
}  # fmt: skip


class Weights(NamedTuple):
    """What the engine needs to know of a model.

    `numbers` are `total` numbers of `size` bytes: first all highest bytes, last all lowest;
    `rounded` says that they are less precise than the model's own.
    """

    name: str
    shape: dict[str, int]
    size: int
    total: int
    numbers: bytes
    epsilon: float
    level_rms: float
    context: int
    rounded: bool

    def script(self, key: str) -> str:
        """The script that hands the model over to the page, which knows it as `key`."""
        facts: dict[str, Any] = {
            **self._asdict(),
            "key": key,
            # The time of packing must not make another file out of the same weights.
            "numbers": base64.b64encode(gzip.compress(self.numbers, 6, mtime=0)).decode("ascii"),
        }
        # "</" would end a script written into a page; base64 has no "<".
        return f"snrlibDesk.arrived({json.dumps(facts)});\n".replace("</", "<\\/")


def pack(folder: Path) -> Weights:
    """The weights of the model in `folder`.

    Raises:
        SnrlibError: no U-Net, or one that the engine does not compute.
    """
    model, card = checkpoint.load(folder)
    name = str(card.get("name", folder.name))
    if not isinstance(model, UNet) or model.align_corners:
        raise SnrlibError(
            f"{folder} cannot run in a page, which computes U-Nets without aligned corners only."
        )
    tensors = [t for t in model.state_dict().values() if t.is_floating_point()]
    numbers = torch.cat([tensor.reshape(-1) for tensor in tensors]).numpy().astype("<f4")
    half = numbers.astype("<f2")
    exact = bool(np.array_equal(half.astype("<f4"), numbers))
    kept = half if exact or len(numbers) > LARGEST_FLOAT32 else numbers
    planes = kept.view(np.uint8).reshape(len(kept), -1)[:, ::-1].T  # highest byte first
    shape = {key: int(card["arguments"].get(key, _DEFAULTS[key])) for key in SHAPE}
    norm = next(m for m in model.modules() if isinstance(m, torch.nn.BatchNorm1d))
    return Weights(
        name, shape, kept.itemsize, len(kept), np.ascontiguousarray(planes).tobytes(),
        float(norm.eps), float(card["level"]["rms"]), model.context, kept is half and not exact,
    )  # fmt: skip
