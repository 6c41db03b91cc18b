"""Exercises help: an empty stub, a typical mistake and an error each get a sentence of their own,
every worked solution passes, and a class gets a copy without solutions.
"""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from conftest import KIT

from snrlib import exercises
from snrlib.exercises import NotYet, Verdict, exercise
from snrlib.support.errors import SnrlibError

NOTEBOOKS = sorted((KIT / "notebooks").glob("0[1-8]_*.ipynb"))
WRONG_ANSWERS = sorted((Path(__file__).parent / "wrong_answers").glob("n*.py"))

KINDS = ["exercise", "stub", "hint", "solution"]


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


def kind(cell: nbformat.NotebookNode) -> str:
    return next((tag for tag in cell.metadata.get("tags", []) if tag in KINDS), "")


def tagged(wanted: str) -> list[Any]:
    """The code of every cell of a kind, one test case each, named by its exercise."""
    cases = []
    for path in NOTEBOOKS:
        for cell in cells(path):
            if cell.cell_type == "code" and kind(cell) == wanted:
                number = re.findall(r'check\(\s*"(\d\d\.\d)"', cell.source)
                cases.append(pytest.param(cell.source, id=number[-1] if number else path.stem))
    return cases


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


# --- the machinery -----------------------------------------------------------------------------


