"""The paper's six data sets as tables of mixtures, and crops of them as tensors.

A recipe is a table with one row per mixture: which utterance, which noise, from which sample
on, at which SNR, how loud. Building it opens no audio; the same seed gives the same table; and
the table is enough to write every mixture to disk bit for bit. Training never does that:
:class:`Crops` mixes on the training device, in vectorised code.

Notebook: 01_data_construction.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas
import torch
from torch import Tensor

from snrlib import audio, mixing
from snrlib.support import devices
from snrlib.datasets.bank import Bank, FULL_SCALE
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum
from snrlib.teachers import TEACHER_SNRS

STUDENT_SNRS = (-20, -10, 0, 10, 20)
TEST_SNRS = (-20, -15, -10, -5, 0, 5, 10, 15, 20)
UTTERANCES = 950  # per training set (paper, section 2.1)
TEST_UTTERANCES = 100
TEACHER_VALID = 50 / 950  # 50 x 5 noises x 4 SNRs = 1,000 validation rows
STUDENT_VALID = 70 / 950  # 70 x 5 noises x 5 SNRs = 1,750
NOISE_TRAIN_FRACTION = 0.6  # of every noise, from its start; the rest is for the test
CROP = 16_384  # samples: 1.024 s (paper, section 2.2)
_PIECE = 1 << 22  # samples read at once: a recording of hours needs no more memory than minutes

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

    Returns:
        A table with the columns `COLUMNS`; `noise_start` and `noise_samples` say which samples
        of the noise are read (looped where they are fewer than the utterance's `samples`), and
        `gain` is NaN until :func:`fill_gains` has read the audio.

    Raises:
        SnrlibError: an unknown set, or no speech or noise to build it from.
    """
    snrs = {**TEACHER_SNRS, "student": STUDENT_SNRS, "test": TEST_SNRS}.get(name)
    if snrs is None:
        raise SnrlibError(f"There is no data set '{name}'; choose T1, T2, T3, T4, student or test.")
    if noise_split not in ("parts", "shared"):
        raise SnrlibError(f"noise_split is 'parts' or 'shared', not '{noise_split}'.")
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
        total = noises["samples"].to_numpy(np.int64)[n]
        cut = (total * NOISE_TRAIN_FRACTION).astype(np.int64)
        first = cut if split == "test" else np.zeros_like(cut)
        last = total if split == "test" else cut
        if noise_split == "shared":
            first, last = np.zeros_like(total), total
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
                    "snr_seen": np.where(np.isin(s, STUDENT_SNRS), "seen", "unseen"),
                }
            )
        )
    table = pandas.concat(tables, ignore_index=True)
    table.insert(0, "mixture", [f"{name}-{i:05d}" for i in range(len(table))])
    return table[COLUMNS]


def fingerprint(table: pandas.DataFrame) -> str:
    """A checksum of a recipe's mixtures, equal on every machine: paths do not count."""
    return checksum(table.drop(columns=["speech_path", "noise_path"]).to_csv(index=False))


def mixture(row: Mapping[str, Any] | Any, bank: Bank | None = None) -> mixing.Mixture:
    """The mixture of one recipe row, from its two files or from a bank that holds them.

    Args:
        row: a row of a recipe (Series, dictionary or named tuple).
        bank: spares opening, decoding and resampling the files again.

    Raises:
        AudioError: a file that cannot be read, or a silent signal.
    """
    row = row._asdict() if hasattr(row, "_asdict") else row
    start, kept = int(row["noise_start"]), int(row["noise_samples"])
    if bank is None:
        speech = audio.read(row["speech_path"])
        noise = audio.read(row["noise_path"], start, kept)
    else:
        speech = bank[row["speech_path"]]
        noise = bank.part(row["noise_path"], start, kept)
    if np.isfinite(row["gain"]):
        noise = mixing.loop(noise, len(speech))
        return mixing.apply_gain(speech, noise, float(row["gain"]), float(row["snr_db"]))
    return mixing.mix(speech, noise, float(row["snr_db"]))


