"""One clean/estimate pair -> numbers: three kinds of PESQ, STOI, ESTOI and SI-SDR.

Three scales go by the name PESQ, and papers rarely say which one they print. Here they are
three functions, so that a number always says what it is. A score that cannot be computed is
a :class:`~snrlib.support.errors.MetricError` with its reason, never a made-up number.

Notebook: 02_quality_metrics.
"""

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from snrlib.audio import SAMPLE_RATE
from snrlib.support.errors import MetricError

# The columns of every table of scores, in this order.
METRICS = ("pesq_raw", "pesq_nb", "pesq_wb", "stoi", "estoi", "si_sdr")

# The reference program of P.862 keeps 50 stretches of speech and writes past the end of its
# arrays when it finds more: first wrong numbers, then a crash of the whole process. Forty
# seconds hold the longest sentences of the usual corpora and stay clear of that.
PESQ_LONGEST_SECONDS = 40.0

# STOI correlates 30 frames of 256 samples, half overlapping, at 10 kHz (Taal et al. 2011).
STOI_SHORTEST_SECONDS = (256 + 29 * 128 + 1) / 10_000


def mos_lqo(raw: float) -> float:
    """The MOS-LQO (1.0..4.5) of a raw narrow-band PESQ score, by ITU-T P.862.1."""
    return 0.999 + 4 / (1 + math.exp(4.6607 - 1.4945 * raw))


def raw_pesq(lqo: float) -> float:
    """The raw P.862 score (-0.5..4.5) behind a narrow-band MOS-LQO: P.862.1 the other way."""
    return (4.6607 - math.log(4 / (lqo - 0.999) - 1)) / 1.4945


