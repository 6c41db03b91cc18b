"""What a run says about itself: caption, banner, and everything that a number depends on.

Notebook: 00_start_here.
"""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from snrlib import corpora
from snrlib.support.files import kit_root
from snrlib.support.provenance import commit, versions

if TYPE_CHECKING:
    from snrlib.experiment.run import Run


def caption(run: "Run") -> str:
    """What every table and figure of this run must say about itrun."""
    numbers, data = run.profile, run.settings
    size = "a TINY run, " if numbers.get("tiny") else ""
    synthetic = (
        "; its noises are synthetic"
        if "synthetic" in run.noises and bool(run.noises["synthetic"].any())
        else ""
    )
    return (
        f"Profile '{data['profile']}' ({size}seed {run.seed}), {data['speech']} speech"
        f"{synthetic}; student: {numbers['student']['steps']:,} steps of "
        f"{numbers['student']['batch']}."
    )


def banner(run: "Run") -> str:
    """Versions, device, seed and data source, as notebooks print them first."""
    used = ", ".join(f"{name} {v}" for name, v in versions().items())
    speakers = run.speech.loc[run.speech["split"].isin(["train", "test"]), "speaker"]
    threads = torch.get_num_threads()
    lines = [
        used,
        f"device {run.device.type}, {threads} thread{'s' * (threads != 1)}, seed {run.seed}",
        f"speech: {run.settings['speech']} ({len(speakers)} utterances, "
        f"{speakers.nunique()} speakers); noises: {', '.join(run.noises['id'])}",
        f"profile {run.settings['profile']}: {run.profile['title']}",
        f"run folder: {_relative(run.folder)}",
    ]
    if run.profile.get("tiny"):
        lines.append("This is a tiny run: it shows how the method works, not how good it can be.")
    # JupyterLab breaks a long line in the middle of a word; 76 fit the pages, too.
    wrap = textwrap.TextWrapper(
        76, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
    return "\n".join(wrap.fill(line) for line in lines)


def provenance(run: "Run") -> dict[str, Any]:
    """Everything a number of this run depends on, for the last cell of a notebook."""
    licences = sorted({*run.speech["licence"], *run.noises["licence"]})
    used = sorted({*run.speech["corpus"], *run.noises["corpus"]})
    citations = [corpora.get(name).citation for name in used]
    return {
        "commit": commit() or "not a git checkout",
        **run.settings,
        **{name: '""' if value == "" else value for name, value in run.own.items()},
        "run folder": _relative(run.folder),
        "audio checksum": run.bank.checksum,
        "licences": "; ".join(licences),
        "please cite": "; ".join(c for c in citations if c) or "nothing but the kit",
        **versions(),
    }


def _relative(path: Path) -> str:
    try:
        return path.relative_to(kit_root()).as_posix()
    except ValueError:
        return path.as_posix()
