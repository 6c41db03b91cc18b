"""Signals on their way to a listener: checked, measured, and scaled by one common gain.

A comparison by ear is fair only if nobody touched the levels. Clips are therefore never
normalised one by one; when the loudest would clip, all of them get the same gain, and the
gain is shown beside them.

Notebook: 00_start_here, 09_listening_test.
"""

import base64
import io
import math
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from snrlib import audio
from snrlib.support.errors import AudioError
from snrlib.support.text import decibels

# A notebook must stay small enough to open: 8 MB with several panels in it.
MOST_SECONDS = 120.0


class Clip(NamedTuple):
    """One source as it was given; `signal` is float32 (samples,), levels are before the gain."""

    name: str
    signal: np.ndarray
    rms_dbfs: float
    peak_dbfs: float


class Clips(NamedTuple):
    """The sources of one comparison, and the one factor they are all played with."""

    clips: tuple[Clip, ...]
    sample_rate: int
    gain: float

    @property
    def gain_db(self) -> float:
        """The common gain in dB; 0 where nothing had to be changed."""
        return 20 * math.log10(self.gain)

    @property
    def samples(self) -> int:
        """Length of the longest clip."""
        return max(len(clip.signal) for clip in self.clips)

    def gain_sentence(self) -> str:
        """What was done to the levels, for the reader."""
        if self.gain == 1:
            return "Levels as they are: no gain was applied."
        return (
            f"All of them are played at {decibels(self.gain_db)} dB (one common gain, "
            f"a factor of {self.gain:.3g}), so that the loudest does not clip."
        )


def prepare(sources: Mapping[str, Any], sample_rate: int = audio.SAMPLE_RATE) -> Clips:
    """The sources, checked and measured, with the one gain that keeps all of them from clipping.

    Args:
        sources: name -> signal (samples,), or the path of an audio file.
        sample_rate: of the signals, in Hz; files are resampled to it.

    Raises:
        AudioError: nothing to play, or a source that is empty, not mono, not finite, or too
            long for a page.
    """
    if not isinstance(sources, Mapping) or not sources:
        raise AudioError('There is nothing to play; pass {"name": signal, ...}.')
    clips = tuple(
        _clip(str(name), signal, i, sample_rate) for i, (name, signal) in enumerate(sources.items())
    )
    seconds = sum(len(clip.signal) for clip in clips) / sample_rate
    if seconds > MOST_SECONDS:
        raise AudioError(
            f"{seconds:.0f} s of audio would swell the notebook; a comparison takes up to "
            f"{MOST_SECONDS:.0f} s in all: cut the signals, or write files with snrlib.audio.write."
        )
    return Clips(clips, int(sample_rate), common_gain([clip.signal for clip in clips]))


def common_gain(signals: list[np.ndarray]) -> float:
    """The factor that keeps the loudest of `signals` within full scale; 1 where none exceeds it."""
    peak = max(float(np.abs(signal).max(initial=0)) for signal in signals)
    return 0.999 / peak if peak > 1 else 1.0


def wav(signal: np.ndarray, sample_rate: int = audio.SAMPLE_RATE) -> bytes:
    """A 16-bit WAV file of `signal` (samples,), which must lie within full scale."""
    coded = np.clip(np.rint(np.asarray(signal, np.float64) * 32768), -32768, 32767)
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(coded.astype("<i2").tobytes())
    return held.getvalue()


def data_uri(media_type: str, content: bytes) -> str:
    """`content` as an address that needs no file beside the page."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _clip(name: str, source: Any, position: int, sample_rate: int) -> Clip:
    where = f"Source {position + 1} ('{name}')"
    if isinstance(source, str | Path):
        source = audio.read(source, sample_rate=sample_rate)
    signal = np.asarray(source)
    if signal.ndim == 2 and 1 in signal.shape:
        signal = signal.reshape(-1)
    if signal.ndim != 1:
        raise AudioError(f"{where} has shape {signal.shape}; pass one channel, (samples,).")
    if signal.dtype == np.int16:
        signal = signal / 32768
    if not np.issubdtype(signal.dtype, np.floating):
        raise AudioError(f"{where} holds {signal.dtype}; pass floats between -1 and 1.")
    if not len(signal):
        raise AudioError(f"{where} is empty; check how the signal was cut.")
    if not np.isfinite(signal).all():
        raise AudioError(f"{where} holds NaN or infinities; check what made the signal.")
    signal = np.ascontiguousarray(signal, dtype=np.float32)
    peak = float(np.abs(signal).max())
    peak_dbfs = 20 * math.log10(peak) if peak > 0 else -math.inf
    return Clip(name, signal, audio.rms_dbfs(signal), peak_dbfs)
