"""Two pictures that answer to the hand: the blend of Eq. 1, and the network's receptive field.

Each is one function that a notebook shows; the picture is plain SVG in a frame of its own, works
with a pointer and with the keyboard, and goes on working in exported pages, without a network.

Notebook: 03_time_domain_unet, 05_distillation.
"""

import html
import json
from typing import Any

import numpy as np

from snrlib.audio import SAMPLE_RATE
from snrlib.listening import page
from snrlib.listening.clips import common_gain, data_uri, wav
from snrlib.models.unet import UNet
from snrlib.support.errors import AudioError

MOST_SECONDS = 8.0  # of sound in the slider's page


class Touchable:
    """HTML for a notebook; `.html` is the same as text."""

    def __init__(self, html_text: str, words: str) -> None:
        self.html, self.words = html_text, words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return self.html


def blend_slider(
    teacher: np.ndarray, clean: np.ndarray, sample_rate: int = SAMPLE_RATE, alpha: float = 0.5
) -> Touchable:
    """A slider for alpha: Eq. 1 as two parabolas and their sum, and the blend to be heard.

    Args:
        teacher: the teacher's output (samples,); its first 8 s are taken.
        clean: the clean speech (samples,), of the same length.
        sample_rate: of both, in Hz.
        alpha: to begin with, from 0 to 1.

    Raises:
        AudioError: signals of other shapes, or an alpha outside.

    Example:
        >>> touch.blend_slider(teacher_output, clean)
    """
    teacher, clean = np.asarray(teacher, np.float32), np.asarray(clean, np.float32)
    if teacher.ndim != 1 or teacher.shape != clean.shape or not len(clean):
        raise AudioError(
            f"Teacher and clean speech must be two signals (samples,) of one length, not "
            f"{teacher.shape} and {clean.shape}."
        )
    if not 0 <= alpha <= 1:
        raise AudioError(f"Alpha lies between 0 and 1, not at {alpha}.")
    longest = round(MOST_SECONDS * sample_rate)
    heard = [signal[:longest] for signal in (teacher, clean)]
    gain = common_gain(heard)
    facts = {
        "alpha": float(alpha),
        "sounds": [data_uri("audio/wav", wav(signal * gain, sample_rate)) for signal in heard],
    }
    return _framed("The blend of Eq. 1 by hand", "blend", facts, 470, ("aligned.js",))


def network_map(network: UNet, samples: int = 16_384) -> Touchable:
    """The network from input to output: point at a sample for what it sees, at a layer for facts.

    Args:
        network: at any size.
        samples: length of the input that is drawn, a multiple of the network's `crop_multiple`.

    Example:
        >>> touch.network_map(models.create("unet"))
    """
    facts = {
        "samples": samples,
        "depth": len(network.encoder),
        "decimations": network.decimations,
        "layers": layers(network, samples),
    }
    return _framed("The network by hand", "network", facts, 760)


def layers(network: UNet, samples: int) -> list[dict[str, Any]]:
    """Every layer from the input on: name, channels, samples, kernel, parameters, arithmetic.

    `share` is its part of all multiply-accumulates, `every` how many input samples one of its own
    stands for.
    """
    named: list[tuple[str, Any]] = [
        (f"encoder {i + 1}", block) for i, block in enumerate(network.encoder)
    ]
    named += [("bottleneck", network.bottleneck)]
    named += [(f"decoder {i + 1}", block) for i, block in enumerate(network.decoder)]
    named += [("output", network.output)]
    lengths = {row.name: row.samples for row in network.layers(samples)}
    rows: list[dict[str, Any]] = []
    for name, block in named:
        weight = (block if name == "output" else block[0]).weight
        rows.append(
            {
                "name": name,
                "channels": weight.shape[0],
                "inputs": weight.shape[1],
                "kernel": weight.shape[2],
                "samples": lengths[name],
                "every": samples // lengths[name],
                "parameters": sum(p.numel() for p in block.parameters()),
                "products": lengths[name] * weight.numel(),
            }
        )
    total = sum(row["products"] for row in rows)
    return [{**row, "share": row["products"] / total} for row in rows]


def _framed(
    title: str, name: str, facts: dict[str, Any], height: int, more: tuple[str, ...] = ()
) -> Touchable:
    # "<" could end the script that holds them
    data = json.dumps(facts).replace("<", "\\u003c")
    body = page.source(f"{name}.html")
    body += f'<script type="application/json" id="facts">{data}</script>'
    inner = page.document(
        title, body, ("page.css", f"{name}.css"), ("theme.js", *more, f"{name}.js")
    )
    return Touchable(
        f'<div class="snrlib-touch"><iframe title="{html.escape(title, quote=True)}" '
        f'allow="autoplay" style="width: 100%; height: {height}px; border: 0;" '
        f'srcdoc="{html.escape(inner, quote=True)}"></iframe></div>',
        f"{title}: a picture for a notebook or a page.",
    )