def fill_gains(table: pandas.DataFrame, bank: Bank) -> pandas.DataFrame:
    """The recipe with its gains, from the audio in `bank` (which holds speech and noises).

    Raises:
        SnrlibError: an utterance or a part of a noise is silent.
    """
    speech_energy = {path: _energy(bank, path) for path in table["speech_path"].unique()}
    gains = np.empty(len(table))
    for noise_path, rows in table.groupby("noise_path", sort=False).indices.items():
        part = table.iloc[rows]
        start, kept = part["noise_start"].to_numpy(), part["noise_samples"].to_numpy()
        noise_energy = _part_energies(bank, str(noise_path), start, start + kept)
        length = part["samples"].to_numpy()
        for (begin, count), members in _looped(start, kept, length).items():
            piece = bank.part(str(noise_path), begin, count)
            again = mixing.loop(piece, int(length[members].max())).astype(np.float64)
            noise_energy[members] = np.cumsum(again**2)[length[members] - 1]
        energies = part["speech_path"].map(speech_energy).to_numpy()
        silent = ~((energies > 0) & (noise_energy > 0))
        if silent.any():
            row = part.iloc[int(np.argmax(silent))]
            which = row["speech_path"] if not energies[np.argmax(silent)] > 0 else noise_path
            raise SnrlibError(
                f"{which} is silent where mixture {row['mixture']} needs it, so no SNR can be "
                "given; remove the file from the corpus."
            )
        gains[rows] = np.sqrt(energies / noise_energy) * 10 ** (-part["snr_db"].to_numpy() / 20)
    return table.assign(gain=gains)


def _energy(bank: Bank, path: str) -> float:
    """The energy of a whole recording."""
    samples = bank.begins[path][1]
    pieces = (
        bank.part(path, begin, min(_PIECE, samples - begin)) for begin in range(0, samples, _PIECE)
    )
    return sum(map(mixing.energy, pieces))


