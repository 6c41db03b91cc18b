"""Audio files to float32 arrays at 16 kHz and back.

The whole kit speaks mono float32 at 16 kHz (paper, section 2.2). Another sample rate or
several channels are accepted and said in one line; a file that cannot be trusted (missing,
empty, truncated, not a number anywhere in it) is refused with a sentence that names it.

Notebook: 01_data_construction.
"""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from snrlib.support import containers
from snrlib.support.errors import AudioError
from snrlib.support.files import atomic

SAMPLE_RATE = 16_000
SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".sph", ".aif", ".aiff", ".au")

# What a recording can be: down to 1 kHz, up to ultrasound; samples of 32-bit integers.
RATES = (1_000, 1_000_000)
LOUDEST = 2.0**31

# Long Ogg Vorbis files crash some versions of libsndfile when written in one call.
_BLOCK = 1 << 16
OFFSET_SHARE = 0.0115  # of the energy: an SNR moves by 0.05 dB
SHORTEST_OFFSET = SAMPLE_RATE // 10  # a mean over less may be a slow wave

log = logging.getLogger("snrlib.audio")


class AudioInfo(NamedTuple):
    """What a file's header says; `samples` is the length after resampling to 16 kHz."""

    samples: int
    seconds: float
    sample_rate: int
    channels: int
    coding: str = ""  # "FLAC PCM_16"


