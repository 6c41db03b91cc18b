"""Lays out the recordings that the released weights are trained and tested on.

    python tools/make_release_data.py OUT --librispeech FOLDER --seen FILE... --timit FOLDER \
        --unseen FILE...

LibriSpeech is cut at its silences into utterances of 2 to 5 s, about as long as TIMIT's. Forty
of its speakers are kept apart: they speak in the babble and shape the speech-shaped noise, the
first twenty in the part of the noise that trains, the others in the part that tests, and none of
them anywhere else. TIMIT is for testing only, without `sa1` and `sa2`, which all speakers share.
What comes out are folders that any run takes:

    snrlib study --profile tools/release.toml --speech folder:OUT/speech \
        --seen-noise folder:OUT/seen --unseen-noise folder:OUT/unseen
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas

from snrlib import audio
from snrlib.audio import SAMPLE_RATE
from snrlib.corpora import synthesis
from snrlib.corpora.sources import librispeech, timit
from snrlib.support.files import checksum, write_text
from snrlib.support.progress import Progress

SHORTEST, LONGEST = 2.0, 5.0  # seconds
MARGIN = 0.1  # seconds of pause kept before and after the speech
NOISE_SPEAKERS = 40
TALKERS = 9  # at once, in the babble
NOISE_SECONDS = 240.0
TRAIN_FRACTION = 0.6
SEED = 2020  # the year of the paper
RMS = 0.07

LICENCES = {
    "speech/train": librispeech.CORPUS.licence + " (LibriSpeech)",
    "speech/test": timit.SAMPLE_LICENCE,
    "unseen": "testing only; nothing of it is in any weights",
}


def cut_at_silences(signal: np.ndarray) -> list[tuple[int, int]]:
    """Where to cut a recording into utterances of 2 to 5 s: (first sample, last sample + 1).

    Each piece ends in the longest pause that its length allows, or, where the speaker does not
    pause, at the quietest moment. What is left at the end and is too short is left out.

    Args:
        signal: float32 (samples,) at 16 kHz.
    """
    hop = SAMPLE_RATE // 100
    frames = signal[: len(signal) // hop * hop].reshape(-1, hop)
    level = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    level = np.convolve(np.pad(level, 2, mode="edge"), np.full(5, 0.2), mode="valid")  # 50 ms
    speaking = level > max(np.percentile(level, 95) - 35, -80)
    if not speaking.any():
        return []
    margin = round(MARGIN * 100)
    active = np.flatnonzero(speaking)
    begin, end = max(0, active[0] - margin), min(len(level), active[-1] + 1 + margin)
    pieces = []
    while end - begin >= SHORTEST * 100:
        if end - begin <= LONGEST * 100:
            pieces.append((begin, end))
            break
        window = np.arange(begin + round(SHORTEST * 100), begin + round(LONGEST * 100))
        pauses = _pauses(~speaking, window)
        if pauses:
            first, last = max(pauses, key=lambda pause: pause[1] - pause[0])
            pieces.append((begin, min(first + margin, (first + last + 1) // 2)))
            begin = max(last - margin, (first + last) // 2)
        else:
            quietest = int(window[np.argmin(level[window])])
            pieces.append((begin, quietest))
            begin = quietest
    return [(int(a) * hop, int(b) * hop) for a, b in pieces]


def _pauses(silent: np.ndarray, window: np.ndarray) -> list[tuple[int, int]]:
    """Pauses of 0.15 s and more inside the window: (first frame, last frame + 1)."""
    edges = np.diff(np.concatenate([[0], silent[window].astype(int), [0]]))
    pauses = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [(int(window[0] + a), int(window[0] + b)) for a, b in pauses if b - a >= 15]


def babble(sentences: list[np.ndarray], samples: int, rng: np.random.Generator) -> np.ndarray:
    """`TALKERS` people at once, each a sequence of sentences in an order of its own, RMS 1."""
    voices = []
    for gain_db in rng.uniform(-6, 0, TALKERS):
        pieces: list[np.ndarray] = []
        while sum(map(len, pieces)) < 2 * samples:
            for number in rng.permutation(len(sentences)):
                pause = np.zeros(int(rng.uniform(0.05, 0.4) * SAMPLE_RATE), np.float32)
                pieces += [synthesis.unit(sentences[number]), pause]
        speech = np.concatenate(pieces)
        first = int(rng.integers(0, len(speech) - samples))
        voices.append(10 ** (gain_db / 20) * speech[first : first + samples])
    return synthesis.unit(np.sum(voices, axis=0))


def speech_shaped(
    sentences: list[np.ndarray], samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Stationary noise with the long-term spectrum of the sentences, RMS 1."""
    level = synthesis.third_octave_levels(np.concatenate(sentences))
    curve = dict(zip(synthesis.BANDS.tolist(), level.tolist(), strict=True))
    return synthesis.coloured(samples, rng, curve)


