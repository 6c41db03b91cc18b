"""A recipe row -> its sound: mixtures out of files or a bank, and the gains that they need.

Notebook: 01_data_construction.
"""

import logging
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas

from snrlib import audio, mixing
from snrlib.datasets.bank import Bank
from snrlib.datasets.recipes import noise_region
from snrlib.support.errors import SnrlibError

log = logging.getLogger("snrlib")

GAP = 1e-6  # of a noise's mean power (-60 dB): a part with less is a gap
HOP = 1_600  # samples between the places tried instead
PIECE = 1 << 22  # samples read at once: a recording of hours needs no more memory than minutes


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
        speech = audio.read(row["speech_path"]) - np.float32(row.get("speech_offset", 0))
        noise = audio.read(row["noise_path"], start, kept)
        noise = noise - np.float32(row.get("noise_offset", 0))
    else:
        speech = bank[row["speech_path"]]
        noise = bank.part(row["noise_path"], start, kept)
    if np.isfinite(row["gain"]):
        noise = mixing.loop(noise, len(speech))
        return mixing.apply_gain(speech, noise, float(row["gain"]), float(row["snr_db"]))
    return mixing.mix(speech, noise, float(row["snr_db"]))


def fill_gains(table: pandas.DataFrame, bank: Bank, noise_split: str = "parts") -> pandas.DataFrame:
    """The recipe with its gains, from the audio in `bank` (which holds speech and noises).

    A row whose part of the noise is silent gets another part, drawn from the row's own seed out
    of those that are not. Where the bank has taken offsets out of recordings, the columns
    `speech_offset` and `noise_offset` say by how much, so that the recipe remains enough to
    write its mixtures.

    Args:
        table: a recipe.
        bank: holds its speech and noises.
        noise_split: as the recipe was made with: where another part may be looked for.

    Raises:
        SnrlibError: an utterance is silent, or all of a noise that may be used.
    """
    table = _audible_parts(table, bank, noise_split)
    speech_energy = {path: recording_energy(bank, path) for path in table["speech_path"].unique()}
    gains = np.empty(len(table))
    for noise_path, rows in table.groupby("noise_path", sort=False).indices.items():
        part = table.iloc[rows]
        start, kept = part["noise_start"].to_numpy(), part["noise_samples"].to_numpy()
        noise_energy = _part_energies(bank, str(noise_path), start, start + kept)
        length = part["samples"].to_numpy()
        for (begin, count), members in looped_rows(start, kept, length).items():
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
    table = table.assign(gain=gains)
    if bank.offsets:
        table["speech_offset"] = table["speech_path"].map(bank.offsets).fillna(0.0)
        table["noise_offset"] = table["noise_path"].map(bank.offsets).fillna(0.0)
    return table


def _audible_parts(table: pandas.DataFrame, bank: Bank, noise_split: str) -> pandas.DataFrame:
    """The recipe with other noise parts where the ones drawn are silent."""
    starts = table["noise_start"].to_numpy(np.int64).copy()
    for path, rows in table.groupby("noise_path", sort=False).indices.items():
        kept = table["noise_samples"].to_numpy(np.int64)[rows]
        begin, end = starts[rows], starts[rows] + kept
        power = recording_energy(bank, str(path)) / max(1, bank.begins[str(path)][1])
        silent = _part_energies(bank, str(path), begin, end) <= GAP * power * kept
        for row in rows[silent]:
            starts[row] = _another_part(table.iloc[row], bank, noise_split, power)
    moved = int((starts != table["noise_start"].to_numpy()).sum())
    if not moved:
        return table
    log.info(
        "%d of %d mixtures fell into a gap of their noise and got another part of it.",
        moved,
        len(table),
    )
    return table.assign(noise_start=starts)


def _another_part(row: pandas.Series, bank: Bank, noise_split: str, power: float) -> int:
    """Where a row's noise may start instead, so that something is heard in it."""
    path, kept = str(row["noise_path"]), int(row["noise_samples"])
    total = bank.begins[path][1]
    first, last = noise_region(total, str(row["split"]), noise_split)
    room = last - first - kept
    step = max(1, min(HOP, room // 1000))
    candidates = np.arange(first, first + max(room, 0) + 1, step)
    energies = _part_energies(bank, path, candidates, candidates + kept)
    # Half of the usual power, so that a gap is not merely touched; less where there is no more.
    for share in (0.5, 0.05, GAP):
        audible = candidates[energies > share * power * kept]
        if len(audible):
            seed = zlib.crc32(f"{row['mixture']} {row['noise_start']}".encode())
            return int(audible[np.random.default_rng(seed).integers(len(audible))])
    part = "its training part (the first 60 %)" if first == 0 and last < total else "its test part"
    raise SnrlibError(
        f"{path} is silent throughout {'' if noise_split == 'shared' else part}, which mixture "
        f"{row['mixture']} needs, so no SNR can be given; remove the file from the corpus."
    )


def recording_energy(bank: Bank, path: str) -> float:
    """The energy of a whole recording."""
    samples = bank.begins[path][1]
    pieces = (
        bank.part(path, begin, min(PIECE, samples - begin)) for begin in range(0, samples, PIECE)
    )
    return sum(map(mixing.energy, pieces))


def _part_energies(bank: Bank, path: str, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The energy of a recording between each `start` and `stop`, (parts,)."""
    # Differences of the running sum of squares, kept only where a part starts or stops.
    edges = np.unique(np.concatenate([start, stop]))
    running, total = np.zeros(len(edges)), 0.0
    for begin in range(0, int(edges[-1]), PIECE):
        samples = min(PIECE, int(edges[-1]) - begin)
        squares = bank.part(path, begin, samples).astype(np.float64) ** 2
        squares[0] += total
        sums = np.cumsum(squares)
        here = (edges > begin) & (edges <= begin + samples)
        running[here] = sums[edges[here] - begin - 1]
        total = sums[-1]
    return running[np.searchsorted(edges, stop)] - running[np.searchsorted(edges, start)]


def looped_rows(
    start: np.ndarray, kept: np.ndarray, length: np.ndarray
) -> dict[tuple[int, int], np.ndarray]:
    """Rows whose noise is shorter than their speech, grouped by the part that is looped."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i in np.flatnonzero(kept < length):
        groups.setdefault((int(start[i]), int(kept[i])), []).append(int(i))
    return {part: np.array(members) for part, members in groups.items()}
