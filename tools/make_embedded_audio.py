"""Make the speech that ships with the kit (`snrlib/assets/audio/embedded`).

Real studio recordings of four voices, the telephone prompts of Debian's `asterisk-core-sounds`
packages (16 kHz, G.722), are downloaded, checked, decoded, trimmed and written as Ogg Vorbis
with a manifest, the licence and the attribution. Run it from the repository root:

    python tools/make_embedded_audio.py

It needs `apt-get` (on Debian 12, after `apt-get update`), `dpkg-deb` and `ffmpeg` with libvorbis
(the kit itself needs none of them) and, with the same versions of those, writes the same bytes
again. Prompts are chosen by name and by sound; what they say is added by `make_transcripts.py`,
to be run afterwards.

Notebook: 01_data_construction.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

SAMPLE_RATE = 16_000
VERSION = "1.6.1-1"
OUTPUT = Path(__file__).parents[1] / "snrlib/assets/audio/embedded"
SOUNDS = Path("usr/share/asterisk/sounds")
VORBIS_QUALITY = 7  # about 75 kbit/s; more than the 64 kbit/s of the G.722 source
MARGIN = 0.1  # seconds of pause kept before and after the speech


@dataclass(frozen=True)
class Voice:
    """One voice in one language, and how many seconds of it each split takes."""

    speaker: str
    language: str
    licence: str  # as stated in the package's copyright file
    sha256: str  # of the .deb
    seconds: dict[str, float]
    shortest: float = 1.5
    longest: float = 8.0

    @property
    def package(self) -> str:
        """Name of the Debian package."""
        return f"asterisk-core-sounds-{self.language}-g722"


# Only the last voice speaks in the test set: the unseen speaker. "noise" is held out from
# everything else: babble is made from it.
VOICES = (
    Voice(
        "allison",
        "en",
        "CC-BY-SA-3.0",
        "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806",
        {"noise": 30, "train": 135},
    ),
    Voice(
        "allison",
        "es",
        "CC-BY-SA-3.0",
        "e4e3b4281057d3b81b779298fd6be705f57411513955c518eed1bcaabbd615b8",
        {"noise": 30, "train": 135},
    ),
    Voice(
        "june",
        "fr",
        "CC-BY-SA-3.0",
        "7add61d5e42279ecff1bbdf842a5a946ac3644fac9a0fe44384731aa7270c8e0",
        {"noise": 60, "train": 270},
    ),
    Voice(
        "carlo",
        "it",
        "CC-BY-3.0",
        "46b4cf7afc508a5fcfc051b7ea233251c0d195dd4ef83cc4b7facb4c6429b016",
        {"noise": 60, "train": 270},
    ),
    Voice(
        "ivrvoice",
        "ru",
        "CC-BY-3.0",
        "673b4238a6b8269960f055d868c6a11083f7a0d00979167cb01554046b48ed9b",
        {"test": 210},
        2.0,
        6.0,
    ),
)

# Folders and prompts that are no sentence: silence, single digits, spelling, protocol names;
# tones, beeps and monkeys.
NOT_SENTENCES = ("silence/", "digits/", "letters/", "phonetic/", "spy-")
NOT_SPEECH = ("beep", "beeperr", "ascending-2tone", "descending-2tone", "tt-monkeys",
              "confbridge-join", "confbridge-leave")  # fmt: skip


def download(voice: Voice, folder: Path) -> Path:
    """Fetch, check and unpack the package of `voice`; return the folder it was unpacked to."""
    subprocess.run(["apt-get", "download", f"{voice.package}={VERSION}"], cwd=folder, check=True)
    archive = folder / f"{voice.package}_{VERSION}_all.deb"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != voice.sha256:
        raise SystemExit(f"{archive.name} is not the package this script was written for.")
    unpacked = folder / voice.language
    subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)
    return unpacked


def decode(path: Path) -> np.ndarray:
    """Decode one raw G.722 file to int16 samples at 16 kHz."""
    command = ["ffmpeg", "-v", "error", "-f", "g722", "-i", str(path), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<i2")


def envelope(signal: np.ndarray) -> np.ndarray:
    """Level in dB of every 10 ms."""
    frames = signal[: len(signal) // 160 * 160].reshape(-1, 160).astype(float)
    return 10 * np.log10(np.mean(frames**2, axis=1) + 1)


def trim(signal: np.ndarray) -> tuple[int, int]:
    """First and last sample of the speech (40 dB below its loud parts), with a short margin."""
    level = envelope(signal)
    speech = np.flatnonzero(level > np.percentile(level, 95) - 40)
    margin = int(MARGIN * SAMPLE_RATE)
    return max(0, speech[0] * 160 - margin), min(len(signal), (speech[-1] + 1) * 160 + margin)


def is_wide_band(signal: np.ndarray) -> bool:
    """Tell whether a prompt has energy above 4.5 kHz; some were recorded for the telephone."""
    power = np.abs(np.fft.rfft(signal.astype(float))) ** 2
    above = power[int(len(power) * 4500 / 8000) :].sum()
    return bool(10 * np.log10(above / power.sum() + 1e-12) > -35)


def same_recording(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two prompts are the same take under two names: their envelopes coincide."""
    a, b = (envelope(signal) for signal in (first, second))
    a, b = (np.clip(x - x.max(), -40, 0) for x in (a, b))
    size = len(a) + len(b)
    cross = np.fft.irfft(np.fft.rfft(a + 40, size) * np.conj(np.fft.rfft(b + 40, size)), size)
    return bool(cross.max() > 0.985 * max(np.sum((a + 40) ** 2), np.sum((b + 40) ** 2)))


