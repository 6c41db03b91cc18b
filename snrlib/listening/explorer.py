"""`explore`: choose an utterance, a noise, an SNR and models, and hear the mixture at once.

It needs a live kernel, since every mixture is made on the spot. Where nobody sits before the
kernel, its first choice is shown as plain players, which live on in saved notebooks and pages.

Notebook: 09_listening_test.
"""

import html
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas

from snrlib import audio, corpora, datasets, metrics, mixing
from snrlib.listening.players import Players, compare
from snrlib.support.errors import MetricError, SnrlibError

SCORES = {
    "raw PESQ (−0.5 to 4.5)": metrics.pesq_raw,
    "STOI (0 to 1)": metrics.stoi,
    "SI-SDR (dB)": metrics.si_sdr,
}
LONGEST_SECONDS = 8.0

Enhance = Callable[[np.ndarray], np.ndarray]


def explore(
    speech: pandas.DataFrame | None = None,
    noises: pandas.DataFrame | None = None,
    models: Mapping[str, Any] | Iterable[str] = ("S2",),
    snr_db: float = 0.0,
) -> Any:
    """Controls for utterance, noise, SNR and models, with players, spectrograms and scores.

    Args:
        speech: records of a corpus (`run.speech`); by default the embedded test utterances.
        noises: records of noises (`run.noises`); by default the embedded ones.
        models: names that :func:`snrlib.load_model` knows, or name -> Enhancer or function.
        snr_db: to begin with; any finite number of dB may be typed in later.

    Returns:
        A widget in a live notebook; elsewhere the players of the first choice.

    Raises:
        SnrlibError: an unknown model, or no utterance or noise to choose.
    """
    from snrlib.support.kernel import attended

    speech = _choices(corpora.speech("embedded") if speech is None else speech, "utterance")
    if (speech["split"] == "test").any():
        speech = speech[speech["split"] == "test"]
    noises = _choices(corpora.noises("embedded", "embedded") if noises is None else noises, "noise")
    systems = _systems(models)
    if not attended():
        heard, _ = hear(speech.iloc[0], noises.iloc[0], snr_db, systems)
        return heard
    return _controls(speech, noises, systems, snr_db)


def hear(
    utterance: Mapping[str, Any] | pandas.Series,
    noise: Mapping[str, Any] | pandas.Series,
    snr_db: float,
    systems: Mapping[str, Enhance],
    noise_from: float = 0.0,
) -> tuple[Players, pandas.DataFrame]:
    """Players and scores of one mixture, made on the spot from the test part of the noise.

    Args:
        utterance: a record of speech; its first 8 s are taken.
        noise: a record of noise.
        snr_db: any finite number of dB.
        systems: name -> function that enhances.
        noise_from: seconds into the test part of the noise, where the noise begins.

    Returns:
        The players, and a table with one row per system; a score that cannot be computed is NaN.

    Raises:
        AudioError: an SNR that cannot be mixed, or audio that cannot be read.
    """
    longest = round(LONGEST_SECONDS * audio.SAMPLE_RATE)
    clean = audio.read(utterance["path"])[:longest]
    total = int(noise["samples"])
    first = int(total * datasets.NOISE_TRAIN_FRACTION)
    length = min(len(clean), total - first)
    start = first + int(noise_from * audio.SAMPLE_RATE) % max(1, total - first - length + 1)
    mixture = mixing.mix(clean, audio.read(noise["path"], start, length), snr_db)
    estimates = {"noisy": mixture.noisy}
    estimates |= {name: enhance(mixture.noisy) for name, enhance in systems.items()}
    rows = {name: _scores(clean, estimate) for name, estimate in estimates.items()}
    scores = pandas.DataFrame(rows).T.rename_axis("system")
    notes = {
        name: ", ".join(
            f"{score.split(' (')[0]} {value:.2f}{' dB' if score.endswith('(dB)') else ''}"
            for score, value in row.items()
            if np.isfinite(value)
        )
        for name, row in rows.items()
    }
    return compare({**estimates, "clean": clean}, notes=notes), scores


def _choices(records: pandas.DataFrame, what: str) -> pandas.DataFrame:
    if records.empty:
        raise SnrlibError(f"There is no {what} to choose; pass records of a corpus that has some.")
    return records


def _systems(models: Mapping[str, Any] | Iterable[str]) -> dict[str, Enhance]:
    if not isinstance(models, Mapping):
        from snrlib.enhancement import load_model

        models = {name: load_model(name) for name in models}
    return {name: getattr(model, "enhance", model) for name, model in models.items()}


def _scores(clean: np.ndarray, estimate: np.ndarray) -> dict[str, float]:
    row = {}
    for name, metric in SCORES.items():
        try:
            row[name] = metric(clean, estimate)
        except MetricError:
            row[name] = np.nan
    return row


def _controls(
    speech: pandas.DataFrame,
    noises: pandas.DataFrame,
    systems: dict[str, Enhance],
    snr_db: float,
) -> Any:
    import ipywidgets as widgets
    from IPython.display import display

    wide = widgets.Layout(width="420px")
    style = {"description_width": "90px"}
    utterance = widgets.Dropdown(
        options=list(speech["id"]), description="Utterance", layout=wide, style=style
    )
    noise = widgets.Dropdown(
        options=list(noises["id"]), description="Noise", layout=wide, style=style
    )
    part = widgets.BoundedFloatText(
        value=0, min=0, max=1e6, step=5, description="Noise from, s", style=style
    )
    exact = widgets.FloatText(value=snr_db, step=1, description="SNR, dB", style=style)
    rough = widgets.FloatSlider(
        value=min(20, max(-20, snr_db)), min=-20, max=20, step=0.5, readout=False,
        continuous_update=False, description="", layout=widgets.Layout(width="240px"),
        tooltip="SNR in dB",
    )  # fmt: skip
    chosen = widgets.SelectMultiple(
        options=list(systems), value=tuple(systems), description="Models", style=style,
        rows=min(6, len(systems) + 1),
    )  # fmt: skip
    note = widgets.HTML()
    shown = widgets.Output()

    def update(*_: Any) -> None:
        note.value = "Mixing, enhancing, scoring …"
        try:
            heard, scores = hear(
                speech[speech["id"] == utterance.value].iloc[0],
                noises[noises["id"] == noise.value].iloc[0],
                exact.value,
                {name: systems[name] for name in chosen.value},
                part.value,
            )
        except SnrlibError as error:
            note.value = html.escape(str(error))
            return
        note.value = ""
        shown.clear_output(wait=True)  # no flicker: the old goes when the new comes
        with shown:
            display(heard, scores.round(3))

    # Each moves the other; a number beyond the slider's ends stays as it was typed.
    def turned(change: dict[str, Any]) -> None:
        exact.value = change["new"]

    def typed(change: dict[str, Any]) -> None:
        if math.isfinite(change["new"]):
            rough.unobserve(turned, names="value")
            rough.value = min(rough.max, max(rough.min, change["new"]))
            rough.observe(turned, names="value")

    rough.observe(turned, names="value")
    exact.observe(typed, names="value")
    for control in (utterance, noise, part, exact, chosen):
        control.observe(update, names="value")
    update()
    return widgets.VBox(
        [
            widgets.HBox([utterance, chosen]),
            widgets.HBox([noise, part]),
            widgets.HBox([exact, rough]),
            note,
            shown,
        ]
    )
