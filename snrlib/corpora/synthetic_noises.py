"""Nine synthetic noises, made from held-out speech or from scratch, for a kit without downloads.

Five are for training (speech-shaped, babble, two engines, factory: after the five of the
paper, section 2.1), four only for the test (crowd, bus, cafe, street). None is a recording,
and every table and figure calls them synthetic. The first 60 % of each are for training, the
rest for the test; the two parts come from different random numbers, and what is made of
speech from different sentences, so that no part of the test noise can be learnt by heart.

Long-term spectra and modulation were tuned by comparison with recordings.

Notebook: 01_data_construction.
"""

import functools
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas

from snrlib import audio
from snrlib.audio import SAMPLE_RATE
from snrlib.corpora import synthesis
from snrlib.corpora.synthesis import (
    Curve,
    coloured,
    drift,
    equalised,
    hum,
    moments,
    room,
    scatter,
    strike,
    unit,
)
from snrlib.support.errors import SnrlibError
from snrlib.support.files import cache_folder, checksum
from snrlib.support.progress import Progress

SECONDS = 150.0
TRAIN_FRACTION = 0.6
SEED = 2019  # of the noises the kit renders: the year of the paper
BABBLE_TALKERS = 9
RMS = 0.07  # of each part, -23 dBFS: leaves room for peaks

Generator = np.random.Generator


def speech_spectrum(records: pandas.DataFrame) -> Curve:
    """Third-octave levels of the long-term average spectrum of the training speech, in dB."""
    training = records[records["split"] == "train"]
    if training.empty:
        raise SnrlibError("Speech-shaped noise needs training speech; the records have none.")
    return _spectrum(tuple(training["path"]))


@functools.lru_cache(maxsize=4)  # both parts of a noise need it
def _spectrum(paths: tuple[str, ...]) -> Curve:
    level = synthesis.third_octave_levels(np.concatenate([audio.read(path) for path in paths]))
    return dict(zip(synthesis.BANDS.tolist(), level.tolist(), strict=True))


def held_out(records: pandas.DataFrame, part: int) -> dict[str, list[np.ndarray]]:
    """The sentences for one part of a noise (0: training, 1: test), by speaker.

    Every second sentence of each speaker's `split == "noise"` goes to the training part.

    Raises:
        SnrlibError: a speaker has fewer than two held-out sentences, or there is none.
    """
    chosen = records[records["split"] == "noise"].sort_values("id")
    sentences = {
        str(speaker): [audio.read(path) for path in own["path"].iloc[part::2]]
        for speaker, own in chosen.groupby("speaker")
    }
    if not sentences or not all(sentences.values()):
        raise SnrlibError(
            "Babble needs two or more sentences of each speaker with split 'noise'; the embedded "
            "audio has them."
        )
    return sentences


