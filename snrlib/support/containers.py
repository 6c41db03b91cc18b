"""What an audio file holds, beside what its header claims.

The length in a header is a claim: a recorder that lost power, a pipe that knew no length, a copy
that broke off and a concatenation of two files all leave a wrong one, and decoders read to the
claim without a word. Here each format's own structure is walked, so that a file is decoded to
its true end or refused. Where only the header is wrong and the rest is whole (MP3 without a
frame count, FLAC from a pipe) the decoder is given a header that is right.

Sources: ISO 11172-3 (MPEG audio frames), the Xing header as LAME writes it, RFC 9639 (FLAC), RFC
3533 (Ogg), EBU Tech 3306 (RF64), Sony's Wave64, Apple's AIFF and CAF, Sun's AU.

Notebook: 01_data_construction.
"""

import functools
import io
import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple

from snrlib.support import sphere
from snrlib.support.errors import AudioError

_UNKNOWN = 0x7FFF0000  # lengths from here on are placeholders of writers that knew none
_LEFT_OVER = 256  # bytes behind the audio that no chunk explains, and that are no accident
_MPEG_RATES = (44_100, 48_000, 32_000)
_MPEG1_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def opened(path: Path) -> str | io.RawIOBase:
    """What a decoder should be given for `path`: its name, or a stream with a header that is right.

    Raises:
        AudioError: the file ends before its audio does, or holds more than its header says.
    """
    status = path.stat()
    beginning = _correct_beginning(path, status.st_size, status.st_mtime_ns)
    return str(path) if beginning is None else _Rewritten(path, *beginning)