def _part_energies(bank: Bank, path: str, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The energy of a recording between each `start` and `stop`, (parts,)."""
    # Differences of the running sum of squares, kept only where a part starts or stops.
    edges = np.unique(np.concatenate([start, stop]))
    running, total = np.zeros(len(edges)), 0.0
    for begin in range(0, int(edges[-1]), _PIECE):
        samples = min(_PIECE, int(edges[-1]) - begin)
        squares = bank.part(path, begin, samples).astype(np.float64) ** 2
        squares[0] += total
        sums = np.cumsum(squares)
        here = (edges > begin) & (edges <= begin + samples)
        running[here] = sums[edges[here] - begin - 1]
        total = sums[-1]
    return running[np.searchsorted(edges, stop)] - running[np.searchsorted(edges, start)]


def _looped(
    start: np.ndarray, kept: np.ndarray, length: np.ndarray
) -> dict[tuple[int, int], np.ndarray]:
    """Rows whose noise is shorter than their speech, grouped by the part that is looped."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i in np.flatnonzero(kept < length):
        groups.setdefault((int(start[i]), int(kept[i])), []).append(int(i))
    return {part: np.array(members) for part, members in groups.items()}


class Crops:
    """Training examples of one recipe: mixed, cut and scaled on the training device.

    The stream of batches is a function of (seed, step) alone, whatever the device: a training
    that was killed continues with the very next batch. Every row of the recipe comes once per
    epoch, each time with a new random position (paper, section 2.2).

    Args:
        table: a recipe, with gains filled.
        bank: holds its speech and noises.
        batch: rows per batch.
        seed: of order and positions.
        level_rms: RMS that every mixture is scaled to, and its clean speech with it; None
            leaves levels as they are.
        level_over: measure the mixture's level over the "crop" or the whole "utterance".
        samples: length of a crop; shorter utterances are zero-padded at the end.
        device: where tensors live.
    """

    def __init__(
        self,
        table: pandas.DataFrame,
        bank: Bank,
        batch: int = 16,
        seed: int = 0,
        level_rms: float | None = 0.1,
        level_over: str = "crop",
        samples: int = CROP,
        device: torch.device | str = "cpu",
    ) -> None:
        if table.empty:
            raise SnrlibError("A training needs at least one mixture; the recipe has no rows.")
        if table["gain"].isna().any():
            raise SnrlibError("The recipe has no gains yet; call datasets.fill_gains first.")
        self.table, self.batch, self.seed, self.samples = table, batch, seed, samples
        self.level_rms, self.level_over, self.device = level_rms, level_over, torch.device(device)
        begin = table["speech_path"].map(lambda path: bank.begins[path][0]).to_numpy(np.int64)
        length = table["samples"].to_numpy(np.int64)
        noise, noise_begin = self._noises(table, bank, length, samples)
        # Short utterances are read on past their end, and that part is silenced.
        self._short = bool((length < samples).any())
        # The CPU reads crops from the bank; another device gets all of it once.
        self._bank = bank
        self._speech = None if self.device.type == "cpu" else self._sent(bank, samples)
        self._noise = torch.from_numpy(noise).to(self.device)

        def column(values: np.ndarray, dtype: torch.dtype) -> Tensor:
            return torch.as_tensor(np.array(values), dtype=dtype, device=self.device)

        self._begin, self._length = column(begin, torch.int64), column(length, torch.int64)
        self._noise_begin = column(noise_begin, torch.int64)
        self._gain = column(table["gain"].to_numpy(), torch.float32)
        # Stays here: it chooses the teacher, and asking a GPU for it would wait for the GPU.
        self._snr_db = torch.as_tensor(table["snr_db"].to_numpy(np.float32))
        self._within = torch.arange(samples, device=self.device)
        self._order: tuple[int, Tensor] | None = None
        self.share(0, 1)
        if level_over == "utterance":
            # Speech and noise are independent: the power of their sum is the sum of powers.
            energies = {path: _energy(bank, path) for path in table["speech_path"].unique()}
            power = table["speech_path"].map(energies).to_numpy() / length
            ratio = 1 + 10 ** (-table["snr_db"].to_numpy() / 10)
            self._utterance_rms = column(np.sqrt(power * ratio), torch.float32)
        elif level_over != "crop":
            raise SnrlibError(f"level_over is 'crop' or 'utterance', not '{level_over}'.")

    @staticmethod
    def _noises(
        table: pandas.DataFrame, bank: Bank, length: np.ndarray, samples: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The noises of the recipe as one int16 array, and where each row's noise begins in it.

        Noises that must be looped are laid out once more at full length behind the others:
        every row is then one plain read.
        """
        pieces, begins, used = [], np.zeros(len(table), np.int64), 0
        for path, rows in table.groupby("noise_path", sort=False).indices.items():
            begin, count = bank.begins[str(path)]
            recording = bank.stretches([begin], count)[0]
            start = table["noise_start"].to_numpy(np.int64)[rows]
            kept = table["noise_samples"].to_numpy(np.int64)[rows]
            pieces.append(recording)
            begins[rows] = used + start
            used += count
            for (first, kept_here), members in _looped(start, kept, length[rows]).items():
                piece = recording[first : first + kept_here].astype(np.float32)
                again = np.rint(mixing.loop(piece, int(length[rows][members].max())))
                pieces.append(again.astype(np.int16))
                begins[rows[members]] = used
                used += len(again)
        pieces.append(np.zeros(samples, np.int16))
        return np.concatenate(pieces), begins

    def _sent(self, bank: Bank, samples: int) -> Tensor:
        """The whole bank on the training device, with silence behind it: int16."""
        total = len(bank.samples)
        speech = torch.zeros(total + samples, dtype=torch.int16, device=self.device)
        for begin in range(0, total, _PIECE):
            piece = bank.stretches([begin], min(_PIECE, total - begin))[0]
            speech[begin : begin + len(piece)] = torch.from_numpy(piece)
        return speech

    def __len__(self) -> int:
        """Rows of the recipe: the examples of one epoch."""
        return len(self.table)

    def share(self, rank: int, processes: int) -> None:
        """Makes this process take every `processes`-th row of each batch, from `rank` on."""
        self._mine = slice(rank, None, processes)

    def epoch(self, step: int) -> float:
        """How often the recipe has been seen after `step` batches."""
        return step * self.batch / len(self)

    def rows(self, step: int) -> Tensor:
        """Which rows of the recipe form the batch of `step`: (batch,)."""
        positions = np.arange(step * self.batch, (step + 1) * self.batch)
        epochs = positions // len(self)
        order = {int(e): self._permutation(int(e)) for e in np.unique(epochs)}
        return torch.cat([o[positions[epochs == e] % len(self)] for e, o in order.items()])

    def _permutation(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            shuffle = np.random.default_rng([self.seed, 3, epoch]).permutation(len(self))
            self._order = (epoch, torch.from_numpy(shuffle))
        return self._order[1]

    def batch_at(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """The batch of `step`: (noisy, clean, snr_db), shaped (batch, samples) twice, (batch,)."""
        # Drawn on the CPU in every case, so that all devices see the same crops.
        where = np.random.default_rng([self.seed, 4, step]).random(self.batch, dtype=np.float64)
        return self.cut(self.rows(step)[self._mine], torch.from_numpy(where)[self._mine])

    def fixed(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """`count` rows spread over the recipe, each cut from its middle: for validation."""
        rows = torch.linspace(0, len(self) - 1, min(count, len(self)), dtype=torch.float64).round()
        return self.cut(rows.long(), torch.full((len(rows),), 0.5, dtype=torch.float64))

    def cut(self, rows: Tensor, where: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Crops of the given rows, each starting at the fraction `where` of what it can.

        The audio is on the training device, `snr_db` on the CPU.
        """
        snr_db = self._snr_db[rows]
        rows, where = devices.send(rows, self.device), devices.send(where, self.device)
        length = self._length[rows]
        room = (length - self.samples + 1).clamp(min=1)
        start = (where * room).long()
        clean = self._speech_from(self._begin[rows] + start)
        noise = self._read(self._noise, self._noise_begin[rows] + start)
        gain = self._gain[rows][:, None]
        if self._short:
            inside = self._within < length[:, None]
            clean, gain = clean * inside, gain * inside
        noisy = clean + noise * gain
        if self.level_rms is not None:
            factor = self.level_rms / self._level(noisy, rows).clamp(min=1e-5)
            noisy, clean = noisy * factor[:, None], clean * factor[:, None]
        return noisy, clean, snr_db

    def _speech_from(self, first: Tensor) -> Tensor:
        """`samples` of the speech from each `first` on: float32 (batch, samples)."""
        if self._speech is not None:
            return self._read(self._speech, first)
        found = self._bank.stretches(first.numpy(), self.samples)
        return torch.from_numpy(found).float().div_(FULL_SCALE)

    def _read(self, signal: Tensor, first: Tensor) -> Tensor:
        """`samples` of a flat int16 signal from each `first` on: float32 (batch, samples)."""
        # Rows of a view that holds every window: whole stretches are copied, sample by sample
        # indexing would take fifteen times as long.
        windows = signal.unfold(0, self.samples, 1)
        return windows.index_select(0, first).float().div_(FULL_SCALE)

    def _level(self, noisy: Tensor, rows: Tensor) -> Tensor:
        """RMS of each row's mixture, (batch,)."""
        if self.level_over == "utterance":
            return self._utterance_rms[rows]
        return noisy.square().mean(dim=-1).sqrt()