def pesq_raw(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Raw narrow-band PESQ (ITU-T P.862), -0.5..4.5: the scale of the paper's tables.

    The paper prints values down to 0.411, which MOS-LQO cannot take. Not monotonic below
    about -10 dB SNR, where the time alignment inside PESQ fails.

    Args:
        clean: the clean speech (samples,).
        estimate: the enhanced or noisy speech (samples,).
        sample_rate: 16,000 or 8,000 Hz.

    Raises:
        MetricError: see :func:`pesq_nb`.
    """
    return raw_pesq(pesq_nb(clean, estimate, sample_rate))


def pesq_nb(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Narrow-band PESQ as MOS-LQO (ITU-T P.862.1), 1.0..4.55.

    Args:
        clean: the clean speech (samples,).
        estimate: the enhanced or noisy speech (samples,).
        sample_rate: 16,000 or 8,000 Hz.

    Raises:
        MetricError: a signal is silent or holds NaN, the lengths differ, the pair is shorter
            than 0.25 s or longer than 40 s, no speech is found, or `pesq` is not installed.
    """
    return _pesq(clean, estimate, sample_rate, "nb")


def pesq_wb(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Wide-band PESQ as MOS-LQO (ITU-T P.862.2), 1.0..4.64.

    Args:
        clean: the clean speech (samples,).
        estimate: the enhanced or noisy speech (samples,).
        sample_rate: 16,000 Hz.

    Raises:
        MetricError: see :func:`pesq_nb`.
    """
    return _pesq(clean, estimate, sample_rate, "wb")


def stoi(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Short-time objective intelligibility (Taal et al. 2011), about 0..1.

    Args:
        clean: the clean speech (samples,).
        estimate: the enhanced or noisy speech (samples,).
        sample_rate: any; the measure itself works at 10 kHz.

    Raises:
        MetricError: a signal is silent or holds NaN, the lengths differ, or less than 0.4 s
            is left after silent frames are taken out.
    """
    return _stoi(clean, estimate, sample_rate, extended=False)


def estoi(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Extended STOI (Jensen & Taal 2016), which also hears fluctuating maskers; about 0..1.

    Arguments and errors are those of :func:`stoi`.
    """
    return _stoi(clean, estimate, sample_rate, extended=True)


def si_sdr(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019).

    The estimate is split into its projection on the clean speech and the rest. No mean is
    removed: an offset in the estimate counts as distortion. Infinite for a scaled copy.

    Args:
        clean: the clean speech (samples,).
        estimate: the enhanced or noisy speech (samples,).
        sample_rate: not used; here so that all scores are called alike.

    Raises:
        MetricError: a signal is silent or holds NaN, or the lengths differ.
    """
    clean, estimate = _pair(clean, estimate)
    target = (estimate @ clean) / (clean @ clean) * clean
    distortion = estimate - target
    target_energy, distortion_energy = float(target @ target), float(distortion @ distortion)
    if distortion_energy == 0:
        return math.inf
    return 10 * math.log10(target_energy / distortion_energy) if target_energy else -math.inf


def all_metrics(
    clean: np.ndarray,
    estimate: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    metrics: Sequence[str] = METRICS,
) -> tuple[dict[str, float], str]:
    """Every score of one pair, each computed once, and why any of them is missing.

    Args:
        clean: the clean speech (samples,).
        estimate: the enhanced or noisy speech (samples,).
        sample_rate: in Hz.
        metrics: which of :data:`METRICS`.

    Returns:
        The scores by name (NaN where one could not be computed), and the reasons as
        `"pesq_raw, pesq_nb: sentence; stoi: sentence"`, empty when nothing failed.

    Raises:
        MetricError: `metrics` names a score that does not exist.
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise MetricError(f"There is no score '{unknown[0]}'; choose from {', '.join(METRICS)}.")
    scores = dict.fromkeys(metrics, math.nan)
    reasons: dict[str, list[str]] = {}
    for function, names in _RUNS.items():
        wanted = [name for name in names if name in scores]
        if not wanted:
            continue
        try:
            value = function(clean, estimate, sample_rate)
            if not math.isfinite(value):
                raise MetricError(f"the score is {value}")
        except MetricError as error:
            reasons.setdefault(str(error), []).extend(wanted)
            continue
        for name in wanted:
            scores[name] = raw_pesq(value) if name == "pesq_raw" else value
    failure = "; ".join(
        f"{', '.join(names)}: {reason.rstrip('.')}" for reason, names in reasons.items()
    )
    return scores, failure


def _pesq(clean: np.ndarray, estimate: np.ndarray, sample_rate: int, band: str) -> float:
    try:
        import pesq  # compiled and without a Windows wheel: the kit works without it
    except ImportError as error:
        raise MetricError(
            "PESQ needs the package pesq, which is not installed here; with a C compiler at "
            "hand, pip install pesq==0.0.4 adds it (it has no Windows wheel)."
        ) from error
    clean, estimate = _pair(clean, estimate)
    allowed = (8_000, 16_000) if band == "nb" else (16_000,)
    if sample_rate not in allowed:
        rates = " or ".join(f"{rate:,}" for rate in allowed)
        raise MetricError(f"PESQ works at {rates} Hz, not at {sample_rate:,}; resample first.")
    seconds = len(clean) / sample_rate
    if seconds > PESQ_LONGEST_SECONDS:
        raise MetricError(
            f"PESQ is made for single sentences and its reference program fails on long "
            f"recordings: {seconds:.0f} s is more than {PESQ_LONGEST_SECONDS:.0f} s; cut it."
        )
    try:
        value = float(pesq.pesq(sample_rate, clean, estimate, band))
    except pesq.NoUtterancesError as error:
        raise MetricError("PESQ finds no speech in the clean signal.") from error
    except pesq.BufferTooShortError as error:
        raise MetricError(f"PESQ needs a quarter of a second; this is {seconds:.3f} s.") from error
    except (pesq.PesqError, ValueError) as error:
        raise MetricError(
            f"PESQ cannot level or align this pair ({type(error).__name__})."
        ) from error
    if not 0.999 < value < 4.999:
        raise MetricError(f"PESQ returned {value:.3f}, which is off its scale.")
    return value


def _stoi(clean: np.ndarray, estimate: np.ndarray, sample_rate: int, extended: bool) -> float:
    try:
        from pystoi import stoi as pystoi_stoi  # scipy loads slowly
    except ImportError as error:
        raise MetricError(
            "STOI needs the package pystoi, which is not installed here: pip install pystoi."
        ) from error

    clean, estimate = _pair(clean, estimate)
    seconds = len(clean) / sample_rate
    if seconds < STOI_SHORTEST_SECONDS:
        raise MetricError(f"STOI needs 0.4 s of speech; this is {seconds:.3f} s.")
    # ESTOI adds a whisper of NumPy's global noise; a score must neither depend on the
    # caller's random numbers nor use them up.
    state = np.random.get_state()
    np.random.seed(0)
    try:
        with warnings.catch_warnings():
            # pystoi warns and returns 1e-5, which would pass for a very bad score.
            warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
            return float(pystoi_stoi(clean, estimate, sample_rate, extended=extended))
    except RuntimeWarning as warning:
        raise MetricError(
            "STOI needs 0.4 s of speech; less is left after silent frames are taken out."
        ) from warning
    finally:
        np.random.set_state(state)


def _pair(clean: np.ndarray, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both signals in float64, or the reason why no score makes sense."""
    clean, estimate = np.asarray(clean, np.float64), np.asarray(estimate, np.float64)
    for name, signal in (("clean speech", clean), ("estimate", estimate)):
        if signal.ndim != 1:
            raise MetricError(f"The {name} has shape {signal.shape}; a score takes (samples,).")
        if not np.isfinite(signal).all():
            raise MetricError(f"The {name} holds NaN or infinite samples.")
    if len(clean) != len(estimate):
        raise MetricError(
            f"The clean speech has {len(clean):,} samples and the estimate {len(estimate):,}; "
            "a score compares signals of one length."
        )
    for name, signal in (("clean speech", clean), ("estimate", estimate)):
        if not signal.any():
            raise MetricError(f"The {name} is silent.")
    return clean, estimate


# Which scores one run of a measure gives: raw and narrow-band PESQ share their run.
_RUNS: dict[Callable[[np.ndarray, np.ndarray, int], float], tuple[str, ...]] = {
    pesq_nb: ("pesq_raw", "pesq_nb"),
    pesq_wb: ("pesq_wb",),
    stoi: ("stoi",),
    estoi: ("estoi",),
    si_sdr: ("si_sdr",),
}


NAMES = {"pesq_raw": "raw PESQ", "stoi": "STOI", "si_sdr": "SI-SDR"}


DIGITS = {"pesq_raw": 3, "stoi": 3, "si_sdr": 2}
