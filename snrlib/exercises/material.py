"""Sound for the checks: real sentences that come with the kit, and noises from random numbers.

Nothing here depends on a run, so that an exercise gives the same verdict everywhere.
"""

from functools import cache

import numpy as np

from snrlib import audio


@cache
def sentence(number: int = 0) -> np.ndarray:
    """A sentence of the embedded test voice: float32 (samples,) at 16 kHz, read-only.

    Args:
        number: which one; 0 has about 4.5 s.
    """
    from snrlib import corpora

    speech = corpora.speech("embedded")
    paths = speech[speech["split"] == "test"].sort_values("seconds", ascending=False)["path"]
    signal = audio.read(paths.iloc[10 + number])
    signal.flags.writeable = False
    return signal


def white(samples: int, seed: int = 0, rms: float = 0.1) -> np.ndarray:
    """White noise: float32 (samples,)."""
    noise = np.random.default_rng(seed).standard_normal(samples)
    return (rms * noise).astype(np.float32)


def hum(samples: int, seed: int = 0, rms: float = 0.1) -> np.ndarray:
    """Harmonics of 55 Hz with random phases, like an engine: float32 (samples,)."""
    time = np.arange(samples) / audio.SAMPLE_RATE
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, 20)
    tones = sum(np.sin(2 * np.pi * 55 * (k + 1) * time + p) / (k + 1) for k, p in enumerate(phases))
    return (rms * tones / np.sqrt(np.mean(np.square(tones)))).astype(np.float32)
