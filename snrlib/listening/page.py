"""Pages put together from the html, css and js files beside this module.

Nothing is fetched from elsewhere: what a page needs is written into it.
"""

import html
from functools import cache
from importlib import resources


@cache
def source(name: str) -> str:
    """The text of one of the package's html, css or js files."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def panel() -> str:
    """The A/B panel, in a frame of its own so that neither page disturbs the other."""
    return ""


def standalone(body: str, title: str) -> str:
    """A whole HTML page around `body`."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>"
        ":root { color-scheme: light dark; } "
        "body { font-family: system-ui, sans-serif; margin: 1.5rem; }"
        f"</style></head><body><h1>{html.escape(title)}</h1>{body}</body></html>\n"
    )
