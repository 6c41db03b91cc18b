"""Each corpus is found where its publisher put it: names, formats and splits as in the original.

The trees are miniatures; tests on real excerpts run where SNRLIB_TEST_AUDIO names a folder of
them.
"""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import soundfile

from snrlib import audio, corpora
from snrlib.corpora import listing
from snrlib.corpora.checking import check
from snrlib.corpora.sources import esc50
from snrlib.support import sphere
from snrlib.support.errors import AudioError, SnrlibError

RATE = 16_000


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


def tone(seconds=0.1, rate=RATE, pitch=440.0):
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def write(path, signal=None, rate=RATE, **how):
    """An audio file with its folders, in the format its suffix says or `format` names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(rate=rate) if signal is None else signal, rate, **how)
    return path


def write_sphere(path, signal=None, byte_order="01", coding="pcm", promised=None):
    """A `.WAV` file as on the LDC's TIMIT disc: a 1,024-byte header of lines, then samples."""
    signal = tone() if signal is None else signal
    samples = np.round(32_767 * signal).astype("<i2" if byte_order == "01" else ">i2")
    lines = [
        "NIST_1A",
        "   1024",
        "database_id -s5 TIMIT",
        "database_version -s3 1.0",
        "utterance_id -s8 cjf0_sa1",
        "channel_count -i 1",
        f"sample_count -i {promised or len(samples)}",
        f"sample_rate -i {RATE}",
        f"sample_min -i {samples.min()}",
        f"sample_max -i {samples.max()}",
        "sample_n_bytes -i 2",
        f"sample_byte_format -s2 {byte_order}",
        "sample_sig_bits -i 16",
    ]
    if coding:
        lines.append(f"sample_coding -s{len(coding)} {coding}")
    header = "\n".join([*lines, "end_head", ""]).encode("ascii").ljust(1024)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + samples.tobytes())
    return path


def listed(name, root):
    records = corpora.get(name).list_files(root)
    assert list(records.columns) == corpora.RECORD_COLUMNS
    assert records["id"].is_unique
    assert all(Path(path).is_file() and Path(path).is_absolute() for path in records["path"])
    for path, samples in zip(records["path"], records["samples"], strict=True):
        assert len(audio.read(path)) == samples, "what is listed is what is read"
    return records


# TIMIT. ------------------------------------------------------------------------------------

TIMIT = ("TRAIN/DR1/FCJF0/SA1", "TRAIN/DR1/FCJF0/SX37", "TEST/DR8/MJLN0/SI1449")


@pytest.mark.parametrize("case", [str.upper, str.lower], ids=["upper", "lower"])
@pytest.mark.parametrize("content", ["SPHERE", "RIFF"])
def test_timit_is_read_in_either_case_and_content(root, case, content):
    for name in TIMIT:
        path = root / case(f"TIMIT/{name}.WAV")
        if content == "SPHERE":
            write_sphere(path)
        else:
            write(path, format="WAV")
        path.with_suffix(case(".PHN")).write_text("0 2260 h#\n")
    records = listed("timit", root)
    assert list(records["id"]) == ["dr1/fcjf0/sa1", "dr1/fcjf0/sx37", "dr8/mjln0/si1449"]
    assert list(records["speaker"]) == ["fcjf0", "fcjf0", "mjln0"]
    assert list(records["split"]) == ["train", "train", "test"]


def test_timit_copies_that_hold_both_contents_are_listed_once(root):
    write_sphere(root / "TRAIN/DR1/FCJF0/SA1.WAV")
    write(root / "TRAIN/DR1/FCJF0/SA1.WAV.wav")
    assert list(listed("timit", root)["id"]) == ["dr1/fcjf0/sa1"]


def test_the_timit_sample_is_for_testing_only(root):
    write(root / "dr1-fvmh0/sa1.flac")
    write(root / "dr1-mcpm0/si1194.flac")
    records = listed("timit", root)
    assert list(records["id"]) == ["dr1/fvmh0/sa1", "dr1/mcpm0/si1194"]
    assert set(records["split"]) == {"test"}
    assert "evaluation only" in records["licence"][0]


@pytest.mark.parametrize("byte_order", ["01", "10"])
@pytest.mark.parametrize("coding", ["pcm", ""])
def test_sphere_samples_come_out_as_they_went_in(root, byte_order, coding):
    signal = tone(0.25)
    path = write_sphere(root / "SA1.WAV", signal, byte_order, coding)
    np.testing.assert_allclose(audio.read(path), signal, atol=1 / 32_000)


