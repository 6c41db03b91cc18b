"""The checks of notebook 08: scales, means of ratios, and what measures generalisation.

Notebook: 08_results.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

from snrlib import metrics
from snrlib.evaluation import published
from snrlib.exercises import NotYet, exercise, quantity
from snrlib.exercises.answers import signal


@exercise("08.1")
def lowest_mos_lqo(lowest: float) -> str:
    """A number: the MOS-LQO of the worst raw PESQ there is, -0.5, by P.862.1."""
    value, right = quantity(lowest), metrics.mos_lqo(-0.5)
    if abs(value - right) < 0.005:
        return (
            f"{right:.3f}. The paper prints values down to "
            f"{published.table1()['pesq_raw'].min():.3f}, so they cannot be MOS-LQO."
        )
    if abs(value - 0.999) < 0.0011:
        raise NotYet(
            "that is what the map would reach for ever lower scores; raw PESQ ends at "
            "-0.5, so put that in."
        )
    wide = 0.999 + 4 / (1 + np.exp(-1.3669 * -0.5 + 3.8224))
    if abs(value - wide) < 0.002:
        raise NotYet(
            f"{value:.3f} comes out of the map of wide-band PESQ (P.862.2); the narrow "
            "band's has other numbers."
        )
    if abs(value - (0.999 + 4 / (1 + np.exp(-1.4945 * 0.5 + 4.6607)))) < 0.002:
        raise NotYet("that is the MOS-LQO of +0.5: mind the sign.")
    if abs(value + 0.5) < 1e-6:
        raise NotYet("that is the raw score itself; notebook 02 has the map.")
    raise NotYet(
        f"{value:g} is not what snrlib.metrics.mos_lqo says; the formula stands in notebook 02."
    )


@exercise("08.2")
def two_percentages(percentages: Callable[..., Any]) -> str:
    """A function of the arrays (noisy, enhanced), the mean raw PESQ at each SNR, that returns two
    gains in percent: that of the two means over all SNRs, and the mean over the SNRs of each one's.
    """
    table = published.table2().pivot(index="snr_db", columns="system", values="pesq_raw")
    noisy, enhanced = table["noisy"].to_numpy(), table["S2"].to_numpy()
    of_means = 100 * (enhanced.mean() / noisy.mean() - 1)
    mean_of = 100 * (enhanced / noisy - 1).mean()
    first, second = signal(percentages(noisy, enhanced), np.zeros(2))
    if np.allclose([first, second], [of_means, mean_of], atol=0.01):
        return (
            f"{of_means:.1f} % and {mean_of:.1f} % for the same printed rows. Where the noisy "
            "score is near zero, its percentage is huge, and the second kind of mean believes it."
        )
    if np.allclose([first, second], [mean_of, of_means], atol=0.01):
        raise NotYet("both numbers are right and stand in the other order.")
    if np.allclose([100 * first, 100 * second], [of_means, mean_of], atol=0.01):
        raise NotYet("these are fractions; asked are percent.")
    if np.isclose(first, of_means + 100, atol=0.01) or np.isclose(second, mean_of + 100, atol=0.01):
        raise NotYet("the enhanced score in percent of the noisy one is 100 too much for a gain.")
    below = 100 * (1 - noisy.mean() / enhanced.mean())
    if np.isclose(first, below, atol=0.01):
        raise NotYet(
            f"{first:.1f} % is the gain in percent of the enhanced score; a gain is "
            "measured from where one starts."
        )
    if np.isclose(first, of_means, atol=0.01) and np.isclose(second, of_means, atol=0.01):
        raise NotYet(
            "both are the gain of the means. For the second, take the percentage at each "
            "SNR first and the mean afterwards."
        )
    which = "second" if np.isclose(first, of_means, atol=0.01) else "first"
    raise NotYet(f"the {which} number differs: {first:.2f} and {second:.2f} were returned.")


@exercise("08.3")
def shifted(percent: float) -> str:
    """Your prediction, a number: raw PESQ rises from 1.5 to 2.0, a third more. By how many percent
    does the same score rise once the scale is shifted to begin at 0 instead of -0.5?
    """
    value = quantity(percent, "percent")
    before, after = 1.5 + 0.5, 2.0 + 0.5
    found = 100 * (after / before - 1)
    lqo = 100 * (metrics.mos_lqo(2.0) / metrics.mos_lqo(1.5) - 1)
    if abs(value - found) < 0.6:
        return (
            f"{found:.0f} %, and {lqo:.0f} % in MOS-LQO. Same signals, same listener: a percentage "
            "of a score without a true zero says little."
        )
    if abs(value - 0.25) < 0.01:
        raise NotYet("that is a fraction; asked are percent.")
    if abs(value - 100 / 3) < 1:
        raise NotYet(
            "the difference of 0.5 stays the same, but it is now compared with another number."
        )
    if abs(value - 50) < 1:
        raise NotYet(
            "shifted to begin at 0 means that 0.5 is added to every score, not taken away."
        )
    raise NotYet(f"you predict {value:g} %; add 0.5 to both scores and compute the ratio again.")


@exercise("08.4")
def as_hard_as(snr_for: Callable[..., float]) -> str:
    """A function of the arrays (snrs, stoi) of one noise, and of a STOI, that returns the SNR in dB
    at which this noise has that STOI, on straight lines between its points.
    """
    table = published.table1().query("system == 'noisy'")
    hard = table[table["noise"] == "babble"].sort_values("snr_db")
    snrs, stoi = hard["snr_db"].to_numpy(float), hard["stoi"].to_numpy(float)
    for wanted in (0.65, 0.75, 0.9):
        value = quantity(snr_for(snrs, stoi, wanted), "dB")
        right = float(np.interp(wanted, stoi, snrs))
        where = f"a STOI of {wanted:g} lies at {value:.2f} dB by your function"
        if abs(value - right) < 0.02:
            continue
        if value in snrs:
            raise NotYet(
                f"{where}, which is one of the given SNRs; asked is the place between them."
            )
        if 0 <= value <= 1:
            raise NotYet(
                f"{where}: that looks like a STOI. np.interp takes first what is known, "
                "then the points' known side, then their wanted side."
            )
        raise NotYet(
            f"{where}; it should be {'higher' if value < right else 'lower'}. Between "
            "which two points of the noise does the wanted STOI lie?"
        )
    return (
        f"printed babble is as hard as {0.75:g} in STOI at "
        f"{float(np.interp(0.75, stoi, snrs)):.1f} dB. Noises compared at equal difficulty need "
        "not be compared at equal SNR."
    )


@exercise("08.5")
def cost_of_not_having_seen(cost: Callable[..., float]) -> str:
    """A function of a table with the columns noise, mixture, student ("with" or "without" that
    noise in its training) and si_sdr, that returns the mean cost in dB of not having seen a noise,
    each noise counting alike.
    """
    draws = np.random.default_rng(8)
    rows = []
    for noise, (ease, lost, mixtures) in {
        "babble": (2.0, 1.5, 10),
        "engine": (9.0, 0.3, 40),
        "factory": (5.0, 0.9, 20),
    }.items():
        hard = draws.normal(0, 2, mixtures)
        for student, loss in (("with", 0.0), ("without", lost)):
            for mixture in range(mixtures):
                noisy = draws.normal(0, 0.05)
                rows.append(
                    (noise, f"{noise}/{mixture}", student, ease + hard[mixture] - loss + noisy)
                )
    table = pandas.DataFrame(rows, columns=["noise", "mixture", "student", "si_sdr"])
    wide = table.pivot(index=["noise", "mixture"], columns="student", values="si_sdr")
    gap = wide["with"] - wide["without"]
    right, pooled = gap.groupby("noise").mean().mean(), gap.mean()
    value = quantity(cost(table.sample(frac=1, random_state=0)), "dB")
    if np.isclose(value, right, atol=1e-3):
        return (
            f"{right:.2f} dB, from 1.5 dB for babble to 0.3 dB for the engine; how hard the noises "
            "are has cancelled, because each was compared with itself."
        )
    if np.isclose(value, -right, atol=1e-3) or np.isclose(value, -pooled, atol=1e-3):
        raise NotYet(f"{value:.2f} dB: a cost is what is lost, with minus without.")
    if np.isclose(value, pooled, atol=1e-3):
        raise NotYet(
            f"{value:.2f} dB is the mean over all mixtures: the engine has four times as "
            "many as babble. Each noise is to count alike."
        )
    if np.isclose(value, right * 3, atol=1e-2) or np.isclose(value, gap.sum(), atol=1e-2):
        raise NotYet(f"{value:.2f} dB is a sum; asked is a mean.")
    raise NotYet(
        f"the function returns {value:.2f} dB. For every noise: the mean with it minus "
        "the mean without it; then the mean over the noises."
    )
