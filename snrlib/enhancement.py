"""Whole recordings through a fixed-length model: any length, any level, same length out.

The network was trained on crops of one level; recordings have any length and any loudness. An
:class:`Enhancer` scales the recording to the model's level, runs it piece by piece with enough
context that no seam is left, and undoes the scaling. Files of any length are enhanced block by
block (:func:`enhance_file`), with the same output.

Notebook: 03_time_domain_unet.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from snrlib import audio
from snrlib.audio import SAMPLE_RATE
from snrlib.models import checkpoint
from snrlib.models.folded import FoldedUNet
from snrlib.models.postfilter import PostFilter, measured_own_snr_db
from snrlib.models.unet import UNet
from snrlib.support.devices import computes_in_bf16
from snrlib.support.errors import AudioError, SnrlibError
from snrlib.support.files import run_folder, user_path
from snrlib.teachers import TEACHER_SNRS
from snrlib.teachers.deployed import Blocks, RoutedTeachers

log = logging.getLogger("snrlib")

RELEASED = Path(__file__).parent / "assets" / "models"
PRECISIONS = ("auto", "float32", "eager")
TEACHERS = "teachers"  # the name of all four, each recording with the one of its SNR
METHODS = ("seamless", "chunks", "overlap_add")
CHUNK = 16_384  # the crop that models are trained on
HELD = 1 << 24  # samples (17 min) of output that are kept for a second look at them
PIECE = 1 << 17  # samples (8 s) enhanced at a time: bounds the memory, whatever the recording


class Enhancer:
    """A trained network that takes recordings as they are.

    Attributes:
        name: as it stands in tables.
        model: the network, in eval mode.
        card: its description (`model.json`).

    Args:
        model: any network of :mod:`snrlib.models`.
        card: of the model; {} for none.
        device: where it computes.
        precision: how a U-Net computes. "auto": bf16 where the CPU has it, which stays within
            1e-3 of full scale; "float32": the same shortcuts in float32, within 1e-5, for
            numbers that must not depend on the processor; "eager": `model` as it is.
        post_filter: what :meth:`enhance` does to the network's output; None for nothing.

    Raises:
        SnrlibError: an unknown precision.
    """

    def __init__(
        self,
        model: nn.Module,
        card: dict[str, Any],
        device: torch.device | str = "cpu",
        precision: str = "auto",
        post_filter: PostFilter | None = None,
    ) -> None:
        if precision not in PRECISIONS:
            raise SnrlibError(
                f"There is no precision '{precision}'; choose {', '.join(PRECISIONS)}."
            )
        self.precision, self.post_filter = precision, post_filter
        self._fast: tuple[int, nn.Module] | None = None
        self.model, self.card, self.device = model.eval().to(device), card, torch.device(device)
        self.name = str(card.get("name", "model"))
        self.level_rms = float(card.get("level", {}).get("rms", getattr(model, "level_rms", 0.1)))

    def __repr__(self) -> str:
        return f"Enhancer({self.name}, {self.card.get('parameters', 0):,} parameters)"

    def enhance(
        self, noisy: np.ndarray, sample_rate: int = SAMPLE_RATE, method: str = "seamless"
    ) -> np.ndarray:
        """The enhanced recording: float32 (samples,), same length and level as `noisy`.

        Args:
            noisy: (samples,), any level; silence comes back as silence. An offset, which is no
                sound, is taken out.
            sample_rate: of `noisy`, in Hz; other rates are resampled to 16 kHz and back.
            method: "seamless" gives the output of the network over the whole recording, in
                pieces with context; "chunks" cuts into consecutive crops of 16,384 samples, as
                the paper's fixed input length suggests; "overlap_add" overlaps such crops by
                half with a Hann window. Notebook 03 measures their seams.

        Raises:
            AudioError: not a mono signal, or NaN or infinities in it.
            SnrlibError: an unknown method.
        """
        if method not in METHODS:
            raise SnrlibError(f"There is no method '{method}'; choose {', '.join(METHODS)}.")
        samples = len(noisy) if np.ndim(noisy) else 0
        noisy = self.at_model_rate(noisy, sample_rate)
        if sample_rate != SAMPLE_RATE:
            up = audio.resample(self.enhance(noisy, method=method), SAMPLE_RATE, sample_rate)
            return np.pad(up, (0, max(0, samples - len(up))))[:samples]
        offset = audio.offset_of(noisy)
        if offset:  # no sound, but the level would be measured by it
            log.info("An offset of %.4f was taken out of the recording.", offset)
            noisy = noisy - np.float32(offset)
        rms = float(np.sqrt(np.mean(np.square(noisy, dtype=np.float64)))) if len(noisy) else 0.0
        if rms == 0:
            return np.zeros_like(noisy)
        if method == "seamless":
            enhanced = np.concatenate(list(self.stream([noisy], rms)))
        else:
            factor = np.float64(self.level_rms / rms)
            scaled = (noisy * factor).astype(np.float32)
            enhanced = self._chunks(scaled) if method == "chunks" else self._overlap(scaled)
            enhanced = (enhanced / factor).astype(np.float32)
        return self.post_filter(noisy, enhanced) if self.post_filter else enhanced

    __call__ = enhance

    @staticmethod
    def at_model_rate(noisy: np.ndarray, sample_rate: int) -> np.ndarray:
        """A recording as networks take it: float32 (samples,) at 16 kHz.

        Raises:
            AudioError: not a mono signal, or NaN or infinities in it.
        """
        noisy = np.asarray(noisy)
        if noisy.ndim != 1:
            raise AudioError(f"A mono recording (samples,) is needed, not shape {noisy.shape}.")
        audio.check_rate(sample_rate)
        audio.check_amplitude(noisy)
        noisy = noisy.astype(np.float32)
        if sample_rate == SAMPLE_RATE:
            return noisy
        return audio.resample(noisy, sample_rate, SAMPLE_RATE)

    def for_recording(self, blocks: Blocks, rms: float) -> "Enhancer":
        """What enhances a recording: this model. Deployed teachers choose one of theirs.

        Args:
            blocks: gives the recording at 16 kHz, cut anywhere, each time it is called.
            rms: of the whole recording.
        """
        return self

    def stream(self, blocks: Iterable[np.ndarray], rms: float) -> Iterator[np.ndarray]:
        """The network's output piece by piece, from blocks: float32 (samples,) each.

        A post-filter is not applied: it must know the whole output first (:func:`enhance_file`).
        Only a piece and its context are in memory at a time. A network without a bounded
        `context` (the baselines) needs the whole recording at once.

        Args:
            blocks: the recording at 16 kHz, cut anywhere.
            rms: of the whole recording; the one thing that must be known beforehand.
        """
        if rms == 0:
            yield from (np.zeros(len(block), np.float32) for block in blocks)
            return
        factor = np.float64(self.level_rms / rms)
        context = getattr(self.model, "context", None)
        held, out = [np.empty(0, np.float32)], 0  # what is kept, how much of it is enhanced
        samples = 0
        for block in blocks:
            held.append((block * factor).astype(np.float32))
            samples += len(block)
            if context is None or samples <= out + PIECE + context:
                continue
            signal = np.concatenate(held)
            while len(signal) > out + PIECE + context:
                enhanced = self._forward(signal[: out + PIECE + context])[out : out + PIECE]
                yield (enhanced / factor).astype(np.float32)
                drop = max(0, out + PIECE - context)
                signal, out = signal[drop:], out + PIECE - drop
            held, samples = [signal.copy()], len(signal)
        if samples > out:
            yield (self._forward(np.concatenate(held))[out:] / factor).astype(np.float32)

    @torch.inference_mode()
    def _forward(self, signal: np.ndarray) -> np.ndarray:
        """The network's output for a signal of any length, zero-padded to what it can take."""
        multiple = getattr(self.model, "crop_multiple", 1)
        padded = np.pad(signal, (0, -len(signal) % multiple))
        enhanced = self._network()(torch.from_numpy(padded)[None].to(self.device))
        return enhanced[0, : len(signal)].float().cpu().numpy()

    def _network(self) -> nn.Module:
        """The model as it computes fastest here, made anew when its weights have changed."""
        if self.precision == "eager" or not isinstance(self.model, UNet):
            return self.model
        # Tensors count the changes made to them.
        state = self.model.state_dict(keep_vars=True).values()
        version = sum(tensor._version for tensor in state)
        if self._fast is None or self._fast[0] != version:
            half = self.precision == "auto" and computes_in_bf16(self.device.type)
            folded = FoldedUNet(self.model, torch.bfloat16 if half else torch.float32)
            self._fast = version, folded.eval()
        return self._fast[1]

    def _chunks(self, noisy: np.ndarray) -> np.ndarray:
        padded = np.pad(noisy, (0, -len(noisy) % CHUNK))
        pieces = [self._forward(padded[i : i + CHUNK]) for i in range(0, len(padded), CHUNK)]
        return np.concatenate(pieces)[: len(noisy)]

    def _overlap(self, noisy: np.ndarray) -> np.ndarray:
        hop = CHUNK // 2
        padded = np.pad(noisy, (hop, hop + -len(noisy) % hop))
        window = np.sin(np.pi * (np.arange(CHUNK) + 0.5) / CHUNK).astype(np.float32) ** 2
        enhanced = np.zeros_like(padded)
        for begin in range(0, len(padded) - hop, hop):
            enhanced[begin : begin + CHUNK] += window * self._forward(padded[begin : begin + CHUNK])
        return enhanced[hop : hop + len(noisy)]


