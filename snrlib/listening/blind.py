"""A blind test for the reader's own ears: ABX trials and MUSHRA-like ratings.

A test is a few scenes (one utterance, one noise, one SNR) in several versions. Every listener
gets the trials in an order of their own, drawn from the test's seed and the listener's name, and
is never told which version is heard. The page that asks is one HTML file without a kernel or a
network; in a live notebook the same page writes its answers to a file after each click.

The rating follows ITU-R BS.1534 (MUSHRA) in its hidden reference and its 3.5 kHz low-pass
anchor, and departs from it where a lesson must: no training phase, listeners not screened before.

Notebook: 09_listening_test.
"""

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas

from snrlib import audio
from snrlib.listening.answers import COLUMNS, FORMAT, answer_file, check
from snrlib.listening.clips import common_gain, data_uri, wav
from snrlib.listening.page import document, source
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum, read_json, write_json, write_text

REFERENCE = "clean"
PAGE = "listening_test.html"  # in the run folder's `listening`, and in its site
ANCHOR = "anchor 3.5 kHz"
LARGEST_PAGE = 40_000_000  # characters: what a browser opens without complaint, and mail carries

Enhance = Callable[[np.ndarray], np.ndarray]


class Scene(NamedTuple):
    """One utterance in one noise at one SNR, in every version: name -> float32 (samples,)."""

    name: str
    snr_db: float
    clips: dict[str, np.ndarray]


@dataclass(frozen=True)
class BlindTest:
    """What is asked; see :func:`design`, which makes it from mixtures and systems.

    Attributes:
        title: shown to listeners.
        scenes: with the reference and the anchor among their clips.
        pairs: systems to be told apart in ABX trials.
        rated: systems to be rated, the hidden reference and the anchor among them.
        seed: of every listener's order.
        repeats: how often each pair of each scene is asked.
    """

    title: str
    scenes: tuple[Scene, ...]
    pairs: tuple[tuple[str, str], ...]
    rated: tuple[str, ...]
    seed: int = 7
    repeats: int = 2

    @cached_property
    def id(self) -> str:
        """Changes with the audio, the design and the seed: answers belong to one test only."""
        sounds = [[scene.name, scene.snr_db, sorted(scene.clips)] for scene in self.scenes]
        clips = [scene.clips[name] for scene in self.scenes for name in sorted(scene.clips)]
        return checksum(sounds, self.pairs, self.rated, self.seed, self.repeats, *clips)

    def plan(self, listener: str) -> list[dict[str, Any]]:
        """The trials of one listener, in order: always the same for the same name.

        ABX trials have the keys kind, scene, a, b, x ("A" or "B": which of them X is); ratings
        have kind, scene and systems (in the order of the sliders). The page computes the same.
        """
        random = _random(f"{self.seed}/{listener}")
        abx = [
            {"kind": "abx", "scene": i, "a": first, "b": second}
            for _ in range(self.repeats)
            for i in range(len(self.scenes))
            for first, second in self.pairs
        ]
        trials: list[dict[str, Any]] = []
        for trial in _shuffled(abx, random):
            if next(random) < 0.5:
                trial = {**trial, "a": trial["b"], "b": trial["a"]}
            trials.append({**trial, "x": "A" if next(random) < 0.5 else "B"})
        if self.rated:
            for i in _shuffled(list(range(len(self.scenes))), random):
                order = _shuffled(list(self.rated), random)
                trials.append({"kind": "rating", "scene": i, "systems": order})
        return trials

    def page(self, **more: Any) -> str:
        """The whole test as one HTML page.

        Raises:
            SnrlibError: so much audio that browsers and mail would refuse the page.
        """
        content = json.dumps({**self._description(), **more}, ensure_ascii=False)
        # A script element ends at the first "</script": none may stand in the text.
        content = content.replace("<", "\\u003c")
        body = source("blind.html").replace("CONTENT", content)
        text = document(
            self.title,
            body,
            styles=("page.css", "blind.css"),
            scripts=("theme.js", "aligned.js", "blind.js"),
        )
        if len(text) > LARGEST_PAGE:
            raise SnrlibError(
                f"The page of this test would have {len(text) / 1e6:.0f} MB; take fewer scenes "
                "or shorter clips."
            )
        return text

    def save(self, path: str | Path) -> Path:
        """Writes the page to `path`: to be opened, or sent to a class."""
        write_text(path, self.page())
        return Path(path)

    def live(self, folder: str | Path) -> Any:
        """The test in a live notebook; answers go to `folder` after each click.

        Returns:
            A widget; None where nobody sits before the kernel.
        """
        from snrlib.support.kernel import attended

        return _live(self, Path(folder)) if attended() else None

    def clip_scores(self, metrics: Mapping[str, Callable[..., float]]) -> pandas.DataFrame:
        """Metrics of the very clips that are heard: scene, snr_db, system, one column each.

        A metric that fails for a clip is NaN.
        """
        from snrlib.support.errors import MetricError

        rows = []
        for scene in self.scenes:
            for name, clip in scene.clips.items():
                row: dict[str, Any] = {"scene": scene.name, "snr_db": scene.snr_db, "system": name}
                for metric, compute in metrics.items():
                    try:
                        row[metric] = compute(scene.clips[REFERENCE], clip)
                    except MetricError:
                        row[metric] = np.nan
                rows.append(row)
        return pandas.DataFrame(rows)

    def _description(self) -> dict[str, Any]:
        scenes = []
        for scene in self.scenes:
            # One gain per scene: whatever is compared with each other is touched alike.
            gain = common_gain(list(scene.clips.values()))
            clips = {
                name: data_uri("audio/wav", wav(clip * gain)) for name, clip in scene.clips.items()
            }
            scenes.append(
                {"name": scene.name, "snr_db": scene.snr_db, "gain": gain, "clips": clips}
            )
        return {
            "format": FORMAT,
            "id": self.id,
            "title": self.title,
            "seed": self.seed,
            "repeats": self.repeats,
            "pairs": self.pairs,
            "rated": self.rated,
            "reference": REFERENCE,
            "scenes": scenes,
            "columns": COLUMNS,
        }


