"""A comparison plays what it was given: levels untouched, names as text, nothing from elsewhere."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pandas
import pytest
import soundfile

import snrlib
from snrlib import audio, mixing
from snrlib.listening import explorer, spectrogram
from snrlib.listening.players import compare, players
from snrlib.support.errors import AudioError, SnrlibError

RATE = 16_000
NASTY = "<script>alert(1)</script> \"quoted\" & 'single' 🎧"

# What JupyterLab 4's sanitizer keeps in an untrusted notebook (its list, for the tags used here).
KEPT = {
    "div": {"class", "style", "title"},
    "table": {"class", "style", "title"},
    "thead": {"class", "style", "title"},
    "tbody": {"class", "style", "title"},
    "tr": {"class", "style", "title"},
    "th": {"class", "style", "title", "scope"},
    "td": {"class", "style", "title"},
    "p": {"class", "style", "title"},
    "span": {"class", "style", "title"},
    "small": {"class", "style", "title"},
    "br": set(),
    "audio": {"class", "style", "title", "controls", "preload", "src"},
    "img": {"class", "style", "title", "src", "alt", "width", "height"},
}


def tone(hertz: float = 440.0, peak: float = 0.5, seconds: float = 0.5) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype("f4")


class Rows(HTMLParser):
    """The names, sounds, pictures and tags of the players."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.sounds: list[np.ndarray] = []
        self.pictures: list[bytes] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if found.get("class") == "snrlib-name":
            self.names.append("")
            self._inside = True
        content = base64.b64decode(found.get("src", ",").split(",")[1])
        if tag == "audio":
            signal, rate = soundfile.read(io.BytesIO(content), dtype="float64")
            assert rate == RATE
            self.sounds.append(signal)
        if tag == "img":
            self.pictures.append(content)

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "span"

    def handle_data(self, text):
        if self._inside:
            self.names[-1] += text


def test_a_clip_that_fits_is_played_bit_for_bit_as_a_16_bit_file_holds_it() -> None:
    signal = tone(peak=0.3)
    (heard,) = Rows(players({"tone": signal}).html).sounds
    assert np.abs(heard - signal).max() <= 0.5 / 32768 + 1e-9


def test_one_gain_for_all_keeps_the_differences_in_level() -> None:
    loud, soft = tone(peak=4.0), tone(peak=0.04)
    shown = players({"loud": loud, "soft": soft})
    first, second = Rows(shown.html).sounds
    assert np.abs(first).max() <= 1
    difference = audio.rms_dbfs(first) - audio.rms_dbfs(second)
    assert difference == pytest.approx(40.0, abs=0.01)
    assert shown.gain == pytest.approx(0.999 / 4, rel=1e-3)
    sentence = "−12.0 dB (one common gain, a factor of 0.25)"
    assert sentence in shown.html and sentence in repr(shown)


def test_without_clipping_no_gain_is_applied_and_it_is_said() -> None:
    shown = players({"a": tone(peak=1.0)})
    assert shown.gain == 1 and "no gain was applied" in shown.html


def test_levels_are_those_of_a_sine_and_of_silence() -> None:
    shown = players({"sine": tone(peak=1.0), "silence": np.zeros(800, np.float32)})
    sine, silence = shown.clips.clips
    assert sine.rms_dbfs == pytest.approx(-3.01, abs=0.01)
    assert sine.peak_dbfs == pytest.approx(0, abs=0.01)
    assert silence.rms_dbfs == silence.peak_dbfs == -np.inf
    assert ">−3.0<" in shown.html and ">−∞<" in shown.html


def test_names_and_notes_are_text_whatever_they_contain() -> None:
    rows = Rows(compare({NASTY: tone()}, notes={NASTY: NASTY}).html)
    assert rows.names == [NASTY]
    assert {tag for tag, _ in rows.tags} == {*KEPT, "iframe"}
    (sound,) = (attributes for tag, attributes in rows.tags if tag == "audio")
    assert sound["title"] == f"Play {NASTY}"


def test_the_table_survives_the_sanitizer_of_an_untrusted_notebook() -> None:
    for tag, attributes in Rows(players({"a": tone()}, notes={"a": "note"}).html).tags:
        lost = set(attributes) - KEPT[tag] - {"aria-label"}
        assert not lost, f"<{tag}> would lose {lost}"
    # Without aria-label the title is what names the player to a screen reader.
    assert 'title="Play a"' in players({"a": tone()}).html


def test_a_page_carries_every_clip_once_and_loads_nothing(tmp_path) -> None:
    shown = compare({"a": tone(), "b": tone(880)})
    page = shown.save(tmp_path / "page.html", "A & B").read_text(encoding="utf-8")
    assert page.count("data:audio/wav") == 2
    assert "<title>A &amp; B</title>" in page
    assert not re.search(r"(?:src|href)=[\"']?(?!data:)\w|url\(|@import|https?://", page)
    assert not shown.html.startswith("<iframe")


def test_what_is_shown_twice_is_the_same_text() -> None:
    # A notebook that runs again must not change where nothing changed.
    assert compare({"a": tone()}).html == compare({"a": tone()}).html


def test_files_are_played_as_well_as_arrays(tmp_path) -> None:
    path = audio.write(tmp_path / "tone.wav", tone())
    rows = Rows(players({"file": path, "array": tone(), "16 bit": np.int16([0, 16384])}).html)
    assert np.array_equal(rows.sounds[0], rows.sounds[1])
    assert list(rows.sounds[2]) == [0, 0.5]


