"""The teachers at work: every recording goes to the expert of its SNR, which S2 itself tells.

A recording does not come with its SNR. But a student that enhances it says how much of it is speech
and how much it takes away: 10 log10(|s|^2 / |x - s|^2), x being the recording and s the student's
output. Nothing has to be fitted for that. It costs a second pass: the student's, then the chosen
teacher's.

Notebook: 07_baselines.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from snrlib.models.postfilter import kept_and_taken
from snrlib.support.errors import SnrlibError
from snrlib.teachers.choice import TEACHER_SNRS, assign

Signal = NDArray[np.float32]
Blocks = Callable[[], Iterable[Signal]]

# How far S2's own SNR is from the true one (standard deviation in dB), by what it says. Measured on
# 432 mixtures of the TIMIT sample in recorded noises from -20 to 20 dB, with the released S2.
SAYS_DB = (-15.0, -10.0, 0.0, 10.0, 20.0)
ERROR_DB = (4.2, 4.6, 4.5, 6.5, 2.1)
LOWEST, HIGHEST = -40.0, 60.0  # dB; what is said stays inside


class Model(Protocol):
    """What is asked of an enhancer here (:class:`snrlib.Enhancer`)."""

    name: str
    card: dict[str, Any]

    def stream(self, blocks: Iterable[Signal], rms: float) -> Iterator[Signal]:
        """The enhanced recording piece by piece."""


@dataclass(frozen=True)
class Choice:
    """Which teacher a recording goes to, and how sure that is.

    Attributes:
        teacher: its name.
        snr_db: what the choice was made by, in dB.
        shares: teacher -> how likely it is the one of the true SNR, from how far such estimates
            are off; they add up to 1.
    """

    teacher: str
    snr_db: float
    shares: dict[str, float]

    @property
    def sure(self) -> float:
        """How likely the chosen teacher is the one of the true SNR, 0 to 1."""
        return self.shares[self.teacher]

    def __str__(self) -> str:
        return f"{self.teacher} ({self.snr_db:.1f} dB, {self.sure:.0%} sure)".replace("-", "−")


def choose(snr_db: float, error_db: float | None = None) -> Choice:
    """The teacher of an estimated SNR, and how sure that is.

    Args:
        snr_db: estimated, in dB.
        error_db: standard deviation of such estimates; None for what was measured with S2.
    """
    if error_db is None:
        error_db = float(np.interp(snr_db, SAYS_DB, ERROR_DB))
    grid = np.linspace(snr_db - 4 * error_db, snr_db + 4 * error_db, 321)
    weight = np.exp(-0.5 * ((grid - snr_db) / error_db) ** 2)
    names = np.array(assign(grid))
    shares = {name: float(weight[names == name].sum() / weight.sum()) for name in TEACHER_SNRS}
    return Choice(assign(snr_db)[0], snr_db, shares)


def own_snr_db(judge: Model, blocks: Blocks, rms: float) -> float:
    """What a student's own output says about a recording's SNR, in dB; NaN for silence.

    Args:
        judge: the student.
        blocks: gives the recording at 16 kHz, cut anywhere, each time it is called.
        rms: of the whole recording.
    """
    kept, removed = kept_and_taken(blocks(), judge.stream(blocks(), rms))
    if kept == 0:
        return LOWEST if removed else math.nan
    return float(np.clip(10 * math.log10(kept / removed), LOWEST, HIGHEST)) if removed else HIGHEST


class RoutedTeachers:
    """The teachers as one model that takes recordings as they are.

    Attributes:
        name: "teachers", as it stands in tables.
        card: of the model: the teachers' names and licences.
        choices: the choices made so far, newest last; :meth:`choice` asks without enhancing.

    Args:
        teachers: "T1" to "T4" -> enhancer.
        judge: the student whose output tells the SNR.

    Raises:
        SnrlibError: a teacher is missing.
    """

    name = "teachers"

    def __init__(self, teachers: Mapping[str, Any], judge: Any) -> None:
        missing = [name for name in TEACHER_SNRS if name not in teachers]
        if missing:
            raise SnrlibError(f"The teacher {missing[0]} is needed and not there; train it first.")
        self.teachers, self.judge = dict(teachers), judge
        self.choices: list[Choice] = []
        cards = [enhancer.card for enhancer in (*self.teachers.values(), judge)]
        self.card: dict[str, Any] = {
            "name": self.name,
            "made of": [str(card.get("name", "")) for card in cards],
            "parameters": sum(int(card.get("parameters", 0)) for card in cards),
            "licence": "; ".join(sorted({str(c["licence"]) for c in cards if c.get("licence")})),
        }

    def __repr__(self) -> str:
        return f"RoutedTeachers({', '.join(self.card['made of'])})"

    def choice(self, noisy: Signal) -> Choice:
        """Which teacher a recording (samples,) at 16 kHz goes to; silence goes to the last."""
        noisy = np.asarray(noisy, np.float32)
        power = np.mean(np.square(noisy, dtype=np.float64)) if len(noisy) else 0.0
        return self._choice(lambda: [noisy], float(np.sqrt(power)))

    def _choice(self, blocks: Blocks, rms: float) -> Choice:
        snr_db = own_snr_db(self.judge, blocks, rms) if rms else math.nan
        if math.isnan(snr_db):  # silence: nothing to enhance, nothing to choose by
            return Choice(list(TEACHER_SNRS)[-1], HIGHEST, dict.fromkeys(TEACHER_SNRS, 0.25))
        return choose(snr_db)

    def for_recording(self, blocks: Blocks, rms: float) -> Any:
        """The enhancer of the teacher that a recording goes to; the choice is kept.

        Args:
            blocks: gives the recording at 16 kHz, cut anywhere, each time it is called.
            rms: of the whole recording.
        """
        self.choices.append(self._choice(blocks, rms))
        return self.teachers[self.choices[-1].teacher]

    def enhance(self, noisy: Signal, sample_rate: int = 16_000) -> Signal:
        """The enhanced recording: float32 (samples,), same length and level as `noisy`.

        Args:
            noisy: (samples,), any level.
            sample_rate: in Hz; other rates are resampled to 16 kHz for the choice, too.

        Raises:
            AudioError: not a mono signal, or NaN or infinities in it.
        """
        first = self.judge.at_model_rate(noisy, sample_rate)
        self.choices.append(self.choice(first))
        return self.teachers[self.choices[-1].teacher].enhance(noisy, sample_rate)

    __call__ = enhance
