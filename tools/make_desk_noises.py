"""Make the noises of the desk: a few seconds of each synthetic noise, from its test part.

A site is built in a second, rendering the noises takes a quarter of a minute: so the page's
share of them comes with the kit, as Ogg Vorbis. Run it from the repository root:

    python tools/make_desk_noises.py
"""

import soundfile

from snrlib import audio, corpora
from snrlib.datasets import NOISE_TRAIN_FRACTION
from snrlib.listening.desk import sounds

VORBIS_QUALITY = 0.7  # 0 to 1


def main() -> None:
    """Write the folder anew."""
    sounds.NOISES.mkdir(parents=True, exist_ok=True)
    for row in corpora.noises("embedded", "embedded").to_dict("records"):
        first = int(row["samples"] * NOISE_TRAIN_FRACTION)
        signal = audio.read(row["path"], first, sounds.NOISE_SAMPLES)
        path = sounds.NOISES / f"{row['id'].removeprefix('synthetic ').replace(' ', '-')}.ogg"
        soundfile.write(
            path, signal, audio.SAMPLE_RATE, format="OGG", subtype="VORBIS",
            compression_level=1 - VORBIS_QUALITY,
        )  # fmt: skip
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
