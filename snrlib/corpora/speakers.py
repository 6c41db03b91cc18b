"""Who speaks in a recording, told by its path.

A test of unseen speakers is none if the same voice trained the network under another name. The
outermost folder is often the corpus's own ("wav48", "train-clean-100"), the innermost one a
microphone or a session; so known layouts are recognised, and otherwise the nearest folder that
is not a mere container counts.

Notebook: 01_data_construction.
"""

import re
from collections.abc import Sequence
from pathlib import PurePath

from snrlib.support.errors import SnrlibError

_BESIDE = r"(?:clean|noisy|other|wav|flac|speech|data|si|s|\d+spk|\d+h?|dr\d)"
# "train", "train-clean-100", "clean_trainset_28spk_wav", "si_tr_s"; but not "test_anna".
_SPLIT = re.compile(
    rf"(?:{_BESIDE}[-_ ])*(?:(?P<train>tr|train|training|trainset)"
    rf"|(?P<test>tt|test|testing|testset|eval|evaluation|dev))(?:[-_ ]{_BESIDE})*"
)
# Folders that hold recordings, not people: formats, kinds, subsets, and parts of a session.
_CONTAINER = re.compile(
    r"(?:wav|wave|wavs|flac|ogg|mp3|sph|audio|audios|clip|clips|sounds?|speech|voice|clean|data"
    r"|recordings?|utterances?|sentences|raw|original|corpus|dataset|downsampled"
    r"|(?:wav|audio|flac)[-_]?\d+(?:k|khz)?|\d+k(?:hz)?|wav48_silence_trimmed|mic[-_]?\d*"
    r"|(?:ch|channel|session|sess|ses|chapter|day|part|take|disc|disk|cd|book|set|batch|list|block"
    r"|round|visit|speakers?|spk|dr)[-_ ]?\d*)",
    re.IGNORECASE,
)
# Name of the file -> speaker, of corpora whose files carry it.
_BY_NAME = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?P<speaker>[ps]\d{3})_\d{3}(?:_mic\d)?$",  # VCTK, VoiceBank
        r"(?P<speaker>reader_\d+)",  # DNS challenge: book_00000_chp_0009_reader_06709_0_seg_0
    )
)


def named(paths: Sequence[PurePath], pattern: str = "") -> list[str]:
    """The speaker of each recording.

    Args:
        paths: relative to the folder of the corpus.
        pattern: a regular expression searched in the whole relative path, with slashes; its
            group (the one called `speaker`, or the first, or all that matches) is the speaker.

    Raises:
        SnrlibError: a pattern that is no regular expression, or that does not fit a path.
    """
    if pattern:
        return [_matched(path, pattern) for path in paths]
    holders = {path.parent for path in paths}
    return [_named(path, holders) for path in paths]


def split(path: PurePath) -> str:
    """What a folder on the way to the recording says it is for: "train", "test" or ""."""
    for part in path.parts[:-1]:
        found = _SPLIT.fullmatch(part.lower())
        if found:
            return "train" if found["train"] else "test"
    return ""


def _matched(path: PurePath, pattern: str) -> str:
    try:
        match = re.search(pattern, path.as_posix())
    except re.error as error:
        raise SnrlibError(
            f"The pattern '{pattern}' is no regular expression ({error}); for example "
            r"'speaker(\d+)_' takes 12 from speaker12_a.wav."
        ) from error
    if match is None:
        raise SnrlibError(
            f"The pattern '{pattern}' finds no speaker in {path.as_posix()}; widen it, or move the "
            "file away."
        )
    if "speaker" in match.groupdict():
        return match["speaker"] or ""
    return (match.group(1) if match.re.groups else match.group()) or ""


def _named(path: PurePath, holders: set[PurePath]) -> str:
    folders = list(path.parts[:-1])
    for known in _BY_NAME:
        found = known.search(path.stem)
        if found:
            return found["speaker"]
    libri = re.match(r"^(\d+)[-_](\d+)[-_]\d+", path.stem)
    if libri and (not folders or folders[-1] in (libri[1], libri[2])):
        return libri[1]  # LibriSpeech, LibriTTS, MLS
    for part in folders:
        if re.fullmatch(r"id\d{5}", part):  # VoxCeleb: speaker/video/recording
            return part
    # A speaker and a chapter below a subset, as in LibriSpeech, whatever the files are called.
    if len(folders) >= 3 and folders[-1].isdigit() and folders[-2].isdigit():
        return folders[-2]
    people = [
        folder
        for folder in path.parents
        if folder.name and not _CONTAINER.fullmatch(folder.name)
        and not _SPLIT.fullmatch(folder.name.lower())
    ]  # fmt: skip
    if people:
        # A folder with recordings of its own is a speaker; what lies below is more of the same.
        return next((f.name for f in reversed(people) if f in holders), people[0].name)
    arctic = re.match(r"^cmu_us_([a-z]+)_", path.stem)
    if arctic:
        return arctic[1]
    return re.split(r"[-_]", path.stem, maxsplit=1)[0]
