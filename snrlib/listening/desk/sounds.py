"""What there is to hear on the desk: a few sentences with their texts, and the nine noises.

Ten recorded sentences in five languages; only the Russian voice is unknown to the networks. The
noises are synthetic and named so. Every one is kept as 16-bit samples, so that the page and
Python mix the very same numbers.
"""

import base64
from pathlib import Path
from typing import Any

import numpy as np

from snrlib import audio
from snrlib.corpora.sources import embedded
from snrlib.corpora.synthetic_noises import SEEN, UNSEEN
from snrlib.support import tables
from snrlib.support.errors import SnrlibError

NOISES = Path(__file__).parents[2] / "assets" / "desk" / "noises"
NOISE_SAMPLES = 4 * audio.SAMPLE_RATE + audio.SAMPLE_RATE // 4  # longer than any sentence here

# Whole sentences of two to four seconds, the first of each language the most telling.
SENTENCES = (
    "allison/en/tt-somethingwrong",
    "allison/en/vm-nonumber",
    "allison/en/confbridge-lock-no-join",
    "ivrvoice/ru/tt-weasels",
    "ivrvoice/ru/confbridge-begin-glorious-a",
    "allison/es/vm-calldiffnum",
    "june/fr/tt-weasels",
    "june/fr/vm-nobodyavail",
    "carlo/it/tt-weasels",
    "carlo/it/followme-sorry",
)
LANGUAGES = {"en": "English", "ru": "Russian", "es": "Spanish", "fr": "French", "it": "Italian"}
VOICES = {
    "allison": "Allison Smith",
    "june": "June Wallack",
    "carlo": "Carlo Flora",
    "ivrvoice": "ivrvoice.ru",
}


def sentences() -> list[dict[str, Any]]:
    """The sentences in order: id, text, language, voice, whether it is unseen, and samples."""
    manifest = embedded.manifest().set_index("id")
    texts = transcripts()
    found = []
    for name in SENTENCES:
        row = manifest.loc[name]
        text = texts[name]
        found.append(
            {
                "id": name,
                "text": text[0].upper() + text[1:],
                "language": row["language"],
                "spoken": LANGUAGES[row["language"]],
                "voice": VOICES[row["speaker"]],
                "unseen": row["split"] == "test",
                "samples": coded(audio.read(embedded.FOLDER / f"{name}.ogg")),
            }
        )
    return found


def transcripts() -> dict[str, str]:
    """Prompt -> what it says, as the packages have it; a few prompts have no text.

    Raises:
        SnrlibError: the table is missing.
    """
    path = embedded.FOLDER / "transcripts.csv"
    if not path.is_file():
        raise SnrlibError(f"{path} is missing; install the kit again, with its assets.")
    table = tables.read(path)
    return dict(zip(table["id"], table["text"], strict=True))


def noises() -> list[dict[str, Any]]:
    """The noises in order: id, whether it is unseen, and samples.

    Raises:
        SnrlibError: a file is missing.
    """
    found = []
    for name in (*SEEN, *UNSEEN):
        short = name.removeprefix("synthetic ")
        path = NOISES / f"{short.replace(' ', '-')}.ogg"
        if not path.is_file():
            raise SnrlibError(f"{path} is missing; install the kit again, with its assets.")
        samples = coded(audio.read(path))
        found.append({"id": short, "unseen": name in UNSEEN, "samples": samples})
    return found


def coded(signal: np.ndarray) -> str:
    """A signal `(samples,)` as 16-bit little-endian samples in base64."""
    scaled = np.clip(np.rint(np.asarray(signal, np.float64) * 32768), -32768, 32767)
    return base64.b64encode(scaled.astype("<i2").tobytes()).decode("ascii")


def decoded(text: str) -> np.ndarray:
    """The signal, float32 `(samples,)`, that the page reads from :func:`coded`."""
    return (np.frombuffer(base64.b64decode(text), "<i2") / 32768).astype(np.float32)
