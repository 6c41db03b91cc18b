"""What works on this machine: one line per check, with the remedy where something is missing.

`[OK]` works, `[FAIL]` stops the study, `[NOTE]` costs something but stops nothing (without
pesq, for instance, everything runs and the PESQ columns stay empty).
"""

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from snrlib.support.errors import SnrlibError
from snrlib.support.files import cache_folder, checksum, kit_root

INSTALL = "pip install -r requirements.txt"
_PYTHON = (3, 11)
_FREE_GB = 3  # runs/fast, its cached noises and room for figures, with a margin


class Finding(NamedTuple):
    """One line of the report."""

    state: str  # "OK", "FAIL" or "NOTE"
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n       {self.remedy}" if self.remedy else ""
        return f"{f'[{self.state}]':<7}{self.what}{remedy}"


def main() -> int:
    """Prints the report; 1 if something that the study needs is missing, else 0."""
    failed = 0
    for finding in examine():
        print(finding, flush=True)
        failed += finding.state == "FAIL"
    print("Ready: snrlib study" if not failed else f"{failed} to repair before the study can run.")
    return 1 if failed else 0


def examine() -> Iterator[Finding]:
    """The findings, in order; nothing here raises."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python, _torch, _audio_files, _packages, _metrics, _kernel,
        _notebooks, _folders, _embedded, _released, _browser,
    ]  # fmt: skip
    for check in checks:
        try:
            yield from check()
        except Exception as error:
            # A check that breaks is a finding too; the others still say what they found.
            what = f"{check.__name__.strip('_').replace('_', ' ')}: {type(error).__name__}: {error}"
            yield Finding("FAIL", what, f"Install the kit again: {INSTALL}")


def _python() -> Iterator[Finding]:
    what = f"Python {platform.python_version()} ({sys.executable})"
    recent = sys.version_info[:2] >= _PYTHON
    yield (
        Finding("OK", what) if recent else Finding("FAIL", what, "Python 3.11 or newer is needed.")
    )


def _torch() -> Iterator[Finding]:
    torch = _import("torch")
    if isinstance(torch, Finding):
        yield torch
        return
    yield Finding("OK", f"torch {torch.__version__}")
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        yield Finding("OK", f"GPU {torch.cuda.get_device_name(0)}, {memory:.0f} GB")
        bf16 = bool(torch.cuda.is_bf16_supported())
    else:
        cores = os.cpu_count() or 1
        yield Finding("NOTE", f"no CUDA GPU: training uses {torch.get_num_threads()} of {cores} "
                              "cores; profiles fast and cpu are made for that")  # fmt: skip
        bf16 = _bf16_on_cpu(torch)
    if bf16:
        yield Finding("OK", "bfloat16 arithmetic")
    else:
        yield Finding("NOTE", "no bfloat16 arithmetic: training uses float32, which is slower")


def _bf16_on_cpu(torch: Any) -> bool:
    """True where a bfloat16 convolution runs."""
    try:
        signal = torch.ones(1, 1, 64, dtype=torch.bfloat16)
        weight = torch.ones(1, 1, 3, dtype=torch.bfloat16)
        torch.nn.functional.conv1d(signal, weight)
    except RuntimeError:
        return False
    return True


def _audio_files() -> Iterator[Finding]:
    soundfile = _import("soundfile")
    if isinstance(soundfile, Finding):
        yield soundfile
        return
    formats = soundfile.available_formats()
    for name, needed in (("WAV", True), ("FLAC", True), ("OGG", True), ("MP3", False)):
        if name in formats:
            continue
        remedy = f"Install a newer libsndfile, or the wheel that brings one: {INSTALL}"
        yield Finding("FAIL" if needed else "NOTE", f"soundfile cannot read {name}", remedy)
    readable = ", ".join(name for name in ("WAV", "FLAC", "OGG", "MP3") if name in formats)
    yield Finding("OK", f"soundfile {soundfile.__version__} reads {readable}")


def _packages() -> Iterator[Finding]:
    names = ["numpy", "pandas", "scipy", "soxr", "matplotlib", "seaborn", "joblib", "safetensors"]
    names += ["lightning_fabric", "papermill", "nbconvert", "latex2mathml", "ipywidgets"]
    broken = [found for name in names if isinstance(found := _import(name), Finding)]
    yield from broken
    if not broken:
        yield Finding("OK", f"{len(names)} further packages: {', '.join(names)}")


def _metrics() -> Iterator[Finding]:
    for name, columns in (("pesq", "PESQ"), ("pystoi", "STOI")):
        if isinstance(found := _import(name), Finding):
            remedy = f"pip install {name}"
            if name == "pesq":
                remedy += " needs a C compiler (gcc, clang); there is no build for Windows."
            what = f"no {name}: everything runs, {columns} columns stay empty ({found.what})"
            yield Finding("NOTE", what, remedy)
        else:
            yield Finding("OK", f"{name} {importlib.metadata.version(name)}")


def _kernel() -> Iterator[Finding]:
    if isinstance(found := _import("ipykernel"), Finding):
        yield found
        return
    yield Finding("OK", f"kernel python3 for the study: this Python, ipykernel {found.__version__}")
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = "python -m ipykernel install --sys-prefix"
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        yield Finding("NOTE", "JupyterLab knows no kernel python3", remedy)
        return
    if os.path.isabs(command) and Path(command).parent != Path(sys.executable).parent:
        what = f"by hand in JupyterLab, kernel python3 is another Python: {command}"
        yield Finding("NOTE", what, f"{remedy}, or remove the other one (jupyter kernelspec list)")


def _notebooks() -> Iterator[Finding]:
    found = sorted((kit_root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if found:
        yield Finding("OK", f"{len(found)} notebooks in {kit_root() / 'notebooks'}")
    else:
        remedy = "Clone the kit and install it from there with pip install -e . --no-deps"
        yield Finding("FAIL", f"no notebooks in {kit_root() / 'notebooks'}", remedy)


def _folders() -> Iterator[Finding]:
    for label, folder in (("run folders", kit_root() / "runs"), ("cache", cache_folder())):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if os.access(there, os.W_OK):
            yield Finding("OK", f"{label} can be written: {folder}")
        else:
            variable = "set SNRLIB_CACHE" if label == "cache" else "use --run-dir"
            remedy = f"Change its permissions, or {variable} to place it elsewhere."
            yield Finding("FAIL", f"{label} cannot be written: {folder}", remedy)
            continue
        free = shutil.disk_usage(there).free / 2**30
        if free < _FREE_GB:
            remedy = f"Free {_FREE_GB} GB for the fast profile; others need more."
            yield Finding("FAIL", f"only {free:.1f} GB free for {folder}", remedy)
        else:
            yield Finding("OK", f"{free:.0f} GB free there")


def _embedded() -> Iterator[Finding]:
    from snrlib import audio
    from snrlib.corpora.sources import embedded

    remedy = "Get the folder snrlib/assets/audio again (git checkout snrlib/assets/audio)."
    try:
        prompts = embedded.speech()
        wrong = [
            path
            for path, samples in zip(prompts["path"], prompts["samples"], strict=True)
            if audio.info(path).samples != samples
        ]
    except SnrlibError as error:
        yield Finding("FAIL", f"embedded audio: {error}", remedy)
        return
    if wrong:
        yield Finding("FAIL", f"{len(wrong)} embedded files differ, such as {wrong[0]}", remedy)
        return
    identity = checksum(*[Path(path).read_bytes() for path in sorted(prompts["path"])])
    minutes = prompts["seconds"].sum() / 60
    what = f"embedded speech: {len(prompts)} files, {minutes:.0f} min, checksum {identity}"
    yield Finding("OK", what)


def _released() -> Iterator[Finding]:
    from snrlib import load_model
    from snrlib.enhancement import released

    remedy = "Get the folder snrlib/assets/models again (git checkout snrlib/assets/models)."
    names = released()
    if not names:
        yield Finding("FAIL", "no released model in the package", remedy)
    for name in names:
        try:
            enhancer = load_model(name)
        except SnrlibError as error:
            yield Finding("FAIL", f"released model {name}: {error}", remedy)
        else:
            parameters = int(enhancer.card.get("parameters", 0))
            yield Finding("OK", f"released model {name}: {parameters:,} parameters")


def _browser() -> Iterator[Finding]:
    yield Finding("OK", "no browser is needed to run; any recent one opens the site, offline")


def _import(name: str) -> Any:
    """The module, or the finding that says why it cannot be had."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        # A broken binary raises OSError or worse where a missing one raises ImportError.
        return Finding("FAIL", f"{name}: {str(error).splitlines()[0]}", INSTALL)
