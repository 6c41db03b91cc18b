"""ESC-50: 50 kinds of environmental sound, open, 40 clips of 5 s each, from GitHub.

The layout is `audio/1-172649-A-40.wav` with `meta/esc50.csv`. Five seconds are too short for a
noise, so the clips of one kind are joined into one recording of about three minutes, once, in
the cache: silence at their ends removed, all at one level, cross-faded, clips of one source
side by side, so that training and test parts share hardly any. A folder that holds such joined
recordings already ("helicopter.flac") is taken as it is.

Notebook: 01_data_construction.
"""

from pathlib import Path

import numpy as np
import pandas

from snrlib import audio
from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.fetch import Download
from snrlib.corpora.listing import Found, audio_files, table
from snrlib.support import tables
from snrlib.support.errors import SnrlibError
from snrlib.support.files import cache_folder, checksum
from snrlib.support.progress import Progress

# The ten kinds of ESC-10 are CC BY; the other forty are for non-commercial use.
ESC10 = (
    "chainsaw",
    "clock_tick",
    "crackling_fire",
    "crying_baby",
    "dog",
    "helicopter",
    "rain",
    "rooster",
    "sea_waves",
    "sneezing",
)
LICENCES = {True: "CC BY 3.0", False: "CC BY-NC 3.0"}
_RMS = 0.05
_FADE = audio.SAMPLE_RATE // 50
_SILENCE = 1e-4  # below the clips' own noise; short sounds were padded with zeros


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """One noise per kind of sound, by default of the registered or fetched copy; `id` "rain".

    Raises:
        SnrlibError: the folder does not look like ESC-50, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    paths = list(audio_files(folder))
    lists = sorted(folder.rglob("esc50.csv"))
    if lists:
        found = [Found(kind, path) for kind, path in _joined(lists[0], paths).items()]
    else:
        found = [Found(path.stem, path) for path in paths]
        if not any(recording.id in ESC10 for recording in found):
            raise SnrlibError(
                f"{folder} holds no meta/esc50.csv; give the folder ESC-50-master, with its "
                "folders audio and meta."
            )
    records = table(CORPUS.name, CORPUS.kind, CORPUS.licence, found)
    return records.assign(licence=[LICENCES[kind in ESC10] for kind in records["id"]])


def _joined(list_path: Path, paths: list[Path]) -> dict[str, Path]:
    """The joined recording of each kind, made unless it is in the cache."""
    clips = tables.read(list_path, words=("filename", "category", "src_file", "take", "fold"))
    there = {path.name: path for path in paths}
    missing = sorted(set(clips["filename"]) - set(there))
    if missing:
        raise SnrlibError(
            f"{list_path} names {len(missing)} clips that are not there ({missing[0]}, ...); "
            "fetch or copy the corpus again."
        )
    clips = clips.sort_values(["src_file", "take", "filename"])
    made = {}
    with Progress(clips["category"].nunique(), "joining ESC-50 clips", "kind") as progress:
        for kind, members in clips.groupby("category"):
            chosen = [there[name] for name in members["filename"]]
            identity = checksum([[str(path), path.stat().st_size] for path in chosen])
            path = cache_folder() / "noises" / "esc50" / f"{kind}-{identity}.flac"
            if not path.exists():
                audio.write(path, join([audio.read(clip) for clip in chosen]), subtype="PCM_16")
            made[str(kind)] = path
            progress.update()
    return made


def join(clips: list[np.ndarray]) -> np.ndarray:
    """The clips (samples,) one after the other at one level, cross-faded over 20 ms."""
    fade_in = np.sin(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32))
    joined = np.zeros(0, dtype=np.float32)
    for clip in clips:
        loud = np.flatnonzero(np.abs(clip) > _SILENCE)
        if not len(loud):
            continue
        clip = clip[loud[0] : loud[-1] + 1]
        clip = clip * (_RMS / np.sqrt(np.mean(np.square(clip))))
        # A click must not clip the others: one clip may be quieter, none is distorted.
        clip = clip / max(1.0, float(np.abs(clip).max()) / 0.9)
        fade = min(_FADE, len(clip), len(joined))
        if fade:
            clip[:fade] *= fade_in[:fade]
            joined[-fade:] *= fade_in[:fade][::-1]
            joined[-fade:] += clip[:fade]
        joined = np.concatenate([joined, clip[fade:]])
    return joined.clip(-1, 1)


CORPUS = Corpus(
    name="esc50",
    kind="noise",
    title="ESC-50: dataset for environmental sound classification",
    description="50 kinds of sound, about 3 min each once joined; choose some: esc50:helicopter",
    hours=2.8,
    speakers=0,
    licence="CC BY-NC 3.0 (ESC-10, ten of the kinds: CC BY 3.0)",
    citation=(
        "K. J. Piczak: ESC: Dataset for Environmental Sound Classification. ACM Multimedia 2015, "
        "pp. 1015-1018. doi:10.1145/2733373.2806390."
    ),
    homepage="https://github.com/karolpiczak/ESC-50",
    list_files=list_files,
    downloads=(
        Download(
            part="master",
            url="https://github.com/karolpiczak/ESC-50/archive/refs/heads/master.zip",
            about=600_000_000,
            keep=("*/audio/*.wav", "*/meta/esc50.csv", "*/LICENSE", "*/README.md"),
        ),
    ),
    notes=("GitHub packs the archive anew for each download and publishes no checksum for it.",),
    expected={"recordings": 50},
)
