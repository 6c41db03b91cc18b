"""DEMAND: 17 everyday places recorded with 16 microphones, open, on Zenodo.

The layout is `TBUS/ch01.wav` ... `ch16.wav`, five minutes each at 16 kHz. A place is one noise,
through its first microphone: the others differ by centimetres, and only the first is unpacked.
`snrlib data fetch demand` gets the four places nearest to the paper's unseen noises (bus,
cafeteria, public square, street with traffic); `snrlib data fetch demand:TMETRO` gets another.

Notebook: 01_data_construction, "Nothing but a network".
"""

import re
from pathlib import Path

import pandas

from snrlib.corpora import registered
from snrlib.corpora.corpus import Corpus
from snrlib.corpora.fetch import Download
from snrlib.corpora.listing import Found, audio_files, table
from snrlib.support.errors import SnrlibError

# place: (bytes, MD5), as Zenodo's record 1227121 publishes them; quoted alike by several
# projects. SCAFE exists there at 48 kHz only.
PLACES = {
    "DKITCHEN": (110_501_049, "7ffbf52d7f4699f96927846103dc8788"),
    "DLIVING": (80_170_627, "46741384d9e434a0bd8b3ec1830b6052"),
    "DWASHING": (102_343_250, "7e5ee9437ce9409c5f9a779b6212a240"),
    "NFIELD": (86_536_782, "a740046c6f4e174e16f5d568aaec5024"),
    "NPARK": (86_029_332, "80f1385a34d7f1705758926b57f138ce"),
    "NRIVER": (98_689_565, "54264db61d3fe073fb81f2e40e0d19b5"),
    "OHALLWAY": (77_941_854, "fe918bbb0e63e73d09ba7f4843ef33f1"),
    "OMEETING": (82_703_355, "62f7cfe7fe6d30b7d8a215fe37c2dfd2"),
    "OOFFICE": (88_995_191, "7b61cc2d182d5a654cb9c3101ddd4041"),
    "PCAFETER": (107_431_494, "99927d148128254141a9417d051510bb"),
    "PRESTO": (111_292_815, "b98d2e6854eeebb397f29a8ad7457092"),
    "PSTATION": (119_441_094, "d7448009f6c2aeb6ba570375df1750a3"),
    "SPSQUARE": (110_928_528, "205d0e7b8fe74504a2f8d252fc414b9e"),
    "STRAFFIC": (118_572_691, "2efa87262f272bbf9ba578088e81939c"),
    "TBUS": (128_916_709, "706b11b0d8504f9f3b3f3211e91b3863"),
    "TCAR": (130_045_975, "4d930012796bd298932245a26189f973"),
    "TMETRO": (126_589_090, "95daf4df678e13b120e14211e6d89571"),
}
NEAREST_TO_THE_PAPER = ("TBUS", "PCAFETER", "SPSQUARE", "STRAFFIC")
_PLACE = re.compile(r"^(?P<place>[DNOPST][A-Z]{2,8})(?:_(?:16|48)k)?$", re.IGNORECASE)
_CHANNEL = re.compile(r"^ch(?P<channel>\d\d)$", re.IGNORECASE)


def list_files(folder: Path | None = None) -> pandas.DataFrame:
    """One noise per place below `folder`, by default the registered or fetched one; `id` "TBUS".

    Raises:
        SnrlibError: no file lies as in DEMAND, or a file cannot be read.
    """
    folder = registered.place(CORPUS, folder)
    found = []
    for path in audio_files(folder):  # sorted: the first microphone comes first
        place = _PLACE.match(path.parent.name)
        if place and _CHANNEL.match(path.stem):
            found.append(Found(place["place"].upper(), path))
    if not found:
        raise SnrlibError(
            f"{folder} holds no file like TBUS/ch01.wav; give the folder that contains the folders "
            "of DEMAND's places."
        )
    return table(CORPUS.name, CORPUS.kind, CORPUS.licence, found)


CORPUS = Corpus(
    name="demand",
    kind="noise",
    title="DEMAND: Diverse Environments Multichannel Acoustic Noise Database",
    description="17 everyday places, 5 min each; fetched: bus, cafeteria, square, street",
    hours=1.4,
    speakers=0,
    licence="CC BY-SA 3.0",
    citation=(
        "J. Thiemann, N. Ito, E. Vincent: The Diverse Environments Multi-channel Acoustic Noise "
        "Database (DEMAND): a database of multichannel environmental noise recordings. "
        "Proceedings of Meetings on Acoustics 19, 2013, 035081. doi:10.5281/zenodo.1227121."
    ),
    homepage="https://zenodo.org/records/1227121",
    list_files=list_files,
    notes=(
        "The licence is CC BY-SA 3.0 in the corpus's document and CC BY 4.0 in Zenodo's entry.",
    ),
    downloads=tuple(
        Download(
            part=place,
            url=f"https://zenodo.org/records/1227121/files/{place}_16k.zip",
            size=size,
            checksum=f"md5:{md5}",
            wanted=place in NEAREST_TO_THE_PAPER,
            keep=("*/ch01.wav",),
        )
        for place, (size, md5) in PLACES.items()
    ),
)
