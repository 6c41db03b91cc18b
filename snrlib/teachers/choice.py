"""Which teacher supervises which mixture (paper, sections 1.2 and 2.1).

Four teachers, each trained on four SNRs. During distillation the teacher of a mixture is the
one whose SNRs contain the mixture's; the student itself never sees the SNR.

Notebook: 05_distillation.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from snrlib.support.devices import send
from snrlib.support.errors import SnrlibError

# As printed. The text says that the ranges do not overlap, yet T2 reaches 1 dB and T3 starts at
# 0 dB: T2's 1 is probably a misprint of -1 (ruling: used as printed).
TEACHER_SNRS: dict[str, tuple[int, ...]] = {
    "T1": (-20, -17, -13, -11),
    "T2": (-10, -7, -3, 1),
    "T3": (0, 3, 7, 9),
    "T4": (10, 13, 17, 20),
}


def assign(snr_db: float | Iterable[float]) -> list[str]:
    """The teacher of each SNR: the one that was trained at the nearest SNR.

    Ties go to the teacher with the lower number. For the student's SNRs that gives
    -20 -> T1, -10 -> T2, 0 -> T3, 10 and 20 -> T4.

    Args:
        snr_db: one SNR or many, in dB.

    Raises:
        SnrlibError: an SNR that is not finite.
    """
    snrs = np.atleast_1d(np.asarray(snr_db, dtype=np.float64))
    if not np.isfinite(snrs).all():
        raise SnrlibError("A teacher can only be chosen for a finite SNR in dB.")
    names = list(TEACHER_SNRS)
    distances = np.stack(
        [np.abs(snrs[:, None] - np.array(TEACHER_SNRS[name])).min(axis=1) for name in names]
    )
    return [names[i] for i in distances.argmin(axis=0)]  # argmin takes the first of a tie


@torch.no_grad()
def supervise(
    teachers: dict[str, nn.Module],
    noisy: Tensor,
    snr_db: Tensor,
    choose: Callable[..., list[str]] = assign,
) -> Tensor:
    """What each row's teacher makes of it: (batch, samples), one teacher forward per row.

    Args:
        teachers: frozen networks in eval mode, by name.
        noisy: (batch, samples).
        snr_db: (batch,).
        choose: the choice; :func:`assign` is the paper's.

    Raises:
        SnrlibError: the choice names a teacher that is not there.
    """
    names = choose(snr_db.tolist())
    missing = sorted(set(names) - set(teachers))
    if missing:
        raise SnrlibError(f"The teacher {missing[0]} is needed and not there; train it first.")
    target = torch.empty_like(noisy)
    for name in sorted(set(names)):
        rows = send(torch.tensor([i for i, n in enumerate(names) if n == name]), noisy.device)
        target[rows] = teachers[name](noisy[rows]).to(noisy.dtype)
    return target


def averaged(networks: Sequence[nn.Module]) -> dict[str, Tensor]:
    """The mean of the networks' weights, as a state to start another from; of one, its own.

    Networks that began with the same random weights may be averaged to some effect; whether
    teachers of different ranges may, is what `S2-from-average` tries.

    Args:
        networks: of one shape, at least one.
    """
    states = [network.state_dict() for network in networks]
    return {
        key: torch.stack([state[key].double() for state in states]).mean(dim=0).to(first.dtype)
        for key, first in states[0].items()
    }


# Table 2 of the paper tests each teacher between the ends of its range only.
TEACHER_RANGES_DB = {"T1": (-20, -10), "T2": (-10, 0), "T3": (0, 10), "T4": (10, 20)}
