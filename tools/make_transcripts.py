"""Make `transcripts.csv` beside the embedded speech: what each prompt says.

The texts are those of Debian's `asterisk-core-sounds-{en,es,fr,it,ru}` packages, same version and
licences as the sounds, as they stand there: without accents here and there, and with a remark of
the translator. Two prompts have none. Run it from the repository root, after
`make_embedded_audio.py`; it needs `apt-get` and `dpkg-deb`:

    python tools/make_transcripts.py
"""

from __future__ import annotations

import gzip
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
from make_embedded_audio import OUTPUT, VERSION


def texts(language: str, folder: Path) -> dict[str, str]:
    """File name of a prompt, without its ending, -> what it says."""
    package = f"asterisk-core-sounds-{language}"
    subprocess.run(["apt-get", "download", f"{package}={VERSION}"], cwd=folder, check=True)
    unpacked = folder / language
    subprocess.run(
        ["dpkg-deb", "-x", folder / f"{package}_{VERSION}_all.deb", unpacked], check=True
    )
    listed = unpacked / f"usr/share/doc/{package}/core-sounds-{language}.txt.gz"
    found = {}
    for line in gzip.decompress(listed.read_bytes()).decode("utf-8-sig").splitlines():
        name, separator, text = line.partition(":")
        if separator and not line.startswith(";"):
            found[name.strip()] = " ".join(text.split())
    return found


def main() -> None:
    """Write the table anew."""
    manifest = pd.read_csv(OUTPUT / "manifest.csv", keep_default_na=False)
    with tempfile.TemporaryDirectory() as folder:
        known = {lang: texts(lang, Path(folder)) for lang in manifest["language"].unique()}
    rows = []
    for row in manifest.itertuples():
        # usr/share/asterisk/sounds/<voice>/<name>.g722
        name = "/".join(Path(row.source).with_suffix("").parts[5:])
        if name in known[row.language]:
            rows.append({"id": row.id, "text": known[row.language][name]})
    pd.DataFrame(rows).to_csv(OUTPUT / "transcripts.csv", index=False, lineterminator="\n")
    print(f"{len(rows)} of {len(manifest)} prompts have a text")


if __name__ == "__main__":
    main()