@pytest.mark.parametrize(
    ("sources", "complaint"),
    [
        ({}, "nothing to play"),
        ([tone()], "nothing to play"),
        ({"a": tone(), "b": np.zeros(0, "f4")}, r"Source 2 \('b'\) is empty"),
        ({"a": np.array([0.0, np.nan])}, r"Source 1 \('a'\) holds NaN"),
        ({"a": np.zeros((2, 100))}, r"shape \(2, 100\)"),
        ({"a": np.zeros(10, int)}, "int64"),
        ({"a": np.zeros(130 * RATE, "f4")}, "up to 120 s"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(sources, complaint) -> None:
    with pytest.raises(AudioError, match=complaint):
        compare(sources)


def levels(picture: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(picture)))


def test_a_tone_is_brightest_at_its_frequency() -> None:
    (picture,) = spectrogram.pictures([tone(2_000, seconds=1.0)])
    rows = levels(picture).astype(float).mean(axis=1)
    from_bottom = (len(rows) - 1 - rows.argmax()) / (len(rows) - 1)
    assert from_bottom * 8_000 == pytest.approx(2_000, abs=8_000 / len(rows))


def test_the_power_behind_a_picture_is_that_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    signal = np.random.default_rng(0).normal(size=40_000)
    theirs = np.abs(librosa.stft(signal, n_fft=512, hop_length=128, window=np.hanning(512))) ** 2
    np.testing.assert_allclose(spectrogram.power(signal), theirs, atol=1e-4 * theirs.max())


def test_spectrograms_share_one_colour_scale() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype("f4")
    loud, soft = (levels(p).astype(float) for p in spectrogram.pictures([noise, 0.1 * noise]))
    steps_of_20_db = 20 / spectrogram.RANGE_DB * (spectrogram.COLOURS - 1)
    assert np.median(loud - soft) == pytest.approx(steps_of_20_db, abs=1)


def test_spectrograms_under_each_other_share_one_time_axis() -> None:
    long, short = (levels(p) for p in spectrogram.pictures([tone(seconds=2.0), tone(seconds=1.0)]))
    assert long.shape == short.shape
    half = short.shape[1] // 2
    assert short[:, half - 4].any() and not short[:, half + 4 :].any()


# --- explore: mixing on the spot ----------------------------------------------------------


@pytest.fixture
def records(tmp_path):
    generator = np.random.default_rng(1)
    voice = tone(300, 0.2, 1.0) * (1 + tone(3, 1.0, 1.0))
    noise = 0.1 * generator.standard_normal(5 * RATE).astype("f4")
    tables = []
    for kind, name, signal in (("speech", "voice", voice), ("noise", "hiss", noise)):
        path = audio.write(tmp_path / f"{name}.wav", signal)
        row = {"id": name, "kind": kind, "path": str(path), "samples": len(signal), "split": "test"}
        tables.append(pandas.DataFrame([row]))
    return tables


@pytest.mark.parametrize("snr_db", [-33.3, 0.0, 7.25])
def test_a_mixture_made_on_the_spot_has_the_snr_that_was_typed_in(records, snr_db) -> None:
    speech, noises = records
    shown, scores = explorer.hear(speech.iloc[0], noises.iloc[0], snr_db, {"half": lambda x: x / 2})
    heard = {clip.name: clip.signal.astype(float) for clip in shown.clips.clips}
    assert list(heard) == ["noisy", "half", "clean"]
    noise = heard["noisy"] - heard["clean"]
    assert mixing.snr_db(heard["clean"], noise) == pytest.approx(snr_db, abs=0.01)
    assert list(scores.index) == ["noisy", "half"]
    # Half the level is the same signal to SI-SDR.
    si_sdr = scores["SI-SDR (dB)"]
    assert si_sdr["half"] == pytest.approx(si_sdr["noisy"], abs=0.01)


def test_exploring_takes_the_part_of_the_noise_that_no_training_heard(records) -> None:
    speech, noises = records
    shown, _ = explorer.hear(speech.iloc[0], noises.iloc[0], 0.0, {}, noise_from=0.5)
    heard = {clip.name: clip.signal.astype(float) for clip in shown.clips.clips}
    noise = heard["noisy"] - heard["clean"]
    start = 3 * RATE + RATE // 2  # 60 % of five seconds, and half a second
    whole = audio.read(noises["path"].iloc[0]).astype(float)[start : start + RATE]
    assert np.corrcoef(noise, whole)[0, 1] == pytest.approx(1, abs=1e-6)


def test_without_a_reader_explore_shows_players_instead_of_dead_widgets(records) -> None:
    shown = snrlib.explore(*records, models={"half": lambda x: x / 2}, snr_db=3)
    assert [clip.name for clip in shown.clips.clips] == ["noisy", "half", "clean"]


def test_with_a_reader_explore_shows_controls_and_refuses_in_words(records, monkeypatch) -> None:
    monkeypatch.setattr("snrlib.support.kernel.attended", lambda: True)
    box = snrlib.explore(*records, models={"half": lambda x: x / 2})
    exact = box.children[2].children[0]
    note = box.children[3]
    assert note.value == ""
    exact.value = float("inf")
    assert "SNR of inf dB cannot be mixed" in note.value
    exact.value = 61.5
    assert note.value == ""
    # The slider follows as far as it reaches, and leaves what was typed; it moves the number.
    slider = box.children[2].children[1]
    assert (exact.value, slider.value) == (61.5, 20)
    exact.value = -7.25
    assert (exact.value, slider.value) == (-7.25, -7.25)
    slider.value = 4
    assert (exact.value, slider.value) == (4, 4)


def test_an_unknown_model_is_refused(records) -> None:
    with pytest.raises(SnrlibError, match="no model 'S3'"):
        snrlib.explore(*records, models=["S3"])
