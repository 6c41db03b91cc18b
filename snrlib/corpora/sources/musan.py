"""MUSAN: 930 short recordings of noise (its music and speech are left packed), open, on OpenSLR.

The layout is `musan/noise/free-sound/noise-free-sound-0000.wav` and `.../sound-bible/...`. Every
file is a noise of its own, so a study chooses a few by name: "musan:free-sound/0000".

Notebook: 01_data_construction.
"""

import re
from pathlib import Path

import pandas

from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.fetch import Download
from snrlib.corpora.listing import Found, audio_files, table
from snrlib.support.errors import SnrlibError

_NOISE = re.compile(r"^noise-(?P<source>free-sound|sound-bible)-(?P<number>\d{4})$")


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """The noises below `folder`, by default the registered or fetched; `id` "free-sound/0000".

    Raises:
        SnrlibError: no file is named as in MUSAN's noise part, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    found = []
    for path in audio_files(folder):
        match = _NOISE.match(path.stem)
        if match:
            found.append(Found(f"{match['source']}/{match['number']}", path))
    if not found:
        raise SnrlibError(
            f"{folder} holds no file named like noise-free-sound-0000.wav; give the folder musan."
        )
    return table(CORPUS.name, CORPUS.kind, CORPUS.licence, found)


CORPUS = Corpus(
    name="musan",
    kind="noise",
    title="MUSAN, its noise",
    description="930 short noises, technical and from everyday life; choose a few by name",
    hours=6.0,
    speakers=0,
    licence="CC BY 4.0 (its LICENSE files say what each recording is under)",
    citation="D. Snyder, G. Chen, D. Povey: MUSAN: a music, speech, and noise corpus. 2015. "
    "arXiv:1510.08484.",
    homepage="https://www.openslr.org/17",
    list_files=list_files,
    downloads=(
        Download(
            part="noise",
            url="https://www.openslr.org/resources/17/musan.tar.gz",
            size=11_086_114_085,
            checksum="md5:0c472d4fc0c5141eca47ad1ffeb2a7df",
            keep=("musan/noise/*", "musan/README"),
        ),
    ),
    expected={"recordings": 930},
)
