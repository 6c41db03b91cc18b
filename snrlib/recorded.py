"""Measurements that take too long to repeat in a notebook, with the conditions they were made in.

A recorded number is shown as recorded: its data, budget and machine stand beside it, and it is
never mixed with the numbers of a run.

Notebook: 04_teacher_training.
"""

from importlib.resources import files

import pandas as pd

SNRS = (-20, -15, -10, -5, 0, 5, 10, 15, 20)


def level() -> pd.DataFrame:
    """SI-SDR in dB of short trainings that differ in input level, row weights and start.

    Returns:
        One row per training (and per noisy input): `series`, `form`, what it was trained with,
        SI-SDR at each SNR of the test (integer columns, NaN where not measured), and the
        conditions `speech, noise, test, machine`.
    """
    source = files("snrlib") / "assets" / "recorded" / "level.csv"
    with source.open(encoding="utf-8") as file:
        return pd.read_csv(file).rename(columns={str(snr): snr for snr in SNRS})
