"""What the notebooks conclude from their own runs, in sentences whose numbers are computed.

A cell hands over its tables and shows what comes back. Each function goes whichever way the
numbers go, and says where nothing can be said.

Notebooks: 04_teacher_training, 05_distillation, 06_ablation_s1_vs_s2, 08_results.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from snrlib.evaluation.findings import over_all, sign
from snrlib.evaluation.statistics import paired
from snrlib.metrics import DIGITS, NAMES
from snrlib.support.text import listed, number
from snrlib.teachers import TEACHER_RANGES_DB, TEACHER_SNRS, assign

CURVES = {"valid_pesq_raw": "raw PESQ", "valid_stoi": "STOI"}  # columns of a history
PAPERS_STEPS = 275_000  # where the paper's curves separate: epoch 200 of 22,000 rows in 16s


def bracket(row: Mapping[str, Any] | pd.Series, digits: int) -> str:
    """A difference with its interval: "+0.3 [−0.1, +0.7]"."""
    mean, low, high = (number(row[k], digits, True) for k in ("difference", "low", "high"))
    return f"{mean} [{low}, {high}]"


# --- 04: the teachers ---------------------------------------------------------------------------


def duels(scores: pd.DataFrame, metrics: Sequence[str] = tuple(DIGITS)) -> pd.DataFrame:
    """At each SNR: the best teacher, and the rule's choice minus the best of the others.

    The best is chosen and tested on the same mixtures, which flatters it: the comparison is with
    the best of three, not with one that was named beforehand.

    Args:
        scores: a table of scores with the systems T1 to T4.
        metrics: the scores to compare in.

    Returns:
        Columns `snr_db, metric, rule, best, difference, low, high, words`.
    """
    rows = []
    for snr in sorted(scores["snr_db"].unique()):
        here = scores[(scores["snr_db"] == snr) & scores["system"].isin(list(TEACHER_SNRS))]
        for metric in metrics:
            means = here.groupby("system")[metric].mean()
            rule = assign(snr)[0]
            gap = paired(here, rule, str(means.drop(rule).idxmax()), metric, by=()).iloc[0]
            words = f"{means.idxmax()}: {bracket(gap, DIGITS[metric])}"
            rows.append(
                {
                    "snr_db": snr, "metric": metric, "rule": rule, "best": means.idxmax(),
                    **gap[["difference", "low", "high"]], "words": words,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def teachers_found(scores: pd.DataFrame, fought: pd.DataFrame, worth: pd.DataFrame) -> list[str]:
    """What this run's teachers can do: in their ranges, against each other, and together.

    Args:
        scores: a table of scores with "noisy" and the teachers.
        fought: :func:`duels` of it.
        worth: mean SI-SDR over all SNRs in a column `si_sdr`, of each teacher, of "noisy" and of
            "the rule".
    """
    own: dict[str, list[str]] = {metric: [] for metric in DIGITS}
    for name, (low, high) in TEACHER_RANGES_DB.items():
        inside = scores[scores["snr_db"].between(low, high)]
        for metric in DIGITS:
            gain = paired(inside, name, "noisy", metric, by=()).iloc[0]
            own[metric].append(f"{name} {bracket(gain, DIGITS[metric])}")
    fits = (fought["rule"] == fought["best"]).groupby(fought["metric"]).sum()
    si_sdr = fought[fought["metric"] == "si_sdr"]
    best = str(worth.loc[list(TEACHER_SNRS), "si_sdr"].idxmax())
    voices = scores["speaker"].nunique()
    rule_leads = worth.loc["the rule", "si_sdr"] > worth.loc[best, "si_sdr"]
    return [
        f"* In their own ranges the teachers gain over the noisy input, with 95 % intervals over "
        f"{scores['utterance'].nunique()} utterances of {voices} voice{'s' * (voices != 1)}: in "
        + "; in ".join(
            f"{NAMES[metric]}{' (dB)' * (metric == 'si_sdr')} {', '.join(words)}"
            for metric, words in own.items()
        )
        + ".",
        f"* The rule names the best teacher at {fits['si_sdr']} of {len(si_sdr)} SNRs by SI-SDR "
        f"({(si_sdr['low'] > 0).sum()} of them with an interval above zero), at "
        f"{fits['pesq_raw']} by raw PESQ and at {fits['stoi']} by STOI.",
        *(
            f"* At {number(d['snr_db'], 0)} dB another teacher, {d['best']}, is clearly better in "
            f"SI-SDR than {d['rule']}, which the rule names ({d['rule']} minus {d['best']}: "
            f"{bracket(d, 1)} dB)."
            for d in si_sdr[si_sdr["high"] < 0].to_dict("records")
        ),
        f"* Over all SNRs the rule gives {number(worth.loc['the rule', 'si_sdr'], 1)} dB of "
        f"SI-SDR, the best single teacher ({best}) {number(worth.loc[best, 'si_sdr'], 1)} dB, "
        f"noisy {number(worth.loc['noisy', 'si_sdr'], 1)} dB. "
        + (
            "Four experts know more than any one of them: that is what a student can hope to learn."
            if rule_leads
            else "At this size the rule is no better than one teacher for everything."
        ),
    ]


# --- 05: the learning curves ---------------------------------------------------------------------


def _ends(histories: Mapping[str, pd.DataFrame]) -> dict[str, pd.Series]:
    return {name: history.iloc[-1] for name, history in histories.items()}


def students_apart(histories: Mapping[str, pd.DataFrame]) -> str:
    """How far S2 is from S1 at the last step, in the validation scores there are."""
    last = _ends(histories)
    parts = []
    for column, what in CURVES.items():
        gap = float(last["S2"][column] - last["S1"][column])
        if pd.isna(gap):
            parts.append(f"not compared in {what}, which could not be computed here")
        else:
            side = "ahead" if gap > 0 else "behind"
            parts.append(f"{side} by {number(abs(gap), 3)} in {what}")
    return f"S2 is {' and '.join(parts)}"


def curves_found(
    histories: Mapping[str, pd.DataFrame], noisy: Mapping[str, float], mixtures: int
) -> str:
    """Where S1 and S2 stand at the end of their learning curves (Fig. 4), and how far that is.

    Args:
        histories: "S1" and "S2" -> the history of its training.
        noisy: the noisy input's `valid_pesq_raw` and `valid_stoi` on the same mixtures.
        mixtures: training mixtures of an epoch.
    """
    last = _ends(histories)
    under = [
        f"{name} in {what}"
        for column, what in CURVES.items()
        for name, row in last.items()
        if row[column] < noisy[column]
    ]
    steps = int(max(row["step"] for row in last.values()))
    epochs = max(row["epoch"] for row in last.values())
    share = 100 * steps / PAPERS_STEPS
    return (
        f"After {steps:,} steps ({epochs:.2g} epochs of the {mixtures:,} training mixtures) "
        f"{students_apart(histories)}. "
        + (f"Still below the noisy input: {listed(under)}. " if under else "")
        + f"The paper's curves separate near epoch 200, about {PAPERS_STEPS:,} steps: "
        + (
            f"this run stops after {share:.2f} % of that, and a figure of this size cannot "
            "confirm or refute the paper's."
            if share < 10
            else f"this run went {share:.0f} % of that way."
        )
    )


# --- 06: is it knowledge, or smoothing? ----------------------------------------------------------

# (S2 above S1, the smoothing control above S1, S2 above the control) -> what follows
READINGS: dict[tuple[bool, ...], str] = {
    (True, False, True): "the teachers' knowledge helps",
    (True, False, False): "S2 gains, but it is not shown to beat the control: undecided",
    (True, True, False): "smoothing explains the gain",
    (True, True, True): "both do something",
    (False, True, False): "the control gains, S2 is not shown to",
    (False, True, True): "undecided: the comparisons contradict each other",
    (False, False, True): "nothing is shown to be gained over S1, though S2 beats the control",
    (False, False, False): "no gain is shown that would need an explanation",
}


_COMPARED = [("S2", "S1"), ("S2-smoothing", "S1"), ("S2", "S2-smoothing")]


def smoothing_reading(scores: pd.DataFrame, metrics: Sequence[str]) -> str:
    """How S2, S1 and the smoothing control read against each other, score by score."""
    read = []
    for metric in metrics:
        rows = [paired(scores, *pair, metric, by=()).iloc[0] for pair in _COMPARED]
        read.append(f"in {NAMES[metric]}, {READINGS[tuple(sign(row) > 0 for row in rows)]}")
    return "; ".join(read)


def smoothing_found(scores: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """S2, S1 and the smoothing control against each other, and how the three signs read."""
    return [
        *(f"* {over_all(scores, *pair, metric)}" for metric in metrics for pair in _COMPARED),
        "",
        f"**Reading**: {smoothing_reading(scores, metrics)}. One seed each and "
        f"{scores['utterance'].nunique()} utterances: a hint, to be repeated before it is "
        "believed.",
    ]


def gradients_found(
    parts: Mapping[str, pd.DataFrame], kept: pd.DataFrame, told: Sequence[str]
) -> list[str]:
    """What the objectives tell the weights, in this run and in the recorded study.

    Args:
        parts: "start" and "S1, trained" -> :func:`snrlib.training.gradients.measure`.
        kept: the recorded measurements, by `weights` and `objective`.
        told: the objectives: that of S1, that of S2, the mean of all teachers.
    """
    first, second, mean = told

    def quieter(table: pd.DataFrame, objective: str) -> str:
        """By how many per cent its gradient has less chance than that of S1's objective."""
        less = 1 - table.loc[objective, "chance"] / table.loc[first, "chance"]
        return f"{number(100 * float(less), 0)} %"

    known = {str(name): rows.set_index("objective") for name, rows in kept.groupby("weights")}
    start, end = parts["start"], parts["S1, trained"]
    alone = "teachers alone (alpha 1)"
    distance = {name: float(known[name].loc[alone, "loss"]) for name in ("S1", "S2")}
    closer = 100 * (1 - distance["S2"] / distance["S1"])
    return [
        "* At the start the two objectives ask for the same: cosine "
        f"{number(start.loc[second, 'cosine'], 3)} in this run, "
        f"{number(known['start'].loc[second, 'cosine'], 4)} in the recorded one.",
        f"* Eq. 1 is hardly quieter: its gradient has {quieter(start, second)} less chance at the "
        f"start and {quieter(end, second)} less at the end (recorded: "
        f"{quieter(known['start'], second)} and {quieter(known['S1'], second)}). What makes one "
        "batch differ from the next is which speech and noise are in it, and that is the same for "
        "both.",
        f"* The mean of all four teachers is quieter: {quieter(start, mean)} less chance at the "
        f"start and {quieter(end, mean)} less at the end (recorded: "
        f"{quieter(known['start'], mean)} and {quieter(known['S1'], mean)}). That goes with the "
        "gain of S2-mean; it is not shown to be its cause.",
        f"* The recorded S2 ends {number(closer, 0)} % closer to its teachers than S1, which never "
        f"heard them (half squared distance {distance['S2']:.2e} and {distance['S1']:.2e}): what a "
        "teacher of one range can do and a student of all cannot is mostly not for want of being "
        "told.",
    ]


