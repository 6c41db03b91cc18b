"""The engine of the page, run from Python: the same bytes that a browser runs.

The U-Net stands in `engine.c`, compiled to WebAssembly with SIMD and kept as text in
`engine.wasm.b64`. A page needs nothing else to enhance. Here the `wasmtime` wheel runs it, so
that its arithmetic is held against PyTorch without a browser.

Notebook: 03_time_domain_unet.
"""

import base64
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from snrlib.listening.desk.weights import Weights
from snrlib.support.errors import SnrlibError
from snrlib.support.files import checksum, write_text

SOURCE = Path(__file__).with_name("engine.c")
BINARY = Path(__file__).with_name("engine.wasm.b64")


def binary() -> bytes:
    """The compiled engine."""
    return base64.b64decode(binary_text())


def binary_text() -> str:
    """The compiled engine in base64, as a page carries it."""
    return "".join(BINARY.read_text(encoding="ascii").splitlines()[1:])


def made_from() -> str:
    """The checksum of the `engine.c` that the binary was compiled from."""
    return BINARY.read_text(encoding="ascii").splitlines()[0].split()[-1]


def write_binary(content: bytes) -> None:
    """Keeps a newly compiled engine, with the checksum of its source in the first line."""
    lines = textwrap.wrap(base64.b64encode(content).decode("ascii"), 96)
    write_text(BINARY, "\n".join([f"# engine.c {checksum(SOURCE.read_bytes())}", *lines, ""]))


class Engine:
    """A model in the engine, with the level handling that the page has.

    Args:
        weights: of a U-Net.

    Raises:
        SnrlibError: wasmtime is not installed, or the weights do not fit.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._store, self._exports = _instance()
        shape = weights.shape
        self._model = self._call(
            "load", self._put(weights.numbers), weights.size, weights.total, shape["channels"],
            shape["growth"], shape["depth"], shape["decimations"], shape["kernel"],
            shape["decoder_kernel"], weights.epsilon,
        )  # fmt: skip
        if not self._model:
            raise SnrlibError(f"The weights of {weights.name} do not fit its shape.")

    def enhance(self, noisy: np.ndarray) -> np.ndarray:
        """The enhanced recording: float32 (samples,), same length and level as `noisy`."""
        noisy = np.asarray(noisy, dtype=np.float32)
        rms = float(np.sqrt(np.mean(np.square(noisy, dtype=np.float64)))) if len(noisy) else 0.0
        if rms == 0:
            return np.zeros_like(noisy)
        factor = np.float64(self.weights.level_rms / rms)
        scaled = (noisy * factor).astype(np.float32)
        padded = np.pad(scaled, (0, -len(scaled) % 2 ** self.weights.shape["decimations"]))
        at = self._put(padded.tobytes())
        if not self._call("enhance", self._model, at, len(padded)):
            raise SnrlibError("The engine has no memory left for this recording; cut it.")
        memory = self._exports["memory"]
        out = np.frombuffer(memory.read(self._store, at, at + padded.nbytes), np.float32)
        self._call("release", at)
        return (out[: len(noisy)] / factor).astype(np.float32)

    def _put(self, content: bytes) -> int:
        at = int(self._call("allocate", len(content)))
        if not at:
            raise SnrlibError("The engine has no memory left; cut the recording.")
        self._exports["memory"].write(self._store, content, at)
        return at

    def _call(self, name: str, *arguments: Any) -> Any:
        return self._exports[name](self._store, *arguments)


def _instance() -> tuple[Any, Any]:
    """A store and the engine's functions in it; compiling takes some ten milliseconds."""
    try:
        import wasmtime
    except ImportError as error:
        raise SnrlibError(
            "Running the page's engine in Python needs wasmtime: pip install wasmtime."
        ) from error
    machine = wasmtime.Engine()
    store = wasmtime.Store(machine)
    module = wasmtime.Module(machine, binary())
    return store, wasmtime.Instance(store, module, []).exports(store)