def resampled_length(frames: int, from_rate: int, to_rate: int = SAMPLE_RATE) -> int:
    """The number of samples that :func:`resample` returns for `frames` samples."""
    return -(-frames * to_rate // from_rate) if frames else 0


def resample(signal: np.ndarray, from_rate: int, to_rate: int = SAMPLE_RATE) -> np.ndarray:
    """`signal` (samples,) at another rate: float32, ceil(samples * to_rate / from_rate) long."""
    if from_rate == to_rate:
        return np.asarray(signal, dtype=np.float32)
    import soxr  # only where a rate differs: a bare PyTorch machine does without

    changed = soxr.resample(np.asarray(signal, dtype=np.float32), from_rate, to_rate, quality="HQ")
    # soxr rounds the length; the kit promises one length for header and signal alike.
    length = resampled_length(len(signal), from_rate, to_rate)
    return np.pad(changed, (0, max(0, length - len(changed))))[:length].astype(np.float32)


def info(path: str | Path) -> AudioInfo:
    """What the header of `path` says, without decoding the audio.

    Raises:
        AudioError: the file is missing, empty or not audio.
    """
    path = _existing(path)
    with _decoder(path) as file:
        samples = resampled_length(file.frames, file.samplerate)
        coding = f"{file.format} {file.subtype}"
        return AudioInfo(samples, samples / SAMPLE_RATE, file.samplerate, file.channels, coding)


def read(
    path: str | Path,
    start: int = 0,
    samples: int | None = None,
    sample_rate: int = SAMPLE_RATE,
) -> np.ndarray:
    """The signal in `path` as float32 (samples,) at `sample_rate`, between -1 and 1.

    Other rates are resampled and several channels averaged, with one line in the log.

    Args:
        path: any format libsndfile reads (WAV, FLAC, Ogg Vorbis/Opus, MP3, NIST SPHERE).
        start: first sample wanted, counted at `sample_rate`.
        samples: how many; None for all that follow.
        sample_rate: in Hz.

    Raises:
        AudioError: the file is missing, empty, not audio, truncated, too short for the part
            asked for, or holds NaN or infinities.
    """
    path = _existing(path)
    with _decoder(path) as file:
        rate, channels, frames = file.samplerate, file.channels, file.frames
        if rate == sample_rate and start:
            file.seek(min(start, frames))
        wanted = samples if rate == sample_rate and samples is not None else -1
        signal = file.read(wanted, dtype="float32", always_2d=True)
        whole = rate != sample_rate or (start == 0 and samples is None)
    if whole and len(signal) < frames:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    check_amplitude(signal, str(path))
    _say_what_changes(path, rate, channels, sample_rate)
    mono = signal.mean(axis=1, dtype=np.float32) if channels > 1 else signal[:, 0]
    if rate != sample_rate:
        mono = resample(mono, rate, sample_rate)[start:]
        mono = mono if samples is None else mono[:samples]
    if samples is not None and len(mono) < samples:
        raise AudioError(
            f"{path} ends before sample {start + samples}; the file has changed since it was "
            "listed: build the recipe again."
        )
    return np.ascontiguousarray(mono)


def blocks(path: str | Path, samples: int = 1 << 18, quiet: bool = False) -> Iterator[np.ndarray]:
    """The signal of `path` at 16 kHz block by block: what :func:`read` gives, for long files.

    Resampling and mixing down happen on the way, so that memory does not grow with the file.

    Args:
        path: as for :func:`read`.
        samples: of the file in one block.
        quiet: do not log what is changed: the file was read before.

    Raises:
        AudioError: as :func:`read`; of what lies inside the file only when it is reached.
    """
    path = _existing(path)
    header = info(path)
    if not quiet:
        _say_what_changes(path, header.sample_rate, header.channels, SAMPLE_RATE)
    stream = None
    if header.sample_rate != SAMPLE_RATE:
        import soxr

        stream = soxr.ResampleStream(
            header.sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ"
        )
    frames = given = 0
    with _decoder(path) as file:
        while len(block := file.read(samples, dtype="float32", always_2d=True)):
            frames += len(block)
            check_amplitude(block, str(path))
            mono = block.mean(axis=1, dtype=np.float32) if header.channels > 1 else block[:, 0]
            signal = stream.resample_chunk(mono) if stream else np.ascontiguousarray(mono)
            given += len(signal)
            yield signal
        expected = file.frames
    if frames < expected:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    if stream:
        # What the resampler still holds back, at the one length that the kit promises.
        rest = stream.resample_chunk(np.empty(0, np.float32), last=True)
        left = max(0, header.samples - given)
        yield np.pad(rest, (0, max(0, left - len(rest))))[:left]


def write(
    path: str | Path, signal: np.ndarray, sample_rate: int = SAMPLE_RATE, subtype: str = "FLOAT"
) -> Path:
    """Writes `signal` (samples,) to `path`, whole or not at all; returns the path.

    The suffix chooses the format. WAV holds 32-bit float by default, which keeps mixtures bit
    for bit: 16 bits cannot hold 40 dB SNR of quiet speech. Formats without floats (FLAC, Ogg,
    MP3) take the nearest they have, and refuse a signal that would clip.

    Raises:
        AudioError: NaN or infinities, an unknown suffix, or clipping in an integer format.
        SnrlibError: the disk is full or the folder cannot be written.
    """
    path = Path(path)
    signal = np.asarray(signal, dtype=np.float32)
    if signal.ndim != 1:
        raise AudioError(f"{path}: a mono signal (samples,) is needed, not shape {signal.shape}.")
    with writer(path, sample_rate, subtype) as append:
        append(signal)
    return path


@contextmanager
def writer(
    path: str | Path, sample_rate: int = SAMPLE_RATE, subtype: str = "FLOAT"
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yields a function that appends signals (samples,) to `path`; refuses what :func:`write` does.

    The file appears whole when the block ends, and not at all when it fails.
    """
    path = Path(path)
    file_format = {".oga": "OGG", ".opus": "OGG"}.get(path.suffix.lower(), path.suffix[1:].upper())
    if file_format not in soundfile.available_formats():
        raise AudioError(f"{path}: unknown audio format '{path.suffix}'; use .wav, .flac or .ogg.")
    if not soundfile.check_format(file_format, subtype):
        subtype = {"FLAC": "PCM_24"}.get(file_format) or soundfile.default_subtype(file_format)

    def append(signal: np.ndarray) -> None:
        if not np.isfinite(signal).all():
            raise AudioError(f"{path}: the signal holds NaN or infinities and was not written.")
        if subtype not in ("FLOAT", "DOUBLE") and np.abs(signal).max(initial=0) > 1:
            raise AudioError(
                f"{path}: samples beyond full scale would clip in this format; write .wav "
                "(32-bit float), or scale the signal and say by how much."
            )
        for begin in range(0, len(signal), _BLOCK):
            file.write(signal[begin : begin + _BLOCK])

    with atomic(path) as unfinished:
        try:
            with soundfile.SoundFile(
                str(unfinished), "w", sample_rate, 1, subtype, format=file_format
            ) as file:
                yield append
        except soundfile.SoundFileError as error:
            raise _unwritable(path) from error


@dataclass
class Measured:
    """Level and offset of a recording, block by block."""

    samples: int = 0
    total: float = 0.0
    energy: float = 0.0
    highest: float = -np.inf
    lowest: float = np.inf

    def add(self, signal: np.ndarray) -> None:
        """Takes the next samples in."""
        if len(signal):
            wide = signal.astype(np.float64)
            self.samples += len(signal)
            self.total += float(wide.sum())
            self.energy += float(wide @ wide)
            self.highest = max(self.highest, float(signal.max()))
            self.lowest = min(self.lowest, float(signal.min()))

    @property
    def peak(self) -> float:
        """The largest absolute value; 0 for nothing."""
        return max(self.highest, -self.lowest, 0.0)

    @property
    def rms(self) -> float:
        """Root mean square."""
        return (self.energy / self.samples) ** 0.5 if self.samples else 0.0

    @property
    def offset(self) -> float:
        """The mean where it would count as sound; 0 for an ordinary recording.

        A constant is no sound: no loudspeaker plays it and no ear hears it, but its energy
        stands in every SNR. It counts from `OFFSET_SHARE` of the energy on, where an SNR moves
        by more than 0.05 dB. A recording that is nothing but an offset is silent.
        """
        if self.samples < SHORTEST_OFFSET or self.energy == 0:
            return 0.0
        mean = self.total / self.samples
        return mean if mean * mean * self.samples > OFFSET_SHARE * self.energy else 0.0


def offset_of(signal: np.ndarray) -> float:
    """The offset of a signal (samples,); 0 where it does not count, see :class:`Measured`."""
    measured = Measured()
    measured.add(np.asarray(signal))
    return measured.offset


def rms_dbfs(signal: np.ndarray) -> float:
    """Root-mean-square level in dB relative to a full scale of 1; -inf for silence."""
    power = float(np.mean(np.square(signal, dtype=np.float64))) if len(signal) else 0.0
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


@contextmanager
def _decoder(path: Path) -> Iterator[soundfile.SoundFile]:
    """The file as libsndfile decodes it, to its true end.

    Raises:
        AudioError: not audio, without audio, not as long as it says, or of an absurd rate.
    """
    source = containers.opened(path)
    try:
        with soundfile.SoundFile(source) as file:
            if file.frames <= 0:
                raise AudioError(
                    f"{path} holds no audio; replace the file or remove it from the list."
                )
            check_rate(file.samplerate, str(path))
            yield file
    except soundfile.SoundFileError as error:
        raise AudioError(
            f"{path} is not audio that can be read ({_reason(error)}); convert it to WAV or FLAC."
        ) from error
    finally:
        if not isinstance(source, str):
            source.close()


def check_rate(sample_rate: float, what: str = "The recording") -> None:
    """Does nothing for a sample rate that a recording can have.

    Raises:
        AudioError: it is outside `RATES`.
    """
    if not RATES[0] <= sample_rate <= RATES[1]:
        raise AudioError(
            f"{what} says it has {sample_rate:,} samples a second; recordings have "
            f"{RATES[0]:,} to {RATES[1]:,}: correct the header, or export it again."
        )


def check_amplitude(signal: np.ndarray, what: str = "The recording") -> None:
    """Does nothing for finite samples up to `LOUDEST`.

    Raises:
        AudioError: NaN, infinities, or values that no recording holds.
    """
    loudest = float(np.abs(signal).max(initial=0))
    if not np.isfinite(loudest):
        raise AudioError(f"{what} holds NaN or infinite samples; export the recording again.")
    if loudest > LOUDEST:
        raise AudioError(
            f"{what} holds samples of {loudest:.0e}, beyond any recording (full scale is 1, and "
            f"{LOUDEST:.0e} in 32-bit integers); export it again."
        )


def _say_what_changes(path: Path, rate: int, channels: int, wanted: int) -> None:
    if channels > 1:
        log.info("%s: %d channels mixed down to one.", path.name, channels)
    if rate != wanted:
        log.info("%s: resampled from %d to %d Hz.", path.name, rate, wanted)


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path} does not exist; check the name, or where the corpus lies.")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty; fetch or copy the file again.")
    return path


def _reason(error: Exception) -> str:
    return str(error).rsplit(": ", 1)[-1].rstrip(".")


def _unwritable(path: Path) -> AudioError:
    """Why libsndfile could not write: it says no more than 'System error'."""
    full = path.parent.is_dir() and shutil.disk_usage(path.parent).free < (1 << 20)
    why = (
        "the disk is full; free some space and run the same command again"
        if full
        else "the folder does not take new files; choose another one"
    )
    return AudioError(f"Cannot write {path}: {why}.")