def design(
    rows: pandas.DataFrame,
    read: Callable[[Any], Any],
    systems: Mapping[str, Enhance],
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    seconds: float = 3.5,
    seed: int = 7,
    repeats: int = 2,
    title: str = "Listening test",
) -> BlindTest:
    """A blind test of `systems` on some mixtures.

    Systems hear whole mixtures; listeners hear the first `seconds` of each version.

    Args:
        rows: of a recipe, one per scene; :func:`choose` picks some.
        read: gives the mixture of a row, such as `run.mixture`.
        systems: name -> function that enhances.
        pairs: of names (or "noisy") for ABX trials; by default the noisy input and every system
            against the last system.
        seconds: longest clip.
        seed: of every listener's order.
        repeats: how often each pair of each scene is asked.
        title: shown to listeners, who must not learn from it what they hear.

    Raises:
        SnrlibError: no scenes, a pair of unknown names, or a title that names a system.
    """
    if not len(rows) or not systems:
        raise SnrlibError("A listening test needs at least one mixture and one system.")
    names = ["noisy", *systems]
    wanted = [(name, names[-1]) for name in names[:-1]] if pairs is None else pairs
    for pair in wanted:
        for name in pair:
            if name not in names:
                raise SnrlibError(
                    f"The pair {pair[0]}, {pair[1]} has no system '{name}'; choose from "
                    f"{', '.join(names)}."
                )
    told = [name for name in systems if re.search(rf"\b{re.escape(name)}\b", title)]
    if told:
        raise SnrlibError(
            f"The title '{title}' names {told[0]}, which listeners must not know; leave it out."
        )
    scenes = []
    for row in rows.to_dict("records"):
        mixture = read(row)
        length = round(seconds * audio.SAMPLE_RATE)
        versions = {"noisy": mixture.noisy}
        versions |= {name: enhance(mixture.noisy) for name, enhance in systems.items()}
        clips = {REFERENCE: mixture.speech, ANCHOR: low_pass(mixture.speech), **versions}
        clips = {name: np.asarray(clip[:length], np.float32) for name, clip in clips.items()}
        name = f"{row['utterance']} in {row['noise']} at {row['snr_db']:g} dB"
        scenes.append(Scene(name, float(row["snr_db"]), clips))
    return BlindTest(
        title, tuple(scenes), tuple((str(a), str(b)) for a, b in wanted),
        (REFERENCE, ANCHOR, *names), seed, repeats,
    )  # fmt: skip


def choose(
    recipe: pandas.DataFrame, snrs: Sequence[float], per_snr: int, seed: int = 7
) -> pandas.DataFrame:
    """Rows of a test recipe for scenes: `per_snr` at each SNR, utterances and noises varied.

    Raises:
        SnrlibError: an SNR that the recipe does not have.
    """
    chosen = []
    heard: dict[str, int] = {}
    generator = np.random.default_rng([seed, 9])
    for snr_db in snrs:
        there = recipe[recipe["snr_db"] == snr_db]
        if there.empty:
            known = ", ".join(f"{value:g}" for value in sorted(recipe["snr_db"].unique()))
            raise SnrlibError(f"The test set has no mixtures at {snr_db:g} dB; it has {known}.")
        there = there.iloc[generator.permutation(len(there))]
        for _ in range(min(per_snr, len(there))):
            # What was heard least comes next: no listener should know a sentence by heart.
            known_to = there["utterance"].map(lambda u: heard.get(u, 0)) + there["noise"].map(
                lambda n: heard.get(n, 0)
            )
            row = there.loc[known_to.idxmin()]
            for what in (row["utterance"], row["noise"]):
                heard[what] = heard.get(what, 0) + 1
            chosen.append(row)
            there = there.drop(row.name)
    return pandas.DataFrame(chosen).reset_index(drop=True)