def order(name: str) -> str:
    """Sort key that shuffles prompts the same way on every machine."""
    return hashlib.sha256(name.encode()).hexdigest()


def choose(voice: Voice, unpacked: Path) -> list[dict]:
    """Pick prompts of one voice: rows of the manifest with the samples in `signal`."""
    (root,) = (unpacked / SOUNDS).iterdir()
    names = sorted(str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.g722"))
    names = [n for n in names if not n.startswith(NOT_SENTENCES) and n not in NOT_SPEECH]
    splits = iter(voice.seconds)
    split, rows, filled = next(splits), [], 0.0
    for name in sorted(names, key=order):
        source = root / f"{name}.g722"
        if not voice.shortest <= source.stat().st_size / 8000 <= voice.longest + 2:
            continue  # G.722 has 8000 bytes a second
        signal = decode(source)
        start, stop = trim(signal)
        speech = signal[start:stop]
        seconds = len(speech) / SAMPLE_RATE
        if not voice.shortest <= seconds <= voice.longest or not is_wide_band(speech):
            continue
        if any(same_recording(speech, row["signal"]) for row in rows):
            continue
        rows.append(
            {
                "id": f"{voice.speaker}/{voice.language}/{name.replace('/', '-')}",
                "speaker": voice.speaker,
                "language": voice.language,
                "split": split,
                "seconds": round(seconds, 4),
                "samples": len(speech),
                "licence": voice.licence,
                "package": f"{voice.package} {VERSION}",
                "source": str(source.relative_to(unpacked)),
                "source_start": start,
                "signal": speech,
            }
        )
        filled += seconds
        if filled >= voice.seconds[split]:
            split, filled = next(splits, ""), 0.0
            if not split:
                return rows
    raise SystemExit(f"{voice.package} has too few prompts for {voice.seconds}.")


def encode(row: dict, folder: Path) -> None:
    """Write one prompt as Ogg Vorbis and check that no sample was lost."""
    path = folder / f"{row['id']}.ogg"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    command += ["-i", "-", "-c:a", "libvorbis", "-q:a", str(VORBIS_QUALITY), "-map_metadata", "-1"]
    command += ["-fflags", "+bitexact", "-flags:a", "+bitexact", str(path)]
    subprocess.run(command, input=row["signal"].astype("<i2").tobytes(), check=True)
    if soundfile.info(path).frames != row["samples"]:
        raise SystemExit(f"{path} has {soundfile.info(path).frames} samples, not {row['samples']}.")


def attribution(manifest: pd.DataFrame) -> str:
    """Text of the attribution file; the facts are those of the packages' copyright file."""
    minutes = manifest.groupby("language").seconds.sum() / 60
    return f"""# Where this speech comes from

Telephone prompts of the Asterisk project, as packaged by Debian (`asterisk-core-sounds`
{VERSION}, packages `asterisk-core-sounds-{{en,es,fr,it,ru}}-g722`), from
<http://downloads.asterisk.org/pub/telephony/asterisk/>. `LICENSE` is the packages' copyright
file, unchanged, with the full text of both licences.

| folder | voice | minutes | licence |
|---|---|---|---|
| `allison/en` | English prompts, (c) 2003-2010 Allison Smith, <http://www.theivrvoice.com> | \
{minutes["en"]:.1f} | CC BY-SA 3.0 |
| `allison/es` | Spanish prompts, (c) 2003-2010 Allison Smith, <http://www.theivrvoice.com> | \
{minutes["es"]:.1f} | CC BY-SA 3.0 |
| `june/fr` | Canadian French prompts, (c) 2006-2008 June Wallack, <http://www.junewallack.com>; \
translated by Clod Patry, Kristopher Lalletti and June Wallack | \
{minutes["fr"]:.1f} | CC BY-SA 3.0 |
| `carlo/it` | Italian prompts, (c) 2012 Carlo Flora, <http://www.segreterietelefoniche.it>, \
<http://www.carloflora.com>; translated by Silvia Petrin | {minutes["it"]:.1f} | CC BY 3.0 |
| `ivrvoice/ru` | Russian prompts, (c) 2010 Maxim; provided by Maxim Topal, \
<http://www.ivrvoice.ru> (a woman's voice) | {minutes["ru"]:.1f} | CC BY 3.0 |

Financial contributions to the recordings: Digium, Inc.; for French also Unlimitel and BGM
Informatique.

**Changes made**: a part of the prompts was chosen, decoded from G.722, cut to the speech with
{MARGIN} s of margin, and encoded as Ogg Vorbis; nothing else was done to the sound.
`manifest.csv` names the source file of each prompt and the sample at which the cut begins.
`transcripts.csv` has their texts, from the packages `asterisk-core-sounds-{{en,es,fr,it,ru}}` and
under the same licences.
`tools/make_embedded_audio.py` in the kit's repository does all of it.

Noises that the kit makes from these prompts (speech-shaped noise, babble, crowd, cafe) are
adaptations of them and under CC BY-SA 3.0.
"""


def main() -> None:
    """Make the folder anew."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        unpacked = [download(voice, folder) for voice in VOICES]
        with ThreadPoolExecutor() as pool:
            rows = list(chain.from_iterable(pool.map(choose, VOICES, unpacked)))
            shutil.rmtree(output, ignore_errors=True)
            list(pool.map(encode, rows, [output] * len(rows)))
        documents = unpacked[0] / "usr/share/doc" / VOICES[0].package
        shutil.copyfile(documents / "copyright", output / "LICENSE")
    manifest = pd.DataFrame(rows).drop(columns="signal").sort_values("id")
    manifest.to_csv(output / "manifest.csv", index=False, lineterminator="\n")
    (output / "ATTRIBUTION.md").write_text(attribution(manifest), encoding="utf-8")
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    print(manifest.groupby(["speaker", "language", "split"]).seconds.agg(["size", "sum", "median"]))
    print(f"{len(manifest)} prompts, {manifest.seconds.sum() / 60:.1f} min, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