def enhance_file(
    enhancers: Enhancer | RoutedTeachers | Sequence[Enhancer | RoutedTeachers],
    source: str | Path,
    targets: str | Path | Sequence[str | Path],
    finished: Callable[[int], None] = lambda samples: None,
) -> None:
    """Enhances a file of any length block by block; the output is that of the whole recording.

    The level is measured over the whole file in a first pass. Memory does not grow with the
    length where the network's context is bounded (U-Nets).

    Args:
        enhancers: one model or several; the file is read twice by each.
        source: any format that :func:`snrlib.audio.read` takes.
        targets: one file for each enhancer, written at 16 kHz.
        finished: called with the number of samples each time some have been written.

    Raises:
        AudioError: `source` cannot be read, or a target cannot hold the signal.
    """
    enhancers = [enhancers] if isinstance(enhancers, Enhancer | RoutedTeachers) else enhancers
    targets = [targets] if isinstance(targets, str | Path) else targets
    energy, measured = 0.0, audio.Measured()
    for block in audio.blocks(source):
        energy += float(np.sum(np.square(block, dtype=np.float64)))
        measured.add(block)
    samples, offset = measured.samples, np.float32(measured.offset)
    if offset:
        log.info("%s: an offset of %.4f was taken out.", Path(source).name, offset)
        # What is left of the energy when the mean is gone.
        energy = max(0.0, energy - measured.total**2 / samples)
    rms = (energy / samples) ** 0.5 if samples else 0.0

    def noisy() -> Iterator[np.ndarray]:
        """The recording without its offset."""
        return (b - offset if offset else b for b in audio.blocks(source, quiet=True))

    for enhancer, target in zip(enhancers, targets, strict=True):
        with audio.writer(target) as append:
            chosen = enhancer.for_recording(noisy, rms)
            for enhanced in _pieces(chosen, noisy, rms, samples):
                append(enhanced)
                finished(len(enhanced))


