"""The paper's six data sets have its numbers of mixtures, and nothing leaks between them."""

import re
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from snrlib import audio, datasets, mixing
from snrlib.datasets import bank, mixtures
from snrlib.support.errors import SnrlibError
from snrlib.teachers import TEACHER_SNRS

SETS = [*TEACHER_SNRS, "student", "test"]


def records(train: int, test: int, samples: int = 48_000) -> pandas.DataFrame:
    """Speech records of files that do not exist: recipes open no audio."""
    rows = [("train", i) for i in range(train)] + [("test", i) for i in range(test)]
    return pandas.DataFrame(
        {
            "id": [f"{split}-{i:04d}" for split, i in rows],
            "speaker": [f"{split}-speaker-{i % 10}" for split, i in rows],
            "path": [f"/nowhere/{split}-{i:04d}.wav" for split, i in rows],
            "samples": [samples + 160 * (i % 50) for _, i in rows],
            "split": [split for split, _ in rows],
        }
    )


def noise_records(seen: int = 5, unseen: int = 4, samples: int = 3_760_000) -> pandas.DataFrame:
    total = seen + unseen
    return pandas.DataFrame(
        {
            "id": [f"noise {i}" for i in range(total)],
            "path": [f"/nowhere/noise-{i}.wav" for i in range(total)],
            "samples": samples,
            "seen": [i < seen for i in range(total)],
        }
    )


@pytest.fixture(scope="module")
def paper():
    """The recipes at the paper's size: 950 utterances per set out of TIMIT's 4,620."""
    speech, noises = records(4_620, 1_680), noise_records()
    return {name: datasets.recipe(name, speech, noises, seed=7) for name in SETS}


def test_the_sets_have_the_papers_numbers_of_mixtures(paper):
    counts = {name: table.groupby("split").size().to_dict() for name, table in paper.items()}
    for teacher in TEACHER_SNRS:
        assert counts[teacher] == {"train": 18_000, "valid": 1_000}
    assert counts["student"] == {"train": 22_000, "valid": 1_750}
    assert counts["test"] == {"test": 8_100}


def test_970_utterances_are_enough_for_the_papers_numbers():
    # 900 train the teachers and 70 others validate the student.
    speech, noises = records(970, 100), noise_records()
    t1 = datasets.recipe("T1", speech, noises, seed=7)
    student = datasets.recipe("student", speech, noises, seed=7)
    assert t1["split"].value_counts().to_dict() == {"train": 18_000, "valid": 1_000}
    assert student["split"].value_counts().to_dict() == {"train": 22_000, "valid": 1_750}


def test_a_recipe_is_a_table_with_its_columns_and_no_gain_yet(paper):
    for table in paper.values():
        assert list(table.columns) == datasets.COLUMNS
        assert table["gain"].isna().all()
        assert table["mixture"].is_unique


@pytest.mark.parametrize("pool", [12, 57, 190, 949, 2_000])
def test_smaller_pools_keep_the_proportions(pool):
    roles = datasets.utterance_split(records(pool, 5), seed=3)
    size = len(roles["teacher train"]) + len(roles["teacher valid"])
    assert size == len(roles["student train"]) + len(roles["student valid"])
    assert size >= min(950, round(0.97 * pool))
    assert len(roles["teacher valid"]) == max(1, round(size * 50 / 950))
    assert len(roles["student valid"]) == max(1, round(size * 70 / 950))


@pytest.mark.parametrize("pool", [4, 12, 190, 950, 970, 4_620])
def test_no_utterance_trains_and_tests_or_validates(pool):
    roles = {
        name: set(r["id"]) for name, r in datasets.utterance_split(records(pool, 9), 5).items()
    }
    assert not roles["teacher train"] & roles["teacher valid"]
    assert not roles["student train"] & roles["student valid"]
    for name, chosen in roles.items():
        assert chosen, name
        if name != "test":
            assert not chosen & roles["test"]


@pytest.mark.parametrize("pool", [4, 12, 190, 950, 970, 4_620])
def test_no_teacher_trained_on_an_utterance_that_validates_the_student(pool):
    roles = datasets.utterance_split(records(pool, 9), 5)
    assert not set(roles["teacher train"]["id"]) & set(roles["student valid"]["id"])