@functools.lru_cache(maxsize=4096)
def _correct_beginning(path: Path, size: int, changed: int) -> tuple[bytes, int] | None:
    """A beginning to use instead of the file's own, and where the rest follows; None: as it is."""
    sphere.refuse_unreadable(path)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = data[:16]
        if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
            _refuse(path, *_chunks(data, 12, "<I", data64=head[:4] != b"RIFF"))
        elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
            _refuse(path, *_chunks(data, 12, ">I"))
        elif head[:4] == b"caff":
            _refuse(path, *_chunks(data, 8, ">q"))
        elif head[:8] == b"riff\x2e\x91\xcf\x11":
            _refuse(path, *_wave64(data))
        elif head[:4] == b".snd":
            begin, length = struct.unpack(">II", head[4:12])
            _refuse(path, *((0, 0) if length >= _UNKNOWN else (begin + length, size)))
        elif head[:4] == b"OggS":
            _check_ogg(path, data)
        elif head[:4] == b"fLaC":
            return _flac(path, data)
        elif head[:3] == b"ID3" or (head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
            return _mp3(path, data)
    return None


def _refuse(path: Path, promised: int, held: int) -> None:
    """Refuses a file whose audio should end at byte `promised`, and does at `held`."""
    if promised > held:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    if held - promised > _LEFT_OVER:
        raise AudioError(
            f"{path} holds more audio than its header says ({held - promised:,} bytes follow); its "
            "recording was not closed properly: repair the header, for example with "
            "`ffmpeg -ignore_length 1 -i IN OUT.wav`."
        )


def _chunks(data: mmap.mmap, begin: int, length_as: str, data64: bool = False) -> tuple[int, int]:
    """Where the audio should end and where it does, in a file of named chunks.

    What lies behind the audio is fine as long as it is chunks, or nothing but zeros.
    """
    size, at, end = len(data), begin, 0
    long_length = 0
    width = struct.calcsize(length_as)
    even = length_as != ">q"
    while at + 4 + width <= size:
        name, length = data[at : at + 4], struct.unpack(length_as, data[at + 4 : at + 4 + width])[0]
        body = at + 4 + width
        if name == b"ds64" and data64:
            long_length = struct.unpack("<Q", data[body + 8 : body + 16])[0]
        audio_here = name in (b"data", b"SSND")
        if audio_here and data64 and length == 0xFFFFFFFF:
            length = long_length
        elif audio_here and (length < 0 or (length >= _UNKNOWN and even)):
            return 0, 0  # to the end, whatever that is
        if audio_here:
            end = body + length
            if end > size:
                return end, size
        elif end and (body + length > size + 1 or not all(32 <= c < 127 for c in name)):
            break  # no chunk
        at = body + length + (length % 2 if even else 0)
    if not end:
        return size + 1, size  # it ends before its audio begins
    rest = at if at > end else end
    # `rest` bytes are explained; what follows counts unless it is padding.
    return (rest, size) if rest < size and any(data[rest:size].strip(b"\0")) else (0, 0)


def _wave64(data: mmap.mmap) -> tuple[int, int]:
    at, size = 40, len(data)
    while at + 24 <= size:
        length = struct.unpack("<Q", data[at + 16 : at + 24])[0]
        if data[at : at + 4] == b"data":
            return (at + length, size) if at + length > size else (0, 0)
        at += max(24, length + (-length) % 8)
    return size + 1, size


def _check_ogg(path: Path, data: mmap.mmap) -> None:
    """An Ogg file must end with the last page of the one stream that it holds."""
    last = data.rfind(b"OggS")
    if not data[last + 5] & 4 or len(data) < last + 27 + data[last + 26]:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    lengths = data[last + 27 : last + 27 + data[last + 26]]
    if len(data) < last + 27 + data[last + 26] + sum(lengths):
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    if data[14:18] != data[last + 14 : last + 18]:
        raise AudioError(
            f"{path} holds several Ogg streams one after another, of which decoders read one; "
            "convert it to FLAC, for example with `ffmpeg -i IN OUT.flac`."
        )


# FLAC. --------------------------------------------------------------------------------------


def _flac(path: Path, data: mmap.mmap) -> tuple[bytes, int] | None:
    """A STREAMINFO with the number of samples that the last frame tells."""
    info = data[8:42]
    if len(info) < 34:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    bits = int.from_bytes(info[10:18], "big")
    claimed = bits & ((1 << 36) - 1)
    blocks = struct.unpack(">HH", info[:4])
    at, last = len(data), None
    while last is None and at > 42:
        at = data.rfind(b"\xff", 42, at)
        if at < 0:
            break
        last = _flac_frame_end(data[at : at + 24], blocks)
    if last is None or last == claimed:
        return None
    if claimed and last < claimed:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    corrected = (bits - claimed + last).to_bytes(8, "big")
    # The checksum of the decoded audio may be missing, too; decoders take zeros for "unknown".
    return data[:18] + corrected + data[26:42], 42


def _flac_frame_end(frame: bytes, blocks: tuple[int, int]) -> int | None:
    """The number of the sample behind a frame that begins here; None where none does."""
    if len(frame) < 16 or frame[1] not in (0xF8, 0xF9) or frame[3] & 1 or frame[3] >> 4 > 10:
        return None
    size_code, rate_code = frame[2] >> 4, frame[2] & 15
    first = frame[4]
    more = 0 if first < 0x80 else (7 - (first ^ 0xFF).bit_length() + 1) - 1
    if (0x80 <= first < 0xC0) or first == 0xFF or size_code == 0 or rate_code == 15:
        return None
    number = first if not more else first & ((1 << (6 - more)) - 1)
    for byte in frame[5 : 5 + more]:
        if byte >> 6 != 2:
            return None
        number = number << 6 | byte & 0x3F
    at = 5 + more
    size = {1: 192}.get(size_code) or (
        576 << (size_code - 2) if 2 <= size_code <= 5 else 256 << (size_code - 8)
        if size_code >= 8 else 0
    )  # fmt: skip
    if size_code in (6, 7):
        width = size_code - 5
        size = int.from_bytes(frame[at : at + width], "big") + 1
        at += width
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(frame) or _crc8(frame[:at]) != frame[at]:
        return None
    return number + size if frame[1] == 0xF9 else number * blocks[1] + size


def _crc8(content: bytes) -> int:
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


# MP3. ---------------------------------------------------------------------------------------


class _Frame(NamedTuple):
    length: int
    rate: int
    version: int  # 1, or 2 for MPEG 2 and 2.5
    mono: bool


def _mp3(path: Path, data: mmap.mmap) -> tuple[bytes, int] | None:
    """A Xing header with the number of frames that there are, in front of the first one."""
    at = _after_tags(data)
    first = _mpeg_frame(data, at)
    if first is None:
        return None  # not for us to judge
    side = (17 if first.mono else 32) if first.version == 1 else (9 if first.mono else 17)
    tag = data[at + 4 + side : at + 16 + side]
    has_header = tag[:4] in (b"Xing", b"Info")
    claimed = struct.unpack(">I", tag[8:12])[0] if has_header and tag[7] & 1 else None
    audio = at + first.length if has_header else at
    count, at, whole = 0, audio, True
    while (frame := _mpeg_frame(data, at)) is not None:
        if frame.rate != first.rate:
            raise AudioError(f"{path} changes its sample rate midway; convert it to WAV or FLAC.")
        whole = at + frame.length <= len(data)
        count += whole
        at += frame.length
    if claimed is not None and count < claimed:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    rest = data[at : len(data)]
    if whole and len(rest) > _LEFT_OVER and not _is_tag(rest) and rest.strip(b"\0"):
        again = _next_frame(data, at)
        if again is not None:
            raise AudioError(
                f"{path} is damaged in the middle, at byte {at:,}; fetch or copy the file again."
            )
    if claimed == count:
        return None
    header = bytearray(data[audio : audio + 4])
    header[1] |= 1  # no checksum
    header[2] = (header[2] & 0x0C) | 0x90  # 128 kbit/s (MPEG 2: 80), no padding
    length = _parsed_header(bytes(header)).length  # type: ignore[union-attr]
    content = b"Info" + struct.pack(">II", 1, count)
    return (bytes(header) + bytes(side) + content).ljust(length, b"\0"), audio


def _after_tags(data: mmap.mmap) -> int:
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) > at + 10:
        flags, size = data[at + 5], data[at + 6 : at + 10]
        at += 10 + sum((b & 0x7F) << 7 * (3 - i) for i, b in enumerate(size))
        at += 10 if flags & 0x10 else 0
    while at < len(data) and data[at] == 0:  # padding
        at += 1
    return at