def _pieces(enhancer: Enhancer, noisy: Blocks, rms: float, samples: int) -> Iterator[np.ndarray]:
    """What is written of a file, piece by piece; `noisy` gives its blocks."""
    if enhancer.post_filter is None:
        yield from enhancer.stream(noisy(), rms)
        return
    # The network's output is needed twice: kept, or, where it is long, computed twice.
    kept = list(enhancer.stream(noisy(), rms)) if samples <= HELD else None
    own_db = measured_own_snr_db(noisy(), kept or enhancer.stream(noisy(), rms))
    share = enhancer.post_filter.share(own_db)
    yield from enhancer.post_filter.stream(noisy(), kept or enhancer.stream(noisy(), rms), share)


def released() -> list[str]:
    """The names of the models that come with the kit."""
    return sorted(path.parent.name for path in RELEASED.glob(f"*/{checkpoint.DESCRIPTION}"))


def load_model(
    name_or_folder: str | Path,
    device: torch.device | str = "cpu",
    precision: str = "auto",
    post_filter: bool = True,
) -> Enhancer | RoutedTeachers:
    """A trained model, ready for recordings.

    Args:
        name_or_folder: the name of a released model ("S2"), "teachers" for the four released
            teachers, each recording with the one of its SNR, or a folder: one that holds a model
            (`runs/fast/models/S2`), or one that holds models T1 to T4 and S2 (`runs/fast/models`).
        device: where it computes.
        precision: "auto", "float32" or "eager", see :class:`Enhancer`.
        post_filter: whether the post-filter that a released model's card names is applied
            (:mod:`snrlib.models.postfilter`). False gives the network's own output: what tables
            score, and what the network in a web page computes.

    Raises:
        SnrlibError: no such model; the sentence lists what there is.

    Example:
        >>> enhanced = snrlib.load_model("S2").enhance(noisy)
    """
    name = str(name_or_folder)
    if name in released():
        return load_enhancer(RELEASED / name, device, precision, post_filter)
    if name == TEACHERS:
        return _teachers(RELEASED, "-narrow", device, precision, post_filter)
    folder = user_path(name_or_folder)
    if not folder.is_dir():
        folder = run_folder(name_or_folder)
    if (folder / checkpoint.DESCRIPTION).is_file():
        return load_enhancer(folder, device, precision, post_filter)
    if all((folder / teacher / checkpoint.DESCRIPTION).is_file() for teacher in TEACHER_SNRS):
        return _teachers(folder, "", device, precision, post_filter)
    raise SnrlibError(
        f"There is no model '{name_or_folder}': released are "
        f"{', '.join([*released(), TEACHERS])}; otherwise give a folder that holds "
        f"{checkpoint.DESCRIPTION}, such as runs/fast/models/S2, or the models T1 to T4 and S2."
    )


def load_enhancer(
    folder: Path,
    device: torch.device | str = "cpu",
    precision: str = "auto",
    post_filter: bool = True,
) -> Enhancer:
    """The one model in a folder; the other arguments as :func:`load_model` takes them.

    Raises:
        SnrlibError: it is not there, or damaged.
    """
    model, card = checkpoint.load(folder)
    return Enhancer(model, card, device, precision, PostFilter.of(card) if post_filter else None)


def _teachers(
    folder: Path, suffix: str, device: torch.device | str, precision: str, post_filter: bool
) -> RoutedTeachers:
    """The teachers in a folder of models; S2, or else S1, tells them the SNR."""
    judges = [n for n in ("S2", "S1") if (folder / n / checkpoint.DESCRIPTION).is_file()]
    if not judges:
        raise SnrlibError(
            f"{folder} holds the teachers but no student to tell them the SNR; train S2 there."
        )
    found = {
        name: load_enhancer(folder / f"{name}{suffix}", device, precision, post_filter)
        for name in TEACHER_SNRS
    }
    return RoutedTeachers(found, load_enhancer(folder / judges[0], device, precision))
