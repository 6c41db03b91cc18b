"""The doctor says what works, what does not, and the remedy; it stops only what must stop."""

import sys

import pytest

from snrlib.commands import doctor


def report() -> dict[str, doctor.Finding]:
    return {str(finding): finding for finding in doctor.examine()}


def stated(word: str, state: str) -> bool:
    return any(f.state == state and word in f.what for f in report().values())


def test_this_machine_is_described() -> None:
    lines = report()
    for word in ("Python", "torch", "soundfile", "papermill", "kernel python3", "embedded"):
        assert any(word in line for line in lines), word
    assert all(line.startswith(("[OK]", "[FAIL]", "[NOTE]")) for line in lines)
    assert all(finding.remedy for finding in lines.values() if finding.state == "FAIL")


@pytest.mark.parametrize(("package", "column"), [("pesq", "PESQ"), ("pystoi", "STOI")])
def test_a_missing_metric_is_a_note_with_its_consequence(
    monkeypatch: pytest.MonkeyPatch, package: str, column: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert stated(f"{column} columns stay empty", "NOTE")


@pytest.mark.parametrize("package", ["torch", "soundfile", "papermill", "ipykernel"])
def test_a_missing_necessity_fails(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert stated(package, "FAIL")
    assert doctor.main() == 1


def test_audio_that_was_changed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from snrlib.corpora.sources import embedded

    prompts = embedded.speech().head(3)
    prompts.loc[0, "samples"] += 1
    monkeypatch.setattr(embedded, "speech", lambda: prompts)
    assert stated("1 embedded files differ", "FAIL")


def test_a_check_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(doctor, "cache_folder", broken)
    assert stated("disk on fire", "FAIL")
