"""Pages put together from the html, css and js files in `pages/`.

Nothing is fetched from elsewhere: what a page needs is written into it.
"""

import html
from functools import cache
from importlib import resources


@cache
def source(name: str) -> str:
    """The text of one of the package's html, css or js files."""
    return resources.files(__package__).joinpath("pages", name).read_text(encoding="utf-8")


def panel() -> str:
    """The A/B panel, in a frame of its own so that neither page disturbs the other."""
    inner = document(
        "Switch between aligned sources",
        source("panel.html"),
        styles=("page.css", "panel.css"),
        scripts=("theme.js", "aligned.js", "panel.js"),
    )
    # The frame stands inside a div: IPython warns of HTML that begins with a frame.
    return (
        '<div class="snrlib-panel"><iframe title="Switch between aligned sources" '
        'allow="autoplay" style="width: 100%; height: 400px; border: 0;" '
        f'srcdoc="{html.escape(inner, quote=True)}"></iframe></div>'
    )


def document(
    title: str, body: str, styles: tuple[str, ...] = (), scripts: tuple[str, ...] = ()
) -> str:
    """A whole HTML page with the named style sheets and scripts written into it."""
    css = "\n".join(source(name) for name in styles)
    js = "".join(f"<script>\n{source(name)}</script>\n" for name in scripts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>\n<style>\n{css}</style></head>\n"
        f"<body>{body}\n{js}</body></html>\n"
    )


def standalone(body: str, title: str) -> str:
    """A whole HTML page around `body`, on the reader's light or dark ground."""
    heading = f'<div style="padding: 0 1rem"><h1>{html.escape(title)}</h1>{body}</div>'
    return document(title, heading, styles=("page.css",), scripts=("theme.js", "page.js"))
