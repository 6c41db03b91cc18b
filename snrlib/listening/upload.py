"""The reader's own recording in a live notebook: a file or the microphone in, players out.

The button and the microphone exist only where a kernel answers a reader. A notebook that runs
without hands, and the pages made from it, get nothing here; they take a file by its path.

Notebook: 00_start_here.
"""

import base64
import html
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from snrlib import audio
from snrlib.listening.page import document, source
from snrlib.listening.players import Players, compare
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.kernel import attended

LONGEST_SECONDS = 30  # that are played: the page holds every version of it

Enhance = Callable[[np.ndarray], np.ndarray]


def decode(name: str, content: bytes) -> np.ndarray:
    """An uploaded file as float32 (samples,) at 16 kHz.

    Args:
        name: of the file; its ending says the format.
        content: of the file.

    Raises:
        AudioError: not audio that can be read; the sentence names the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{Path(name).suffix.lower() or '.wav'}"
        path.write_bytes(content)
        try:
            return audio.read(path)
        except AudioError as error:
            raise AudioError(str(error).replace(str(path), Path(name).name)) from error


def heard(recording: np.ndarray, systems: Mapping[str, Enhance]) -> tuple[Players, str]:
    """Players for a recording and what each system makes of it, and a sentence about them.

    Args:
        recording: float32 (samples,) at 16 kHz.
        systems: name -> function that enhances; each gets the whole recording.
    """
    seconds = len(recording) / audio.SAMPLE_RATE
    sources = {"as recorded": recording}
    sources |= {name: enhance(recording) for name, enhance in systems.items()}
    shown = LONGEST_SECONDS * audio.SAMPLE_RATE
    sentence = f"{seconds:.1f} s, {audio.rms_dbfs(recording):.0f} dBFS RMS."
    if seconds > LONGEST_SECONDS:
        sentence += (
            f" The first {LONGEST_SECONDS} s are played here; `snrlib enhance` writes all of it."
        )
    return compare({name: signal[:shown] for name, signal in sources.items()}), sentence


def own_recording(systems: Mapping[str, Enhance]) -> Any:
    """A button that takes a file, a microphone, and the players for what came in.

    Args:
        systems: name -> function that enhances.

    Returns:
        A widget to show in a notebook; None where nobody is there to press a button.
    """
    if not attended():
        return None
    import ipywidgets as widgets

    shown = widgets.Output()
    accepted = ",".join((*audio.SUFFIXES, "audio/*"))
    upload = widgets.FileUpload(accept=accepted, description="Choose a file", multiple=False)
    # What the microphone's frame writes into this box, the kernel reads.
    mark = f"snrlib-recording-{uuid.uuid4().hex[:8]}"
    box = widgets.Textarea(layout=widgets.Layout(display="none"))
    box.add_class(mark)

    def show(name: str, content: bytes) -> None:
        from IPython.display import display

        shown.clear_output()
        with shown:
            try:
                players, sentence = heard(decode(name, content), systems)
            except SnrlibError as error:
                print(error)
                return
            print(f"{name}: {sentence}")
            display(players)

    def uploaded(change: dict[str, Any]) -> None:
        for file in change["new"]:
            show(str(file["name"]), bytes(file["content"]))

    def recorded(change: dict[str, Any]) -> None:
        if change["new"]:
            show("microphone.wav", base64.b64decode(change["new"]))
            box.value = ""  # else the recording would be saved with the notebook

    upload.observe(uploaded, names="value")
    box.observe(recorded, names="value")
    choices = widgets.HBox([upload, widgets.HTML(recorder(mark))])
    return widgets.VBox([choices, box, shown])


def recorder(mark: str) -> str:
    """The microphone's frame; it writes a base64 WAV file into the box of the class `mark`."""
    inner = document(
        "Record with the microphone",
        source("recorder.html").replace("BOX", html.escape(mark, quote=True)),
        styles=("page.css",),
        scripts=("theme.js", "recorder.js"),
    )
    return (
        '<div class="snrlib-recorder"><iframe title="Record with the microphone" '
        'allow="microphone" style="width: 560px; max-width: 100%; height: 56px; border: 0;" '
        f'srcdoc="{html.escape(inner, quote=True)}"></iframe></div>'
    )