def write_speech(records: pandas.DataFrame, out: Path) -> None:
    """The training speech: `out/<speaker>/<utterance>-<piece>.flac`."""
    with Progress(len(records), "cutting", "file") as progress:
        for row in records.itertuples():
            signal = audio.read(row.path)
            signal *= min(1.0, 0.99 / np.abs(signal).max())  # decoded Vorbis can overshoot
            for number, (first, last) in enumerate(cut_at_silences(signal)):
                name = f"{Path(row.path).stem}-{number}.flac"
                audio.write(out / row.speaker / name, signal[first:last], subtype="PCM_16")
            progress.update()


def write_speech_noises(records: pandas.DataFrame, out: Path) -> None:
    """Babble and speech-shaped noise, their two parts from different talkers."""
    speakers = sorted(records["speaker"].unique(), key=checksum)
    halves = [speakers[0::2], speakers[1::2]]
    first = int(NOISE_SECONDS * SAMPLE_RATE * TRAIN_FRACTION)
    lengths = (first, round(NOISE_SECONDS * SAMPLE_RATE) - first)
    for kind, make in enumerate((babble, speech_shaped)):
        parts = []
        for part, (samples, half) in enumerate(zip(lengths, halves, strict=True)):
            chosen = records[records["speaker"].isin(half)]
            sentences = [audio.read(path) for path in chosen["path"]]
            rng = np.random.default_rng([SEED, kind, part])
            parts.append(make(sentences, samples, rng) * RMS)
        signal = np.concatenate(parts)
        name = f"{make.__name__.replace('_', '-')} of LibriSpeech.flac"
        audio.write(out / name, signal * min(1, 0.95 / np.abs(signal).max()), subtype="PCM_16")


def main() -> None:
    """Writes the folders `speech`, `seen` and `unseen`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--librispeech", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--timit", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seen", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--seen-licence", required=True, help="of those files")
    parser.add_argument("--unseen", type=Path, nargs="+", required=True, metavar="FILE")
    arguments = parser.parse_args()
    out = arguments.out
    records = librispeech.list_files(arguments.librispeech)
    speakers = sorted(records["speaker"].unique(), key=checksum)
    for_noise = records["speaker"].isin(speakers[:NOISE_SPEAKERS])
    write_speech(records[~for_noise], out / "speech" / "train")
    write_speech_noises(records[for_noise], out / "seen")
    for path in arguments.seen:
        shutil.copyfile(path, out / "seen" / path.name.replace("_", " "))
    for row in timit.list_files(arguments.timit).itertuples():
        if not row.id.endswith(("/sa1", "/sa2")):
            place = out / "speech" / "test" / row.speaker
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(row.path, place / Path(row.path).name)
    (out / "unseen").mkdir(parents=True, exist_ok=True)
    for path in arguments.unseen:
        whose = f"{path.parent.name} " if path.parent.name.startswith("noisex") else ""
        name = path.name.removeprefix("bus_standin_").replace("_", " ")
        shutil.copyfile(path, out / "unseen" / (whose + name))
    for folder, licence in {**LICENCES, "seen": arguments.seen_licence}.items():
        write_text(out / folder / "LICENCE.txt", licence + "\n")


if __name__ == "__main__":
    main()
