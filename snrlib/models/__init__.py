"""The networks of the study, by name; each takes and returns waveforms `(batch, samples)`.

`create("unet")` without arguments is the paper's size; arguments make narrower ones. Every
class says what it needs: `crop_multiple` (its input length must be a multiple of it) and
`level_rms` (the RMS that its input mixture is scaled to).

Notebook: 03_time_domain_unet.
"""

import inspect
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from torch import nn

from snrlib.support.errors import SnrlibError

MODELS = {
    "unet": "snrlib.models.unet:UNet",
    "wavenet": "snrlib.models.wavenet:WavenetDenoiser",
    "psa_bilstm": "snrlib.models.psa_bilstm:PSABiLSTM",
    "crn": "snrlib.models.crn:CRN",
}


def create(name: str, **arguments: Any) -> nn.Module:
    """A freshly initialised network; without arguments at the paper's size.

    Args:
        name: "unet", "wavenet", "psa_bilstm" or "crn".
        arguments: the class's own, for example `channels=8, growth=4` for a narrow U-Net.

    Raises:
        SnrlibError: an unknown name or argument.
    """
    if name not in MODELS:
        near = get_close_matches(name, MODELS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(MODELS)}."
        raise SnrlibError(f"There is no model '{name}': {hint}")
    module, class_name = MODELS[name].split(":")
    network = getattr(import_module(module), class_name)
    known = inspect.signature(network).parameters
    unknown = [argument for argument in arguments if argument not in known]
    if unknown:
        raise SnrlibError(
            f"The model '{name}' has no argument '{unknown[0]}'; it takes {', '.join(known)}."
        )
    return network(**arguments)


def parameters(model: nn.Module) -> int:
    """How many numbers training adjusts in `model`."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