def _is_tag(rest: bytes) -> bool:
    return rest[:3] in (b"TAG", b"ID3") or rest[:8] in (b"APETAGEX", b"LYRICSBE")


def _next_frame(data: mmap.mmap, at: int) -> int | None:
    """Where the next two frames in a row begin behind a damaged place."""
    end = min(len(data) - 4, at + (1 << 16))
    while (at := data.find(b"\xff", at + 1, end)) >= 0:
        frame = _mpeg_frame(data, at)
        if frame and _mpeg_frame(data, at + frame.length):
            return at
    return None


def _mpeg_frame(data: mmap.mmap, at: int) -> _Frame | None:
    return _parsed_header(data[at : at + 4]) if at + 4 <= len(data) else None


@functools.lru_cache(maxsize=512)
def _parsed_header(header: bytes) -> _Frame | None:
    """Layer III frames only; None for anything else."""
    if header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version_code, kbits_code, rate_code = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version_code == 1 or kbits_code in (0, 15) or rate_code == 3:
        return None
    first = version_code == 3
    rate = _MPEG_RATES[rate_code] // {3: 1, 2: 2, 0: 4}[version_code]
    kbits = (_MPEG1_KBITS if first else _MPEG2_KBITS)[kbits_code]
    length = (144_000 if first else 72_000) * kbits // rate + (header[2] >> 1 & 1)
    return _Frame(length, rate, 1 if first else 2, header[3] >> 6 == 3)


class _Rewritten(io.RawIOBase):
    """A file that is read with another beginning."""

    def __init__(self, path: Path, beginning: bytes, rest: int) -> None:
        self._file = open(path, "rb")  # noqa: SIM115  (closed with this)
        self._beginning, self._rest = beginning, rest
        self._size = len(beginning) + os.path.getsize(path) - rest
        self._at = 0
        self.name = str(path)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        view = memoryview(buffer).cast("B")
        piece = self._beginning[self._at : self._at + len(view)]
        if not piece:
            self._file.seek(self._at - len(self._beginning) + self._rest)
            piece = self._file.read(len(view))
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()