def test_the_sphere_header_is_read(root):
    fields = sphere.header(write_sphere(root / "SA1.WAV"))
    assert (fields["sample_rate"], fields["sample_count"]) == (RATE, 1600)
    assert fields["utterance_id"] == "cjf0_sa1"
    assert sphere.header(write(root / "a.wav")) is None


def test_compressed_sphere_is_refused_with_the_tool_that_helps(root):
    write_sphere(root / "TRAIN/DR1/FCJF0/SA1.WAV", coding="pcm,embedded-shorten-v2.00")
    with pytest.raises(AudioError, match=r"FCJF0/SA1\.WAV is a compressed SPHERE.*sph2pipe"):
        corpora.get("timit").list_files(root)


def test_a_sphere_file_that_ends_early_is_refused(root):
    write_sphere(root / "TRAIN/DR1/FCJF0/SA1.WAV", promised=50_000)
    with pytest.raises(AudioError, match="is truncated"):
        corpora.get("timit").list_files(root)


def test_all_files_that_cannot_be_opened_are_counted(root):
    for name in TIMIT:
        write_sphere(root / f"{name}.WAV", promised=50_000)
    with pytest.raises(AudioError, match=r"is truncated.* So it is with 2 others\."):
        corpora.get("timit").list_files(root)


def test_a_damaged_sphere_header_is_refused(root):
    (root / "a.wav").write_bytes(b"NIST_1A\n   1024\nsample_rate -i\n" + bytes(2000))
    with pytest.raises(AudioError, match="damaged SPHERE header"):
        sphere.header(root / "a.wav")


# LibriSpeech, VCTK. ------------------------------------------------------------------------


def test_librispeech_subsets_are_split_by_their_names(root):
    write(root / "LibriSpeech/train-clean-5/19/198/19-198-0000.flac")
    write(root / "LibriSpeech/dev-clean-2/84/121123/84-121123-0000.flac")
    (root / "LibriSpeech/dev-clean-2/84/121123/84-121123.trans.txt").write_text("84-...")
    records = listed("librispeech", root)
    assert list(records["id"]) == ["dev-clean-2/84-121123-0000", "train-clean-5/19-198-0000"]
    assert list(records["speaker"]) == ["84", "19"]
    assert list(records["split"]) == ["test", "train"]


@pytest.mark.parametrize("depth", ["", "train-clean-100", "train-clean-100/19"])
def test_librispeech_is_found_at_any_depth(root, depth):
    write(root / "LibriSpeech/train-clean-100/19/198/19-198-0000.flac")
    assert list(listed("librispeech", root / "LibriSpeech" / depth)["speaker"]) == ["19"]


def test_a_flat_folder_knows_its_subsets_from_speakers_txt(root):
    (root / "SPEAKERS.TXT").write_text(
        ";ID  |SEX| SUBSET           |MINUTES| NAME\n"
        "14   | F | train-clean-360  | 25.03 | Kristin LeMoine\n"
        "84   | F | dev-clean        |  8.02 | Christie Nowak\n"
    )
    write(root / "14-208-0000.ogg")
    write(root / "84-121123-0000.ogg")
    records = listed("librispeech", root)
    assert list(records["split"]) == ["test", "train"]
    assert list(records["id"]) == ["dev-clean/84-121123-0000", "train-clean-360/14-208-0000"]


def test_without_a_test_part_every_tenth_speaker_is_held_out(root):
    for speaker in range(100, 130):
        for number in range(2):
            name = f"train-clean-100/{speaker}/1/{speaker}-1-{number:04d}.flac"
            write(root / name, tone(0.01))
    records = listed("librispeech", root)
    by_split = records.groupby("split")["speaker"].agg(set)
    assert len(by_split["test"]) == 3
    assert not by_split["test"] & by_split["train"]


def test_who_is_held_out_does_not_depend_on_the_number_of_recordings(root):
    for speaker in range(10):
        write(root / f"train-clean-5/{speaker}/1/{speaker}-1-0000.flac", tone(0.01))
    before = listed("librispeech", root)
    write(root / "train-clean-5/3/1/3-1-0001.flac", tone(0.01))
    after = listed("librispeech", root)
    test = [set(r.loc[r["split"] == "test", "speaker"]) for r in (before, after)]
    assert test[0] == test[1]


