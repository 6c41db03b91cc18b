"""The command line: answers at once, refuses in one sentence, leaves nothing half-written."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import snrlib
from snrlib import models
from snrlib.commands import cli
from snrlib.commands import plan as plans
from snrlib.models import checkpoint

RATE = 16_000
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `snrlib ...` in this process: exit code, stdout, stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["snrlib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return command


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network of a few weights; what it does to a signal does not matter here."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    arguments = {"channels": 2, "growth": 1}
    network = models.create("unet", **arguments)
    checkpoint.save(folder, network, {"name": "tiny", "class": "unet", "arguments": arguments})
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    noise = 0.1 * np.random.default_rng(0).standard_normal(3000)
    soundfile.write(path, noise, RATE)
    return path


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'librosa', 'papermill', 'nbconvert'}"
    code = f"import sys, snrlib.commands.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_every_command_explains_itself_with_an_example() -> None:
    context = cli.cli.make_context("snrlib", ["study", "--help"], resilient_parsing=True)
    assert set(cli.cli.list_commands(context)) == {
        "study", "book", "doctor", "data", "train", "enhance", "evaluate", "bench", "sweep",
        "export",
    }  # fmt: skip
    for name in cli.cli.list_commands(context):
        shown = CliRunner().invoke(cli.cli, [name, "--help"])
        assert shown.exit_code == 0
        assert f"snrlib {name}" in shown.output.split("Example", 1)[1]
    overview = CliRunner().invoke(cli.cli, ["--help"]).output
    assert all(f"  {name} " in overview for name in cli.cli.list_commands(context))


def test_the_version_is_the_packages(run: Run) -> None:
    assert snrlib.__version__ in run("--version")[1]


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snrlib", "study", "--profile", "fats"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("snrlib: There is no profile 'fats'")
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_an_unknown_option_or_command_is_refused(run: Run) -> None:
    assert run("study", "--porfile", "fast")[0] == 2
    assert run("stdy")[0] == 2


def test_control_c_ends_with_130_and_says_how_to_go_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plans, "plan", interrupted)
    code, _, errors = run("study")
    assert code == 130 and "the same command continues" in errors


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_recording_comes_back_as_long_as_it_was(
    run: Run, model: Path, recording: Path, tmp_path: Path, suffix: str
) -> None:
    enhanced = tmp_path / f"clean{suffix}"
    code, out, _ = run("enhance", recording, enhanced, "--model", model)
    assert code == 0 and str(enhanced) in out
    info = soundfile.info(enhanced)
    assert (info.frames, info.samplerate, info.channels) == (3000, RATE, 1)


def test_another_rate_and_several_channels_are_said(
    run: Run, model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.zeros((4410, 2)), 44_100)
    caplog.set_level("INFO", logger="snrlib")
    assert run("enhance", path, tmp_path / "out.wav", "--model", model)[0] == 0
    assert "mixed down" in caplog.text and "resampled" in caplog.text
    silence, rate = soundfile.read(tmp_path / "out.wav")
    assert (len(silence), rate) == (1600, RATE) and not silence.any()


def test_a_folder_is_enhanced_recording_by_recording(run: Run, model: Path, tmp_path: Path) -> None:
    source, noise = tmp_path / "in", 0.1 * np.random.default_rng(1).standard_normal(2000)
    (source / "deep").mkdir(parents=True)
    for name in ("a.wav", "b.flac", "deep/c.ogg", "d.mp3"):
        soundfile.write(source / name, noise, RATE)
    (source / "notes.txt").write_text("not audio")
    code, out, _ = run("enhance", source, tmp_path / "out", "--model", model)
    assert code == 0 and "4 files" in out
    written = sorted(p.relative_to(tmp_path / "out").as_posix()
                     for p in (tmp_path / "out").rglob("*.*"))  # fmt: skip
    assert written == ["a.wav", "b.wav", "d.wav", "deep/c.wav"]


def test_several_models_append_their_names(
    run: Run, model: Path, recording: Path, tmp_path: Path
) -> None:
    description = {"name": "other", "class": "unet", "arguments": {"channels": 2, "growth": 1}}
    checkpoint.save(tmp_path / "m", models.create("unet", channels=2, growth=1), description)
    both = ["--model", model, "--model", tmp_path / "m"]
    assert run("enhance", recording, tmp_path / "out.wav", *both)[0] == 0
    assert {p.name for p in tmp_path.glob("out*")} == {"out_tiny.wav", "out_other.wav"}
    code, _, errors = run(
        "enhance", recording, tmp_path / "o.wav", "--model", model, "--model", model
    )
    assert code == 1 and "named twice" in errors


def test_one_bad_recording_is_named_and_does_not_cost_the_others(
    run: Run, model: Path, recording: Path, tmp_path: Path
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a_bad.wav").write_bytes(b"RIFF nothing")
    (source / "b_empty.flac").touch()
    (source / "c_good.wav").write_bytes(recording.read_bytes())
    code, _, errors = run("enhance", source, tmp_path / "out", "--model", model)
    assert code == 1 and "a_bad.wav" in errors and "b_empty.flac" in errors
    assert "Traceback" not in errors
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["c_good.wav"]


def test_what_cannot_be_enhanced_is_refused_before_anything_is_written(
    run: Run, model: Path, recording: Path, tmp_path: Path
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in ("same.wav", "same.flac"):
        soundfile.write(source / name, np.zeros(100), RATE)
    (tmp_path / "empty").mkdir()
    for given, message in [
        ((tmp_path / "none.wav", tmp_path / "o.wav"), "does not exist"),
        ((recording, recording), "overwritten"),
        ((recording, tmp_path / "o.txt"), "unknown audio format"),
        ((source, tmp_path / "out"), "would both become"),
        ((tmp_path / "empty", tmp_path / "out"), "no recordings"),
        ((source, recording), "is a folder"),
    ]:
        code, _, errors = run("enhance", *given, "--model", model)
        assert code == 1 and message in errors and "Traceback" not in errors, given
        assert errors.count("\n") == 1, "one sentence"
    code, _, errors = run("enhance", recording, tmp_path / "o.wav", "--model", "S9")
    assert code == 1 and "There is no model 'S9'" in errors
    assert not list(tmp_path.glob("o*"))
