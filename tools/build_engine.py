"""Compile `snrlib/listening/desk/engine.c` to WebAssembly, as text that git can hold.

    pip install ziglang==0.17.1
    python tools/build_engine.py

Only who changes the C code needs this: the compiler is a wheel of 411 MB, so it is no dependency
of the kit. The same version gives the same bytes at every build.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from snrlib.listening.desk import engine

FLAGS = (
    *("-target", "wasm32-freestanding", "-mcpu=generic+simd128", "-O3", "-nostdlib"),
    *("-ffp-contract=off", "-Wl,--no-entry", "-Wl,--strip-all"),
)


def compiled(python: str = sys.executable) -> bytes:
    """The binary that `engine.c` gives; `python` has the ziglang wheel."""
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "engine.wasm"
        command = [python, "-m", "ziglang", "cc", *FLAGS, "-o", str(binary), str(engine.SOURCE)]
        subprocess.run(command, check=True)
        return binary.read_bytes()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="a Python that has ziglang")
    content = compiled(parser.parse_args().python)
    engine.write_binary(content)
    print(f"{engine.BINARY}: {len(content):,} bytes")