def test_vctk_takes_the_first_microphone(root):
    for name in ("p225/p225_001", "s5/s5_002"):
        for microphone in ("mic1", "mic2"):
            write(root / f"wav48_silence_trimmed/{name}_{microphone}.flac", rate=48_000)
    records = listed("vctk", root)
    assert list(records["id"]) == ["p225/p225_001", "s5/s5_002"]
    assert all(path.endswith("_mic1.flac") for path in records["path"])


def test_the_older_vctk_has_no_microphones(root):
    write(root / "wav48/p225/p225_001.wav", rate=48_000)
    assert list(listed("vctk", root)["speaker"]) == ["p225"]


# Noise. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("babble.wav", "babble"),
        ("speech_babble.wav", "babble"),
        ("Factory1.wav", "factory1"),
        ("factory floor 1.wav", "factory1"),
        ("factoryfloor2.wav", "factory2"),
        ("destroyer-engine.wav", "destroyerengine"),
        ("DestroyerOps.wav", "destroyerops"),
        ("buccaneercockpit1.wav", "buccaneer1"),
        ("F-16.wav", "f16"),
        ("hf_channel.wav", "hfchannel"),
        ("white_noise.wav", "white"),
        ("volvo340.wav", "volvo"),
        ("speech_shaped_noise.wav", "speech_shaped_noise"),
    ],
)
def test_noisex92_names_are_recognised_however_they_are_spelt(root, file, name):
    write(root / "white.wav")
    write(root / file)
    assert name in list(listed("noisex92", root)["id"])


def test_noisex92_is_resampled_from_its_odd_rate(root):
    write(root / "babble.wav", tone(2, 19_980, 1000), rate=19_980)
    records = listed("noisex92", root)
    assert records["seconds"][0] == pytest.approx(2, abs=1e-3)
    spectrum = np.abs(np.fft.rfft(audio.read(records["path"][0])[:16_000]))
    assert np.argmax(spectrum) == 1000, "a tone of 1 kHz stays one"


@pytest.mark.parametrize("scale", [1.0, 32_767.0], ids=["full scale 1", "16 bit"])
def test_noisex92_as_matlab_files_is_converted(root, scale):
    signal = tone(0.5, 19_980)
    scipy.io.savemat(root / "babble.mat", {"babble": scale * signal[:, None]})
    records = listed("noisex92", root)
    assert list(records["id"]) == ["babble"]
    read = audio.read(records["path"][0], sample_rate=19_980)
    np.testing.assert_allclose(read, signal, atol=1e-4)


def test_a_broken_matlab_file_is_named(root):
    (root / "babble.mat").write_bytes(b"nothing of the kind" * 10)
    with pytest.raises(AudioError, match=r"babble\.mat is not a MATLAB file"):
        corpora.get("noisex92").list_files(root)


def test_chime4_places_are_single_noises_from_one_microphone(root):
    folder = root / "CHiME3/data/audio/16kHz/backgrounds"
    for recording in ("150204_010_BUS", "150204_020_BUS", "150203_010_CAF", "150203_010_PED",
                      "150203_010_STR", "150212_050_STR"):  # fmt: skip
        for channel in range(1, 7):
            write(folder / f"BGD_{recording}.CH{channel}.wav")
    write(root / "CHiME3/data/audio/16kHz/isolated/tr05_bus_real/F01_BUS.CH1.wav")
    records = listed("chime4", root)
    assert list(records["id"]) == ["BUS", "CAF", "PED", "STR"]
    assert Path(records["path"][0]).name == "BGD_150204_010_BUS.CH1.wav"
    assert Path(records["path"][3]).name == "BGD_150203_010_STR.CH1.wav"


@pytest.mark.parametrize("suffix", ["", "_16k"])
def test_demand_places_are_single_noises_from_one_microphone(root, suffix):
    for place in ("TBUS", "PCAFETER"):
        for channel in range(1, 17):
            write(root / f"part/{place}{suffix}/ch{channel:02d}.wav", tone(0.01))
    records = listed("demand", root)
    assert list(records["id"]) == ["PCAFETER", "TBUS"]
    assert all(path.endswith("ch01.wav") for path in records["path"])


