"""The corpus that ships with the kit: real recorded voices, and noises the kit makes itself.

Twenty minutes of studio recordings (telephone prompts of the Asterisk project, as packaged by
Debian) in four voices and five languages. Three voices train; the fourth, who speaks Russian,
is heard in the test only: an unseen speaker, but a single one, so that intervals over test
utterances say nothing about other speakers. The nine noises are synthetic
(:mod:`snrlib.corpora.synthetic_noises`) and called so in every table and figure.

Notebook: 01_data_construction.
"""

from pathlib import Path

import pandas

from snrlib.audio import SAMPLE_RATE
from snrlib.corpora import synthetic_noises
from snrlib.corpora.corpus import RECORD_COLUMNS, Corpus
from snrlib.support import tables
from snrlib.support.errors import SnrlibError

FOLDER = Path(__file__).parents[2] / "assets" / "audio" / "embedded"
NOISE_LICENCE = {True: "CC-BY-SA-3.0", False: "MIT"}  # made from the speech, or from scratch


def manifest(root: Path | None = None) -> pandas.DataFrame:
    """What is known about each prompt: the record, its language, package and source file.

    Raises:
        SnrlibError: the folder is not a complete copy of the embedded audio.
    """
    path = (root or FOLDER) / "manifest.csv"
    if not path.is_file():
        raise SnrlibError(f"{path} is missing; install the kit again, with its assets.")
    return tables.read(path)


def speech(root: Path | None = None) -> pandas.DataFrame:
    """The prompts as records, columns as `corpora.RECORD_COLUMNS`."""
    table = manifest(root)
    folder = (root or FOLDER).absolute()
    return table.assign(
        corpus="embedded", kind="speech", path=[str(folder / f"{i}.ogg") for i in table["id"]]
    )[RECORD_COLUMNS]


def list_files(root: Path | None = None) -> pandas.DataFrame:
    """Speech and noise records; the noises' files appear once they are chosen."""
    prompts = speech(root)
    samples = round(synthetic_noises.SECONDS * SAMPLE_RATE)
    made = pandas.DataFrame(
        [
            {
                "id": name,
                "corpus": "embedded",
                "kind": "noise",
                "speaker": "",
                "path": str(path.absolute()),
                "seconds": samples / SAMPLE_RATE,
                "samples": samples,
                "licence": NOISE_LICENCE[name in synthetic_noises.FROM_SPEECH],
                "split": "",
            }
            for name, path in synthetic_noises.rendered_paths(prompts).items()
        ]
    )
    return pandas.concat([prompts, made], ignore_index=True)


def prepare(records: pandas.DataFrame) -> None:
    """Renders the chosen noises that are not in the cache yet."""
    chosen = records.loc[records["kind"] == "noise", "id"]
    if len(chosen):
        synthetic_noises.render(list(chosen), speech())


CORPUS = Corpus(
    name="embedded",
    kind="both",
    title="Embedded audio",
    description=(
        "20 min of recorded studio prompts, four voices in five languages, one of them only in "
        "the test, and nine synthetic noises."
    ),
    hours=0.34,
    speakers=4,
    licence="CC BY-SA 3.0 (Italian and Russian: CC BY 3.0); noises: CC BY-SA 3.0 and MIT",
    citation="Asterisk core sounds 1.6.1 (A. Smith, J. Wallack, C. Flora, M. Topal), via Debian",
    homepage="https://packages.debian.org/bookworm/asterisk-core-sounds-en-g722",
    list_files=list_files,
    prepare=prepare,
    seen=synthetic_noises.SEEN,
    synthetic=True,
)
