"""Crops of a recipe's mixtures as tensors, mixed on the training device in vectorised code.

Nothing is rendered beforehand and no worker process is needed: a batch is a function of the seed
and the step.

Notebook: 01_data_construction.
"""

import numpy as np
import pandas
import torch
from torch import Tensor

from snrlib import mixing
from snrlib.datasets.bank import FULL_SCALE, Bank
from snrlib.datasets.mixtures import PIECE, looped_rows, recording_energy
from snrlib.support import devices
from snrlib.support.errors import SnrlibError

CROP = 16_384  # samples: 1.024 s (paper, section 2.2)


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
        noise, noise_begin, noise_scale = self._noises(table, bank, length, samples)
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
        # Scales are powers of two: ordinary recordings have 1, and lose nothing.
        self._gain = column(table["gain"].to_numpy() * noise_scale, torch.float32)
        scale = table["speech_path"].map(bank.scale).to_numpy(np.float64)
        self._scale = column(scale, torch.float32) if (scale != 1).any() else None
        # Stays here: it chooses the teacher, and asking a GPU for it would wait for the GPU.
        self._snr_db = torch.as_tensor(table["snr_db"].to_numpy(np.float32))
        self._within = torch.arange(samples, device=self.device)
        self._order: tuple[int, Tensor] | None = None
        self.share(0, 1)
        if level_over == "utterance":
            # Speech and noise are independent: the power of their sum is the sum of powers.
            energies = {
                path: recording_energy(bank, path) for path in table["speech_path"].unique()
            }
            power = table["speech_path"].map(energies).to_numpy() / length
            ratio = 1 + 10 ** (-table["snr_db"].to_numpy() / 10)
            self._utterance_rms = column(np.sqrt(power * ratio), torch.float32)
        elif level_over != "crop":
            raise SnrlibError(f"level_over is 'crop' or 'utterance', not '{level_over}'.")

    @staticmethod
    def _noises(
        table: pandas.DataFrame, bank: Bank, length: np.ndarray, samples: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The noises of the recipe as one int16 array, where each row's noise begins, its scale.

        Noises that must be looped are laid out once more at full length behind the others:
        every row is then one plain read.
        """
        pieces, begins, used = [], np.zeros(len(table), np.int64), 0
        scales = np.ones(len(table))
        for path, rows in table.groupby("noise_path", sort=False).indices.items():
            begin, count = bank.begins[str(path)]
            recording = bank.stretches([begin], count)[0]
            start = table["noise_start"].to_numpy(np.int64)[rows]
            kept = table["noise_samples"].to_numpy(np.int64)[rows]
            pieces.append(recording)
            begins[rows] = used + start
            scales[rows] = bank.scale(str(path))
            used += count
            for (first, kept_here), members in looped_rows(start, kept, length[rows]).items():
                piece = recording[first : first + kept_here].astype(np.float32)
                again = mixing.loop(piece, int(length[rows][members].max()))
                if np.abs(again).max() > FULL_SCALE - 1:  # end and start add up where they fade
                    again = again / 2
                    scales[rows[members]] *= 2
                pieces.append(np.rint(again).astype(np.int16))
                begins[rows[members]] = used
                used += len(again)
        pieces.append(np.zeros(samples, np.int16))
        return np.concatenate(pieces), begins, scales

    def _sent(self, bank: Bank, samples: int) -> Tensor:
        """The whole bank on the training device, with silence behind it: int16."""
        total = len(bank.samples)
        speech = torch.zeros(total + samples, dtype=torch.int16, device=self.device)
        for begin in range(0, total, PIECE):
            piece = bank.stretches([begin], min(PIECE, total - begin))[0]
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
        if self._scale is not None:
            clean = clean * self._scale[rows][:, None]
        noise = self._read(self._noise, self._noise_begin[rows] + start)
        gain = self._gain[rows][:, None]
        if self._short:
            inside = self._within < length[:, None]
            clean, gain = clean * inside, gain * inside
        noisy = clean + noise * gain
        if self.level_rms is not None:
            floor = 1e-5 if self._scale is None else 1e-5 * self._scale[rows].clamp(max=1)
            factor = self.level_rms / self._level(noisy, rows).clamp(min=floor)
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
