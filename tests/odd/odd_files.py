"""A corpus of odd files, and what is right for each: a number, or a sentence.

Every entry is a file that people have: streamed, cut, concatenated, mislabelled, absurd. Each is
made from the same eight seconds of a sound, and says how many seconds a reader must find in it,
or what the refusal must say. `test_odd_files` passes them through every reader of the kit.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

SECONDS = 8.0
RATE = 16_000


@dataclass(frozen=True)
class Odd:
    """One odd file.

    Attributes:
        name: of the file.
        make: its bytes.
        seconds: what a reader finds; None where it must refuse.
        refusal: what the sentence says.
    """

    name: str
    make: Callable[[], bytes]
    seconds: float | None = None
    refusal: str = ""


def sound(seconds: float = SECONDS, rate: int = RATE) -> np.ndarray:
    """A sound whose pitch and level change all the time, (samples,)."""
    t = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(5)
    tone = np.sin(2 * np.pi * (200 * t + 30 * np.sin(t)))
    return 0.2 * tone * (1 + 0.5 * np.sin(3 * t)) + 0.01 * rng.standard_normal(len(t))


def encoded(file_format: str, subtype: str | None = None, signal=None, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    signal = sound(rate=min(rate, 200_000)) if signal is None else signal
    soundfile.write(file, signal, rate, subtype=subtype, format=file_format)
    return file.getvalue()


def without_xing(content: bytes) -> bytes:
    """An MP3 as hardware recorders and streams leave it: no frame that counts the others."""
    assert b"Xing" in content[:200] or b"Info" in content[:200]
    return content[_frame(content) :]


def _frame(content: bytes) -> int:
    """The length of the first MPEG 2 layer III frame."""
    kbits = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)[content[2] >> 4]
    rate = (22_050, 24_000, 16_000)[content[2] >> 2 & 3]
    return 72_000 * kbits // rate + (content[2] >> 1 & 1)


def patched(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def data_length(content: bytes, length: int) -> bytes:
    """A WAV whose data chunk claims `length` bytes."""
    return patched(content, content.find(b"data") + 4, struct.pack("<I", length))


def flac_total(content: bytes, samples: int) -> bytes:
    """A FLAC whose STREAMINFO claims `samples`."""
    bits = int.from_bytes(content[18:26], "big") >> 36 << 36
    return patched(content, 18, (bits | samples).to_bytes(8, "big"))


def sphere(claimed: int, held: int, coding: str = "pcm") -> bytes:
    lines = [
        "NIST_1A", "   1024", f"sample_count -i {claimed}", f"sample_rate -i {RATE}",
        "channel_count -i 1", "sample_n_bytes -i 2", "sample_byte_format -s2 01",
        f"sample_coding -s{len(coding)} {coding}", "end_head", "",
    ]  # fmt: skip
    samples = np.round(32_767 * sound()).astype("<i2")[:held]
    return "\n".join(lines).encode().ljust(1024) + samples.tobytes()


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def odd_wav(signal, rate: int = RATE) -> bytes:
    return encoded("WAV", "FLOAT", np.asarray(signal, np.float32), rate)


ALL = int(SECONDS * RATE)
TRUNCATED, MORE = "is truncated", "holds more audio than its header says"
LIST = [
    # ordinary ones, so that a reader that refuses everything fails
    Odd("plain.wav", lambda: encoded("WAV"), SECONDS),
    Odd("plain.flac", lambda: encoded("FLAC"), SECONDS),
    Odd("plain.ogg", lambda: encoded("OGG"), SECONDS),
    Odd("plain.mp3", lambda: encoded("MP3"), SECONDS),
    Odd("plain.aiff", lambda: encoded("AIFF"), SECONDS),
    Odd("plain.au", lambda: encoded("AU"), SECONDS),
    Odd("plain.opus", lambda: encoded("OGG", "OPUS"), SECONDS),
    Odd("double.wav", lambda: encoded("WAV", "DOUBLE"), SECONDS),
    Odd("adpcm.wav", lambda: encoded("WAV", "IMA_ADPCM"), SECONDS),
    Odd("upper.WAV", lambda: encoded("WAV"), SECONDS),
    Odd("flac named.wav", lambda: encoded("FLAC"), SECONDS),
    # lengths that are only claims
    Odd("no-xing.mp3", lambda: without_xing(encoded("MP3")), SECONDS),
    Odd("tagged-no-xing.mp3", lambda: b"ID3\3\0\0\0\0\1\0" + bytes(128)
        + without_xing(encoded("MP3")) + b"TAG" + bytes(125), SECONDS),
    Odd("twice.mp3", lambda: encoded("MP3") + without_xing(encoded("MP3")), 2 * SECONDS),
    Odd("cut.mp3", lambda: half(encoded("MP3")), None, TRUNCATED),
    Odd("cut-no-xing.mp3", lambda: half(without_xing(encoded("MP3"))), SECONDS / 2),
    Odd("hole.mp3", lambda: (lambda c: c[: len(c) // 2] + bytes(3_000) + b"\1" * 700
        + c[len(c) // 2 + 3_700 :])(encoded("MP3")), None, "truncated|damaged in the middle"),
    Odd("pipe.wav", lambda: data_length(encoded("WAV"), 0xFFFFFFFF), SECONDS),
    Odd("pipe-sox.wav", lambda: data_length(encoded("WAV"), 0x7FFFFFFF - 36), SECONDS),
    Odd("not-closed.wav", lambda: data_length(encoded("WAV"), 50_000), None, MORE),
    Odd("zero-length.wav", lambda: data_length(encoded("WAV"), 0), None, MORE),
    Odd("cut.wav", lambda: half(encoded("WAV")), None, TRUNCATED),
    Odd("cut-header.wav", lambda: encoded("WAV")[:30], None, "truncated|not audio"),
    Odd("padded.wav", lambda: encoded("WAV") + bytes(4_096), SECONDS),
    Odd("chunk-behind.wav", lambda: encoded("WAV") + b"LIST" + struct.pack("<I", 600)
        + b"INFO" * 150, SECONDS),
    Odd("rf64.wav", lambda: encoded("RF64"), SECONDS),
    Odd("cut-rf64.wav", lambda: half(encoded("RF64")), None, TRUNCATED),
    Odd("w64.wav", lambda: encoded("W64"), SECONDS),
    Odd("cut-w64.wav", lambda: half(encoded("W64")), None, TRUNCATED),
    Odd("cut.aiff", lambda: half(encoded("AIFF")), None, TRUNCATED),
    Odd("cut.au", lambda: half(encoded("AU")), None, TRUNCATED),
    Odd("pipe.au", lambda: patched(encoded("AU"), 8, b"\xff" * 4), SECONDS),
    Odd("caf.wav", lambda: encoded("CAF"), SECONDS),
    Odd("cut-caf.wav", lambda: half(encoded("CAF")), None, TRUNCATED),
    Odd("cut.flac", lambda: half(encoded("FLAC")), None, TRUNCATED),
    Odd("pipe.flac", lambda: flac_total(encoded("FLAC"), 0), SECONDS),
    Odd("short-claim.flac", lambda: flac_total(encoded("FLAC"), 27_000), SECONDS),
    Odd("cut.ogg", lambda: half(encoded("OGG")), None, TRUNCATED),
    Odd("cut.opus", lambda: half(encoded("OGG", "OPUS")), None, TRUNCATED),
    Odd("chained.ogg", lambda: encoded("OGG") + encoded("OGG", signal=sound()[::-1].copy()), None,
        "several Ogg streams"),
    Odd("whole.sph", lambda: sphere(ALL, ALL), SECONDS),
    Odd("cut.sph", lambda: sphere(ALL, ALL // 2), None, TRUNCATED),
    Odd("short-claim.sph", lambda: sphere(ALL // 2, ALL), None, MORE),
    Odd("shorten.sph", lambda: sphere(ALL, ALL, "pcm,embedded-shorten-v2.00"), None, "compressed"),
    # what no recording can be
    Odd("nothing.wav", lambda: b"", None, "is empty"),
    Odd("no-samples.wav", lambda: encoded("WAV", signal=np.zeros(0)), None, "holds no audio"),
    Odd("text.wav", lambda: b"this is a text\n" * 50, None, "not audio"),
    Odd("one-hertz.wav", lambda: odd_wav(sound(), 1), None, "samples a second"),
    Odd("two-gigahertz.wav", lambda: odd_wav(sound(), 2_000_000_000), None, "samples a second"),
    Odd("huge.wav", lambda: odd_wav(1e30 * sound()), None, "beyond any recording"),
    Odd("nan.wav", lambda: odd_wav(np.where(np.arange(ALL) == 999, np.nan, sound())), None, "NaN"),
    Odd("infinite.wav", lambda: odd_wav(np.where(np.arange(ALL) == 9, np.inf, sound())), None,
        "infinite"),
    # loud, quiet, other rates: a number
    Odd("overshoot.wav", lambda: odd_wav(8 * sound()), SECONDS),
    Odd("integers as floats.wav", lambda: odd_wav(32_767 * sound()), SECONDS),
    Odd("quiet.wav", lambda: odd_wav(1e-6 * sound()), SECONDS),
    Odd("telephone.wav", lambda: encoded("WAV", "ULAW", sound(rate=8_000), 8_000), SECONDS),
    Odd("studio.flac", lambda: encoded("FLAC", None, sound(rate=96_000), 96_000), SECONDS),
    Odd("stereo.wav", lambda: encoded("WAV", None, np.stack([sound()] * 2, 1)), SECONDS),
]  # fmt: skip


def write(folder: Path, odd: Odd) -> Path:
    """The file in `folder`."""
    path = folder / odd.name
    path.write_bytes(odd.make())
    return path
