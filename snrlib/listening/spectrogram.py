"""Small spectrogram pictures on one colour scale, light enough to stand beside every player.

Notebook: 00_start_here.
"""

import io

import numpy as np

WINDOW = 512  # samples: 32 ms at 16 kHz resolves the harmonics of most voices
HOP = 128
RANGE_DB = 80.0  # what is this much weaker than the strongest bin of all is drawn as nothing
COLUMNS = 480  # most pixels in time: longer clips are averaged, in power
COLOURS = 64  # a palette of 6 bits compresses well and shows no steps


def power(signal: np.ndarray) -> np.ndarray:
    """Power spectrogram (frequency bins, frames), of at most `COLUMNS` frames."""
    signal = np.asarray(signal, dtype=np.float64)
    padded = np.pad(signal, (WINDOW // 2, WINDOW // 2 + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    frames = frames[: 1 + len(signal) // HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    edges = np.linspace(0, len(spectrum), min(COLUMNS, len(spectrum)) + 1).astype(int)
    pooled = np.add.reduceat(spectrum, edges[:-1], axis=0) / np.diff(edges)[:, None]
    return pooled.T


def pictures(signals: list[np.ndarray]) -> list[bytes]:
    """One PNG per signal, low frequencies at the bottom, all on the same colour scale.

    The scale spans `RANGE_DB` below the strongest bin of all the signals, and the width of a
    picture is its share of the longest signal, so that pictures under each other are aligned.
    """
    spectra = [power(signal) for signal in signals]
    longest = max(len(signal) for signal in signals)
    strongest = max(float(spectrum.max()) for spectrum in spectra)
    pngs = []
    for signal, spectrum in zip(signals, spectra, strict=True):
        level_db = 10 * np.log10(np.maximum(spectrum, 1e-30) / max(strongest, 1e-30))
        shade = np.clip(level_db / RANGE_DB + 1, 0, 1)
        if len(signal) < longest:
            width = min(COLUMNS, 1 + longest // HOP)
            own = max(1, round(width * len(signal) / longest))
            chosen = np.minimum((np.arange(own) + 0.5) / own * shade.shape[1], shade.shape[1] - 1)
            shade = np.pad(shade[:, chosen.astype(int)], ((0, 0), (0, width - own)))
        pngs.append(_png(np.rint(shade[::-1] * (COLOURS - 1)).astype(np.uint8)))
    return pngs


def _png(levels: np.ndarray) -> bytes:
    from matplotlib import colormaps
    from PIL import Image

    picture = Image.fromarray(levels)
    palette = (colormaps["magma"](np.linspace(0, 1, COLOURS))[:, :3] * 255).astype(np.uint8)
    picture = picture.resize((levels.shape[1], 129), Image.Resampling.BOX)
    picture.putpalette(palette.tobytes())
    held = io.BytesIO()
    picture.save(held, "PNG", optimize=True)
    return held.getvalue()
