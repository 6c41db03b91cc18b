"""The paper's six data sets as tables of mixtures, and crops of them as tensors.

A recipe is a table with one row per mixture: which utterance, which noise, from which sample
on, at which SNR, how loud. Building it opens no audio; the same seed gives the same table; and
the table is enough to write every mixture to disk bit for bit. Training never does that:
:class:`Crops` mixes on the training device, in vectorised code.

Notebook: 01_data_construction.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas
import pandas as pd

from snrlib.support import tables
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum
from snrlib.teachers import TEACHER_SNRS

log = logging.getLogger("snrlib")

STUDENT_SNRS = (-20, -10, 0, 10, 20)
TEST_SNRS = (-20, -15, -10, -5, 0, 5, 10, 15, 20)
UTTERANCES = 950  # per training set (paper, section 2.1)
TEST_UTTERANCES = 100
TEACHER_VALID = 50 / 950  # 50 x 5 noises x 4 SNRs = 1,000 validation rows
STUDENT_VALID = 70 / 950  # 70 x 5 noises x 5 SNRs = 1,750
NOISE_TRAIN_FRACTION = 0.6  # of every noise, from its start; the rest is for the test

COLUMNS = [
    "mixture", "utterance", "speaker", "speech_path", "samples", "noise", "noise_path",
    "noise_start", "noise_samples", "snr_db", "gain", "split", "noise_seen", "snr_seen",
]  # fmt: skip


def utterance_split(
    speech: pandas.DataFrame, seed: int, utterances: int = UTTERANCES
) -> dict[str, pandas.DataFrame]:
    """Which utterances train, validate and test: four disjoint roles from one permutation.

    The four teachers share one training part, and no utterance that validates the student is
    in it. In a pool too small for `utterances`, every part shrinks in proportion.

    Args:
        speech: records of a corpus, with columns id and split ("train" or "test").
        seed: of the permutation.
        utterances: size of a training set with its validation part.

    Returns:
        Records under "teacher train", "teacher valid", "student train", "student valid", "test".

    Raises:
        SnrlibError: no utterances to train or to test on.
    """
    rng = np.random.default_rng([seed, 1])
    pool = speech[speech["split"] == "train"].sort_values("id")
    pool = pool.iloc[rng.permutation(len(pool))]
    test = speech[speech["split"] == "test"].sort_values("id")
    test = test.iloc[rng.permutation(len(test))]
    # The student's validation utterances stand aside of the teachers' training part, which
    # takes a little more than one set: 970 utterances for sets of 950.
    size = min(utterances, len(pool))
    while size > 2 and size - round(size * TEACHER_VALID) + round(size * STUDENT_VALID) > len(pool):
        size -= 1
    teacher_valid = max(1, round(size * TEACHER_VALID))
    student_valid = max(1, round(size * STUDENT_VALID))
    if size < 3 or test.empty:
        raise SnrlibError(
            f"The speech has {len(pool)} training and {len(test)} test utterances; at least 3 and "
            "1 are needed: choose a larger corpus, or mark some of its files as test."
        )
    return {
        "teacher train": pool[student_valid : student_valid + size - teacher_valid],
        "teacher valid": pool[:teacher_valid],
        "student train": pool[student_valid:size],
        "student valid": pool[:student_valid],
        "test": test,
    }


def recipe(
    name: str,
    speech: pandas.DataFrame,
    noises: pandas.DataFrame,
    seed: int,
    utterances: int | None = None,
    noise_split: str = "parts",
    student_snrs: Sequence[float] = STUDENT_SNRS,
    shared_speakers: bool = True,
) -> pandas.DataFrame:
    """The table of mixtures of one of the paper's six sets; opens no audio.

    With 970 or more training and 100 test utterances: 18,000 + 1,000 rows for each teacher,
    22,000 + 1,750 for the student, 8,100 for the test (paper, section 2.1).

    Args:
        name: "T1" to "T4", "student" or "test".
        speech: records with columns id, speaker, path, samples, split.
        noises: records with columns id, path, samples and, if some are only for the test,
            seen (bool).
        seed: chooses utterances and noise offsets.
        utterances: how many at most; the paper's numbers by default.
        noise_split: "parts" gives the first 60 % of each noise to training and validation and
            the rest to the test; "shared" lets both use all of it, the leak of the authors'
            public script, for comparison.
        student_snrs: what the students train at (paper: -20, -10, 0, 10, 20 dB).
        shared_speakers: whether voices may be in training and test; said in the log where they
            are. Runs refuse them unless their profile allows it.

    Returns:
        A table with the columns `COLUMNS`; `noise_start` and `noise_samples` say which samples
        of the noise are read (looped where they are fewer than the utterance's `samples`), and
        `gain` is NaN until :func:`fill_gains` has read the audio.

    Raises:
        SnrlibError: an unknown set, no speech or noise to build it from, or a speaker who is in
            training and test where that is not allowed.
    """
    snrs = {**TEACHER_SNRS, "student": student_snrs, "test": TEST_SNRS}.get(name)
    if snrs is None:
        raise SnrlibError(f"There is no data set '{name}'; choose T1, T2, T3, T4, student or test.")
    if noise_split not in ("parts", "shared"):
        raise SnrlibError(f"noise_split is 'parts' or 'shared', not '{noise_split}'.")
    _mind_shared(speech, shared_speakers)
    seen = noises["seen"].to_numpy(bool) if "seen" in noises else np.ones(len(noises), bool)
    if name == "test":
        test = utterance_split(speech, seed)["test"][: utterances or TEST_UTTERANCES]
        parts = [("test", test)]
    else:
        roles = utterance_split(speech, seed, utterances or UTTERANCES)
        who = "student" if name == "student" else "teacher"
        parts = [(split, roles[f"{who} {split}"]) for split in ("train", "valid")]
        noises, seen = noises[seen], seen[seen]
    if noises.empty:
        raise SnrlibError(f"The data set '{name}' has no noise; name at least one seen noise.")

    tables = []
    for split, chosen in parts:
        u, n, s = (
            axis.ravel()
            for axis in np.meshgrid(
                np.arange(len(chosen)), np.arange(len(noises)), snrs, indexing="ij"
            )
        )
        length = chosen["samples"].to_numpy(np.int64)[u]
        first, last = np.array(
            [noise_region(samples, split, noise_split) for samples in noises["samples"]]
        ).T[:, n]
        # One stream of random numbers per set and split, so that no set depends on another.
        stream = [seed, 2, sum(name.encode()), len(split)]
        room = np.maximum(last - first - length, 0)
        start = first + np.floor(np.random.default_rng(stream).random(len(u)) * (room + 1))
        tables.append(
            pandas.DataFrame(
                {
                    "utterance": chosen["id"].to_numpy()[u],
                    "speaker": chosen["speaker"].to_numpy()[u],
                    "speech_path": chosen["path"].to_numpy()[u],
                    "samples": length,
                    "noise": noises["id"].to_numpy()[n],
                    "noise_path": noises["path"].to_numpy()[n],
                    "noise_start": start.astype(np.int64),
                    "noise_samples": np.minimum(length, last - first),
                    "snr_db": s.astype(np.float64),
                    "gain": np.nan,
                    "split": split,
                    "noise_seen": np.where(seen[n], "seen", "unseen"),
                    "snr_seen": np.where(np.isin(s, student_snrs), "seen", "unseen"),
                }
            )
        )
    table = pandas.concat(tables, ignore_index=True)
    table.insert(0, "mixture", [f"{name}-{i:05d}" for i in range(len(table))])
    return table[COLUMNS]


def noise_region(samples: int, split: str, noise_split: str = "parts") -> tuple[int, int]:
    """The samples of a noise that a split may use: (first, end)."""
    cut = int(samples * NOISE_TRAIN_FRACTION)
    if noise_split == "shared":
        return 0, int(samples)
    return (cut, int(samples)) if split == "test" else (0, cut)


def speakers_shared(speech: pandas.DataFrame) -> list[str]:
    """The speakers who are heard both in training and in the test."""
    if "speaker" not in speech:
        return []
    named = speech[speech["speaker"].astype(str) != ""]
    train = set(named.loc[named["split"] == "train", "speaker"])
    return sorted(train & set(named.loc[named["split"] == "test", "speaker"]))


def _mind_shared(speech: pandas.DataFrame, allowed: bool) -> None:
    both = speakers_shared(speech)
    if both and allowed:
        log.info("Training and test share %d of their voices.", len(both))
    elif both:
        more = f" and {len(both) - 3:,} others" if len(both) > 3 else ""
        raise SnrlibError(
            f"Training and test share a voice ({', '.join(map(str, both[:3]))}{more}), so the test "
            "would say nothing of new ones; see `snrlib data check`, name the speakers with "
            "`snrlib data add folder PATH --speaker PATTERN`, or allow it: shared_speakers = true "
            "under [data] of a profile of your own."
        )


def fingerprint(table: pandas.DataFrame) -> str:
    """A checksum of a recipe's mixtures, equal on every machine: paths do not count."""
    return checksum(tables.text(table.drop(columns=["speech_path", "noise_path"])))


def rotated(recipe: pd.DataFrame, noises: int) -> pd.DataFrame:
    """A smaller test set: each utterance meets only `noises` of the noises, at every SNR.

    They are spread over the list of noises (seen ones stand first), and go round from utterance
    to utterance, so that all noises stay in the set and as many speakers as in the whole:
    intervals over utterances need speakers more than mixtures.

    Args:
        recipe: a recipe of all utterances with all noises at all SNRs.
        noises: per utterance; 0 for all.
    """
    utterance = pd.factorize(recipe["utterance"])[0]
    noise, names = pd.factorize(recipe["noise"])
    if not noises or noises >= len(names):
        return recipe
    spread = [i * len(names) // noises for i in range(noises)]
    kept = np.isin((noise - utterance) % len(names), spread)
    return recipe[kept].reset_index(drop=True)
