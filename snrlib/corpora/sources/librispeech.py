"""LibriSpeech: read English audiobooks, open, in subsets of 2 to 500 hours.

The layout is `train-clean-100/103/1240/103-1240-0000.flac`; any subset is taken, and also a
flat folder of such files in any format with its SPEAKERS.TXT. The subsets named train are for
training, those named dev or test for the test. `snrlib data fetch librispeech` gets the two
small subsets that OpenSLR calls Mini LibriSpeech.

Notebook: 01_data_construction, "Nothing but a network".
"""

import re
from pathlib import Path

import pandas

from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.fetch import Download
from snrlib.corpora.listing import Found, audio_files, hold_out_speakers, table
from snrlib.support.errors import SnrlibError

_UTTERANCE = re.compile(r"^(?P<speaker>\d+)-(?P<chapter>\d+)-(?P<number>\d{4})$")
_SUBSET = re.compile(r"^(train|dev|test)-(clean|other)(-\d+)?$")

# name: (OpenSLR resource, bytes, MD5, utterances). Checksums: md5sum.txt of resources 12 and
# 31 as quoted by several independent projects; sizes and counts as recorded by them.
SUBSETS = {
    "train-clean-5": (31, 332_954_390, "5df7d4e78065366204ca6845bb08f490", None),
    "dev-clean-2": (31, 126_046_265, "6d7ab67ac6a1d2c993d050e16d61080d", 1089),
    "dev-clean": (12, 337_926_286, "42e2234ba48799c1f50f24a7926300a1", 2703),
    "dev-other": (12, 314_305_928, "c8d0bcc9cca99d4f8b62fcc847357931", 2864),
    "test-clean": (12, 346_663_984, "32fa31d27d2e1cad72775fee3f4849a9", 2620),
    "test-other": (12, 328_757_843, "fb5a50374b501bb3bac4815ee91d3135", 2939),
    "train-clean-100": (12, 6_387_309_499, "2a93770f6d5c6c964bc36631d331a522", 28_539),
    "train-clean-360": (12, 23_049_477_885, "c0e676e450a7ff2f54aeade5171606fa", 104_014),
    "train-other-500": (12, 30_593_501_606, "d1a0fd59409feb2c614ce4d30c387708", 148_688),
}
MINI = ("train-clean-5", "dev-clean-2")


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """The utterances below `folder`, by default below the registered or fetched one.

    `id` is "dev-clean-2/84-121123-0000", so that a subset can be chosen by its name. Where only
    training subsets are there, every tenth speaker is held out for the test.

    Raises:
        SnrlibError: no file is named as in LibriSpeech, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    subset_of_speaker = _speakers(folder)
    found = []
    for path in audio_files(folder):
        match = _UTTERANCE.match(path.stem)
        if not match:
            continue
        named = [part for part in path.parts[:-1] if _SUBSET.match(part)]
        subset = named[-1] if named else subset_of_speaker.get(match["speaker"], "")
        split = "train" if subset.startswith("train") or not subset else "test"
        name = f"{subset}/{path.stem}" if subset else path.stem
        found.append(Found(name, path, match["speaker"], split))
    if not found:
        raise SnrlibError(
            f"{folder} holds no file named like 103-1240-0000.flac; give the folder LibriSpeech, "
            "or one that contains it."
        )
    return hold_out_speakers(table(CORPUS.name, CORPUS.kind, CORPUS.licence, found))


def _speakers(folder: Path) -> dict[str, str]:
    """The subset of each speaker, from the SPEAKERS.TXT at the top of the corpus, if it is there.

    Its lines read `14 | F | train-clean-360 | 25.03 | name`; a semicolon begins a comment.
    """
    path = folder / "SPEAKERS.TXT"
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [line.split("|") for line in lines if not line.startswith(";")]
    return {row[0].strip(): row[2].strip() for row in rows if len(row) > 2}


CORPUS = Corpus(
    name="librispeech",
    kind="speech",
    title="LibriSpeech",
    description="read English audiobooks at 16 kHz; fetched: Mini LibriSpeech, about 7 h",
    hours=982.0,
    speakers=2484,
    licence="CC BY 4.0",
    citation=(
        "V. Panayotov, G. Chen, D. Povey, S. Khudanpur: Librispeech: an ASR corpus based on public "
        "domain audio books. ICASSP 2015, pp. 5206-5210."
    ),
    homepage="https://www.openslr.org/12",
    list_files=list_files,
    downloads=tuple(
        Download(
            part=name,
            url=f"https://www.openslr.org/resources/{resource}/{name}.tar.gz",
            size=size,
            checksum=f"md5:{md5}",
            wanted=name in MINI,
        )
        for name, (resource, size, md5, _) in SUBSETS.items()
    ),
    expected={name: count for name, (_, _, _, count) in SUBSETS.items() if count},
)
