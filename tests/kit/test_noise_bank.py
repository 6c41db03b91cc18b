"""The noise bank: every recording may be used, none is in both parts, and seeds decide the rest."""

import io
import re
import struct

import numpy as np
import pandas
import pytest
import soundfile
from conftest import KIT, load_tool

tool = load_tool("make_noise_bank")
LIST = pandas.read_csv(KIT / "tools" / "noise_bank.csv")
# What the weights' own licence, CC BY-SA 3.0, can take in.
ALLOWED = {"CC0 1.0", "CC BY 3.0", "CC BY-SA 2.0", "CC BY-SA 3.0"}


def speech() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(30_000).astype(np.float32) for _ in range(3)]


def test_the_bank_is_large_and_its_licences_allow_release() -> None:
    assert len(LIST) >= 60 and LIST["class"].nunique() >= 12
    assert set(LIST["licence"]) <= ALLOWED
    assert LIST["by"].str.len().gt(2).all()
    assert LIST["sha256"].map(lambda text: bool(re.fullmatch("[0-9a-f]{64}", text))).all()


def test_no_recording_and_no_take_of_it_is_in_both_parts() -> None:
    assert LIST["sha256"].is_unique and not LIST.duplicated(["package", "file"]).any()
    take = LIST["name"].str.replace(r"[\d ]+$", "", regex=True)
    parts = LIST.groupby([LIST["package"], LIST["class"], take])["part"].nunique()
    assert parts.eq(1).all(), parts[parts > 1]
    assert set(LIST["part"]) == {"train", "held out"}


def test_sounds_are_read_out_of_openttds_container() -> None:
    wavs = []
    for number in (1, 2):
        file = io.BytesIO()
        soundfile.write(file, np.full(50, number / 4), 16_000, format="WAV")
        wavs.append(file.getvalue())
    entries = [bytes([5]) + b"name\0" + wav + b"trailing" for wav in wavs]
    first = 8 * len(entries)
    table = struct.pack("<IIII", first | 1 << 31, 0, first + len(entries[0]), 0)
    data = table + b"".join(entries)
    assert [tool.from_cat(data, number) for number in (0, 1)] == wavs


@pytest.mark.parametrize("kind", list(tool.MADE))
def test_what_is_made_depends_on_its_seed_alone_and_has_rms_1(kind: str) -> None:
    one, again, other = (
        tool.MADE[kind](np.random.default_rng(seed), 24_000, speech()) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert np.isfinite(one).all() and np.sqrt(np.mean(one**2)) == pytest.approx(1, abs=1e-3)


def test_a_reel_never_plays_what_is_held_out() -> None:
    low, high = (np.sin(w * np.arange(40_000)).astype(np.float32) for w in (0.05, 2.0))
    recorded = {"engine": {"train": [low], "held out": [high]}}
    for part, is_low in (("train", True), ("held out", False)):
        source = tool.Source(recorded, part, speech())
        stretch = source.draw(np.random.default_rng(4), "engine", 20_000)
        spectrum = np.abs(np.fft.rfft(stretch))
        assert (spectrum[:3000].sum() > spectrum[3000:].sum()) == is_low
        assert len(source.part(np.random.default_rng(5), "engine", 90_000)) == 90_000


def test_a_short_recording_goes_round_without_a_click() -> None:
    tone = np.sin(2 * np.pi * 200 / 16_000 * np.arange(8_000)).astype(np.float32)
    again = tool.stretch(np.random.default_rng(1), tone, 50_000)
    assert len(again) == 50_000 and np.abs(np.diff(again)).max() < 0.2
