"""NIST SPHERE, the format of TIMIT's `.WAV` files as the LDC ships them.

A SPHERE file is a header of ASCII lines ("sample_rate -i 16000") and then samples. libsndfile
decodes the uncompressed ones, so the kit needs no decoder of its own; what it does need is to
recognise the two kinds that libsndfile reports badly or not at all: files compressed with
"shorten", and files that end before their header says.

Source: NIST SPHERE 2.6 documentation; header fields as in TIMIT (LDC93S1).

Notebook: 01_data_construction.
"""

from pathlib import Path

from snrlib.support.errors import AudioError

MAGIC = b"NIST_1A\n"
_READERS = {"i": int, "r": float}


def header(path: str | Path) -> dict[str, int | float | str] | None:
    """The header fields of a SPHERE file and `header_bytes`; None for any other file.

    Raises:
        AudioError: the file begins like SPHERE but its header is damaged.
    """
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
        try:
            size = int(file.readline(64))
            lines = file.read(size).decode("ascii", "replace").splitlines()
            fields: dict[str, int | float | str] = {"header_bytes": size}
            for line in lines[: lines.index("end_head")]:
                if not line.strip() or line.startswith(";"):
                    continue
                name, kind, value = line.split(" ", 2)
                fields[name] = _READERS.get(kind[1], str)(value)
        except (ValueError, IndexError) as error:
            raise AudioError(
                f"{path} has a damaged SPHERE header ({error}); copy the file again."
            ) from error
    return fields


def refuse_unreadable(path: str | Path) -> None:
    """Does nothing for readable SPHERE files and for all other formats.

    Raises:
        AudioError: `path` is SPHERE and compressed, or shorter than its header says.
    """
    fields = header(path)
    if fields is None:
        return
    coding = str(fields.get("sample_coding", "pcm"))
    if "," in coding:
        raise AudioError(
            f"{path} is a compressed SPHERE file ({coding}); convert the corpus with the LDC's "
            "sph2pipe (`sph2pipe -f rif IN.WAV OUT.WAV`, for every file) and use the copy."
        )
    width = int(fields.get("sample_n_bytes", 2)) * int(fields.get("channel_count", 1))
    promised = int(fields["header_bytes"]) + int(fields.get("sample_count", 0)) * width
    size = Path(path).stat().st_size
    if size < promised:
        raise AudioError(f"{path} is truncated; fetch or copy the file again.")
    # Disc blocks are padded: a header's length more is no audio.
    if "sample_count" in fields and size - promised > 2 * int(fields["header_bytes"]):
        raise AudioError(
            f"{path} holds more audio than its header says ({size - promised:,} bytes follow); "
            "correct its sample_count, or copy the file again."
        )
