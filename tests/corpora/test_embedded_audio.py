"""The speech that ships with the kit: real, licensed, small, and cleanly divided."""

import hashlib
from pathlib import Path

import numpy as np
import pandas
import pytest

from snrlib import audio
from snrlib.corpora.sources import embedded

UNSEEN_VOICE = "ivrvoice"


@pytest.fixture(scope="module")
def manifest() -> pandas.DataFrame:
    return embedded.manifest()


@pytest.fixture(scope="module")
def prompts(manifest) -> dict[str, np.ndarray]:
    return {name: audio.read(embedded.FOLDER / f"{name}.ogg") for name in manifest["id"]}


def test_the_manifest_lists_exactly_the_files_that_ship(manifest):
    shipped = {path.relative_to(embedded.FOLDER) for path in embedded.FOLDER.rglob("*.ogg")}
    assert shipped == {Path(f"{name}.ogg") for name in manifest["id"]}
    assert manifest["id"].is_unique


def test_every_prompt_is_as_long_as_listed_and_lasts_from_1_5_to_8_seconds(manifest, prompts):
    for row in manifest.itertuples():
        assert len(prompts[row.id]) == row.samples
        assert audio.info(embedded.FOLDER / f"{row.id}.ogg")[2:4] == (16_000, 1)
    assert np.allclose(manifest["seconds"], manifest["samples"] / 16_000, atol=1e-4)
    assert manifest["seconds"].between(1.5, 8).all()


def test_about_twenty_minutes_fit_into_twelve_megabytes(manifest):
    size = sum(path.stat().st_size for path in embedded.FOLDER.rglob("*") if path.is_file())
    assert size <= 12e6
    assert 19 <= manifest["seconds"].sum() / 60 <= 21.5


def test_the_licences_and_their_holders_stand_beside_the_audio(manifest):
    licence = (embedded.FOLDER / "LICENSE").read_text(encoding="utf-8")
    attribution = (embedded.FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for name in manifest["licence"].unique():
        assert f"License: {name}\n" in licence  # the heading of its full text
    for holder in ("Allison Smith", "June Wallack", "Carlo Flora", "Maxim"):
        assert holder in licence and holder in attribution
    assert "Changes made" in attribution  # both licences ask for it
    by_voice = manifest.groupby("speaker")["licence"].unique().map(list).to_dict()
    assert by_voice == {
        "allison": ["CC-BY-SA-3.0"],
        "june": ["CC-BY-SA-3.0"],
        "carlo": ["CC-BY-3.0"],
        UNSEEN_VOICE: ["CC-BY-3.0"],
    }


def test_no_recording_is_in_two_splits(manifest, prompts):
    assert not manifest.duplicated(["package", "source"]).any()
    contents = [hashlib.sha256(prompts[name].tobytes()).hexdigest() for name in manifest["id"]]
    assert len(set(contents)) == len(contents)


def test_the_russian_voice_speaks_in_the_test_set_only_and_nobody_else_does(manifest):
    test = manifest[manifest["split"] == "test"]
    assert set(test["speaker"]) == {UNSEEN_VOICE}
    assert set(test["language"]) == {"ru"}
    assert UNSEEN_VOICE not in set(manifest.loc[manifest["split"] != "test", "speaker"])
    assert len(test) >= 40
    assert test["seconds"].between(2, 6).all()


def test_the_three_training_voices_have_equal_shares(manifest):
    for split, minutes in (("train", 4.5), ("noise", 1.0)):
        share = manifest[manifest["split"] == split].groupby("speaker")["seconds"].sum() / 60
        assert len(share) == 3
        assert np.allclose(share, minutes, rtol=0.05)


def test_prompts_begin_and_end_with_speech(prompts):
    for name, prompt in prompts.items():
        level = 10 * np.log10(
            np.mean(prompt[: len(prompt) // 160 * 160].reshape(-1, 160) ** 2, axis=1) + 1e-12
        )
        speech = np.flatnonzero(level > np.percentile(level, 95) - 40)
        assert speech[0] <= 15, f"{name} begins with {speech[0] * 10} ms of pause"
        assert len(level) - speech[-1] <= 16, f"{name} ends with a pause"


def test_prompts_are_speech_and_neither_tones_nor_silence(prompts):
    for name, prompt in prompts.items():
        assert -28 < audio.rms_dbfs(prompt) < -10, name
        frames = np.lib.stride_tricks.sliding_window_view(prompt, 1024)[::512] * np.hanning(1024)
        power = np.abs(np.fft.rfft(frames)) ** 2
        # A tone puts one frequency above all others for all the time; a voice moves.
        average = power.sum(axis=0) / power.sum()
        assert np.sort(average)[-3:].sum() < 0.65, f"{name} sounds like a tone"
        # Syllables: the level falls and rises by far more than that of a steady sound.
        level = 10 * np.log10(power.sum(axis=1) + 1e-9)
        assert np.std(level) > 4, f"{name} is as steady as a noise"