@pytest.fixture
def doubling(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exercise of a notebook that does not exist."""
    monkeypatch.setattr(exercises, "_CHECKS", {})

    @exercise("77.1")
    def twice(function: Any) -> str:
        """A function that doubles
        an array of samples.
        """
        given = np.ones(4)
        if not np.array_equal(exercises.signal(function(given), given), 2 * given):
            raise NotYet("a sample of 1 should become 2 <&>.")
        assert (given == 1).all(), "the reader's function must not reach the check's arrays"
        return "every sample has doubled."


def test_an_answer_that_passes_is_told_what_was_confirmed(doubling: None) -> None:
    found = exercises.verdict("77.1", lambda x: 2 * x)
    assert found.solved and repr(found) == "77.1 solved: every sample has doubled."


def test_a_function_that_changes_its_input_changes_a_copy(doubling: None) -> None:
    def in_place(x: np.ndarray) -> np.ndarray:
        x *= 2
        return x

    assert exercises.verdict("77.1", in_place).solved


def unfinished(x: np.ndarray) -> Any:
    gain = ...
    return gain * x


def not_implemented(x: np.ndarray) -> Any:
    raise NotImplementedError


@pytest.mark.parametrize("stub", [None, ..., lambda x: None, lambda x: ..., unfinished,
                                  not_implemented, lambda x: (x, ...)])  # fmt: skip
def test_an_untouched_stub_is_told_what_is_asked_for(doubling: None, stub: Any) -> None:
    assert repr(exercises.verdict("77.1", stub)) == (
        "77.1 not yet: nothing is filled in. "
        "Asked for: a function that doubles an array of samples."
    )


def test_an_error_in_the_readers_function_becomes_a_sentence(doubling: None) -> None:
    def halves(x: np.ndarray) -> np.ndarray:
        return x.reshape(3)

    found = exercises.verdict("77.1", halves)
    assert not found.solved
    assert found.sentence.startswith("your halves() raised ValueError: cannot reshape")
    assert found.sentence.endswith("it was called with an array of shape (4,).")


@pytest.mark.parametrize(
    ("answer", "word"),
    [(lambda x: x, "should become 2"), (lambda x: 2 * x[:-1], "shape (3,)"),
     (lambda x: x * np.nan, "NaN"), (lambda x: "two", "array of numbers"),
     (42, "cannot be checked"), (lambda: 1, "TypeError")],
)  # fmt: skip
def test_a_wrong_answer_gets_its_own_sentence(doubling: None, answer: Any, word: str) -> None:
    found = exercises.verdict("77.1", answer)
    assert not found.solved and word in found.sentence


def test_a_worked_solution_that_fails_stops_a_headless_run(
    doubling: None, capsys: pytest.CaptureFixture[str]
) -> None:
    exercises.check("77.1", lambda x: 2 * x, solution=True)
    assert capsys.readouterr().out == "77.1 solved: every sample has doubled.\n"
    with pytest.raises(SnrlibError, match=r"worked solution of exercise 77\.1"):
        exercises.check("77.1", lambda x: x, solution=True)
    exercises.check("77.1", lambda x: x)  # a reader's own attempt never raises


def test_an_unknown_exercise_is_an_error_that_names_the_known_ones(doubling: None) -> None:
    with pytest.raises(SnrlibError, match=r"no exercise '77\.2'; there are 77\.1"):
        exercises.check("77.2", 1)
    with pytest.raises(SnrlibError, match="that notebook has none"):
        exercises.check("66.1", 1)


def test_a_box_holds_text_not_markup_and_brings_no_colours_of_text_or_ground() -> None:
    box = Verdict("77.1", False, "<script>1 < 2</script>")._repr_html_()
    assert "<script>" not in box and "&lt;script&gt;1 &lt; 2" in box
    assert not re.search(r"[ ;\"](color|background)", box)


def test_code_in_a_verdict_is_set_as_code() -> None:
    box = Verdict("77.1", False, "from 0 to `longest`, not `<b>`.")._repr_html_()
    assert "<code>longest</code>" in box and "<code>&lt;b&gt;</code>" in box and "`" not in box


def test_the_verdict_on_a_worked_solution_does_not_give_the_answer_to_who_scrolls_by() -> None:
    box = Verdict("77.1", True, "measured: 1.99 dB.", folded=True)._repr_html_()
    assert "1.99" in re.sub(r"<summary>.*?</summary>", "", box)
    assert "1.99" not in re.sub(r"<details>.*?</details>", "", box)
    assert re.search(r"<details><summary>[^<]*</summary>", box)


@pytest.mark.parametrize("given", [3, 3.0, np.float32(3), np.array([3]), [3]])
def test_a_number_may_come_in_any_dress(given: Any) -> None:
    assert exercises.quantity(given, "dB") == 3


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("3", "'3'"),
        ([1, 2], "mean missing"),
        (np.nan, "nan"),
        (True, "True"),
        (len, "function"),
    ],
)
def test_what_is_no_number_is_named(given: Any, word: str) -> None:
    with pytest.raises(NotYet, match=r"number in dB") as caught:
        exercises.quantity(given, "dB")
    assert word in str(caught.value)


def test_a_large_wrong_number_is_repeated_as_it_was_written() -> None:
    with pytest.raises(NotYet, match=r"^16,106 samples is too low\.$"):
        exercises.compare(16_106, 57_000, 0, unit="samples")
    with pytest.raises(NotYet, match=r"^0\.2989 is too low\.$"):
        exercises.compare(0.29891, 0.5, 0.01)


def test_an_option_is_one_of_the_options() -> None:
    assert exercises.option(" Falls", ["falls", "rises"]) == "falls"
    with pytest.raises(NotYet, match='none of the options: "falls", "rises"'):
        exercises.option("drops", ["falls", "rises"])


# --- the notebooks -----------------------------------------------------------------------------


@each_notebook
def test_three_to_six_exercises_each_with_task_stub_hint_and_solution(path: Path) -> None:
    number = path.name[:2]
    all_cells = cells(path)
    marked = [i for i, cell in enumerate(all_cells) if kind(cell)]
    tasks = [i for i in marked if kind(all_cells[i]) == "exercise"]
    assert 3 <= len(tasks) <= 6
    for count, begin in enumerate(tasks, start=1):
        name = f"{number}.{count}"
        task, stub, hint, solution = all_cells[begin : begin + 4]
        assert [kind(cell) for cell in (task, stub, hint, solution)] == KINDS, name
        assert [cell.cell_type for cell in (task, stub, hint, solution)] == [
            "markdown", "code", "markdown", "code"
        ], name  # fmt: skip
        assert task.source.startswith(f"### Exercise {name}: ")
        last = stub.source.strip().splitlines()[-1]
        assert last.startswith(f'exercises.check("{name}", '), last
        assert stub.source.startswith("# "), f"{name}: the stub has no caption"
        assert hint.source.startswith("<details><summary>Hint</summary>\n\n"), name
        assert hint.source.rstrip().endswith("\n\n</details>"), name
        assert solution.source.startswith(f"# Solution {name}\n"), name
        assert re.search(
            rf'exercises\.check\(\s*"{name}",.*solution=True,?\s*\)\s*$', solution.source, re.S
        ), name
        assert solution.metadata.get("jupyter", {}).get("source_hidden") is True, name
    text = "\n".join(cell.source for cell in all_cells)
    assert text.index("## Exercises") < text.index("### Exercise ") < text.index("## Next")


@each_notebook
def test_five_questions_with_five_folded_answers(path: Path) -> None:
    (cell,) = [c for c in cells(path) if "questions" in c.metadata.get("tags", [])]
    assert cell.source.startswith("## Five questions\n")
    assert re.findall(r"^(\d)\. ", cell.source, re.M) == list("12345")
    folded = re.findall(r"<details><summary>Answer</summary>(.+?)</details>", cell.source, re.S)
    assert len(folded) == 5 and all(len(answer.strip()) > 20 for answer in folded)


@pytest.mark.parametrize("source", tagged("stub"))
def test_an_unsolved_stub_runs_alone_and_is_told_what_is_asked_for(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(source, "stub", "exec"), {"__name__": "__main__"})
    said = capsys.readouterr().out.strip().splitlines()[-1]
    assert re.match(r"\d\d\.\d not yet: nothing is filled in\. Asked for: \S.{20,}", said), said


@pytest.mark.parametrize("source", tagged("solution"))
def test_every_worked_solution_runs_alone_and_passes(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(source, "solution", "exec"), {"__name__": "__main__"})
    assert re.search(r"^\d\d\.\d solved: \S.{10,}", capsys.readouterr().out, re.M)


def test_every_check_is_used_by_its_notebook_and_every_use_has_a_check() -> None:
    used = [
        number
        for path in NOTEBOOKS
        for cell in cells(path)
        if kind(cell) == "stub"
        for number in re.findall(r'check\(\s*"(\d\d\.\d)"', cell.source)
    ]
    assert sorted(used) == exercises.numbers()


def wrong_answers() -> list[Any]:
    """(number, answers, a word of the diagnosis) from tests/wrong_answers/n01.py and so on."""
    return [
        pytest.param(number, answers, word, id=f"{number}-{word}".replace(" ", "_"))
        for path in WRONG_ANSWERS
        for number, answers, word in runpy.run_path(str(path))["WRONG"]
    ]


@pytest.mark.parametrize(("number", "answers", "word"), wrong_answers())
def test_a_typical_mistake_is_diagnosed(number: str, answers: tuple[Any, ...], word: str) -> None:
    found = exercises.verdict(number, *answers)
    assert not found.solved
    assert word in found.sentence, found.sentence


def test_every_exercise_knows_at_least_one_typical_mistake() -> None:
    told = {case.values[0] for case in wrong_answers()}
    assert told == set(exercises.numbers())


# --- the copy for a class ----------------------------------------------------------------------


def test_the_student_copy_has_everything_but_the_solutions(tmp_path: Path) -> None:
    command = [sys.executable, "tools/make_student_copy.py", "--to", str(tmp_path)]
    subprocess.run(command, cwd=KIT, check=True, capture_output=True)
    for path in NOTEBOOKS:
        copy = nbformat.read(tmp_path / path.name, as_version=4)
        nbformat.validate(copy)
        assert [cell.id for cell in copy.cells] == [
            cell.id for cell in cells(path) if kind(cell) != "solution"
        ]
        text = "\n".join(cell.source for cell in copy.cells)
        assert "Solution" not in text and "solution=True" not in text
        for cell in copy.cells:
            if cell.cell_type != "markdown":
                continue
            prose = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.S)
            for target in re.findall(r"\]\(([^)\s#:]+)[^)\s]*\)", prose):
                if "//" not in target:
                    assert (tmp_path / target).exists(), target
    assert all((tmp_path / page.name).exists() for page in (KIT / "notebooks").glob("*.md"))
