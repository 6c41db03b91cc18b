"""Recordings are cut where nobody speaks, into utterances about as long as TIMIT's."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from conftest import load_tool

from snrlib import corpora, datasets
from snrlib.audio import SAMPLE_RATE
from snrlib.corpora.sources import folder

tool = load_tool("make_release_data")


def spoken(*seconds: float, pause: float = 0.4) -> np.ndarray:
    """Noise bursts of these lengths with pauses between them."""
    rng = np.random.default_rng(3)
    silence = np.zeros(int(pause * SAMPLE_RATE), np.float32)
    parts = [silence]
    for length in seconds:
        parts += [rng.normal(0, 0.1, int(length * SAMPLE_RATE)).astype(np.float32), silence]
    return np.concatenate(parts)


def test_pieces_are_2_to_5_seconds_and_do_not_overlap() -> None:
    signal = spoken(1.3, 2.1, 0.8, 3.0, 1.9, 0.7, 2.2)
    pieces = tool.cut_at_silences(signal)
    assert len(pieces) >= 3
    for first, last in pieces:
        assert 2.0 <= (last - first) / SAMPLE_RATE <= 5.0
    for (_, end), (begin, _) in itertools.pairwise(pieces):
        assert end <= begin


def test_cuts_fall_into_pauses() -> None:
    signal = spoken(1.5, 1.5, 1.5, 1.5, 1.5)
    for first, last in tool.cut_at_silences(signal):
        for border in (first, last):
            near = signal[max(0, border - 160) : border + 160]
            assert np.abs(near).max() == 0, border / SAMPLE_RATE


def test_a_speaker_who_never_pauses_is_cut_all_the_same() -> None:
    pieces = tool.cut_at_silences(spoken(14.0))
    assert sum(last - first for first, last in pieces) / SAMPLE_RATE > 11


@pytest.mark.parametrize("signal", [np.zeros(80_000, np.float32), spoken(1.0)])
def test_silence_and_single_words_give_nothing(signal: np.ndarray) -> None:
    assert tool.cut_at_silences(signal) == []


def test_a_licence_beside_the_recordings_is_theirs(tmp_path: Path) -> None:
    from snrlib import audio

    for split, licence in (("train", "CC BY 4.0\nmore words"), ("test", None)):
        audio.write(tmp_path / split / "anna" / "one.wav", spoken(1.0))
        if licence:
            (tmp_path / split / "LICENCE.txt").write_text(licence)
    records = folder.records(tmp_path).set_index("split")
    assert records.loc["train", "licence"] == "CC BY 4.0"
    assert records.loc["test", "licence"] == folder.LICENCE


def test_a_rotated_test_set_keeps_every_speaker_noise_and_snr() -> None:
    speech = corpora.speech("embedded")
    noises = corpora.noises("embedded", "embedded")
    whole = datasets.recipe("test", speech, noises, 7, utterances=18)
    part = datasets.rotated(whole, 1)
    assert len(part) * 9 == len(whole)
    per_noise = part.groupby("noise")["utterance"].nunique()
    assert set(per_noise.index) == set(whole["noise"]) and set(per_noise) == {2}
    assert set(part["utterance"]) == set(whole["utterance"])
    assert part.groupby("utterance")["snr_db"].nunique().eq(9).all()
    assert datasets.rotated(whole, 0) is whole
    three = datasets.rotated(whole, 3)
    assert three.groupby("utterance")["noise"].nunique().eq(3).all()
    # Each utterance meets seen and unseen noises: what they gain can be compared in pairs.
    assert three.groupby("utterance")["noise_seen"].nunique().eq(2).all()