def test_the_test_set_has_unseen_speakers(paper):
    trained = set().union(*(set(paper[name]["speaker"]) for name in SETS[:-1]))
    assert set(paper["test"]["speaker"]) - trained


def test_training_and_test_hear_different_parts_of_every_noise(paper):
    for name, table in paper.items():
        last = table["noise_start"] + table["noise_samples"]
        cut = int(3_760_000 * datasets.NOISE_TRAIN_FRACTION)
        if name == "test":
            assert (table["noise_start"] >= cut).all() and (last <= 3_760_000).all()
        else:
            assert (table["noise_start"] >= 0).all() and (last <= cut).all()


def test_a_shared_noise_is_the_leak_it_is_meant_to_be():
    test = datasets.recipe("test", records(20, 9), noise_records(), 1, noise_split="shared")
    assert (test["noise_start"] < 3_760_000 * datasets.NOISE_TRAIN_FRACTION).any()


def test_only_the_test_set_has_unseen_noises(paper):
    for name, table in paper.items():
        assert ("unseen" in set(table["noise_seen"])) == (name == "test")
        assert (table["snr_seen"] == "seen").equals(table["snr_db"].isin([-20, -10, 0, 10, 20]))


def test_every_utterance_meets_every_noise_at_every_snr(paper):
    for name, snrs in {**TEACHER_SNRS, "student": datasets.STUDENT_SNRS}.items():
        train = paper[name].query("split == 'train'")
        assert (train.groupby(["utterance", "noise"])["snr_db"].agg(set) == set(snrs)).all()


def test_the_same_seed_gives_the_same_recipe_and_another_one_does_not():
    speech, noises = records(60, 9), noise_records()
    one, again, other = (datasets.recipe("T2", speech, noises, seed) for seed in (4, 4, 5))
    pandas.testing.assert_frame_equal(one, again)
    assert not one["noise_start"].equals(other["noise_start"])


def test_a_recipe_does_not_depend_on_the_order_of_the_records():
    speech, noises = records(60, 9), noise_records()
    shuffled = speech.sample(frac=1, random_state=0)
    one, other = (datasets.recipe("student", s, noises, 4) for s in (speech, shuffled))
    pandas.testing.assert_frame_equal(one, other)


