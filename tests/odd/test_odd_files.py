"""Every odd file through every reader: its true length, or one sentence, and never shortened."""

import logging

import numpy as np
import pandas
import pytest
import torch
from odd_files import LIST, SECONDS, Odd, write

from snrlib import AudioError, audio, enhancement
from snrlib.corpora import checking, listing
from snrlib.corpora.sources import folder
from snrlib.datasets import bank

# Lossy formats pad to whole frames.
TOLERANCE = 0.2


def whole(path):
    return len(audio.read(path)) / audio.SAMPLE_RATE


def by_blocks(path):
    return sum(map(len, audio.blocks(path))) / audio.SAMPLE_RATE


def from_the_header_and_read(path):
    """What a corpus does: lengths from the headers, audio later."""
    listed = listing.table("folder", "noise", "", [listing.Found("x", path)])
    held = bank.open_bank(listed, path.parent / "banks", jobs=1)
    return len(held[listed["path"][0]]) / audio.SAMPLE_RATE


def as_a_folder(path):
    return float(folder.records(path.parent, "noise")["seconds"].iloc[0])


def checked(path):
    """What `snrlib data check` does with a file."""
    try:
        seconds = audio.info(path).seconds
    except AudioError:
        raise
    samples = round(seconds * audio.SAMPLE_RATE)
    columns = {"id": "x", "speaker": "", "path": str(path), "samples": samples, "split": "",
               "seconds": seconds}  # fmt: skip
    report = checking.check(pandas.DataFrame([columns]), {}, jobs=1)
    if report.unreadable:
        raise AudioError(report.unreadable[0])
    return seconds


def enhanced(path):
    model = enhancement.Enhancer(torch.nn.Identity(), {})
    enhancement.enhance_file(model, path, path.parent / "out.wav")
    return len(audio.read(path.parent / "out.wav")) / audio.SAMPLE_RATE


READERS = [whole, by_blocks, from_the_header_and_read, as_a_folder, checked, enhanced]
# The header alone cannot know what the samples are.
INSIDE = {"huge.wav", "nan.wav", "infinite.wav"}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("odd", LIST, ids=lambda odd: odd.name)
def test_an_odd_file_is_read_to_its_true_end_or_refused(tmp_path, odd: Odd, reader):
    logging.getLogger("snrlib").setLevel(logging.ERROR)
    path = write(tmp_path, odd)
    if odd.seconds is not None:
        assert reader(path) == pytest.approx(odd.seconds, abs=TOLERANCE)
    elif not (reader is as_a_folder and odd.name in INSIDE):
        with pytest.raises(AudioError, match=odd.refusal) as refusal:
            reader(path)
        assert odd.name in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["no-xing.mp3", "twice.mp3", "pipe.flac", "short-claim.flac"])
def test_a_corrected_header_gives_the_same_sound(tmp_path, name):
    odd = next(entry for entry in LIST if entry.name == name)
    plain = next(e for e in LIST if e.name == f"plain.{name.rsplit('.', 1)[1]}")
    got, expected = audio.read(write(tmp_path, odd)), audio.read(write(tmp_path, plain))
    shared = int(SECONDS * audio.SAMPLE_RATE) - 4_000
    # The decoder's own delay is cut off where a header names it.
    correlation = np.correlate(got[4_000 : 4_000 + shared - 8_000], expected[6_000:20_000], "valid")
    shift = int(np.argmax(correlation)) - 2_000
    piece = got[6_000 + shift : 20_000 + shift]
    assert np.abs(piece - expected[6_000:20_000]).max() < 0.02
