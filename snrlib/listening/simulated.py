"""A simulated listener: answers for a page that nobody has listened to yet.

Notebook 09 must show what an analysis looks like before any human has taken the test. What this
listener says is a formula, not hearing, and everything made from it says so: the answer files,
the tables and the titles of figures. It must never be reported as a result.

The formula. The distance of two clips is the mean absolute difference of their log spectra in
24 bands of equal width on the mel scale, in dB, frame by frame, with everything 50 dB below the
louder clip's strongest band taken as inaudible. A clip's rating is 100 exp(-distance / 12 dB)
plus Gaussian noise of 5 points and a personal offset that vanishes at 100; the hidden reference
is recognised nine times out of ten. In an ABX trial with the distance d between A and B, X is
recognised with probability 1/2 + 0.48 (1 - exp(-(d / 5 dB)^2)). None of this uses PESQ, STOI or
SI-SDR, so that comparing them with it is not circular.

Notebook: 09_listening_test.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pandas

from snrlib import audio
from snrlib.listening.answers import COLUMNS, FORMAT, VERSION, read_answers
from snrlib.listening.blind import REFERENCE, BlindTest
from snrlib.support import tables
from snrlib.support.files import checksum

EXAMPLE = Path(__file__).parent.parent / "assets" / "listening"

WINDOW, HOP = 512, 256  # samples: 32 ms, 16 ms at 16 kHz
BANDS = 24
AUDIBLE_DB = 50.0
RATING_DB = 12.0  # distance at which a rating has fallen to 100 / e
RATING_NOISE = 5.0
ABX_DB = 5.0
LAPSE = 0.02
WHEN = "2000-01-01T00:00:00.000Z"  # nobody sat there at any time


def answers(test: BlindTest, listener: str) -> dict[str, Any]:
    """The content of an answer file for all trials, labelled as an example."""
    generator = np.random.default_rng(int(checksum(test.id, listener), 16))
    offset = float(generator.normal(0, 6))
    heard = functools.cache(
        lambda i, a, b: distance(test.scenes[i].clips[a], test.scenes[i].clips[b])
    )
    rows = []
    for number, trial in enumerate(test.plan(listener)):
        scene = test.scenes[trial["scene"]]
        shared = {
            "trial": number,
            "kind": trial["kind"],
            "scene": scene.name,
            "snr_db": scene.snr_db,
        }
        if trial["kind"] == "abx":
            d = heard(trial["scene"], *sorted((trial["a"], trial["b"])))
            right = generator.random() < 0.5 + (0.5 - LAPSE) * (1 - np.exp(-((d / ABX_DB) ** 2)))
            answer = trial["x"] if right else {"A": "B", "B": "A"}[trial["x"]]
            asked = {key: trial[key] for key in ("a", "b", "x")}
            rows.append({**shared, **asked, "answer": answer, "correct": bool(right)})
            continue
        for system in trial["systems"]:
            d = heard(trial["scene"], REFERENCE, system)
            fair = 100 * np.exp(-d / RATING_DB)
            rating = fair + offset * (1 - fair / 100) + generator.normal(0, RATING_NOISE)
            if system == REFERENCE and generator.random() < 0.9:
                rating = 100
            rows.append({**shared, "system": system, "rating": int(np.clip(round(rating), 0, 100))})
    return {
        "format": FORMAT,
        "version": VERSION,
        "test": test.id,
        "title": test.title,
        "seed": test.seed,
        "listener": listener,
        "example": True,
        "note": "Made by snrlib.listening.simulated, a formula. No human listened.",
        "started": WHEN,
        "saved": WHEN,
        "answers": [{name: row.get(name) for name in COLUMNS} for row in rows],
        "draft": None,
    }


def example() -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """The example that comes with the kit: judgements (all labelled as such), and clip scores.

    Made by `tools/make_listening_example.py` from a noisy input, log-MMSE and the released S2.
    """
    scores = tables.read(EXAMPLE / "clip_scores.csv")
    return read_answers(EXAMPLE / "answers"), scores


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """How different two clips (samples,) sound to this listener, in dB; 0 for equal clips."""
    first, second = _band_levels(one), _band_levels(other)
    floor = max(first.max(), second.max()) - AUDIBLE_DB
    audible = np.maximum(first, floor) - np.maximum(second, floor)
    return float(np.abs(audible).mean())


def _band_levels(signal: np.ndarray) -> np.ndarray:
    """Levels in dB, (frames, bands)."""
    padded = np.pad(np.asarray(signal, np.float64), (0, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    top = 2595 * np.log10(1 + audio.SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 1) / 2595) - 1)
    first = np.rint(edges / audio.SAMPLE_RATE * WINDOW).astype(int)
    # Narrow bands at the bottom have at least one bin of their own.
    first = np.maximum(first, np.arange(BANDS + 1))
    bands = np.add.reduceat(power, first[:-1], axis=1) / np.diff(first)
    return 10 * np.log10(np.maximum(bands, 1e-12))
