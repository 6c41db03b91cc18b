"""Selections of corpora become one table of records."""

import numpy as np
import pytest
import soundfile

from snrlib import corpora
from snrlib.corpora import synthetic_noises
from snrlib.corpora.sources import embedded, folder
from snrlib.support.errors import SnrlibError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def recording(path, seconds=0.5, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.1 * np.sin(np.arange(round(seconds * rate)) * 0.1)
    soundfile.write(path, tone, rate)


@pytest.mark.parametrize("name", corpora.names())
def test_every_corpus_is_a_record_of_facts(name):
    corpus = corpora.get(name)
    assert corpus.name == name
    assert corpus.kind in ("speech", "noise", "both")
    assert corpus.title and corpus.description and corpus.licence


def test_an_unknown_corpus_is_refused_with_near_names():
    with pytest.raises(SnrlibError, match="no corpus 'embeded'; did you mean 'embedded'"):
        corpora.get("embeded")
    with pytest.raises(SnrlibError, match=r"no 'babbel'; did you mean 'synthetic babble'"):
        corpora.noises("embedded:babbel", "")
    with pytest.raises(SnrlibError, match="no 'carl'; did you mean 'carlo'"):
        corpora.speech("embedded:carl")
    with pytest.raises(SnrlibError, match="No speech is selected"):
        corpora.speech(" , ")


def test_speech_has_the_same_columns_whatever_its_corpus(tmp_path):
    recording(tmp_path / "anna" / "one.wav")
    recording(tmp_path / "ben" / "one.wav")
    records = corpora.speech(f"embedded, folder:{tmp_path}")
    assert list(records.columns) == corpora.RECORD_COLUMNS
    assert set(records["corpus"]) == {"embedded", "folder"}
    assert set(records["kind"]) == {"speech"}
    assert records["id"].is_unique


def test_a_part_of_a_corpus_is_named_by_id_by_folder_or_by_speaker():
    everything = corpora.speech("embedded")
    carlo = corpora.speech("embedded:carlo")
    assert set(carlo["speaker"]) == {"carlo"}
    assert set(corpora.speech("embedded:allison/es")["speaker"]) == {"allison"}
    name = everything["id"][5]
    assert list(corpora.speech(f"embedded:{name}")["id"]) == [name]
    assert len(corpora.speech(f"embedded:carlo,embedded,embedded:{name}")) == len(everything)


def test_seen_and_unseen_noises_come_apart_in_the_embedded_corpus(monkeypatch):
    monkeypatch.setattr(synthetic_noises, "render", lambda names, speech: None)
    records = corpora.noises("embedded", "embedded")
    assert list(records.columns) == [*corpora.RECORD_COLUMNS, "seen", "synthetic"]
    assert tuple(records.loc[records["seen"], "id"]) == synthetic_noises.SEEN
    assert tuple(records.loc[~records["seen"], "id"]) == synthetic_noises.UNSEEN
    assert records["synthetic"].all()
    assert not records["speaker"].any() and not records["split"].any()
    # Any of them may be given another role by name.
    swapped = corpora.noises("embedded:street,embedded:synthetic bus", "embedded:babble")
    assert swapped["id"].str.removeprefix("synthetic ").tolist() == ["street", "bus", "babble"]
    assert swapped["seen"].tolist() == [True, True, False]


def test_only_the_noises_that_are_selected_are_rendered(monkeypatch):
    asked = []
    monkeypatch.setattr(synthetic_noises, "render", lambda names, speech: asked.extend(names))
    embedded.list_files()
    corpora.speech("embedded")
    assert asked == []
    corpora.noises("embedded:factory", "")
    assert asked == ["synthetic factory"]


def test_a_rendered_noise_is_where_and_as_long_as_its_record_says(cache):
    record = corpora.noises("embedded:bus", "").iloc[0]
    assert soundfile.info(record["path"]).frames == record["samples"]
    assert record["path"].startswith(str(cache))


def test_a_noise_cannot_be_both_seen_and_unseen(monkeypatch):
    monkeypatch.setattr(synthetic_noises, "render", lambda names, speech: None)
    with pytest.raises(SnrlibError, match="'synthetic babble' is named both"):
        corpora.noises("embedded", "embedded:babble")


def test_two_noises_with_one_name_are_refused_and_the_files_named(tmp_path):
    for place in ("here", "there"):
        recording(tmp_path / place / "rain.wav")
    with pytest.raises(SnrlibError, match=r"Two noises are called 'rain' .*here.*there"):
        corpora.noises(f"folder:{tmp_path / 'here'},folder:{tmp_path / 'there'}", "")


def test_speech_is_not_taken_from_a_noise_corpus():
    with pytest.raises(SnrlibError, match="holds noise, not speech"):
        corpora.speech("noisex92")


def test_in_a_folder_speakers_are_sub_folders(tmp_path):
    for speaker in "abcdefghijklmnopqrst":
        recording(tmp_path / speaker / "first day" / "one.wav")
        recording(tmp_path / speaker / "two.flac", rate=8000)
    records = corpora.speech(f"folder:{tmp_path}")
    assert set(records["speaker"]) == set("abcdefghijklmnopqrst")
    assert (records["samples"] == 8000).all()  # half a second, counted at 16 kHz
    assert records["id"].tolist()[:2] == ["a/first day/one", "a/two"]
    held_out = set(records.loc[records["split"] == "test", "speaker"])
    assert len(held_out) == 2  # a tenth
    assert not held_out & set(records.loc[records["split"] == "train", "speaker"])
    assert records.equals(corpora.speech(f"folder:{tmp_path}"))


def test_without_sub_folders_speakers_are_the_beginnings_of_file_names(tmp_path):
    for name in ("anna_one", "anna-two", "ben_one", "carl"):
        recording(tmp_path / f"{name}.wav")
    records = folder.records(tmp_path)
    assert records["speaker"].tolist() == ["anna", "anna", "ben", "carl"]
    assert (records["split"] == "test").sum() >= 1


def test_sub_folders_train_and_test_decide_the_split(tmp_path):
    recording(tmp_path / "train" / "anna" / "one.wav")
    recording(tmp_path / "Test" / "ben" / "one.wav")
    recording(tmp_path / "more" / "one.wav")
    records = folder.records(tmp_path).set_index("speaker")
    assert records["split"].to_dict() == {"anna": "train", "ben": "test", "more": "train"}


def test_a_single_speaker_is_split_by_recording(tmp_path):
    for number in range(20):
        recording(tmp_path / "me" / f"{number}.wav", seconds=0.1)
    records = folder.records(tmp_path)
    assert set(records["speaker"]) == {"me"}
    assert (records["split"] == "test").sum() == 2


def test_a_folder_of_noises_names_them_after_the_files(tmp_path):
    recording(tmp_path / "rain.wav", seconds=2)
    recording(tmp_path / "hall" / "fan.flac", seconds=2)
    records = corpora.noises(f"folder:{tmp_path}", "")
    assert records["id"].tolist() == ["hall/fan", "rain"]
    assert records["seen"].all() and not records["synthetic"].any()


def test_a_comma_in_a_folder_name_is_part_of_the_name(tmp_path):
    recording(tmp_path / "mine, yours" / "a_1.wav")
    recording(tmp_path / "mine, yours" / "b_1.wav")
    assert len(corpora.speech(f"folder:{tmp_path / 'mine, yours'}")) == 2


def test_the_same_id_in_two_folders_is_told_apart(tmp_path):
    for place in ("x", "y"):
        recording(tmp_path / place / "anna" / "one.wav")
        recording(tmp_path / place / "ben" / "one.wav")
    records = corpora.speech(f"folder:{tmp_path / 'x'},folder:{tmp_path / 'y'}")
    assert len(records) == 4
    assert records["id"].is_unique


@pytest.mark.parametrize("where", ["", "/no/such/folder", "empty"])
def test_a_folder_without_audio_is_refused(where, tmp_path):
    (tmp_path / "empty").mkdir()
    where = str(tmp_path / where) if where == "empty" else where
    with pytest.raises(SnrlibError, match="folder"):
        corpora.speech(f"folder:{where}")


def test_a_file_that_is_no_audio_is_named(tmp_path):
    recording(tmp_path / "a_1.wav")
    (tmp_path / "b_1.wav").write_bytes(b"not a sound at all")
    with pytest.raises(SnrlibError, match=r"b_1\.wav"):
        corpora.speech(f"folder:{tmp_path}")


def test_embedded_audio_that_is_incomplete_says_so(tmp_path):
    with pytest.raises(SnrlibError, match="install the kit again"):
        embedded.manifest(tmp_path)