# --- 08: seen and unseen, and what a run supports ------------------------------------------------


def seen_found(table: pd.DataFrame, hardness: Mapping[str, pd.Series]) -> list[str]:
    """Whether the unseen noises are easier, and how much S2 gains on them.

    Args:
        table: rows ("noises", score, source, "seen" | "unseen"), columns `noisy` and `gain`.
        hardness: source -> STOI of the noisy input at 0 dB by (seen or unseen, noise).
    """
    lines = []
    for source in ("this run", "printed"):
        row = {
            (score, kind): table.loc[("noises", score, source, kind)]
            for score in ("raw PESQ", "STOI")
            for kind in ("seen", "unseen")
        }
        easier = {s: row[s, "unseen"]["noisy"] - row[s, "seen"]["noisy"] for s, _ in row}
        lines.append(
            f"* **{source.capitalize()}**: before enhancement, the unseen noises are "
            + " and ".join(
                f"{'easier' if d > 0 else 'harder'} by {number(abs(d), 3)} in {s}"
                for s, d in easier.items()
            )
            + " than the seen ones; S2's gain on them is "
            + " and ".join(
                f"{number(row[s, 'unseen']['gain'], 3, True)} in {s} (seen: "
                f"{number(row[s, 'seen']['gain'], 3, True)})"
                for s in easier
            )
            + "."
        )
    ranges = "; ".join(
        f"{source} from {v.min():.3f} ({v.idxmin()[1]}) to {v.max():.3f} ({v.idxmax()[1]})"
        for source, v in hardness.items()
    ).replace("_", " ")
    return [*lines, f"* STOI of the noisy input at 0 dB, by noise: {ranges}."]