def test_musan_lists_its_noise_and_nothing_else(root):
    write(root / "musan/noise/free-sound/noise-free-sound-0000.wav")
    write(root / "musan/noise/sound-bible/noise-sound-bible-0083.wav")
    write(root / "musan/speech/librivox/speech-librivox-0000.wav")
    assert list(listed("musan", root)["id"]) == ["free-sound/0000", "sound-bible/0083"]


def test_esc50_clips_of_a_kind_are_joined_into_one_noise(root):
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for source in range(4):
        kind, target = ("rain", 10) if source < 2 else ("airplane", 47)
        for take in "AB":
            name = f"1-{source}-{take}-{target}.wav"
            clip = np.concatenate([tone(1, 44_100), np.zeros(44_100)])  # padded, as short ones are
            write(root / "ESC-50-master/audio" / name, clip, rate=44_100)
            rows.append(f"{name},1,{target},{kind},{kind == 'rain'},{source},{take}")
    (root / "ESC-50-master/meta").mkdir()
    (root / "ESC-50-master/meta/esc50.csv").write_text("\n".join(rows))
    records = listed("esc50", root)
    assert list(records["id"]) == ["airplane", "rain"]
    assert list(records["licence"]) == ["CC BY-NC 3.0", "CC BY 3.0"]
    # Four clips of a second, without their silence, overlapping by three cross-fades.
    assert records["seconds"].to_list() == pytest.approx([4 - 3 * 0.02] * 2, abs=0.01)
    written = [Path(path).stat().st_mtime_ns for path in records["path"]]
    again = [Path(path).stat().st_mtime_ns for path in listed("esc50", root)["path"]]
    assert written == again, "joined once"


def test_joined_clips_have_one_level_and_no_steps():
    quiet, loud = 0.01 * tone(1, pitch=100), 0.9 * tone(1, pitch=100)
    joined = esc50.join([quiet.astype(np.float32), loud.astype(np.float32)])
    halves = [audio.rms_dbfs(joined[:15_000]), audio.rms_dbfs(joined[-15_000:])]
    assert halves[0] == pytest.approx(halves[1], abs=0.1)
    assert np.abs(np.diff(joined)).max() < 2 * np.abs(np.diff(joined[:10_000])).max()


# All of them. ------------------------------------------------------------------------------

NAMED = ["timit", "librispeech", "vctk", "noisex92", "chime4", "demand", "musan", "esc50"]


@pytest.mark.parametrize("name", NAMED)
def test_a_folder_of_something_else_is_refused_with_an_example_of_the_layout(root, name):
    write(root / "holiday/beach.wav")
    with pytest.raises(SnrlibError, match=r"holds no .*; give the folder"):
        corpora.get(name).list_files(root)


@pytest.mark.parametrize("name", NAMED)
def test_a_missing_corpus_says_how_to_get_it(name):
    with pytest.raises(SnrlibError, match=rf"'{name}' is not here; .*`snrlib data add {name} "):
        corpora.get(name).list_files(None)


@pytest.mark.parametrize("name", NAMED)
def test_every_record_says_what_the_reader_must_know(name):
    corpus = corpora.get(name)
    assert corpus.name == name
    for text in (corpus.title, corpus.description, corpus.licence, corpus.citation):
        assert text
    assert corpus.homepage.startswith("http")
    for item in corpus.downloads:
        assert item.url.startswith("https://")
        assert item.size or item.about
        assert item.checksum.startswith("md5:") or corpus.notes
    parts = [item.part for item in corpus.downloads]
    assert len(parts) == len(set(parts))
    assert not corpus.downloads or any(item.wanted for item in corpus.downloads)


def test_recordings_behind_links_are_found_and_circles_end(root):
    if os.name == "nt":
        pytest.skip("links need rights on Windows")
    write(root / "elsewhere/19/198/19-198-0000.flac")
    (root / "here").mkdir()
    (root / "here/train-clean-5").symlink_to(root / "elsewhere")
    (root / "here/loop").symlink_to(root / "here")
    assert list(listed("librispeech", root / "here")["id"]) == ["train-clean-5/19-198-0000"]


def test_hidden_and_half_unpacked_files_are_not_listed(root):
    write(root / ".train-clean-5.unpacking/train-clean-5/1/1/1-1-0000.flac")
    write(root / "train-clean-5/2/1/._2-1-0000.flac")
    write(root / "train-clean-5/2/1/2-1-0000.flac")
    assert list(listed("librispeech", root)["speaker"]) == ["2"]


