"""The desk in a notebook, and in the page that a notebook becomes.

In a live JupyterLab the page appears below the cell: a frame reads it, and the weights when they
are asked for, from the server that the notebook comes from. Where the notebook is not trusted, or
another program shows it, a link is left. In an exported page the desk stands in a frame.

Notebook: 00_start_here, 05_distillation, 06_ablation_s1_vs_s2.
"""

import html
import os
from pathlib import Path

from snrlib.listening.desk import page
from snrlib.listening.desk.embedding import source


class Desk:
    """What :func:`show` returns: the page for a notebook, its place for a terminal."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"The desk lies in {self.path}; open it in a browser."

    def _repr_html_(self) -> str:
        link = Path(os.path.relpath(self.path)).as_posix()
        inner = html.escape(f"<script>{source('live.js')}</script>", quote=True)
        return (
            '<div class="snrlib-desk-here">'
            f'<p><a href="{html.escape(link, quote=True)}" target="_blank">Open the desk</a>: mix, '
            "turn the SNR, and hear every network on the spot. It needs no kernel.</p>"
            f'<iframe title="The desk" allow="microphone; autoplay" srcdoc="{inner}" '
            'style="width: 100%; height: 0; border: 0;"></iframe></div>'
        )


def show(run_folder: str | Path) -> Desk:
    """The desk with the models of a run beside the released ones; a notebook shows it.

    Args:
        run_folder: `run.folder`; the page is written into its site, `site/desk.html`.

    Raises:
        SnrlibError: the page cannot be written.

    Example:
        >>> desk.show(run.folder)
    """
    folder = Path(run_folder).absolute()
    return Desk(page.build(folder / "site", folder))
