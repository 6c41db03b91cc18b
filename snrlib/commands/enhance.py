"""Which recordings are enhanced to which files, one after another."""

from collections.abc import Callable
from pathlib import Path

from snrlib import AudioError, SnrlibError, audio, enhancement
from snrlib.support.progress import Progress


def run(
    source: Path,
    target: Path,
    models: tuple[str, ...],
    say: Callable[[str], object] = print,
    post_filter: bool = True,
) -> None:
    """Enhances a recording, or every recording of a folder, and says what was written.

    A recording that cannot be read does not cost the others theirs.

    Args:
        source: a recording, or a folder of recordings.
        target: where the enhanced recording, or the folder of them, goes.
        models: released names or folders.
        say: is told what was written.
        post_filter: as :func:`snrlib.enhancement.load_model` takes it.

    Raises:
        SnrlibError: nothing to enhance, or some recordings were refused; the others are written.
    """
    jobs = pairs_of_files(source, target, audio.SUFFIXES)
    enhancers = [enhancement.load_model(name, post_filter=post_filter) for name in models]
    names = labels(models, [enhancer.name for enhancer in enhancers])
    refused: list[str] = []
    seconds: dict[Path, int] = {}
    for noisy, _ in jobs:
        try:
            seconds[noisy] = max(1, round(audio.info(noisy).seconds))
        except AudioError as error:
            refused.append(str(error))
    with Progress(sum(seconds.values()) * len(enhancers), "enhancing", unit="second") as progress:
        for noisy, enhanced in jobs:
            if noisy not in seconds:
                continue
            paths = [enhanced.with_name(f"{enhanced.stem}{n}{enhanced.suffix}") for n in names]
            expected, before = seconds[noisy] * len(paths), progress.done
            try:
                counted = _seconds_of(noisy.name, expected, progress)
                enhancement.enhance_file(enhancers, noisy, paths, counted)
                for enhancer in enhancers:
                    if isinstance(enhancer, enhancement.RoutedTeachers):
                        say(f"{noisy.name}: {enhancer.choices[-1]}")
            except AudioError as error:
                refused.append(str(error))
            progress.update(expected - (progress.done - before))
    if done := (len(jobs) - len(refused)) * len(enhancers):
        one = done == 1 and len(jobs) == 1
        say(f"{jobs[0][1]}" if one else f"{done} files written: {target}")
    if refused:
        raise SnrlibError("\n".join(refused))


def _seconds_of(file: str, expected: int, progress: Progress) -> Callable[[int], None]:
    """Turns samples that were enhanced into whole seconds of the progress line."""
    before, samples = progress.done, 0

    def counted(new: int) -> None:
        nonlocal samples
        samples += new
        whole = min(expected, samples // audio.SAMPLE_RATE)
        progress.update(whole - (progress.done - before), file=file)

    return counted


def labels(asked: tuple[str, ...], names: list[str]) -> list[str]:
    """What is appended to file names: nothing for one model, else each model's name."""
    if len(names) == 1:
        return [""]
    if len(set(names)) < len(names):
        # The same system from several run folders.
        names = [model.strip("/").replace("/", "-") for model in asked]
    if len(set(names)) < len(names):
        raise SnrlibError("The same --model is named twice; name each once.")
    return [f"_{name}" for name in names]


def pairs_of_files(
    source: Path, target: Path, suffixes: tuple[str, ...]
) -> list[tuple[Path, Path]]:
    """Which file is enhanced to which, checked before anything is read.

    Raises:
        SnrlibError: no recordings, or a file would be overwritten by what is made from it.
    """
    folder_wanted = target.is_dir() or not target.suffix
    if not source.is_dir():
        made = target / f"{source.stem}.wav" if folder_wanted else target
        pairs = [(source, made)]
    else:
        if not folder_wanted:
            raise SnrlibError(f"{source} is a folder, so {target} must be one too.")
        found = [p for p in sorted(source.rglob("*")) if p.suffix.lower() in suffixes]
        # An earlier output inside the input folder is no recording.
        inside = target.resolve()
        found = [
            p for p in found if inside == source.resolve() or inside not in p.resolve().parents
        ]
        if not found:
            raise SnrlibError(f"{source} holds no recordings ({', '.join(suffixes)}).")
        pairs = [(p, (target / p.relative_to(source)).with_suffix(".wav")) for p in found]
    made_from: dict[Path, Path] = {}
    for noisy, made in pairs:
        if noisy.resolve() == made.resolve():
            raise SnrlibError(f"{noisy} would be overwritten; choose another place for the output.")
        if made in made_from:
            raise SnrlibError(
                f"{made_from[made]} and {noisy} would both become {made}; rename one of them."
            )
        made_from[made] = noisy
    return pairs
