"""What tests of several files share: programs of tools/, which is no package."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

KIT = Path(__file__).parents[1]
TOOLS = KIT / "tools"


def load_tool(name: str) -> ModuleType:
    """The program tools/<name>.py as a module, found as when it is run as a script."""
    sys.path.insert(0, str(TOOLS))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(TOOLS))
