"""A mixture has the SNR it was asked for, whatever the level, offset or gaps of its sources."""

import numpy as np
import pandas
import pytest
import soundfile

from snrlib import SnrlibError, corpora, datasets, mixing
from snrlib.datasets import bank

RATE = 16_000


def sources(root, speech_gain=1.0, noise_gain=1.0, noise_offset=0.0, gaps=(), seconds=12):
    """A corpus of two speakers and one noise, as 32-bit float files."""
    rng = np.random.default_rng(3)
    for speaker in ("anna", "ben"):
        for i in range(6):
            path = root / "s" / speaker / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            envelope = np.abs(np.sin(np.arange(20_000) / 3_000))
            voice = 0.1 * envelope * rng.standard_normal(20_000)
            soundfile.write(path, speech_gain * voice, RATE, "FLOAT")
    noise = 0.1 * rng.standard_normal(seconds * RATE)
    for begin, end in gaps:
        noise[int(begin * RATE) : int(end * RATE)] = 0
    (root / "n").mkdir()
    soundfile.write(root / "n" / "hiss.wav", noise_gain * noise + noise_offset, RATE, "FLOAT")
    speech = corpora.speech(f"folder:{root / 's'}")
    return speech, corpora.noises(f"folder:{root / 'n'}", "")


def filled(root, tmp_path, name="student", offset="removed", **options):
    speech, noises = sources(root, **options)
    held = bank.open_bank(corpora_table(speech, noises), tmp_path / "banks", jobs=1, offset=offset)
    return datasets.fill_gains(datasets.recipe(name, speech, noises, 7), held), held


def corpora_table(speech, noises):
    return pandas.concat([speech, noises], ignore_index=True)


def true_snr(row, held=None):
    mixed = datasets.mixture(row, held)
    return mixing.snr_db(mixed.speech, mixed.noise)


# Speech has an RMS of -23 dB at a gain of 1, so these are levels from -150 to +155 dB.
@pytest.mark.parametrize("speech_gain", [1e-6, 3e-4, 1.0, 20.0, 32_768.0])
@pytest.mark.parametrize("noise_gain", [1e-6, 1.0, 20.0, 2.0**31 / 2])
def test_both_ways_to_mix_agree_at_any_level(tmp_path, speech_gain, noise_gain):
    table, held = filled(tmp_path, tmp_path, speech_gain=speech_gain, noise_gain=noise_gain)
    for _, row in table.iloc[:: len(table) // 8].iterrows():
        assert true_snr(row) == pytest.approx(row["snr_db"], abs=0.01)
        assert true_snr(row, held) == pytest.approx(row["snr_db"], abs=0.01)
    crops = datasets.Crops(table, held, batch=8, level_rms=None, samples=40_000)
    noisy, clean, snr_db = crops.batch_at(0)
    noise = (noisy - clean).double().square().sum(-1)
    measured = 10 * np.log10((clean.double().square().sum(-1) / noise).numpy())
    np.testing.assert_allclose(measured, snr_db.numpy(), atol=0.01)


def test_crops_of_a_quiet_corpus_are_those_of_a_loud_one(tmp_path):
    batches = []
    for i, gain in enumerate((1.0, 2.0**-12, 2.0**6)):
        (tmp_path / str(i)).mkdir()
        table, held = filled(tmp_path / str(i), tmp_path, speech_gain=gain, noise_gain=gain)
        batches.append(datasets.Crops(table, held, batch=4, seed=1).batch_at(0))
    for noisy, clean, _ in batches[1:]:
        np.testing.assert_allclose(noisy, batches[0][0], atol=2e-4)
        np.testing.assert_allclose(clean, batches[0][1], atol=2e-4)


def test_a_loud_noise_that_is_looped_does_not_wrap_round(tmp_path):
    speech, noises = sources(tmp_path, noise_gain=1.0, seconds=1)
    tone = 0.99 * np.cos(np.arange(16_000) * 2 * np.pi / 160)
    soundfile.write(noises["path"][0], tone, RATE, "FLOAT")
    held = bank.open_bank(corpora_table(speech, noises), tmp_path / "banks", jobs=1)
    table = datasets.fill_gains(datasets.recipe("T1", speech, noises, 7), held)
    crops = datasets.Crops(table, held, batch=8, level_rms=None, samples=20_000)
    noisy, clean, _ = crops.batch_at(0)
    noise = (noisy - clean).numpy() / np.float32(table["gain"].to_numpy()[crops.rows(0)][:, None])
    assert np.abs(np.diff(noise)).max() < 0.1


@pytest.mark.parametrize("offset", [0.01, -0.3, 5.0])
def test_an_offset_is_not_signal(tmp_path, caplog, offset):
    plain, with_offset = tmp_path / "plain", tmp_path / "offset"
    plain.mkdir()
    with_offset.mkdir()
    caplog.set_level("INFO", "snrlib")
    table, held = filled(with_offset, tmp_path, noise_gain=0.05, noise_offset=offset)
    expected, _ = filled(plain, tmp_path, noise_gain=0.05)
    np.testing.assert_allclose(table["gain"], expected["gain"], rtol=2e-3)  # 0.02 dB
    assert "have an offset, which was taken out" in caplog.text
    row = table.iloc[5]
    assert row["noise_offset"] == pytest.approx(offset, rel=1e-2)
    assert true_snr(row) == pytest.approx(row["snr_db"], abs=0.01)
    assert true_snr(row, held) == pytest.approx(row["snr_db"], abs=0.01)


def test_the_papers_energies_are_kept_on_demand(tmp_path):
    table, held = filled(tmp_path, tmp_path, noise_gain=0.05, noise_offset=0.01, offset="kept")
    assert held.offsets == {}
    assert "noise_offset" not in table
    row = table.iloc[5]
    assert true_snr(row) == pytest.approx(row["snr_db"], abs=0.01)
    assert abs(np.mean(datasets.mixture(row).noise)) > 0


def test_a_recording_without_offset_is_held_as_it_is(tmp_path):
    table, held = filled(tmp_path, tmp_path)
    assert held.offsets == {}
    assert held.scales == {}
    assert list(table.columns) == datasets.COLUMNS


@pytest.mark.parametrize(
    "gaps",
    [
        [(0, 4)],
        [(8, 12)],
        [(0, 5), (8, 12)],
        [(i, i + 1.5) for i in range(0, 12, 2)],
        [(0.2, 7), (7.5, 12)],
    ],
)
@pytest.mark.parametrize("name", ["student", "test"])
def test_a_gap_in_a_noise_stops_nothing(tmp_path, gaps, name):
    table, held = filled(tmp_path, tmp_path, name=name, gaps=gaps)
    for _, row in table.iloc[:: max(1, len(table) // 12)].iterrows():
        assert true_snr(row, held) == pytest.approx(row["snr_db"], abs=0.01)
        cut = int(12 * RATE * datasets.NOISE_TRAIN_FRACTION)
        inside = row["noise_start"] >= cut if name == "test" else row["noise_start"] < cut
        assert inside
    again = datasets.fill_gains(table.assign(noise_start=table["noise_start"]), held)
    assert again["noise_start"].equals(table["noise_start"])


def test_a_noise_without_a_sound_in_its_part_is_named(tmp_path):
    with pytest.raises(SnrlibError, match=r"hiss\.wav is silent throughout its training part"):
        filled(tmp_path, tmp_path, gaps=[(0, 7.3)])
