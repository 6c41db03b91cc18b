"""`compare`: several versions of one signal, to be heard side by side.

The first layer is a plain table of `<audio src="data:...">` rows: it plays in JupyterLab when
the notebook is not trusted (what a headless run leaves behind), in exported HTML and offline.
The second is a panel that switches between the aligned sources without a click; it takes its
sound from the table, so a page carries every clip once, and vanishes where scripts may not run.

Notebook: 00_start_here.
"""

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snrlib import audio
from snrlib.listening.clips import Clips, data_uri, prepare, wav
from snrlib.listening.spectrogram import RANGE_DB, pictures
from snrlib.support.files import write_text
from snrlib.support.text import decibels

# Only what JupyterLab's sanitizer keeps in an untrusted notebook, and no colours of text or
# ground: the table takes the page's own, so that it reads on light and on dark.
_CELL = "padding: 4px 8px; text-align: left; vertical-align: middle;"
_NUMBER = "padding: 4px 8px; text-align: right; vertical-align: middle; white-space: nowrap;"
_NAME = _CELL + " min-width: 6.5em; max-width: 16em; overflow-wrap: anywhere;"


class Players:
    """What `compare` shows: HTML for a notebook, the levels as text for a terminal."""

    def __init__(self, clips: Clips, html_text: str) -> None:
        self.clips = clips
        self.html = html_text

    @property
    def gain(self) -> float:
        """The one factor that all sources are played with."""
        return self.clips.gain

    def save(self, path: str | Path, title: str = "Comparison") -> Path:
        """Writes the players as one HTML page that needs neither kernel nor network."""
        from snrlib.listening.page import standalone

        write_text(path, standalone(self.html, title))
        return Path(path)

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        width = max(len(clip.name) for clip in self.clips.clips)
        rows = [
            f"{clip.name:<{width}}  {len(clip.signal) / self.clips.sample_rate:6.2f} s  "
            f"RMS {decibels(clip.rms_dbfs):>6} dBFS  peak {decibels(clip.peak_dbfs):>6} dBFS"
            for clip in self.clips.clips
        ]
        return "\n".join([*rows, self.clips.gain_sentence()])


def players(
    sources: Mapping[str, Any],
    sample_rate: int = audio.SAMPLE_RATE,
    notes: Mapping[str, str] | None = None,
) -> Players:
    """A table with one player per source: level, peak, the common gain, a small spectrogram.

    Args:
        sources: name -> signal (samples,) between -1 and 1, or the path of an audio file.
        sample_rate: of the signals, in Hz.
        notes: name -> a few words shown under the name, such as a score.

    Raises:
        AudioError: nothing to play, or a source that cannot be played.
    """
    clips = prepare(sources, sample_rate)
    return Players(clips, _block(clips, notes or {}, panel=""))


def compare(
    sources: Mapping[str, Any],
    sample_rate: int = audio.SAMPLE_RATE,
    notes: Mapping[str, str] | None = None,
) -> Players:
    """The table of :func:`players`, and the panel that switches between aligned sources.

    Args:
        sources: name -> signal (samples,) between -1 and 1, or the path of an audio file.
        sample_rate: of the signals, in Hz.
        notes: name -> a few words shown under the name, such as a score.

    Returns:
        An object that a notebook shows when it is the last value of a cell; `display(...)`
        shows it elsewhere, and `.save("page.html")` writes it as one self-contained page.

    Raises:
        AudioError: nothing to play, or a source that cannot be played.

    Example:
        >>> snrlib.compare({"noisy": x, "S2": enhanced, "clean": s})
    """
    from snrlib.listening.page import panel

    clips = prepare(sources, sample_rate)
    return Players(clips, _block(clips, notes or {}, panel=panel()))


def _block(clips: Clips, notes: Mapping[str, str], panel: str) -> str:
    images = pictures([clip.signal for clip in clips.clips])
    rows = "".join(_row(clips, i, image, notes) for i, image in enumerate(images))
    heads = "".join(
        f'<th style="{_NUMBER if number else _CELL}">{text}</th>'
        for text, number in [
            ("Source", False),
            ("Player", False),
            ("Spectrogram", False),
            ("RMS (dBFS)", True),
            ("Peak (dBFS)", True),
        ]
    )
    top_khz = clips.sample_rate / 2000
    return (
        f'<div class="snrlib-compare">'
        f'<table class="snrlib-players" title="Audio players"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'<p class="snrlib-gain" style="font-size: 90%; margin: 4px 8px;">'
        f"{html.escape(clips.gain_sentence())} RMS and peak are those of the signals as given. "
        f"Spectrograms: 0 to {top_khz:g} kHz, one colour scale, {RANGE_DB:.0f} dB from the "
        "strongest bin of all (bright) to black.</p>"
        f"{panel}</div>"
    )


def _typeset(note: str) -> str:
    """A note with true minus signs, and hyphens at which no line ends ("SI-" over "SDR")."""
    return re.sub(
        r"(?<=\w)-(?=\w)", "\N{NON-BREAKING HYPHEN}", re.sub(r"(?<!\w)-(?=\d)", "−", note)
    )


def _row(clips: Clips, position: int, image: bytes, notes: Mapping[str, str]) -> str:
    clip = clips.clips[position]
    name = html.escape(clip.name, quote=True)
    seconds = len(clip.signal) / clips.sample_rate
    note = html.escape(_typeset(str(notes.get(clip.name, ""))))
    # A name may break anywhere, a score only between words.
    plain = 'class="snrlib-note" style="font-weight: normal; overflow-wrap: normal;"'
    small = f"<br><small {plain}>{note}</small>" if note else ""
    sound = data_uri("audio/wav", wav(clip.signal * clips.gain, clips.sample_rate))
    picture = data_uri("image/png", image)
    # The sanitizer drops aria attributes; the title is what is left to name the player.
    return (
        f'<tr class="snrlib-source"><th scope="row" style="{_NAME}">'
        f'<span class="snrlib-name">{name}</span>{small}</th>'
        f'<td style="{_CELL}"><audio controls preload="metadata" title="Play {name}" '
        f'aria-label="Play {name}, {seconds:.1f} seconds" style="width: 225px; height: 36px;" '
        f'src="{sound}"></audio></td>'
        f'<td style="{_CELL}"><img alt="Spectrogram of {name}" width="240" height="64" '
        f'style="width: 240px; height: 64px; max-width: none;" src="{picture}"></td>'
        f'<td style="{_NUMBER}">{decibels(clip.rms_dbfs)}</td>'
        f'<td style="{_NUMBER}">{decibels(clip.peak_dbfs)}</td></tr>'
    )
