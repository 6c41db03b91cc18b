"""`snrlib export`: a model as one ONNX file, for places without PyTorch."""

from pathlib import Path

from snrlib import SnrlibError, audio, enhancement
from snrlib.corpora.sources import embedded
from snrlib.models import exported


def run(model: str, target: Path) -> str:
    """Exports a model and says what was checked.

    Args:
        model: a released name or a folder.
        target: the .onnx file.

    Raises:
        SnrlibError: no such model, one that cannot be exported, or a check that failed.
    """
    enhancer = enhancement.load_model(model, precision="float32")
    if not isinstance(enhancer, enhancement.Enhancer):
        raise SnrlibError(
            f"{model} is several networks; export them one by one, such as T1-narrow and S2."
        )
    recording = audio.read(sorted(embedded.FOLDER.rglob("*.ogg"))[0])
    worst = exported.export(enhancer.model, enhancer.card, target, recording)
    return (
        f"{target} ({target.stat().st_size / 1e6:.1f} MB): ONNX opset {exported.OPSET}, float32, "
        f"within {worst:.0e} of PyTorch on three lengths and a recording of "
        f"{len(recording) / audio.SAMPLE_RATE:.0f} s"
    )
