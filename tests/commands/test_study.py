"""The notebooks run in order, what is up to date is skipped, and a stop costs nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from snrlib.commands import notebooks, study
from snrlib.commands import plan as plans
from snrlib.evaluation import recorded
from snrlib.experiment import profiles
from snrlib.support import files
from snrlib.support.errors import SnrlibError

PARAMETERS = """profile: str = "fast"  # size
run_dir: str = ""  # folder
seed: int = 7  # random seed"""
TRACE = """from pathlib import Path
with open(Path(run_dir) / "trace", "a") as trace:
    print({name!r}, seed, file=trace)"""


def write_notebook(
    folder: Path, name: str, code: str = "", prose: str = "It does.", extra: str = ""
) -> None:
    parameters = new_code_cell(f"{PARAMETERS}\n{extra}".strip(), metadata={"tags": ["parameters"]})
    cells = [
        new_markdown_cell(f"# About {name}\n\n{prose}"),
        parameters,
        new_code_cell(TRACE.format(name=name)),
        new_code_cell(code or "print('done')"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"  # as in a file that is edited, not made anew
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """Two tiny notebooks and a profile; the second also takes `alpha`."""
    write_notebook(tmp_path / "notebooks", "00_first")
    write_notebook(
        tmp_path / "notebooks", "01_second", extra="alpha: float = 0.5  # weight\nnames: list = []"
    )
    (tmp_path / "tiny.toml").write_text("title = 'tiny'\n[cost]\n00_first = 40\n")
    return tmp_path


def plan(kit: Path, **options: object) -> plans.Plan:
    settings = {"profile": str(kit / "tiny.toml"), "run_dir": str(kit / "run"), **options}
    return plans.plan(**settings, notebooks=kit / "notebooks")  # type: ignore[arg-type]


def trace(kit: Path) -> list[str]:
    return (kit / "run" / "trace").read_text().splitlines()


def quietly(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit whose two notebooks have run, with a foreign Python registered as python3."""
    folder = tmp_path_factory.mktemp("kit")
    foreign = folder / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    who = "import os, sys\n(Path(run_dir) / 'who').write_text(sys.executable + '\\n' + os.getcwd())"
    write_notebook(folder / "notebooks", "00_first", who)
    write_notebook(folder / "notebooks", "01_second", extra="alpha: float = 0.5")
    (folder / "tiny.toml").write_text("title = 'tiny'\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        study.run(plan(folder, common={"seed": 3}), say=quietly)
    return folder


def test_notebooks_run_in_order_with_their_parameters(finished: Path) -> None:
    assert trace(finished) == ["00_first 3", "01_second 3"]
    executed = nbformat.read(finished / "run" / "notebooks" / "01_second.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "done\n"
    assert "alpha" not in executed.metadata.papermill.parameters, "defaults stay in the notebook"


def test_the_kernel_is_the_python_that_runs_the_study(finished: Path) -> None:
    python, folder = (finished / "run" / "who").read_text().splitlines()
    assert Path(python).samefile(sys.executable)
    assert Path(folder) == Path.cwd(), "relative paths mean the user's folder"


def test_the_site_shows_what_ran(finished: Path) -> None:
    contents = (finished / "run" / "site" / "index.html").read_text(encoding="utf-8")
    assert "About 00_first" in contents and "It does." in contents
    second = (finished / "run" / "site" / "01_second.html").read_text(encoding="utf-8")
    assert 'href="00_first.html"' in second


def test_the_site_is_told_of_as_soon_as_there_is_something_to_read(kit: Path) -> None:
    told: list[str] = []

    def say(line: str) -> None:
        told.append(line)
        if "Read along" in line:
            index = kit / "run" / "site" / "index.html"
            assert line.endswith(index.as_uri())
            assert "1 notebook to go" in index.read_text(encoding="utf-8")
            assert (index.parent / "progress.js").read_text() == "window.snrlibFinished = 1;\n"

    contents = study.run(plan(kit), say=say)
    assert sum("Read along" in line for line in told) == 1
    assert "to go" not in contents.read_text(encoding="utf-8")
    assert (contents.parent / "progress.js").read_text() == "window.snrlibFinished = 2;\n"


def test_the_book_holds_what_has_run_and_the_texts_beside_it(finished: Path) -> None:
    glossary = finished / "notebooks" / "glossary.md"
    glossary.write_text("# Glossary\n\nWords.\n\n### SNR\n\nA ratio.\n", encoding="utf-8")
    before = trace(finished)
    contents = study.book(plan(finished))
    glossary.unlink()
    assert trace(finished) == before, "nothing is run"
    pages = {page.name for page in contents.parent.glob("*.html")}
    assert pages == {
        "index.html", "search.html", "desk.html", "00_first.html", "01_second.html",
        "glossary.html",
    }  # fmt: skip
    assert 'class="desk" href="desk.html"' in contents.read_text("utf-8")
    for page in pages - {"desk.html"}:
        assert 'href="glossary.html"' in (contents.parent / page).read_text("utf-8") or (
            page == "glossary.html"
        )
    assert "A ratio." in (contents.parent / "search.html").read_text("utf-8")


def test_there_is_no_book_before_anything_has_run(kit: Path) -> None:
    with pytest.raises(SnrlibError, match=r"No notebook has been run in .*; run the study first"):
        study.book(plan(kit))


def test_what_is_up_to_date_is_not_run_again(finished: Path) -> None:
    same = plan(finished, common={"seed": 3})
    assert set(plans.states(same).values()) == {"up to date"}
    assert set(plans.states(same, force=True).values()) == {"to run"}
    before = trace(finished)
    study.run(same, say=quietly)
    assert trace(finished) == before
    assert "Nothing to run" in plans.describe(same)


def test_changed_code_runs_with_everything_after_it_and_changed_prose_alone(
    finished: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "notebooks"
    options = {"common": {"seed": 3}}
    for name, code, prose, expected in [
        ("01_second", "1 + 1", "It does.", ["up to date", "to run"]),
        ("00_first", "1 + 1", "It does.", ["to run", "to run"]),
        ("00_first", "", "It does more.", ["to run", "up to date"]),
    ]:
        copy.mkdir(exist_ok=True)
        for path in (finished / "notebooks").iterdir():
            (copy / path.name).write_bytes(path.read_bytes())
        changed = nbformat.read(copy / f"{name}.ipynb", as_version=4)
        changed.cells[0].source = f"# About {name}\n\n{prose}"
        changed.cells[-1].source = code or changed.cells[-1].source
        nbformat.write(changed, copy / f"{name}.ipynb")
        now = plans.plan(str(finished / "tiny.toml"), str(finished / "run"), **options,
                         notebooks=copy)  # fmt: skip
        assert list(plans.states(now).values()) == expected, (name, code, prose)


def test_other_parameters_or_another_profile_mean_another_run(finished: Path) -> None:
    assert set(plans.states(plan(finished, common={"seed": 4})).values()) == {"to run"}
    other = plan(finished, common={"seed": 3}, given={"alpha": "0.25"})
    assert list(plans.states(other).values()) == ["up to date", "to run"]
    other = plan(finished, common={"seed": 3})
    other.profile["steps"] = 1
    assert set(plans.states(other).values()) == {"to run"}


def test_times_of_an_earlier_run_are_the_estimate(finished: Path) -> None:
    known = plan(finished, common={"seed": 3})
    assert all(0 < known.estimates[name] < 60 for name in ("00_first", "01_second"))
    assert "2 to run: about" in plans.describe(known, plans.states(known, force=True))


def test_a_dry_run_tells_the_cost_and_starts_nothing(kit: Path) -> None:
    told = plans.describe(plan(kit))
    assert "about 40 s" in told and "not known" in told
    assert "2 to run: about 40 s and 1 whose time is not known." in told
    assert not (kit / "run").exists()


def test_before_the_first_run_the_recorded_cost_is_told_with_its_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = [notebook.name for notebook in notebooks.find_notebooks()]
    table = pandas.DataFrame({"profile": "fast", "notebook": names, "machine": "2 cores, old"})
    monkeypatch.setattr(recorded, "costs", lambda: table.assign(seconds=30.0))
    told = plans.describe(plans.plan("fast", str(tmp_path / "run")))
    assert f"{len(names)} to run: about 5 min" in told and "(recorded on 2 cores, old)." in told
    steps = pandas.DataFrame({"profile": "cpu", "notebook": names, "machine": "1 core"})
    monkeypatch.setattr(recorded, "expected", lambda: steps.assign(seconds=7.0))
    larger = plans.plan("cpu", str(tmp_path / "run"))
    assert larger.estimates["04_teacher_training"] == 7
    assert larger.source.startswith("estimated from single steps timed on 1 core")
    monkeypatch.setattr(recorded, "expected", lambda: steps.iloc[:0].assign(seconds=[]))
    larger = plans.plan("cpu", str(tmp_path / "run"))
    assert "a rough estimate, scaled from profile fast recorded on 2 cores" in larger.source
    fast, cpu = profiles.load("fast"), profiles.load("cpu")
    samples = [
        sum(n * p[part]["steps"] * p[part]["batch"] for n, part in ((4, "teacher"), (2, "student")))
        for p in (fast, cpu)
    ]
    wider = cpu["model"]["channels"] / fast["model"]["channels"]
    trained = 30 * samples[1] / samples[0] * wider**2
    assert larger.estimates["04_teacher_training"] == pytest.approx(trained)
    # cpu tests 8 utterances with all nine noises, fast 6 with three each.
    assert larger.estimates["08_results"] == pytest.approx(30 * (8 * 9) / (6 * 3))
    monkeypatch.setattr(recorded, "costs", lambda: table.iloc[:0].assign(seconds=[]))
    assert "has not been measured here yet" in plans.describe(
        plans.plan("fast", str(tmp_path / "run"))
    )


def test_a_failure_names_notebook_cell_and_error_and_stops(kit: Path) -> None:
    write_notebook(kit / "notebooks", "01_second", "snr = 1\nsnr / 0")
    write_notebook(kit / "notebooks", "02_third")
    with pytest.raises(SnrlibError) as stopped:
        study.run(plan(kit), say=quietly)
    message = str(stopped.value)
    assert message.startswith("01_second stopped at code cell 3 of 3")
    assert "    snr / 0" in message and "ZeroDivisionError: division by zero" in message
    assert "\x1b" not in message
    failed = kit / "run" / "notebooks" / "01_second.failed.ipynb"
    assert str(failed) in message and failed.is_file()
    assert not (kit / "run" / "notebooks" / "01_second.ipynb").exists()
    contents = (kit / "run" / "site" / "index.html").read_text(encoding="utf-8")
    assert "failed" in contents and "not run" in contents
    assert trace(kit) == ["00_first 7", "01_second 7"]

    write_notebook(kit / "notebooks", "01_second")
    (kit / "notebooks" / "02_third.ipynb").unlink()
    study.run(plan(kit), say=quietly)
    assert trace(kit) == ["00_first 7", "01_second 7", "01_second 7"], "the first ran once"
    assert not failed.exists()


def test_a_refusal_of_the_kit_is_shown_without_a_trace(kit: Path) -> None:
    write_notebook(
        kit / "notebooks", "00_first",
        "from snrlib import SnrlibError\nraise SnrlibError('T3 is missing; run 04 first.')",
    )  # fmt: skip
    with pytest.raises(SnrlibError) as stopped:
        study.run(plan(kit, only=["0"]), say=quietly)
    assert "SnrlibError: T3 is missing; run 04 first." in str(stopped.value)
    assert "Traceback" not in str(stopped.value)


def test_a_cell_may_not_take_longer_than_the_profile_says(kit: Path) -> None:
    write_notebook(kit / "notebooks", "00_first", "import time\ntime.sleep(60)")
    limited = plan(kit, only=["00"])
    limited.cell_limit = 1
    with pytest.raises(SnrlibError, match="longer than the profile allows"):
        study.run(limited, say=quietly)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"alhpa": "0.5"}, "did you mean alpha"),
        ({"zzz": "1"}, "'zzz' is not a parameter"),
        ({"alpha": "much"}, "alpha must be float"),
        ({"names": "(1"}, "names must be list"),
    ],
)
def test_an_unknown_parameter_stops_before_a_kernel_starts(
    kit: Path, given: dict[str, str], message: str
) -> None:
    with pytest.raises(SnrlibError, match=message):
        plan(kit, given=given)
    assert not (kit / "run").exists()


def test_parameters_take_the_type_their_notebook_declares(kit: Path) -> None:
    given = plan(kit, given={"alpha": "1", "names": "['a', 2]"}).given
    assert given["01_second"]["alpha"] == 1.0 and isinstance(given["01_second"]["alpha"], float)
    assert given["01_second"]["names"] == ["a", 2]
    assert "alpha" not in given["00_first"]
    assert notebooks.typed("x", "true", "bool") is True and notebooks.typed("x", "7", "str") == "7"


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({"only": ["1"]}, ["01_second"]),
        ({"only": ["notebooks/00_first.ipynb"]}, ["00_first"]),
        ({"start": "01"}, ["01_second"]),
        ({}, ["00_first", "01_second"]),
    ],
)
def test_notebooks_are_chosen_by_number_or_name(
    kit: Path, options: dict[str, object], chosen: list[str]
) -> None:
    assert plan(kit, **options).chosen == chosen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["07"]}, "no notebook '07'"),
        ({"only": ["0"], "start": "1"}, "exclude each other"),
        ({"profile": "fats"}, "did you mean 'fast'"),
    ],
)
def test_an_unknown_notebook_or_profile_is_refused(
    kit: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(SnrlibError, match=message):
        plan(kit, **options)


def test_a_relative_run_folder_lies_in_the_kit_wherever_one_stands(
    kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kit)
    assert plan(kit, run_dir="runs/other").folder == files.kit_root() / "runs" / "other"
    assert plan(kit, run_dir="", profile="fast").folder == files.kit_root() / "runs" / "fast"


def test_profile_and_run_folder_may_be_given_as_parameters_too(kit: Path) -> None:
    asked = plan(kit, given={"profile": "cpu", "run_dir": str(kit / "other"), "seed": "9"})
    assert (asked.profile["name"], asked.folder) == ("cpu", kit / "other")
    expected = {"profile": "cpu", "run_dir": str(kit / "other"), "seed": 9}
    assert asked.given["00_first"] == expected


def test_two_studies_in_one_run_folder_exclude_each_other(kit: Path) -> None:
    with files.lock(kit / "run"), pytest.raises(SnrlibError, match="Another process"):
        study.run(plan(kit), say=quietly)


def command(kit: Path) -> list[str]:
    options = ["--profile", str(kit / "tiny.toml"), "--run-dir", str(kit / "run")]
    return [
        sys.executable,
        "-m",
        "snrlib",
        "study",
        *options,
        "--notebooks",
        str(kit / "notebooks"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_stop_at_any_moment_costs_only_the_running_notebook(kit: Path) -> None:
    waiting = "import time\nif not (Path(run_dir) / 'go').exists(): time.sleep(600)"
    write_notebook(kit / "notebooks", "01_second", waiting)
    # A shell shows 130 as well where CPython ends by the signal itself: -2.
    for number, codes in ((signal.SIGINT, (130, -2)), (signal.SIGKILL, (-9,))):
        process = subprocess.Popen(command(kit), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 240
        ran = ["01_second 7"] * (1 if number == signal.SIGINT else 2)
        while time.monotonic() < deadline and process.poll() is None:
            if (kit / "run" / "trace").exists() and trace(kit) == ["00_first 7", *ran]:
                break
            time.sleep(0.05)
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)
        assert process.returncode in codes, (output, errors)
        if number == signal.SIGINT:
            assert b"the same command continues" in errors and b"Traceback" not in errors
    (kit / "run" / "go").touch()
    subprocess.run(command(kit), check=True, capture_output=True, timeout=240)
    assert trace(kit) == ["00_first 7", *["01_second 7"] * 3]
    kept = sorted(path.name for path in (kit / "run" / "notebooks").iterdir())
    assert kept == ["00_first.ipynb", "01_second.ipynb"], "nothing unfinished is left"