def talkers(
    sentences: dict[str, list[np.ndarray]], rng: Generator, samples: int, count: int
) -> list[np.ndarray]:
    """`count` talkers who speak all the time, each RMS 1.

    A talker is one of the speakers at another speed, between 0.78 and 1.25: pitch, vocal tract
    and rate change together, as between people of different size.
    """
    speakers = sorted(sentences)
    speeds = np.geomspace(0.78, 1.25, -(-count // len(speakers)))
    voices = []
    for number in range(count):
        spoken = sentences[speakers[number % len(speakers)]]
        speed = speeds[number // len(speakers)] * rng.uniform(0.97, 1.03)
        pieces: list[np.ndarray] = []
        while sum(map(len, pieces)) < samples * speed + 3 * SAMPLE_RATE:
            for sentence in rng.permutation(len(spoken)):
                pause = int(rng.uniform(0.1, 0.5) * SAMPLE_RATE)
                pieces += [unit(spoken[sentence]), np.zeros(pause, np.float32)]
        speech = np.concatenate(pieces)[: int(samples * speed) + 3 * SAMPLE_RATE]
        speech = audio.resample(speech, SAMPLE_RATE, round(SAMPLE_RATE / speed))
        begin = int(rng.integers(0, len(speech) - samples))
        voices.append(unit(speech[begin : begin + samples]))
    return voices


def crowd_of(
    sentences: dict[str, list[np.ndarray]], rng: Generator, samples: int, count: int
) -> np.ndarray:
    """`count` talkers, some nearer than others, RMS 1."""
    voices = talkers(sentences, rng, samples, count)
    gains = 10 ** (rng.uniform(-6, 3, count) / 20)
    return unit(np.sum([gain * voice for gain, voice in zip(gains, voices, strict=True)], axis=0))


# Each function below makes one part of one noise. `machine` draws what is the same in both
# parts (it is one engine, one hall), `rng` what is not; `records` are the speech.


def speech_shaped(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """Stationary noise with the long-term average spectrum of the training speech."""
    return coloured(samples, rng, speech_spectrum(records))


def babble(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """`BABBLE_TALKERS` people speaking at once in a canteen."""
    voices = crowd_of(held_out(records, part), rng, samples, BABBLE_TALKERS)
    return equalised(
        room(voices, machine, 0.7, direct=0.4),
        {50: -30, 100: -18, 160: -11, 500: -10, 1000: -15, 2000: -19, 4000: -24, 8000: -32},
    )


def engine_1(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """Beside a ship's diesel: two engines slightly out of step, gears, roaring air."""
    orders = np.arange(1, 41)
    result = np.zeros(samples, np.float32)
    for speed in (24.6, 25.1):  # cylinders firing per second
        body = 10 ** (machine.normal(0, 4, len(orders)) / 20) / (1 + (orders / 6) ** 2)
        body *= np.minimum(1, (orders / 3.5) ** 2)
        frequency = speed * (1 + 0.004 * np.log(drift(samples, rng, 0.3, 8)))
        result += hum(frequency, samples, body) * drift(samples, rng, 0.5, 1)
    whine = hum(1180 * (1 + 0.002 * np.log(drift(samples, rng, 1, 8))), samples, [1, 0.2, 0.4])
    air = coloured(samples, rng, {50: -20, 200: -12, 1000: -10, 3000: -10, 8000: -14})
    firing = 1 + 0.08 * hum(24.6, samples, [1, 0.5, 0.2])
    result = unit(result) + 0.3 * whine * drift(samples, rng, 1, 2)
    result += 0.9 * air * firing * drift(samples, rng, 2, 0.4)
    return equalised(
        result, {50: -14, 80: -9, 125: -11, 400: -14, 1250: -11, 2500: -12, 4000: -15, 8000: -17}
    )


def engine_2(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """A ship's operations room: the engine through the hull, fans, devices, signals, clanks."""
    body = 10 ** (machine.normal(0, 4, 24) / 20) / np.arange(1, 25)
    frequency = 31 * (1 + 0.003 * np.log(drift(samples, rng, 0.3, 8)))
    mains = hum(60, samples, [0.5, 1, 0.2, 0.6, 0.1, 0.3]) + 0.3 * hum(400, samples, [1, 0.2, 0.4])
    fans = coloured(samples, rng, {50: -12, 125: -8, 500: -10, 1000: -14, 4000: -22, 8000: -28})
    result = unit(hum(frequency, samples, body)) * drift(samples, rng, 0.5, 1.5)
    result += 0.4 * mains + 1.2 * fans * drift(samples, rng, 2, 0.8)
    # Signals: short tones of a few devices, now and then, in groups of one to three.
    tones = [
        np.hanning(n) ** 0.2 * np.sin(2 * np.pi * f * np.arange(n) / SAMPLE_RATE)
        for f, n in zip(machine.uniform(700, 2400, 4), machine.integers(1500, 4500, 4), strict=True)
    ]
    begins = moments(samples, rng, 0.25)
    begins = np.concatenate([begins + k * 4800 for k in range(3)])[: len(begins) * 2]
    result += scatter(samples, begins, rng.uniform(0.1, 0.5, len(begins)), tones)
    hatches = [strike(machine, 180, 3500, 0.5) for _ in range(5)]
    begins = moments(samples, rng, 0.7)
    result += scatter(samples, begins, rng.lognormal(0.3, 0.6, len(begins)), hatches)
    return equalised(
        room(result, machine, 0.4, direct=0.7),
        {50: -9, 80: -10, 125: -13, 250: -11, 500: -13, 1000: -17, 2000: -20, 4000: -24, 8000: -26},
    )


def factory(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """A factory hall: machines that hum and cycle, hammers on metal, hissing air."""
    body = 10 ** (machine.normal(0, 4, 30) / 20) / np.arange(1, 31) ** 0.6
    result = 0.7 * hum(49.5, samples, body) * drift(samples, rng, 1, 2)
    result += coloured(samples, rng, {50: -12, 250: -11, 1000: -12, 8000: -16}) * drift(
        samples, rng, 3, 1.3
    )
    hammers = [
        strike(machine, 250, 6000, machine.uniform(0.15, 0.5), 20, crack=0.4) for _ in range(9)
    ]
    begins = moments(samples, rng, 2.5)
    result += scatter(samples, begins, np.minimum(rng.lognormal(1.2, 0.8, len(begins)), 9), hammers)
    press = np.arange(0, samples, int(0.83 * SAMPLE_RATE))
    press = press + rng.integers(-300, 300, len(press))
    thumps = [strike(machine, 60, 900, 0.3), strike(machine, 150, 2500, 0.2)]
    result += scatter(samples, press, rng.uniform(1.5, 3, len(press)), thumps)
    hiss = coloured(samples, rng, {50: -40, 500: -25, 2000: -10, 8000: -5})
    valve = np.hanning(SAMPLE_RATE // 2).astype(np.float32)
    begins = moments(samples, rng, 0.6)
    result += hiss * scatter(samples, begins, rng.uniform(0.3, 1.0, len(begins)), [valve])
    return equalised(
        room(result, machine, 0.9, direct=0.5),
        {50: -12, 100: -14, 250: -12, 500: -13, 1000: -12, 2000: -15, 4000: -16, 8000: -18},
    )


def crowd(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """A pedestrian area: many distant voices, steps passing by, wind."""
    voices = crowd_of(held_out(records, part), rng, samples, 24)
    result = room(voices, machine, 1.2, direct=0.3) * drift(samples, rng, 3, 1.5)
    city = coloured(samples, rng, {50: -20, 200: -10, 600: -8, 2000: -18, 8000: -25})
    result += 0.6 * city * drift(samples, rng, 3, 1.5)
    for _ in range(round(samples / SAMPLE_RATE / 4)):  # somebody walks past every four seconds
        soles = [strike(rng, 150, 3000, 0.1, 24, crack=0.3) for _ in range(2)]
        steps = rng.integers(0, samples) + np.arange(14) * int(rng.uniform(0.45, 0.62) * 16_000)
        steps = steps + rng.integers(-400, 400, len(steps))
        result += scatter(samples, steps, rng.uniform(1, 5) * np.hanning(14), soles)
    gusts = coloured(samples, rng, {40: -3, 80: -8, 160: -18, 500: -35, 8000: -60})
    result += 0.15 * gusts * drift(samples, rng, 0.4, 5)
    return equalised(
        result,
        {50: -27, 100: -20, 200: -13, 400: -9, 630: -8, 1000: -13, 2000: -19, 4000: -23, 8000: -32},
    )


def bus(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """Inside a city bus: a diesel that pulls, shifts and idles; road, bumps, rattling windows."""
    speed = np.repeat(rng.uniform(0.2, 1, samples // 80_000 + 2), 80_000)  # new every 5 s
    speed = np.convolve(speed[::160], np.hanning(400) / np.hanning(400).sum(), mode="same")
    speed = np.interp(np.arange(samples), np.arange(len(speed)) * 160, speed).astype(np.float32)
    body = 10 ** (machine.normal(0, 3, 16) / 20) / np.arange(1, 17)
    result = hum(22 + 25 * np.mod(1.7 * speed, 1), samples, body)
    result *= (0.5 + speed) * drift(samples, rng, 2, 1.5)
    road = coloured(samples, rng, {50: -6, 80: -7, 200: -14, 400: -15, 1000: -26, 8000: -40})
    result += 1.5 * road * speed * drift(samples, rng, 6, 4)
    bumps = [strike(machine, 40, 300, 0.25), strike(machine, 60, 800, 0.15)]
    begins = moments(samples, rng, 1.2)
    result += scatter(samples, begins, rng.lognormal(1.2, 0.7, len(begins)), bumps)
    rattles = [strike(machine, 500, 6000, 0.2) for _ in range(4)]
    windows = coloured(samples, rng, {50: -60, 400: -20, 800: -22, 2000: -30, 8000: -36})
    result += 0.06 * windows * speed * drift(samples, rng, 6, 4)
    begins = np.concatenate([begins + k * 700 for k in range(4)])  # they follow the bumps
    begins = np.concatenate([begins, moments(samples, rng, 4)])
    result += scatter(samples, begins, rng.lognormal(-2.0, 0.7, len(begins)), rattles)
    return equalised(
        result,
        {50: -6, 80: -6, 100: -11, 160: -14, 400: -15, 500: -20, 1000: -28, 2000: -33, 8000: -40},
    )


def cafe(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """A cafe: talk at the tables, dishes, a coffee machine, the cooling's hum; a hard room."""
    sentences = held_out(records, part)
    result = 0.9 * crowd_of(sentences, rng, samples, 9)
    for voice in talkers(sentences, rng, samples, 3):  # the next tables talk now and then
        result += 0.5 * voice * np.clip(drift(samples, rng, 0.3, 10) - 0.7, 0, 1.5)
    dishes = [
        strike(machine, 1000, 7000, machine.uniform(0.1, 0.35), 8, crack=0.2) for _ in range(12)
    ]
    begins = moments(samples, rng, 1.0)
    begins = np.concatenate([begins, begins + rng.integers(800, 4000, len(begins))])
    result += scatter(samples, begins, rng.lognormal(0.1, 0.9, len(begins)), dishes)
    steam = coloured(samples, rng, {50: -40, 500: -20, 1500: -8, 4000: -8, 8000: -12})
    milk = np.hanning(4 * SAMPLE_RATE).astype(np.float32) ** 0.3
    begins = moments(samples, rng, 0.05)
    result += steam * scatter(samples, begins, rng.uniform(0.1, 0.5, len(begins)), [milk])
    cooling = coloured(samples, rng, {40: -10, 63: -6, 125: -6, 250: -14, 1000: -30, 8000: -60})
    result = room(result, machine, 0.8, direct=0.35)
    result += 0.9 * cooling + 0.3 * hum(50, samples, [0.6, 1, 0.3, 0.3])
    return equalised(
        result,
        {
            50: -18,
            63: -14,
            125: -11,
            250: -9,
            400: -13,
            630: -14,
            1000: -17,
            2000: -19,
            4000: -25,
            8000: -32,
        },
    )


def street(
    machine: Generator, rng: Generator, samples: int, records: pandas.DataFrame, part: int
) -> np.ndarray:
    """A street: cars pass, brighter as they come near; a horn far away; the city behind."""
    result = coloured(samples, rng, {50: -14, 80: -10, 500: -12, 1000: -15, 4000: -27, 8000: -35})
    result *= drift(samples, rng, 3, 1.5)
    tyres = coloured(samples, rng, {50: -22, 200: -15, 800: -8, 1600: -9, 4000: -15, 8000: -20})
    motors = coloured(samples, rng, {50: -6, 80: -4, 160: -10, 400: -14, 1000: -25, 8000: -40})
    time = np.linspace(-1, 1, 8 * SAMPLE_RATE)
    passing = (1 / (1 + (time / 0.2) ** 2) * np.hanning(len(time))).astype(np.float32)
    begins = moments(samples + len(time), rng, 0.35) - len(time)
    for source, gain in ((tyres, 0.7), (motors, 0.8)):
        nearness = scatter(
            samples + len(time), begins + len(time), rng.lognormal(0, 0.4, len(begins)), [passing]
        )
        result += gain * source * nearness[len(time) :] * drift(samples, rng, 4, 1.5)
    clatter = [strike(machine, 200, 5000, 0.25, crack=0.5) for _ in range(8)]
    begins = moments(samples, rng, 1.5)
    result += scatter(samples, begins, rng.lognormal(0.4, 0.8, len(begins)), clatter)
    length = int(0.6 * SAMPLE_RATE)
    fade = np.hanning(length).astype(np.float32) ** 0.2
    brass = 1 / np.arange(1, 9)
    horns = [
        0.3 * fade * (hum(pitch, length, brass) + hum(1.26 * pitch, length, brass))
        for pitch in (350.0, 415.0, 480.0)
    ]
    begins = moments(samples, rng, 0.06)
    far = room(scatter(samples, begins, rng.uniform(0.5, 1.5, len(begins)), horns), machine, 1.5)
    return equalised(
        result + far,
        {50: -15, 80: -9, 125: -12, 500: -12, 1000: -14, 2000: -18, 4000: -24, 8000: -31},
    )


Maker = Callable[[Generator, Generator, int, pandas.DataFrame, int], np.ndarray]
MAKERS: dict[str, Maker] = {
    "synthetic speech-shaped noise": speech_shaped,
    "synthetic babble": babble,
    "synthetic engine 1": engine_1,
    "synthetic engine 2": engine_2,
    "synthetic factory": factory,
    "synthetic crowd": crowd,
    "synthetic bus": bus,
    "synthetic cafe": cafe,
    "synthetic street": street,
}
NAMES = tuple(MAKERS)
SEEN: tuple[str, ...] = NAMES[:5]
UNSEEN: tuple[str, ...] = NAMES[5:]
FROM_SPEECH = (  # adaptations of the speech, under its licence
    "synthetic speech-shaped noise",
    "synthetic babble",
    "synthetic crowd",
    "synthetic cafe",
)


def make(
    name: str,
    seed: int,
    speech_records: pandas.DataFrame,
    seconds: float = SECONDS,
    train_fraction: float = TRAIN_FRACTION,
) -> np.ndarray:
    """One noise, float32 (samples,): the training part, then the test part, each of RMS `RMS`.

    Args:
        name: one of `NAMES`.
        seed: of all random numbers.
        speech_records: with columns id, speaker, path and split; "train" gives the spectrum of
            speech-shaped noise, "noise" the talkers.
        seconds: length of both parts together.
        train_fraction: share of the training part.

    Raises:
        SnrlibError: an unknown name, or speech that is missing for it.
    """
    if name not in MAKERS:
        raise SnrlibError(f"There is no noise '{name}'; choose from: {', '.join(NAMES)}.")
    total = round(seconds * SAMPLE_RATE)
    first = int(total * train_fraction)  # as in the recipes, `snrlib.datasets`
    own = zlib.crc32(name.encode())
    parts = []
    for part, samples in enumerate((first, total - first)):
        machine = np.random.default_rng([seed, own])
        rng = np.random.default_rng([seed, own, part + 1])
        sound = unit(MAKERS[name](machine, rng, samples, speech_records, part))
        parts.append(sound * min(RMS, 0.95 / np.abs(sound).max()))
    return np.concatenate(parts).astype(np.float32)


def rendered_paths(speech_records: pandas.DataFrame) -> dict[str, Path]:
    """Where each noise made from this speech lies, or will lie once rendered.

    The name holds a checksum of the speech and of the code, so that a change of either never
    meets an old file.
    """
    speech = speech_records.sort_values("id")
    code = [Path(module).read_bytes() for module in (__file__, synthesis.__file__)]
    facts = [[row.id, row.samples, row.split] for row in speech.itertuples()]
    identity = checksum(facts, SEED, SECONDS, *code)
    folder = cache_folder() / "noises"
    return {name: folder / f"{name.replace(' ', '-')}-{identity}.flac" for name in NAMES}


def render(names: Sequence[str], speech_records: pandas.DataFrame, jobs: int = -1) -> None:
    """Makes the noises `names` into the cache as 16-bit FLAC, several at once, unless there.

    Raises:
        SnrlibError: as :func:`make`, or the cache cannot be written.
    """
    import joblib

    paths = rendered_paths(speech_records)
    missing = [name for name in names if not paths[name].is_file()]
    # The long ones first, so that no core waits for another at the end.
    missing.sort(key=lambda name: name not in FROM_SPEECH)
    if not missing:
        return
    jobs = min(len(missing), os.cpu_count() or 1) if jobs < 0 else jobs
    work = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    with Progress(len(missing), "making synthetic noises", "noise") as progress:
        for _ in work(joblib.delayed(_render)(n, speech_records, paths[n]) for n in missing):
            progress.update()


def _render(name: str, speech_records: pandas.DataFrame, path: Path) -> None:
    audio.write(path, make(name, SEED, speech_records), subtype="PCM_16")