def test_what_cannot_be_built_is_refused_by_name():
    with pytest.raises(SnrlibError, match="no data set 'T5'"):
        datasets.recipe("T5", records(9, 9), noise_records(), 1)
    with pytest.raises(SnrlibError, match="0 test utterances"):
        datasets.recipe("test", records(9, 0), noise_records(), 1)
    with pytest.raises(SnrlibError, match="noise_split"):
        datasets.recipe("test", records(9, 9), noise_records(), 1, noise_split="all")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A real, small corpus on disk: bursts as speech, one noise too short for most of them."""
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(0)
    speech, noises = records(12, 3, samples=20_000), noise_records(2, 1, samples=30_000)
    speech["samples"] = rng.integers(9_000, 40_000, len(speech))
    noises["samples"] = [200_000, 12_000, 90_000]
    for table, level in ((speech, 0.05), (noises, 0.1)):
        table["path"] = [str(folder / f"{i}.wav") for i in table["id"]]
        for path, samples in zip(table["path"], table["samples"], strict=True):
            audio.write(path, level * rng.standard_normal(samples), subtype="PCM_16")
    held = bank.open_bank(pandas.concat([speech, noises]), folder / "banks")
    tables = {
        name: datasets.fill_gains(datasets.recipe(name, speech, noises, seed=2), held)
        for name in ("student", "test")
    }
    return tables, held


def test_a_recipe_is_enough_to_make_its_mixtures(small):
    tables, _ = small
    for row in tables["test"].sample(40, random_state=1).to_dict("records"):
        mixture = datasets.mixture(row)
        assert mixture.gain == row["gain"]
        assert mixing.snr_db(mixture.speech, mixture.noise) == pytest.approx(
            row["snr_db"], abs=1e-3
        )


def test_a_mixture_from_the_bank_is_the_mixture_from_the_files(small):
    tables, held = small
    for row in tables["test"].sample(10, random_state=2).to_dict("records"):
        assert np.array_equal(datasets.mixture(row).noisy, datasets.mixture(row, held).noisy)


def test_gains_from_the_bank_are_the_gains_of_mixing_the_files(small):
    tables, _ = small
    for row in tables["student"].sample(40, random_state=1).to_dict("records"):
        assert datasets.mixture({**row, "gain": np.nan}).gain == pytest.approx(
            row["gain"], rel=1e-6
        )


def test_a_recipe_survives_its_csv(small, tmp_path):
    table = small[0]["test"]
    table.to_csv(tmp_path / "test.csv", index=False)
    again = pandas.read_csv(tmp_path / "test.csv")
    for row in (3, 70):
        one, other = datasets.mixture(table.iloc[row]), datasets.mixture(again.iloc[row])
        assert np.array_equal(one.noisy, other.noisy)


def test_a_crop_is_a_piece_of_its_mixture(small):
    tables, held = small
    table = tables["student"]
    crops = datasets.Crops(table, held, level_rms=None, samples=4_096)
    rows = torch.arange(0, len(table), 7)
    where = torch.linspace(0, 0.999, len(rows), dtype=torch.float64)
    noisy, clean, snr_db = crops.cut(rows, where)
    for i, row in enumerate(rows.tolist()):
        mixture = datasets.mixture(table.iloc[row])
        start = int(where[i] * (len(mixture.noisy) - 4_096 + 1))
        assert np.allclose(clean[i], mixture.speech[start : start + 4_096], atol=1e-7)
        scale = max(1.0, mixture.gain)
        # A looped noise is rounded to 16 bits once more in the bank.
        assert np.allclose(noisy[i], mixture.noisy[start : start + 4_096], atol=4e-5 * scale)
        assert snr_db[i] == table.iloc[row]["snr_db"]


def test_an_utterance_shorter_than_the_crop_is_padded_with_silence(small):
    tables, held = small
    table = tables["student"].sort_values("samples").reset_index(drop=True)
    noisy, clean, _ = datasets.Crops(table, held, level_rms=None).cut(
        torch.tensor([0]), torch.tensor([0.5])
    )
    used = int(table["samples"][0])
    assert used < datasets.CROP
    assert (clean[0, used:] == 0).all() and (noisy[0, used:] == 0).all()
    assert (noisy[0, :used] != 0).any()


def test_every_mixture_comes_once_per_epoch_and_in_another_order_the_next(small):
    tables, held = small
    crops = datasets.Crops(tables["student"], held, batch=10, samples=256)
    rows = torch.cat([crops.rows(step) for step in range(2 * len(crops) // 10)])
    first, second = rows[: len(crops)], rows[len(crops) : 2 * len(crops)]
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(len(crops)))
    assert first.tolist() != second.tolist()


def test_a_batch_depends_on_seed_and_step_alone(small):
    tables, held = small
    one, other = (datasets.Crops(tables["student"], held, batch=6, seed=3) for _ in range(2))
    one.batch_at(0)
    for a, b in zip(one.batch_at(17), other.batch_at(17), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one.batch_at(17)[0], one.batch_at(18)[0])


def test_mixtures_come_at_one_level_and_clean_speech_by_the_same_factor(small):
    tables, held = small
    raw = datasets.Crops(tables["student"], held, batch=8, level_rms=None).batch_at(0)
    scaled = datasets.Crops(tables["student"], held, batch=8, level_rms=0.1).batch_at(0)
    assert torch.allclose(scaled[0].square().mean(1).sqrt(), torch.tensor(0.1), rtol=1e-4)
    factor = (scaled[0].square().sum(1) / raw[0].square().sum(1)).sqrt()
    assert torch.allclose(scaled[1], raw[1] * factor[:, None], rtol=1e-4, atol=1e-7)


def test_processes_share_a_batch_without_overlap(small):
    tables, held = small
    whole, first, second = (datasets.Crops(tables["student"], held, batch=7) for _ in range(3))
    first.share(0, 2)
    second.share(1, 2)
    together = torch.cat([first.batch_at(4)[0], second.batch_at(4)[0]])
    assert torch.equal(together, whole.batch_at(4)[0][[0, 2, 4, 6, 1, 3, 5]])


def test_a_silent_utterance_is_named(tmp_path):
    speech, noises = records(4, 1, samples=5_000), noise_records(1, 0, samples=40_000)
    for table in (speech, noises):
        table["path"] = [str(tmp_path / f"{i}.wav") for i in table["id"]]
    speech["samples"] = 5_000
    for path, samples in zip(noises["path"], noises["samples"], strict=True):
        audio.write(path, np.resize([0.1, -0.1], samples))
    for path in speech["path"]:
        audio.write(path, np.zeros(5_000))
    held = bank.open_bank(pandas.concat([speech, noises]), tmp_path / "banks")
    with pytest.raises(SnrlibError, match=r"-0000\.wav is silent"):
        datasets.fill_gains(datasets.recipe("test", speech, noises, 1), held)


def test_a_training_keeps_no_page_of_the_bank_in_memory(small):
    smaps = Path("/proc/self/smaps")
    if not smaps.exists():
        pytest.skip("this system does not say which pages of a file a process holds")
    tables, held = small
    # A map of its own: earlier tests may have looked at that of `held`.
    mapped = np.load(held.samples.filename, mmap_mode="r")
    fresh = bank.Bank(mapped, held.begins, held.checksum)
    again = datasets.fill_gains(tables["student"].assign(gain=np.nan), fresh)
    for level_over in ("crop", "utterance"):
        crops = datasets.Crops(again, fresh, level_over=level_over, samples=4_096)
        for step in range(len(crops) // 16 + 1):
            crops.batch_at(step)
    datasets.mixture(again.iloc[0], fresh)
    assert _resident(smaps, mapped) == 0
    assert mapped.sum() != 0 and _resident(smaps, mapped) > 0, "the measure sees pages"


def _resident(smaps: Path, mapped: np.memmap) -> int:
    """KB of the file behind an array that this process holds through this very map."""
    address = mapped.ctypes.data
    for block in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", smaps.read_text()):
        first, last = (int(word, 16) for word in block.split(" ", 1)[0].split("-"))
        if first <= address < last:
            return int(re.search(r"^Rss:\s+(\d+) kB", block, re.M)[1])
    raise AssertionError("the array is not mapped")


def test_long_recordings_are_read_in_pieces_and_give_the_same(small, monkeypatch):
    tables, held = small
    table = tables["student"]
    reads = []
    whole = bank.Bank.stretches

    def counted(self, first, samples):
        reads.append(len(first) * samples)
        return whole(self, first, samples)

    monkeypatch.setattr(bank.Bank, "stretches", counted)
    monkeypatch.setattr(mixtures, "PIECE", 5_000)
    again = datasets.fill_gains(table.assign(gain=np.nan), held)
    # A noise shorter than the speech is looped, so it is read whole; here it has 7,200 samples.
    looped = table.query("noise_samples < samples")["noise_samples"].max()
    assert max(reads) == max(5_000, looped) < held.begins[table["noise_path"].iloc[0]][1]
    assert np.allclose(again["gain"], table["gain"], rtol=1e-12)


def test_another_device_holds_the_speech_that_the_cpu_reads(small):
    tables, held = small
    table = tables["student"]
    one, other = (datasets.Crops(table, held, batch=9, samples=4_096) for _ in range(2))
    other._speech = other._sent(held, 4_096)  # as on a GPU
    for step in range(20):
        for a, b in zip(one.batch_at(step), other.batch_at(step), strict=True):
            assert torch.equal(a, b)


def test_a_profile_may_train_students_at_other_snrs_than_the_papers():
    speech, noises = records(100, 10), noise_records()
    usual = datasets.recipe("student", speech, noises, 7)
    other = datasets.recipe("student", speech, noises, 7, student_snrs=(-10, 0, 10, 20))
    assert sorted(other["snr_db"].unique()) == [-10, 0, 10, 20]
    assert set(other["utterance"]) == set(usual["utterance"])
    test = datasets.recipe("test", speech, noises, 7, student_snrs=(-10, 0, 10, 20))
    assert set(test.loc[test["snr_db"] == -20, "snr_seen"]) == {"unseen"}
