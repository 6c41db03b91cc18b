"""A reader's own recording comes in as a file or from the microphone, and is heard enhanced."""

import base64
import io
from datetime import UTC, datetime

import numpy as np
import pytest
import soundfile

from snrlib.listening import upload
from snrlib.listening.page import source
from snrlib.support.errors import AudioError


def wav(signal: np.ndarray, rate: int = 16_000) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, signal, rate, format="WAV", subtype="PCM_16")
    return held.getvalue()


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    return 0.25 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr("snrlib.listening.upload.attended", lambda: True)


def test_nobody_sits_before_plain_python_so_no_button_is_made() -> None:
    assert not upload.attended()
    assert upload.own_recording({}) is None


def test_an_uploaded_file_arrives_at_16_khz_whatever_its_rate() -> None:
    signal = upload.decode("talk.WAV", wav(tone(0.5, 48_000), 48_000))
    assert len(signal) == 8_000 and signal.dtype == np.float32
    peak = np.abs(np.fft.rfft(signal)).argmax()
    assert peak * 2 == 440  # half a second: bins of 2 Hz


def test_a_file_that_is_no_audio_is_refused_by_its_own_name() -> None:
    with pytest.raises(AudioError, match=r"^shopping\.txt is not audio"):
        upload.decode("shopping.txt", b"milk, bread")


def test_every_system_hears_the_whole_recording_and_half_a_minute_is_played() -> None:
    lengths = []

    def half(signal: np.ndarray) -> np.ndarray:
        lengths.append(len(signal))
        return signal / 2

    players, sentence = upload.heard(tone(40).astype(np.float32), {"half": half})
    assert lengths == [40 * 16_000]
    assert [clip.name for clip in players.clips.clips] == ["as recorded", "half"]
    assert all(len(clip.signal) == 30 * 16_000 for clip in players.clips.clips)
    assert "40.0 s" in sentence and "first 30 s" in sentence


def test_the_button_and_the_microphone_lead_to_the_same_players(live) -> None:
    seen = []
    widget = upload.own_recording({"copy": lambda signal: seen.append(len(signal)) or signal})
    choices, box, _ = widget.children
    content = wav(tone(0.25))
    file = {"name": "a.wav", "type": "audio/wav", "size": len(content), "content": content}
    choices.children[0].value = ({**file, "last_modified": datetime.now(UTC)},)
    box.value = base64.b64encode(content).decode()
    assert seen == [4_000, 4_000]
    assert box.value == "", "the recording is not kept in the notebook"


def test_a_broken_upload_says_so_and_raises_nothing_in_the_kernel(live, capsys) -> None:
    widget = upload.own_recording({})
    widget.children[1].value = base64.b64encode(b"not audio").decode()
    assert "microphone.wav is not audio" in capsys.readouterr().out


def test_the_microphone_is_raw_and_its_page_asks_nobody_outside() -> None:
    frame = upload.recorder("snrlib-recording-1")
    assert "snrlib-recording-1" in frame and 'allow="microphone"' in frame
    script = source("recorder.js")
    for setting in ("noiseSuppression", "echoCancellation", "autoGainControl"):
        assert f"{setting}: false" in script
    assert "http" not in script.replace("https or localhost", "")
