"""`desk.html` and the folder `desk` beside it: the engine, the sounds and the networks as a page.

The page holds everything but the weights. Each model has one script in `desk/`, named after its
weights, which the page loads when the model is first asked for; nothing is fetched, so that all
of it works from a disk and without a network.

Notebook: 00_start_here, 05_distillation, 06_ablation_s1_vs_s2.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from snrlib.enhancement import RELEASED, released
from snrlib.listening import page as pages
from snrlib.listening.desk import engine, sounds, weights
from snrlib.listening.desk.embedding import PAGE, source
from snrlib.models import checkpoint
from snrlib.support.errors import SnrlibError
from snrlib.support.files import write_text
from snrlib.teachers import TEACHER_SNRS

FOLDER = "desk"
STUDENTS = ("S1", "S2")
FIRST_NOISE = "cafe"
CREDITS = (
    "Sentences: Asterisk prompts by Allison Smith, June Wallack and Carlo Flora (CC BY-SA 3.0; "
    "Italian CC BY 3.0) and ivrvoice.ru (CC BY 3.0). The noises are synthetic. Released networks: "
    "CC BY-SA 3.0. Code: MIT."
)


class Shelf(NamedTuple):
    """Models that stand together: a title, a note, and name -> folder."""

    title: str
    note: str
    models: Mapping[str, Path]


def released_models() -> Shelf:
    """The students and the teachers that come with the kit."""
    there = released()
    found = {}
    for name in (*STUDENTS, *TEACHER_SNRS):
        known = [each for each in (name, f"{name}-narrow") if each in there]
        if known:
            found[name] = RELEASED / known[0]
    return Shelf("released network", "trained longer than a first study takes", found)


def run_models(run_folder: Path) -> Shelf:
    """The students and the teachers that a run has trained so far."""
    folder = run_folder / "models"
    names = [
        name for name in (*STUDENTS, *TEACHER_SNRS)
        if (folder / name / checkpoint.WEIGHTS).is_file()
    ]  # fmt: skip
    return Shelf(
        "Trained in this run",
        f"run folder {run_folder.name}; each is loaded when you choose it",
        {name: folder / name for name in names},
    )


def build(site: Path, run_folder: Path | None = None) -> Path:
    """Writes the desk into the folder of a site, and returns its page.

    Args:
        site: where `desk.html` and the folder `desk` go; what is up to date there is kept.
        run_folder: whose models stand beside the released ones.

    Raises:
        SnrlibError: a file cannot be written.
    """
    shelves = [released_models()]
    if run_folder is not None:
        shelves.append(run_models(run_folder))
    folder = site / FOLDER
    sets: list[dict[str, Any]] = []
    for number, shelf in enumerate(shelves):
        models = [
            described
            for name, place in shelf.models.items()
            if (described := _model(folder, number, name, place))
        ]
        if models:
            sets.append({"title": shelf.title, "note": shelf.note, "models": models})
    current = {entry["file"].rpartition("/")[2] for shelf in sets for entry in shelf["models"]}
    for path in folder.glob("*.js"):
        if path.name not in current:
            path.unlink()  # of a model that has been trained again
    page = site / PAGE
    text = document(sets)
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        write_text(page, text)
    return page


def document(sets: Sequence[Mapping[str, Any]]) -> str:
    """The page, for models whose scripts lie beside it."""
    noises = sounds.noises()
    facts = {
        "sentences": sounds.sentences(),
        "noises": noises,
        "noise": [noise["id"] for noise in noises].index(FIRST_NOISE),
        "teachers": {name: list(snrs) for name, snrs in TEACHER_SNRS.items()},
        "palette": _palette(),
        "engine": engine.binary_text(),
        "sets": list(sets),
        "credits": CREDITS,
    }
    # "<" could end the script that holds them
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    worker = source("signal.js") + source("worker.js")
    scripts = [pages.source("theme.js"), pages.source("aligned.js")]
    scripts += [source(f"{name}.js") for name in ("signal", "crew", "player", "microphone", "desk")]
    code = "".join(f"<script>\n{text}</script>\n" for text in scripts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        "<title>The desk: mix, enhance and hear - snrlib</title>\n"
        f"<style>\n{source('desk.css')}</style></head>\n<body>\n{source('desk.html')}"
        "<noscript><p>The desk is made of JavaScript; turn it on for this page.</p></noscript>\n"
        f'<script type="application/json" id="facts">{data}</script>\n'
        f'<script type="text/plain" id="worker">{worker}</script>\n{code}</body></html>\n'
    )


def _model(folder: Path, number: int, name: str, place: Path) -> dict[str, Any] | None:
    """What the page says of a model; its script is written if it is not there yet."""
    key = f"{number}/{name}"
    script = folder / f"{name}-{checkpoint.fingerprint(place)}-{number}.js"
    if not script.is_file():
        try:
            packed = weights.pack(place)
        except SnrlibError:
            return None  # a network that no page computes has no place on the desk
        write_text(script, packed.script(key))
    # The numbers are the longest entry by far, and the facts stand around them.
    text = script.read_text(encoding="ascii")
    rounded = '"rounded": true' in text[:500] + text[-500:]
    return {"key": key, "name": name, "file": f"{FOLDER}/{script.name}", "rounded": rounded}


@cache
def _palette() -> str:
    """The colours of the spectrograms, 256 times red, green and blue in base64."""
    from matplotlib import colormaps

    colours = (colormaps["magma"](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
    return base64.b64encode(colours.tobytes()).decode("ascii")
