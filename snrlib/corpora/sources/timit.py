"""TIMIT: the speech of the paper (section 2.1), from your own licensed copy.

The LDC's layout is `TRAIN/DR1/FCJF0/SA1.WAV`, in upper or in lower case; what is called `.WAV`
is NIST SPHERE on the LDC's disc and RIFF in many copies, and both are read. The split is
TIMIT's own. A folder without TRAIN and TEST, such as the freely distributed sample of 16
speakers, is for testing only, as the licence of that sample asks.

Notebook: 01_data_construction, "TIMIT on disk".
"""

import re
from pathlib import Path

import pandas

from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.listing import Found, audio_files, table
from snrlib.support.errors import SnrlibError

LICENCE = "LDC user agreement (LDC93S1); no redistribution"
SAMPLE_LICENCE = "CC BY-NC-SA (TIMIT sample); evaluation only"
# "dr1/fcjf0/sa1", also "dr1-fvmh0/sa1" as in the sample and "sa1.wav.wav" as in a common copy.
_UTTERANCE = re.compile(
    r"(?:(?P<split>train|test)/)?dr(?P<region>[1-8])[/-](?P<speaker>[fm][a-z]{3}\d)/"
    r"(?P<sentence>s[aix]\d+)(?:\.wav)?\.\w+$",
    re.IGNORECASE,
)


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """The utterances below `folder`, by default below the registered one.

    `id` is "dr1/fcjf0/sa1" in lower case whatever the case on disk. The sentences sa1 and sa2
    are the same for all speakers; they are listed like the others.

    Raises:
        SnrlibError: no file is named as in TIMIT, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    found = []
    for path in audio_files(folder):
        match = _UTTERANCE.search(path.as_posix())
        if match:
            region, speaker, sentence = (
                match[name].lower() for name in ("region", "speaker", "sentence")
            )
            split = (match["split"] or "test").lower()
            found.append(Found(f"dr{region}/{speaker}/{sentence}", path, speaker, split))
    if not found:
        raise SnrlibError(
            f"{folder} holds no file named like TRAIN/DR1/FCJF0/SA1.WAV; give the folder of TIMIT "
            "that contains TRAIN and TEST."
        )
    licence = LICENCE if any(recording.split == "train" for recording in found) else SAMPLE_LICENCE
    return table(CORPUS.name, CORPUS.kind, licence, found)


CORPUS = Corpus(
    name="timit",
    kind="speech",
    title="TIMIT acoustic-phonetic continuous speech corpus",
    description="630 speakers of 8 American dialects, 10 read sentences each; the paper's speech",
    hours=5.4,
    speakers=630,
    licence=LICENCE,
    citation=(
        "J. S. Garofolo, L. F. Lamel, W. M. Fisher, J. G. Fiscus, D. S. Pallett, N. L. Dahlgren, "
        "V. Zue: TIMIT Acoustic-Phonetic Continuous Speech Corpus LDC93S1. Philadelphia: "
        "Linguistic Data Consortium, 1993."
    ),
    homepage="https://catalog.ldc.upenn.edu/LDC93S1",
    list_files=list_files,
    expected={"train": 4620, "test": 1680, "speakers": 630},
)
