"""NoiseX-92: four of the paper's five seen noises, from your own copy.

15 recordings of 235 s at 19.98 kHz, resampled to 16 kHz when they are read. Copies differ in
how they spell the names ("factory1", "Factory Floor 1", "factoryfloor1"); the records use one
spelling. No open licence is known, so the kit fetches nothing; the MATLAB files of the page
that still shows the corpus are converted once, in the cache. Speech-shaped noise, the paper's
fifth, is not among the 15: a file of that kind in the same folder is listed under its own name.

Notebook: 01_data_construction.
"""

import re
from pathlib import Path

import numpy as np
import pandas

from snrlib import audio
from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.listing import Found, audio_files, table
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.files import cache_folder, checksum

NAMES = (
    "babble",
    "buccaneer1",
    "buccaneer2",
    "destroyerengine",
    "destroyerops",
    "f16",
    "factory1",
    "factory2",
    "hfchannel",
    "leopard",
    "m109",
    "machinegun",
    "pink",
    "volvo",
    "white",
)
SAMPLE_RATE = 19_980
# Words that some copies add to a name: "speech babble", "factory floor 1", "F-16 cockpit".
_ADDED = re.compile(r"noise|speech(?=babble)|floor|cockpit|tank|vehicle|340|radio")


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """The noises below `folder`, by default below the registered one; `id` is "factory1".

    Raises:
        SnrlibError: none of the files has a name of NoiseX-92, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    found = [Found(_name(path), path) for path in audio_files(folder)]
    there = {recording.id for recording in found}
    for path in audio_files(folder, (".mat",)):
        if _name(path) in NAMES and _name(path) not in there:
            found.append(Found(_name(path), _converted(path)))
    if not any(recording.id in NAMES for recording in found):
        raise SnrlibError(
            f"{folder} holds no audio named as in NoiseX-92 (babble.wav, factory1.wav, ...); give "
            "the folder of its files."
        )
    return table(CORPUS.name, CORPUS.kind, CORPUS.licence, found)


def _name(path: Path) -> str:
    """The noise's usual name if the file is one of the 15, otherwise the file's own."""
    plain = re.sub(r"[^a-z0-9]", "", path.stem.lower())
    for name in (plain, _ADDED.sub("", plain)):
        if name in NAMES:
            return name
    return path.stem


def _converted(path: Path) -> Path:
    """A WAV file in the cache with the signal of a MATLAB file, the longest vector in it."""
    status = path.stat()
    identity = checksum([str(path), status.st_size, status.st_mtime_ns])
    target = cache_folder() / "noises" / "noisex92" / f"{_name(path)}-{identity}.wav"
    if not target.exists():
        from scipy.io import loadmat

        try:
            arrays = [a for a in loadmat(path).values() if isinstance(a, np.ndarray) and a.size > 1]
            signal = max(arrays, key=np.size).ravel().astype(np.float64)
        except (OSError, ValueError, TypeError, NotImplementedError) as error:
            raise AudioError(
                f"{path} is not a MATLAB file with a signal ({error}); fetch it again."
            ) from error
        if np.abs(signal).max() > 1:  # 16-bit samples rather than a full scale of 1
            signal /= 32_768
        audio.write(target, signal, SAMPLE_RATE, subtype="PCM_16")
    return target


CORPUS = Corpus(
    name="noisex92",
    kind="noise",
    title="NoiseX-92",
    description="15 noises of 235 s: babble, factory, destroyer, ...; the paper's seen noises",
    hours=0.98,
    speakers=0,
    licence="none stated; research use",
    citation=(
        "A. Varga, H. J. M. Steeneken: Assessment for automatic speech recognition: II. NOISEX-92: "
        "a database and an experiment to study the effect of additive noise on speech recognition "
        "systems. Speech Communication 12(3), 1993, pp. 247-251."
    ),
    homepage="http://spib.linse.ufsc.br/noise.html",
    list_files=list_files,
    expected={"recordings": 15},
    notes=("The page is a copy; the original site (spib.rice.edu) is gone.",),
)
