"""CHiME-4 backgrounds: the paper's unseen noises, from your own licensed copy.

The backgrounds lie in `data/audio/16kHz/backgrounds` as `BGD_150204_010_BUS.CH1.wav`: one file
per recording and microphone of the tablet. The paper names the four places (bus, cafe,
pedestrian area, street) and neither recording nor microphone. Ruling: a place is one noise,
its first recording through its first microphone; the microphones are not averaged, because
that would be a beamformer, which changes the noise.

Notebook: 01_data_construction.
"""

import re
from pathlib import Path

import pandas

from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.listing import Found, audio_files, table
from snrlib.support.errors import SnrlibError

PLACES = {"BUS": "bus", "CAF": "cafe", "PED": "pedestrian area", "STR": "street junction"}
_BACKGROUND = re.compile(
    r"^bgd_(?P<recording>\d+_\d+)_(?P<place>bus|caf|ped|str)(?:\.ch(?P<channel>\d))?$",
    re.IGNORECASE,
)


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """One noise per place below `folder`, by default below the registered one; `id` is "BUS".

    Raises:
        SnrlibError: no file is named as a CHiME background, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    first: dict[str, tuple[str, Path]] = {}
    for path in audio_files(folder):
        match = _BACKGROUND.match(path.stem)
        if match:
            place = match["place"].upper()
            candidate = (f"{match['recording']}.{match['channel'] or 1}", path)
            first[place] = min(first.get(place, candidate), candidate)
    if not first:
        raise SnrlibError(
            f"{folder} holds no file named like BGD_150204_010_BUS.CH1.wav; give the folder "
            "data/audio/16kHz/backgrounds of CHiME-3 or CHiME-4."
        )
    found = [Found(place, path) for place, (_, path) in first.items()]
    return table(CORPUS.name, CORPUS.kind, CORPUS.licence, found)


CORPUS = Corpus(
    name="chime4",
    kind="noise",
    title="CHiME-4 backgrounds, the same as CHiME-3's",
    description="bus, cafe, pedestrian area, street; the paper's unseen noises",
    hours=8.4,
    speakers=0,
    licence="LDC user agreement (LDC2017S24); no redistribution",
    citation=(
        "E. Vincent, S. Watanabe, A. A. Nugraha, J. Barker, R. Marxer: An analysis of environment, "
        "microphone and data simulation mismatches in robust speech recognition. Computer Speech "
        "and Language 46, 2017, pp. 535-557."
    ),
    homepage="https://catalog.ldc.upenn.edu/LDC2017S24",
    list_files=list_files,
    expected={"recordings": 4},
    notes=("The hours are those of one microphone: the LDC counts 50 hours over six.",),
)
