"""The paper's six data sets: tables that open no audio, then sound, then batches.

A recipe is a table with one row per mixture: which utterance, which noise, from which sample on,
at which SNR, how loud (:mod:`~snrlib.datasets.recipes`). A row becomes sound in
:mod:`~snrlib.datasets.mixtures`, out of files or out of a bank (:mod:`~snrlib.datasets.bank`),
and batches of crops in :mod:`~snrlib.datasets.crops`.

Notebook: 01_data_construction.
"""

from snrlib.datasets.crops import CROP, Crops
from snrlib.datasets.mixtures import fill_gains, mixture
from snrlib.datasets.recipes import (
    COLUMNS,
    NOISE_TRAIN_FRACTION,
    STUDENT_SNRS,
    TEST_SNRS,
    fingerprint,
    recipe,
    rotated,
    utterance_split,
)

__all__ = [
    "COLUMNS",
    "CROP",
    "NOISE_TRAIN_FRACTION",
    "STUDENT_SNRS",
    "TEST_SNRS",
    "Crops",
    "fill_gains",
    "fingerprint",
    "mixture",
    "recipe",
    "rotated",
    "utterance_split",
]
