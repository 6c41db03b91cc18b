"""VCTK: 110 speakers of English accents in a studio, open, from the University of Edinburgh.

The layout of version 0.92 is `wav48_silence_trimmed/p225/p225_001_mic1.flac`, that of 0.80
`wav48/p225/p225_001.wav`. Two microphones recorded each sentence; the first is taken. The
corpus has no test part: every tenth speaker is held out.

Notebook: 01_data_construction.
"""

import re
from pathlib import Path

import pandas

from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.fetch import Download
from snrlib.corpora.listing import Found, audio_files, hold_out_speakers, table
from snrlib.support.errors import SnrlibError

_UTTERANCE = re.compile(r"^(?P<sentence>(?P<speaker>[ps]\d{1,3})_\d{3})(?:_mic1)?$")


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """The utterances below `folder`, by default the one added or fetched; `id` "p225/p225_001".

    Raises:
        SnrlibError: no file is named as in VCTK, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    found = []
    for path in audio_files(folder):
        match = _UTTERANCE.match(path.stem)
        if match:
            speaker = match["speaker"]
            found.append(Found(f"{speaker}/{match['sentence']}", path, speaker, "train"))
    if not found:
        raise SnrlibError(
            f"{folder} holds no file named like p225_001_mic1.flac; give the folder that contains "
            "wav48_silence_trimmed."
        )
    return hold_out_speakers(table(CORPUS.name, CORPUS.kind, CORPUS.licence, found))


CORPUS = Corpus(
    name="vctk",
    kind="speech",
    title="CSTR VCTK Corpus 0.92",
    description="110 speakers with various accents, about 400 sentences each, 48 kHz",
    hours=44.0,
    speakers=110,
    licence="CC BY 4.0",
    citation=(
        "J. Yamagishi, C. Veaux, K. MacDonald: CSTR VCTK Corpus: English Multi-speaker Corpus for "
        "CSTR Voice Cloning Toolkit (version 0.92). University of Edinburgh, 2019. "
        "doi:10.7488/ds/2645."
    ),
    homepage="https://datashare.ed.ac.uk/handle/10283/3443",
    list_files=list_files,
    downloads=(
        Download(
            part="0.92",
            url="https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
            size=11_747_302_977,
            checksum="md5:8a6ba2946b36fcbef0212cad601f4bfa",
            keep=("*_mic1.flac", "*speaker-info.txt"),
        ),
    ),
    notes=("The number of hours is the one usually quoted; it was not counted.",),
    expected={"speakers": 110},
)