def low_pass(signal: np.ndarray) -> np.ndarray:
    """The anchor of MUSHRA: `signal` (samples,) at 16 kHz without what is above 3.5 kHz.

    Within 0.1 dB up to 3.5 kHz, at least 25 dB down at 4 kHz and 50 dB at 4.5 kHz, as ITU-R
    BS.1534-3 wants it; linear phase with the delay taken out, so that it stays in step.
    """
    from scipy.signal import fftconvolve, firwin, kaiserord

    taps, beta = kaiserord(60.0, 500 / (audio.SAMPLE_RATE / 2))
    taps += 1 - taps % 2  # an odd length has a whole sample in its middle
    kernel = firwin(taps, 3_750, window=("kaiser", beta), fs=audio.SAMPLE_RATE)
    return fftconvolve(signal, kernel, "full")[taps // 2 :][: len(signal)].astype(np.float32)


def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash of a text in UTF-8 (Fowler, Noll, Vo)."""
    state = 2166136261
    for byte in text.encode():
        state = (state ^ byte) * 16777619 & 0xFFFFFFFF
    return state


def _random(seed: str) -> Iterator[float]:
    """Numbers in [0, 1) from a text: FNV-1a, then mulberry32.

    Small enough to be written twice: blind.js draws the very same numbers in the browser.
    """
    state = fnv1a(seed)
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = (state ^ state >> 15) * (state | 1) & 0xFFFFFFFF
        mixed ^= mixed + ((mixed ^ mixed >> 7) * (mixed | 61) & 0xFFFFFFFF) & 0xFFFFFFFF
        yield (mixed ^ mixed >> 14) / 4294967296


def _shuffled(things: list, random: Iterator[float]) -> list:
    shuffled = list(things)
    for i in range(len(shuffled) - 1, 0, -1):
        j = int(next(random) * (i + 1))
        shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
    return shuffled


def _live(test: BlindTest, folder: Path) -> Any:
    import ipywidgets as widgets

    saved = {}
    for path in sorted(folder.glob(f"[!.]*-{test.id}.json")):
        content = check(read_json(path), str(path))
        saved[content["listener"]] = content
    mark = f"snrlib-answers-{test.id}"
    box = widgets.Textarea(layout=widgets.Layout(display="none"), continuous_update=True)
    box.add_class(mark)
    note = widgets.Label("Answers are written to a file after each click.")

    def keep(change: dict[str, Any]) -> None:
        if not change["new"]:
            return
        try:
            content = check(json.loads(change["new"]), "the notebook's page")
            path = answer_file(folder, content)
            write_json(path, content)
            note.value = f"Judgements in {path}: {len(content['answers'])}."
        except (SnrlibError, json.JSONDecodeError) as error:
            note.value = f"Not saved: {error}"

    box.observe(keep, names="value")
    inner = html.escape(test.page(box=mark, saved=saved), quote=True)
    frame = (
        f'<div class="snrlib-blind"><iframe title="{html.escape(test.title, quote=True)}" '
        'allow="autoplay" style="width: 100%; height: 640px; border: 0;" '
        f'srcdoc="{inner}"></iframe></div>'
    )
    return widgets.VBox([widgets.HTML(frame), box, note])


def hold_against(answers: pandas.DataFrame, test: BlindTest) -> None:
    """Checks that every judgement answers what `test` asked its listener.

    Raises:
        SnrlibError: answers to another test, or rows that contradict its plan.
    """
    for listener, rows in answers.groupby("listener"):
        other = rows.loc[rows["test"] != test.id, "test"]
        if len(other):
            raise SnrlibError(
                f"The answers of '{listener}' belong to test {other.iloc[0]}, not to {test.id}: "
                "its audio, its design or its seed differs."
            )
        plan = test.plan(str(listener))
        for row in rows.to_dict("records"):
            trial = plan[row["trial"]] if row["trial"] < len(plan) else {}
            asked = {key: trial.get(key) for key in ("kind", "a", "b", "x")}
            told = {key: row[key] or None for key in asked}
            fits = trial and asked == told and row["scene"] == test.scenes[trial["scene"]].name
            if not fits or (row["kind"] == "rating" and row["system"] not in trial["systems"]):
                raise SnrlibError(
                    f"Trial {row['trial']} of '{listener}' is not what the test asked; the file "
                    "was changed, or the name was."
                )
