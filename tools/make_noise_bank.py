"""Makes the noise that the released weights learn from: recorded, made from seeds, and mixed.

    python tools/make_noise_bank.py OUT --packages FOLDER --librispeech FOLDER

`noise_bank.csv` beside this script lists recordings of games and samplers in Debian (bookworm):
class, part, licence, author, package, file and SHA-256. Packages are fetched with `apt-get
download` and unpacked into FOLDER unless they lie there; every file is checked. A recording
marked "held out" is in no training part, nor is another take of it.

What comes out is a folder of reels, `OUT/<class> <number>.flac`, that `folder:OUT` reads as
noises. The first 60 % of each are its training part, the rest is for the test (as in every recipe):
the first made of "train" recordings and LibriSpeech talkers, the rest of held-out ones, of other
talkers and other seeds. A reel is a chain of stretches of 3 to 8 s: a recording of the class at
another speed, through a random equaliser, every third time mixed with a stretch of another class.
Reels "made ..." come from seeds alone: spectra, modulations, harmonics, impacts, babble.
"""

import argparse
import io
import struct
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import numpy as np
import pandas
import soundfile
from make_release_data import NOISE_SPEAKERS, speech_shaped
from scipy import signal as filters

from snrlib import audio
from snrlib.audio import SAMPLE_RATE
from snrlib.corpora import synthesis
from snrlib.corpora.sources import librispeech
from snrlib.support.files import checksum, write_text
from snrlib.support.progress import Progress

LIST = Path(__file__).with_name("noise_bank.csv")
SEED = 2026
SECONDS, TRAIN_FRACTION = 400.0, 0.6
REELS = 2  # of each class
MADE_REELS = 2  # of each kind that is made from seeds
RMS = 0.07
CROSSFADE = 0.05  # seconds
PARTS = ("train", "held out")
LICENCE = "CC BY-SA 3.0 (tools/noise_bank.csv lists every recording; LibriSpeech CC BY 4.0)"


# --- recordings ---------------------------------------------------------------------------


def unpack(package: str, folder: Path) -> Path:
    """The unpacked package in `folder`, fetched first unless it is there."""
    place = folder / package
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
        (archive,) = folder.glob(f"{package}_*.deb")
        subprocess.run(["dpkg", "-x", str(archive), str(place)], check=True)
        archive.unlink()
    return place


def read_bytes(place: Path, file: str) -> bytes:
    """A file of a package: `path`, `archive.zip!member`, or `opensfx.cat!number`."""
    path, _, member = file.partition("!")
    if path.endswith(".zip"):
        with zipfile.ZipFile(place / path) as archive:
            return archive.read(member)
    data = (place / path).read_bytes()
    return from_cat(data, int(member)) if member else data


def from_cat(data: bytes, number: int) -> bytes:
    """A sound of OpenTTD's .cat container: a table of offsets, then a name and a WAV file each."""
    offset = struct.unpack_from("<I", data, 8 * number)[0] & 0x7FFFFFFF
    begin = offset + 1 + data[offset]
    return data[begin : begin + 8 + struct.unpack_from("<I", data, begin + 4)[0]]


def decode(data: bytes) -> np.ndarray:
    """Mono at 16 kHz without the silence at both ends, RMS 1.

    What was recorded at less than 16 kHz gets a floor of noise, 30 dB below it: an empty band
    would tell a network where the noise is not.
    """
    found, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    sound = found.mean(axis=1)
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    sound = audio.resample(sound[loud[0] : loud[-1] + 1], rate, SAMPLE_RATE)
    sound = synthesis.unit(sound)
    if rate < SAMPLE_RATE:
        rng = np.random.default_rng(len(data))
        sound = sound + 0.03 * rng.standard_normal(len(sound), dtype=np.float32)
    return sound.astype(np.float32)


