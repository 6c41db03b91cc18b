"""What a careful reader notices in the paper's printed tables, computed from them.

Notebook: 08_results.
"""

import pandas as pd

from snrlib.evaluation.published import HEADLINES, METRICS, table1, table2, table3
from snrlib.support.text import with_minus_signs
from snrlib.teachers import assign


def oddities() -> pd.DataFrame:
    """What a careful reader notices in the printed tables, each with its numbers.

    Everything is computed from the tables; nothing here accuses anyone: rounding, other test
    sets per table and slips of the pen explain such things as well.

    Returns:
        Columns `table`, `oddity`, `evidence`.
    """
    by_snr = {
        name: table2().pivot(index="snr_db", columns="system", values=name) for name in METRICS
    }
    pesq, intelligibility = by_snr["pesq_raw"], by_snr["stoi"]
    first, third = table1(), table3().set_index("system")
    routed = pd.Series(assign(pesq.index), index=pesq.index)
    teachers = sorted(set(routed))
    rows: list[tuple[str, str, str]] = []

    t4 = intelligibility["T4"].dropna()
    others = intelligibility.drop(columns="T4").max(axis=1)[t4.index]
    rows.append(
        (
            "Table 2",
            "T4's STOI fits no other row, while its PESQ does.",
            f"T4 {_list(t4)} at {_snrs(t4.index)}; best of all others {_list(others)}.",
        )
    )

    columns = first.groupby(["system", "snr_db"])[list(METRICS)].mean()
    printed = table2().set_index(["system", "snr_db"])[list(METRICS)]
    apart = (columns - printed).abs().max().max()
    rows.append(
        (
            "Tables 1, 2",
            "The means of Table 1's columns are not Table 2's rows.",
            f"They differ by up to {apart:.3f}; rounding explains 0.001.",
        )
    )

    below = intelligibility.index[intelligibility["S1"] < intelligibility["noisy"]]
    rows.append(
        (
            "Table 2",
            "S1 makes the most noisy speech less intelligible than leaving it alone.",
            f"STOI at {_snrs(below)}: S1 {_list(intelligibility['S1'][below])}, "
            f"noisy {_list(intelligibility['noisy'][below])}.",
        )
    )

    own = pd.Series({snr: pesq.loc[snr, name] for snr, name in routed.items()})
    trained = pd.Index([-20, -10, 0, 10, 20])
    ahead = [snr for snr in trained if pesq.loc[snr, "S2"] > own[snr]]
    rows.append(
        (
            "Table 2",
            "The student beats the teacher that supervised it, in PESQ.",
            f"At {_snrs(ahead)}: S2 {_list(pesq['S2'][ahead])}, its teacher {_list(own[ahead])}.",
        )
    )

    for snr, name in routed.items():
        rivals = pesq.loc[snr, teachers].dropna()
        # 0.001 apart is a tie among rounded numbers.
        if snr in trained and rivals.max() > rivals[name] + 0.0015:
            best = str(rivals.idxmax())
            rows.append(
                (
                    "Table 2",
                    f"At {snr} dB the nominal teacher {name} is worse than {best}, in PESQ.",
                    f"{name} {rivals[name]:.3f}, {best} {rivals[best]:.3f}.",
                )
            )

    means = pesq[["S1", "S2"]].mean()
    best_teacher = pesq[teachers].max(axis=1).mean()
    share = (means["S2"] - means["S1"]) / (own.mean() - means["S1"])
    rows.append(
        (
            "Table 2",
            "S2 stands between S1 and its teachers, in PESQ averaged over the SNRs.",
            f"S1 {means['S1']:.3f}, S2 {means['S2']:.3f}, the teachers that supervise "
            f"{own.mean():.3f}, the best teacher at each SNR {best_teacher:.3f}: "
            f"S2 goes {100 * share:.0f} % of the way from S1 to its teachers.",
        )
    )

    gap = {name: (table["S2"] - table["S1"]) for name, table in by_snr.items()}
    rows.append(
        (
            "Table 2",
            'The text calls S2 "far better than the S1 at all SNRs".',
            "Smallest gaps: "
            + ", ".join(
                f"{METRICS[name]} {values.min():+.3f} at {values.idxmin()} dB"
                for name, values in gap.items()
            )
            + "; no intervals are printed.",
        )
    )

    fall = pesq["noisy"].diff().dropna()
    rows.append(
        (
            "Table 2",
            "Raw PESQ falls although the SNR rises: below -10 dB its time alignment fails.",
            "; ".join(
                f"noisy at {snr - 5} dB {pesq.loc[snr - 5, 'noisy']:.3f}, "
                f"at {snr} dB {pesq.loc[snr, 'noisy']:.3f}"
                for snr in fall.index[fall < 0]
            )
            + ".",
        )
    )

    noises = first.groupby(["noise_seen", "system"])[list(METRICS)].mean()
    rows.append(
        (
            "Table 1",
            "Unseen noises score above seen ones, so the gap says nothing about generalisation.",
            "; ".join(
                f"{METRICS[name]}: noisy {noises.loc[('unseen', 'noisy'), name]:.3f} unseen, "
                f"{noises.loc[('seen', 'noisy'), name]:.3f} seen; "
                f"S2 {noises.loc[('unseen', 'S2'), name]:.3f} unseen, "
                f"{noises.loc[('seen', 'S2'), name]:.3f} seen"
                for name in METRICS
            )
            + ".",
        )
    )

    overall = 100 * (third.loc["S2"] / third.loc["noisy"] - 1)
    single = {
        name: 100 * (table["S2"] / table["noisy"] - 1).mean() for name, table in by_snr.items()
    }
    rows.append(
        (
            "Table 3",
            "The headline percentages depend on what is averaged, and on where a scale starts.",
            "; ".join(
                f"{METRICS[name]}: {overall[name]:.2f} % as a ratio of means (printed "
                f"{HEADLINES['S2 over noisy', name]:.2f} %), {single[name]:.2f} % as the mean "
                "of the ratios at each SNR"
                for name in METRICS
            )
            + ". Raw PESQ starts at -0.5, so its percentages have no fixed meaning.",
        )
    )
    return pd.DataFrame(rows, columns=["table", "oddity", "evidence"]).map(with_minus_signs)


def _list(values: pd.Series) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def _snrs(values: list[int] | pd.Index) -> str:
    return ", ".join(str(value) for value in values) + " dB"
