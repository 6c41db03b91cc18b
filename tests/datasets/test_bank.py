"""A bank holds its recordings sample for sample, and is built once."""

import numpy as np
import pandas
import pytest

from snrlib import audio
from snrlib.datasets import bank
from snrlib.support.errors import AudioError, SnrlibError


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    for i, samples in enumerate([5_000, 1, 12_345]):
        path = audio.write(
            tmp_path / f"{i}.wav", rng.uniform(-1, 1, samples) * 0.99, subtype="PCM_16"
        )
        rows.append({"path": str(path), "samples": samples})
    return pandas.DataFrame(rows), tmp_path / "banks"


def test_recordings_of_16_bits_come_back_bit_for_bit(corpus):
    records, folder = corpus
    held = bank.open_bank(records, folder)
    for path in records["path"]:
        assert np.array_equal(held[path], audio.read(path))


def test_a_stretch_goes_over_recordings_and_ends_in_silence(corpus):
    records, folder = corpus
    held = bank.open_bank(records, folder)
    for samples in (held, bank.Bank(np.array(held.samples), held.begins, "in memory")):
        found = samples.stretches([4_990, 17_000], 400)
        assert np.array_equal(found[0], held.samples[4_990:5_390])
        assert np.array_equal(found[1], np.pad(held.samples[17_000:], (0, 54)))


def test_a_bank_that_was_deleted_is_named(corpus):
    records, folder = corpus
    held = bank.open_bank(records, folder)
    next(folder.glob("*.npy")).unlink()
    with pytest.raises(SnrlibError, match=r"npy has been deleted; run the same command again"):
        held[records["path"][0]]


@pytest.mark.parametrize("samples", [600_000, 599_999])
def test_a_long_file_is_decoded_in_blocks(tmp_path, samples, monkeypatch):
    path = audio.write(
        tmp_path / "long.wav",
        0.1 * np.random.default_rng(1).standard_normal(600_000),
        subtype="PCM_16",
    )
    whole = audio.read(path)
    monkeypatch.setattr(audio, "read", None)  # would hold all of it
    listed = pandas.DataFrame({"path": [str(path)], "samples": [samples]})
    if samples < len(whole):
        with pytest.raises(AudioError, match="has 600000 samples, listed are 599999"):
            bank.open_bank(listed, tmp_path / "banks")
    else:
        assert np.array_equal(bank.open_bank(listed, tmp_path / "banks")[str(path)], whole)


def test_a_bank_is_built_once_and_mapped_from_then_on(corpus, monkeypatch):
    records, folder = corpus
    first = bank.open_bank(records, folder)
    monkeypatch.setattr(audio, "blocks", None)  # a second reading would fail
    again = bank.open_bank(records, folder)
    assert isinstance(again.samples, np.memmap)
    assert np.array_equal(first.samples, again.samples)
    assert first.checksum == again.checksum


def test_the_checksum_is_of_the_audio_not_of_the_place(corpus, tmp_path):
    records, folder = corpus
    moved = records.assign(path=[p.replace(".wav", "-moved.wav") for p in records["path"]])
    for old, new in zip(records["path"], moved["path"], strict=True):
        audio.write(new, audio.read(old), subtype="PCM_16")
    one, other = bank.open_bank(records, folder), bank.open_bank(moved, folder)
    assert one.checksum == other.checksum
    audio.write(moved["path"][0], -audio.read(moved["path"][0]), subtype="PCM_16")
    assert bank.open_bank(moved, folder).checksum != one.checksum


def test_a_file_of_another_length_than_listed_is_named(corpus):
    records, folder = corpus
    with pytest.raises(AudioError, match=r"0\.wav has 5000 samples, listed are 4999"):
        bank.open_bank(records.assign(samples=[4_999, 1, 12_345]), folder)
    assert not list(folder.glob("*"))


def test_a_missing_file_is_named(corpus):
    records, folder = corpus
    with pytest.raises(AudioError, match=r"nowhere\.wav does not exist"):
        bank.open_bank(records.assign(path="/nowhere.wav"), folder)