def recordings(folder: Path) -> dict[str, dict[str, list[np.ndarray]]]:
    """All listed recordings by class and part, their sums checked."""
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    table = pandas.read_csv(LIST)
    for package, rows in table.groupby("package"):
        place = unpack(str(package), folder)
        for row in rows.to_dict("records"):
            data = read_bytes(place, row["file"])
            if checksum_of(data) != row["sha256"]:
                raise SystemExit(
                    f"{place / row['file']} is not the listed file; get {package} {row['version']}."
                )
            parts = found.setdefault(row["class"], {part: [] for part in PARTS})
            parts[row["part"]].append(decode(data))
    return found


def checksum_of(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


# --- made from seeds ----------------------------------------------------------------------


def random_curve(rng: np.random.Generator, depth_db: float, tilt_db: float) -> np.ndarray:
    """A random equaliser: a level in dB for each of `synthesis.BANDS`, smooth over octaves."""
    knots = rng.normal(0, depth_db, 8)
    bands = len(synthesis.BANDS)
    smooth = np.interp(np.linspace(0, 7, bands), np.arange(8), knots)
    return smooth + rng.uniform(-tilt_db, tilt_db) * np.linspace(-1, 1, bands)


def filtered(sound: np.ndarray, gains_db: np.ndarray) -> np.ndarray:
    """`sound` through a linear-phase filter with `gains_db` at `synthesis.BANDS`."""
    grid = np.linspace(0, SAMPLE_RATE / 2, 512)
    gain = np.interp(np.log(np.maximum(grid, 1)), np.log(synthesis.BANDS), gains_db)
    taps = filters.firwin2(511, grid, 10 ** (gain / 20), fs=SAMPLE_RATE)
    return filters.oaconvolve(sound, taps, mode="same").astype(np.float32)


def spectra(rng: np.random.Generator, samples: int, _: Sequence[np.ndarray]) -> np.ndarray:
    """Stationary noise of a random spectrum."""
    curve = dict(zip(synthesis.BANDS.tolist(), random_curve(rng, 9, 25).tolist(), strict=True))
    return synthesis.coloured(samples, rng, curve)


def modulations(rng: np.random.Generator, samples: int, _: Sequence[np.ndarray]) -> np.ndarray:
    """Noise that swells, flutters or throbs."""
    sound = spectra(rng, samples, _)
    sound = sound * synthesis.drift(samples, rng, 10 ** rng.uniform(-0.5, 1.2), rng.uniform(2, 8))
    if rng.random() < 0.5:
        cycle = np.arange(samples) * 10 ** rng.uniform(0, 1.6) / SAMPLE_RATE
        depth = rng.uniform(0.3, 1)
        sound = sound * (1 - depth + depth * np.abs(np.sin(np.pi * cycle)) ** rng.uniform(0.5, 6))
    return synthesis.unit(sound)


def harmonics(rng: np.random.Generator, samples: int, _: Sequence[np.ndarray]) -> np.ndarray:
    """A motor, fan or transformer: one to three series of harmonics that drift, in noise."""
    sound = np.zeros(samples, np.float32)
    for _series in range(rng.integers(1, 4)):
        frequency = 10 ** rng.uniform(1.4, 2.9)
        wander = synthesis.drift(samples, rng, rng.uniform(0.1, 1.5), rng.uniform(0.02, 0.8))
        count = int(min(120, 7500 / frequency))
        fall = np.arange(1, count + 1) ** -rng.uniform(0.2, 1.8)
        sound += rng.uniform(0.3, 1) * synthesis.hum(
            frequency * wander.astype(np.float64), samples, fall * rng.uniform(0.1, 1, count)
        )
    bed = modulations(rng, samples, _)
    return synthesis.unit(synthesis.unit(sound) + 10 ** (rng.uniform(-25, 5) / 20) * bed)


def impacts(rng: np.random.Generator, samples: int, _: Sequence[np.ndarray]) -> np.ndarray:
    """Things struck, at random or in a rhythm, over a bed of noise."""
    low = 10 ** rng.uniform(1.8, 3.2)
    strikes = [
        synthesis.strike(
            rng, low, low * rng.uniform(3, 20), 10 ** rng.uniform(-1.3, 0), crack=rng.uniform(0, 1)
        )
        for _kind in range(rng.integers(1, 6))
    ]
    pace = 10 ** rng.uniform(-0.2, 1.2)
    at = synthesis.moments(samples, rng, pace)
    if rng.random() < 0.5:
        at = (np.arange(samples / SAMPLE_RATE * pace) * SAMPLE_RATE / pace).astype(np.int64)
        at = at + rng.integers(0, int(SAMPLE_RATE * 0.05), len(at))
    sound = synthesis.scatter(samples, at, 10 ** (rng.uniform(-15, 0, len(at)) / 20), strikes)
    if rng.random() < 0.6:
        sound = synthesis.room(sound, rng, rng.uniform(0.1, 1.2))
    bed = spectra(rng, samples, _)
    return synthesis.unit(synthesis.unit(sound) + 10 ** (rng.uniform(-30, -5) / 20) * bed)


def babble(rng: np.random.Generator, samples: int, speech: Sequence[np.ndarray]) -> np.ndarray:
    """Two to sixteen people at once, near or far, in a room or not."""
    sound = np.zeros(samples, np.float32)
    for _talker in range(int(2 ** rng.uniform(1, 4))):
        voice = speech[rng.integers(len(speech))]
        sound += 10 ** (rng.uniform(-10, 0) / 20) * stretch(rng, voice, samples)
    if rng.random() < 0.6:
        sound = synthesis.room(sound, rng, rng.uniform(0.2, 1.0), rng.uniform(0.1, 0.7))
    return synthesis.unit(sound)


def murmur(rng: np.random.Generator, samples: int, speech: Sequence[np.ndarray]) -> np.ndarray:
    """A distant crowd: speech-shaped noise that moves a little, with some babble in it."""
    chosen = [speech[i] for i in rng.choice(len(speech), 4)]
    sound = speech_shaped(chosen, samples, rng) * synthesis.drift(samples, rng, 3, 3)
    return synthesis.unit(sound + rng.uniform(0, 1) * babble(rng, samples, speech))


Maker = Callable[[np.random.Generator, int, Sequence[np.ndarray]], np.ndarray]
MADE: dict[str, Maker] = {
    "spectra": spectra,
    "modulations": modulations,
    "harmonics": harmonics,
    "impacts": impacts,
    "babble": babble,
    "murmur": murmur,
}


# --- reels --------------------------------------------------------------------------------


def stretch(rng: np.random.Generator, sound: np.ndarray, samples: int) -> np.ndarray:
    """`samples` of a recording from a random moment on, again and again where it is shorter."""
    fade = min(round(CROSSFADE * SAMPLE_RATE), len(sound) // 4)
    ramp = np.sqrt(np.linspace(0, 1, fade, dtype=np.float32))
    again = np.array(sound, np.float32)
    while len(again) < samples + fade:
        joint = again[-fade:] * ramp[::-1] + sound[:fade] * ramp
        again = np.concatenate([again[:-fade], joint, sound[fade:]])
    first = int(rng.integers(0, len(again) - samples + 1))
    return again[first : first + samples]


def varied(rng: np.random.Generator, sound: np.ndarray, samples: int) -> np.ndarray:
    """A stretch of a recording at another speed (0.8 to 1.25) and through an equaliser, RMS 1."""
    speed = 1.25 ** rng.uniform(-1, 1)
    piece = stretch(rng, sound, int(samples * speed) + 2)
    piece = np.interp(np.arange(samples) * speed, np.arange(len(piece)), piece)
    return synthesis.unit(filtered(piece, random_curve(rng, 4, 8)))


class Source:
    """Where one part of the reels comes from: its recordings, and its talkers."""

    def __init__(
        self, recorded: dict[str, dict[str, list[np.ndarray]]], part: str, speech: list[np.ndarray]
    ) -> None:
        self.recorded = {name: parts[part] for name, parts in recorded.items() if parts[part]}
        self.speech = speech

    def draw(self, rng: np.random.Generator, name: str, samples: int) -> np.ndarray:
        """One stretch of a class, or of what is made; RMS 1."""
        if name in self.recorded:
            sounds = self.recorded[name]
            # Long recordings hold more that is new, but must not silence the short ones.
            weight = np.sqrt([len(sound) for sound in sounds])
            return varied(rng, sounds[rng.choice(len(sounds), p=weight / weight.sum())], samples)
        if name in MADE:
            return MADE[name](rng, samples, self.speech)
        names = [*self.recorded, *MADE]  # a class with nothing held out
        return self.draw(rng, names[rng.integers(len(names))], samples)

    def part(self, rng: np.random.Generator, name: str, samples: int) -> np.ndarray:
        """`samples` of a reel, its stretches cross-faded."""
        fade = round(CROSSFADE * SAMPLE_RATE)
        ramp = np.sin(0.5 * np.pi * np.linspace(0, 1, fade, dtype=np.float32))
        reel, end = np.zeros(samples + 9 * SAMPLE_RATE, np.float32), 0
        names = [*self.recorded, *MADE]
        while end < samples:
            piece = self.draw(rng, name, int(rng.uniform(3, 8) * SAMPLE_RATE))
            if rng.random() < 1 / 3:
                other = self.draw(rng, names[rng.integers(len(names))], len(piece))
                piece = synthesis.unit(piece + 10 ** (rng.uniform(-12, 6) / 20) * other)
            piece[:fade] *= ramp
            piece[-fade:] *= ramp[::-1]
            reel[end : end + len(piece)] += piece
            end += len(piece) - fade
        return reel[fade : fade + samples]


def write_reel(out: Path, number: int, name: str, title: str, sources: Sequence[Source]) -> None:
    """One reel as a file: the training part, then the held-out one."""
    first = int(SECONDS * SAMPLE_RATE * TRAIN_FRACTION)
    lengths = (first, round(SECONDS * SAMPLE_RATE) - first)
    parts = [
        source.part(np.random.default_rng([SEED, number, part]), name, samples)
        for part, (source, samples) in enumerate(zip(sources, lengths, strict=True))
    ]
    reel = np.concatenate(parts) * RMS
    audio.write(out / f"{title}.flac", np.clip(reel, -0.99, 0.99), subtype="PCM_16")


def talkers(folder: Path) -> list[list[np.ndarray]]:
    """Speech of the speakers kept apart in make_release_data.py: for training, for the test."""
    records = librispeech.list_files(folder)
    speakers = sorted(records["speaker"].unique(), key=checksum)[:NOISE_SPEAKERS]
    speakers = sorted(speakers, key=checksum)
    return [
        [
            synthesis.unit(audio.read(path))
            for path in records[records["speaker"].isin(speakers[half::2])]["path"]
        ]
        for half in (0, 1)
    ]


def main() -> None:
    """Writes the reels."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--packages", type=Path, required=True, help="where packages lie unpacked")
    parser.add_argument("--librispeech", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=1, help="reels made at once")
    arguments = parser.parse_args()
    recorded = recordings(arguments.packages)
    speech = talkers(arguments.librispeech)
    sources = [Source(recorded, part, voices) for part, voices in zip(PARTS, speech, strict=True)]
    wanted = [(name, f"{name} {i + 1}") for name in sorted(recorded) for i in range(REELS)]
    wanted += [(name, f"made {name} {i + 1}") for name in MADE for i in range(MADE_REELS)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    work = joblib.Parallel(n_jobs=arguments.jobs, return_as="generator_unordered")
    with Progress(len(wanted), "making noises", "reel") as progress:
        for _ in work(
            joblib.delayed(write_reel)(arguments.out, number, name, title, sources)
            for number, (name, title) in enumerate(wanted)
        ):
            progress.update()
    write_text(arguments.out / "LICENCE.txt", LICENCE + "\n")


if __name__ == "__main__":
    main()