def limits(profile: Mapping[str, Any], test: pd.DataFrame, parameters: int) -> pd.DataFrame:
    """What one may say of a run, and within which limits.

    Args:
        profile: its numbers.
        test: the recipe of its test set.
        parameters: of its student.

    Returns:
        One column, `within these limits`, by `what one may say`.
    """
    budget, tiny = profile["student"], bool(profile.get("tiny"))
    voices, spoken = test["speaker"].nunique(), test["utterance"].nunique()
    synthetic = bool(test["noise"].str.contains("synthetic").any())
    rows = {
        "The method works like this" if tiny else "The method does this much": (
            f"{parameters:,} weights (paper: 12,680,906), {budget['steps']:,} steps of "
            f"{budget['batch']}"
            + (": a tiny run. It shows the machinery, never the method's numbers." if tiny else ".")
        ),
        "Gains on these noises": (
            "the noises are synthetic, made from speech or from seeds; recorded ones are less "
            "regular."
            if synthetic
            else "these recordings, their last 40 %; other places sound different."
        ),
        "Gains for this voice" if voices == 1 else "Gains for these voices": (
            f"{voices} test voice{'s' if voices > 1 else ''}, never heard in training; intervals "
            f"are over {spoken} utterances and say nothing about other speakers."
        ),
        "Differences between systems": (
            "paired, with intervals; but one training seed each, whose scatter is in no interval."
        ),
        "Seen against unseen": "how hard the noises are, mostly; not generalisation (see above).",
        "This run against the printed numbers": (
            "the pattern over the SNRs; never the values: other speech, noises, network and "
            "training, and possibly another PESQ program."
        ),
        "PESQ and STOI": (
            "what these formulas compute; PESQ fails on single pairs, most often below −10 dB. "
            "Ears are asked in notebook 09."
        ),
    }
    table = pd.DataFrame({"within these limits": rows})
    return table.rename_axis("what one may say")
