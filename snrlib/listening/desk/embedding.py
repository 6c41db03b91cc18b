"""The desk inside another page: its sources, and the frame in which an exported notebook has it.

Notebook: 00_start_here, 05_distillation, 06_ablation_s1_vs_s2.
"""

import re
from functools import cache
from importlib import resources

PAGE = "desk.html"
# What a notebook holds (`snrlib.listening.desk.showing`); an exported page has the frame instead.
_BLOCK = re.compile(r'<div class="snrlib-desk-here".*?</iframe></div>', re.DOTALL)


def in_site(text: str) -> str:
    """A page of a site, with the desk in a frame wherever its notebook showed it."""
    return _BLOCK.sub(lambda _: frame(), text)


def frame() -> str:
    """The desk in a frame of a page beside it, as high as it needs to be."""
    return (
        f'<div class="snrlib-desk"><iframe src="{PAGE}" title="The desk" loading="lazy" '
        'allow="microphone; autoplay" style="width: 100%; height: 1500px; border: 0;"></iframe>'
        f"<script>{source('frame.js')}</script></div>"
    )


@cache
def source(name: str) -> str:
    """The text of one of the desk's html, css or js files."""
    return resources.files(__package__).joinpath("pages", name).read_text(encoding="utf-8")
