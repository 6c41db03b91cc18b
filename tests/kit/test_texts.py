"""Glossary and common errors: links lead somewhere, messages are those that the kit prints."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from conftest import KIT

import snrlib
from snrlib import audio, corpora, metrics
from snrlib.commands import plan as plans
from snrlib.experiment import profiles
from snrlib.support.errors import SnrlibError
from snrlib.support.files import kit_root, lock, writing
from snrlib.training import loop

FOLDER = KIT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("0*.ipynb"))
GLOSSARY = (FOLDER / "glossary.md").read_text(encoding="utf-8")
ERRORS = (FOLDER / "common_errors.md").read_text(encoding="utf-8")


def anchors(text: str) -> list[str]:
    """What links can lead to on GitHub, in JupyterLab and on the site alike."""
    return re.findall(r'^<a id="([^"]+)"></a>$', text, re.M)


def links(text: str) -> list[tuple[str, str]]:
    """(file, anchor) of every relative link outside code."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [(a, c) for a, _, c in (t.partition("#") for t in found if "//" not in t)]


# --- glossary ----------------------------------------------------------------------------------


def test_the_glossary_is_in_order_and_short() -> None:
    entries = re.findall(r"^### (.+)\n\n(.+)$", GLOSSARY, re.M)
    names = [name.casefold().replace("-", " ") for name, _ in entries]
    assert names == sorted(names) and len(set(names)) == len(names) > 50
    assert anchors(GLOSSARY) == [re.sub(" ", "-", name.lower()) for name, _ in entries]
    for name, text in entries:
        assert len(text) < 600, f"{name} is no glossary entry but a chapter"
        assert re.search(r"\[[Nn]otebook \d\d\]\(\d\d_\w+\.ipynb\)$", text), (
            f"{name}: where taught?"
        )


@pytest.mark.parametrize("text", [GLOSSARY, ERRORS], ids=["glossary", "common errors"])
def test_every_link_of_a_text_leads_somewhere(text: str) -> None:
    for file, anchor in links(text):
        target = FOLDER / file if file else None
        if target:
            assert target.exists(), file
        if anchor:
            there = target.read_text(encoding="utf-8") if target else text
            assert anchor in anchors(there), f"{file}#{anchor}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_links_a_word_once_and_to_an_entry_that_there_is(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    used = [anchor for text in prose for file, anchor in links(text) if file == "glossary.md"]
    assert sorted(set(used) - set(anchors(GLOSSARY))) == []
    assert sorted(used) == sorted(set(used)), "only the first use is linked"
    for text in prose:
        for heading in re.findall(r"^#+ .*$", text, re.M):
            assert "glossary.md" not in heading, "a link in a heading ends up in every list of them"
    if "01" <= path.name[:2] <= "08":
        assert len(used) >= 8, "first uses of the field's words lead to the glossary"


# --- common errors -----------------------------------------------------------------------------


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "fast"


def other_seed(folder: Path) -> None:
    snrlib.open_run(run_dir=str(folder), quiet=True)
    snrlib.open_run(run_dir=str(folder), seed=8, quiet=True)


def started_too_early(folder: Path) -> None:
    snrlib.open_run(run_dir=str(folder), quiet=True).model("S2")


def two_at_once(folder: Path) -> None:
    with lock(folder), lock(folder):
        pass


def unknown_parameter(folder: Path) -> None:
    plans.plan(run_dir=str(folder), only=["05"], given={"alpha": "0.3"})


def no_corpus(folder: Path) -> None:
    corpora.speech("timit")


def disk_full(folder: Path) -> None:
    with writing(folder.parent / "S2.csv"):
        raise OSError(28, "No space left on device")


def other_training(folder: Path) -> None:
    loop._compare(folder.parent / "models" / "S2", {"alpha": 0.5}, {"alpha": 0.3})


def not_audio(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    (folder.parent / "talk.m4a").write_bytes(b"....ftypM4A " + bytes(4_000))
    audio.read(folder.parent / "talk.m4a")


def no_speech(folder: Path) -> None:
    tone = np.zeros(16_000)
    tone[8_000:8_160] = 1e-4
    metrics.pesq_raw(tone, tone)


CHEAP = [
    other_seed, started_too_early, two_at_once, unknown_parameter, no_corpus, disk_full,
    other_training, not_audio, no_speech,
]  # fmt: skip


def quoted() -> Iterator[str]:
    yield from re.findall(r"```text\n(.*?)\n```", ERRORS, re.S)


@pytest.mark.parametrize("provoke", CHEAP, ids=[function.__name__ for function in CHEAP])
def test_a_quoted_message_is_what_the_kit_says(
    provoke: Callable[[Path], None],
    run_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SNRLIB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SnrlibError) as caught:
        provoke(run_folder)
    said = (
        str(caught.value)
        .replace(str(run_folder.parents[1]), "…")
        .replace("…/runs/S2", "…/S2")
        .replace(
            " --run-dir …/runs/fast",
            "",  # the usual place needs no option
        )
    )
    said = said.replace("…/runs/models", "…/models").replace("…/runs/talk", "…/talk")
    assert said in list(quoted()), said


def test_a_score_without_pesq_says_what_the_page_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pesq", None)
    with pytest.raises(SnrlibError) as caught:
        metrics.pesq_raw(np.ones(16_000), np.ones(16_000))
    assert str(caught.value) in list(quoted())


def test_an_unknown_profile_says_what_the_page_quotes() -> None:
    with pytest.raises(SnrlibError) as caught:
        profiles.load("fats")
    assert str(caught.value) in list(quoted())


def test_messages_that_are_costly_to_provoke_stand_in_the_source_as_quoted() -> None:
    source = "".join(
        re.sub(r'"\s*f?"', "", path.read_text(encoding="utf-8"))
        for path in (kit_root() / "snrlib").rglob("*.py")
    ) + (kit_root() / "Makefile").read_text(encoding="utf-8")
    for part in (
        "The kernel died; the system may have run out of memory.",
        "A scoring process was killed, most likely for want of memory; run the same command again",
        "is no longer a number at step",
        "lower the learning rate and train it afresh.",
        "snrlib: stopped; the same command continues.",
        "snrlib needs Python 3.11 or newer, but",
        "stopped at code cell",
    ):
        assert part in ERRORS and part in source, part