def test_headers_are_read_once_as_long_as_nothing_changes(root, monkeypatch):
    monkeypatch.setattr(listing, "_WORTH_KEEPING", 1)
    path = write(root / "babble.wav")
    assert listed("noisex92", root)["samples"][0] == 1600
    reads = []
    monkeypatch.setattr(listing, "_length", lambda path: (reads.append(path) or 7, ""))
    assert corpora.get("noisex92").list_files(root)["samples"][0] == 1600
    assert reads == []
    write(path, tone(0.2))
    corpora.get("noisex92").list_files(root)
    assert len(reads) == 1


def test_a_check_counts_and_opens_everything(root):
    for name in TIMIT:
        write_sphere(root / f"{name}.WAV")
    write(root / "TEST/DR1/FAKS0/SA1.WAV", np.zeros(1600), format="WAV")
    records = corpora.get("timit").list_files(root)
    (root / "TRAIN/DR1/FCJF0/SX37.WAV").write_bytes(b"gone")
    report = check(records, {"train": 2, "test": 2, "speakers": 3})
    assert report.counts == [
        ("recordings", 4, None),
        ("speakers", 3, 3),
        ("in train", 2, 2),
        ("in test", 2, 2),
    ]
    assert report.formats["NIST PCM_16, 16000 Hz, 1 channel"] == 2
    assert len(report.unreadable) == 1 and "SX37.WAV" in report.unreadable[0]
    assert [Path(path).parent.name for path in report.silent] == ["FAKS0"]


def test_a_check_expects_nothing_of_parts_that_are_not_here(root):
    write(root / "dev-clean-2/84/121123/84-121123-0000.flac")
    records = corpora.get("librispeech").list_files(root)
    report = check(records, corpora.get("librispeech").expected)
    assert report.incomplete == ["1 in dev-clean-2 where the published corpus has 1,089"]


# Real excerpts. ----------------------------------------------------------------------------

REAL = os.environ.get("SNRLIB_TEST_AUDIO", "")
real = pytest.mark.skipif(not Path(REAL or "-").is_dir(), reason="SNRLIB_TEST_AUDIO is not set")


@real
def test_the_librispeech_excerpt_has_its_251_speakers():
    records = listed("librispeech", Path(REAL, "speech/librispeech"))
    assert records["speaker"].nunique() == len(records) == 251
    assert records["seconds"].sum() == pytest.approx(52 * 60, rel=0.01)
    assert records.groupby("split").size().to_dict() == {"test": 25, "train": 226}
    assert all(records["id"].str.startswith("train-clean-100/"))


@real
def test_the_timit_sample_has_its_16_speakers_with_10_sentences():
    records = listed("timit", Path(REAL, "speech/timit_sample"))
    assert records.groupby("speaker").size().to_list() == [10] * 16
    assert sum(name.startswith("f") for name in records["speaker"].unique()) == 8
    assert records["id"].str.endswith("/sa1").sum() == 16


@real
def test_the_noisex92_excerpts_have_their_names():
    records = listed("noisex92", Path(REAL, "noise/noisex92"))
    expected = "babble buccaneer1 factory1 m109 pink speech_shaped_noise volvo white"
    assert list(records["id"]) == expected.split()


@real
def test_the_joined_esc10_recordings_are_noises():
    records = listed("esc50", Path(REAL, "noise/esc10"))
    assert list(records["id"]) == ["chainsaw", "helicopter"]


@real
@pytest.mark.parametrize(("folder", "files"), [("scenes", 6), ("extra", 6)])
def test_a_folder_of_city_scenes_is_a_noise_corpus(folder, files):
    records = corpora.noises(f"folder:{Path(REAL, 'noise', folder)}", "")
    assert len(records) == files
    assert not records["synthetic"].any()


@real
def test_real_excerpts_open_to_their_ends(caplog):
    with caplog.at_level(logging.INFO, "snrlib"):
        records = corpora.get("timit").list_files(Path(REAL, "speech/timit_sample"))
        report = check(records, {})
    assert not report.unreadable and not report.silent
    assert report.formats == {"FLAC PCM_16, 16000 Hz, 1 channel": 160}
