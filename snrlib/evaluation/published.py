"""The paper's printed tables as data, its headline numbers recomputed, and what is odd in them.

Hao, Su, Wang, Zhang, Xu, Gao: "SNR-based teachers-student technique for speech enhancement",
Tables 1 to 3. The frames have the columns of our own scores (`pesq_raw`, `stoi`, `snr_db`,
...), so that :mod:`snrlib.evaluation.tables` and :mod:`snrlib.plots` take both. A printed number
never stands without the word "printed" beside it: data, training and even the PESQ program differ.

Notebook: 08_results.
"""

from importlib.resources import files

import pandas as pd

from snrlib.evaluation import tables
from snrlib.support.tables import read

CITATION = (
    "X. Hao, X. Su, Z. Wang, Q. Zhang, H. Xu, G. Gao, "
    '"SNR-based teachers-student technique for speech enhancement", ICME 2020'
)

# Section 3.1 and 3.3 of the paper's text.
HEADLINES = {
    ("S2 over noisy", "pesq_raw"): 38.71,
    ("S2 over noisy", "stoi"): 12.73,
    ("S2 over crn", "pesq_raw"): 0.143,
    ("S2 over crn", "stoi"): 0.021,
}
METRICS = {"pesq_raw": "PESQ", "stoi": "STOI"}


def table1() -> pd.DataFrame:
    """Table 1: noisy and S2 at each noise and SNR (162 rows).

    Returns:
        Columns `system, noise, noise_seen, snr_db, snr_seen, pesq_raw, stoi`; the two columns
        about seeing hold "seen" or "unseen".
    """
    table = _read("table1")
    # "Enhanced" is the paper's proposed method, S2.
    table["system"] = table["system"].replace("enhanced", "S2")
    return table[["system", "noise", "noise_seen", "snr_db", "snr_seen", "pesq_raw", "stoi"]]


def table2() -> pd.DataFrame:
    """Table 2: noisy, the teachers in their ranges, S1 and S2 at each SNR (39 rows).

    Returns:
        Columns `system, snr_db, pesq_raw, stoi`.
    """
    return _read("table2")


def table3() -> pd.DataFrame:
    """Table 3: noisy, the three baselines and S2 over the whole test set.

    Returns:
        Columns `system, pesq_raw, stoi`; systems are called as in the kit.
    """
    table = _read("table3")
    table["system"] = table["system"].replace("wavenet_denoising", "wavenet")
    return table


def headlines() -> pd.DataFrame:
    """The numbers in the paper's text beside the same numbers computed from Table 3.

    The percentages turn out to be ratios of means over the whole test set; averaging the
    gains of single SNRs instead would give far more (see :mod:`snrlib.evaluation.oddities`).

    Returns:
        Columns `claim, metric, printed, recomputed, unit`.
    """
    table = tables.headlines(table3()).rename(columns={"value": "recomputed"})
    printed = [
        HEADLINES[claim, metric]
        for claim, metric in zip(table["claim"], table["metric"], strict=True)
    ]
    table.insert(2, "printed", printed)
    return table


def _read(name: str) -> pd.DataFrame:
    source = files("snrlib") / "assets" / "published" / f"{name}.csv"
    with source.open("rb") as file:
        # The paper says "PESQ"; values down to 0.411 can only be raw P.862 scores.
        return read(file).rename(columns={"pesq": "pesq_raw"})
