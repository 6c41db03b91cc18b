"""Profiles: the same study at four sizes. Numbers only; the code path is one."""

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from snrlib.experiment.profiles.entries import check
from snrlib.support.errors import SnrlibError
from snrlib.support.files import user_path


def names() -> list[str]:
    """The profiles that come with the kit."""
    order = ["fast", "cpu", "gpu", "paper"]
    found = {path.stem for path in Path(__file__).parent.glob("*.toml")}
    return [name for name in order if name in found] + sorted(found - set(order))


def load(name: str) -> dict[str, Any]:
    """The numbers of a profile, as nested dictionaries, with its `name`.

    Args:
        name: one of :func:`names`, or the path of a TOML file of the reader's own.

    Raises:
        SnrlibError: no such profile, a file that is not TOML, or one with an entry that no
            profile has or that makes no sense.
    """
    path = Path(__file__).parent / f"{name}.toml"
    if name not in names():
        path = user_path(name)
        if path.suffix != ".toml" or not path.is_file():
            near = get_close_matches(name, names(), n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"choose {', '.join(names())}."
            raise SnrlibError(f"There is no profile '{name}': {hint}")
    try:
        numbers = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SnrlibError(f"{path} is not TOML ({error}); correct that line.") from error
    check(numbers, path)
    return {"name": path.stem, **numbers}
