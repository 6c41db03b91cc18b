"""The README's generated parts: each stands between `<!-- name -->` and `<!-- /name -->`.

The record_*.py programs beside this file fill one part each.
"""

import re

from snrlib.support.files import kit_root, write_text


def replaced(text: str, name: str, part: str) -> str:
    """A text with what stands between the marks of that name replaced."""
    block = f"<!-- {name} -->\n{part}\n<!-- /{name} -->"
    return re.sub(f"<!-- {name} -->.*?<!-- /{name} -->", lambda _: block, text, flags=re.S)


def fill(name: str, part: str) -> None:
    """Writes one part into the README of this checkout, and shows it."""
    readme = kit_root() / "README.md"
    write_text(readme, replaced(readme.read_text(encoding="utf-8"), name, part))
    print(part)
