"""An archive from the network is unpacked whole and below its folder, or refused whole."""

import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest

from snrlib.corpora import unpacking
from snrlib.support.errors import SnrlibError

NOISE = np.random.default_rng(0).bytes(3_000_000)  # does not compress, like packed audio


def tar_of(members, mode="w:gz"):
    """A tar archive of {name: bytes, or TarInfo for something odd}."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def zip_of(members):
    """A zip archive of {name or ZipInfo: bytes}."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def link(kind, name="Corpus/link", target="/etc/passwd"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return {name: info}


def zip_link():
    info = zipfile.ZipInfo("Corpus/link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return {info: "/etc/passwd"}


OUTSIDE = "would write outside its folder"
ODD = "holds a link or a device"
UNSAFE = {
    "tar, parent": (tar_of({"a.wav": b"1", "../b.wav": b"2"}), OUTSIDE),
    "tar, parent within": (tar_of({"a/../../b.wav": b"2"}), OUTSIDE),
    "tar, absolute": (tar_of({"/tmp/b.wav": b"2"}), OUTSIDE),
    "tar, symbolic link": (tar_of(link(tarfile.SYMTYPE)), ODD),
    "tar, hard link": (tar_of(link(tarfile.LNKTYPE)), ODD),
    "tar, device": (tar_of(link(tarfile.CHRTYPE)), ODD),
    "tar, pipe": (tar_of(link(tarfile.FIFOTYPE)), ODD),
    "zip, parent": (zip_of({"../b.wav": b"2"}), OUTSIDE),
    "zip, absolute": (zip_of({"/tmp/b.wav": b"2"}), OUTSIDE),
    "zip, drive": (zip_of({"C:/b.wav": b"2"}), OUTSIDE),
    "zip, backslashes": (zip_of({"a\\..\\..\\b.wav": b"2"}), OUTSIDE),
    "zip, symbolic link": (zip_of(zip_link()), ODD),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_member_refuses_the_whole_archive(case, tmp_path):
    content, reason = UNSAFE[case]
    archive = tmp_path / "in" / "archive"
    archive.parent.mkdir()
    archive.write_bytes(content)
    with pytest.raises(SnrlibError, match=reason):
        unpacking.unpack(archive, tmp_path / "in" / "out")
    assert files(tmp_path) == [], "nothing was unpacked and the archive is gone"


def test_an_unsafe_member_is_refused_even_where_it_is_not_wanted(tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_of({"a.wav": b"1", "../b.txt": b"2"}, "w"))
    with pytest.raises(SnrlibError, match=OUTSIDE):
        unpacking.unpack(tmp_path / "a.tar", tmp_path / "out", keep=("*.wav",))


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_a_bomb_is_refused_by_its_size(pack, tmp_path):
    archive = tmp_path / "bomb"
    archive.write_bytes(pack({f"{i}.wav": bytes(20_000_000) for i in range(3)}))
    assert archive.stat().st_size < 100_000
    with pytest.raises(SnrlibError, match="far more than audio of its size"):
        unpacking.unpack(archive, tmp_path / "out")
    assert files(tmp_path) == []


def test_a_bomb_that_lies_about_its_size_is_refused_too(tmp_path):
    # The size stands in the local header and in the directory; both now say one byte.
    honest = zip_of({"a.wav": bytes(20_000_000)})
    size = (20_000_000).to_bytes(4, "little")
    assert honest.count(size) == 2
    (tmp_path / "bomb.zip").write_bytes(honest.replace(size, (1).to_bytes(4, "little")))
    with pytest.raises(SnrlibError):
        unpacking.unpack(tmp_path / "bomb.zip", tmp_path / "out")
    assert files(tmp_path) == []


def test_millions_of_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MEMBERS", 10)
    (tmp_path / "a.zip").write_bytes(zip_of({f"{i}.wav": b"" for i in range(11)}))
    with pytest.raises(SnrlibError, match="more than 10 members"):
        unpacking.unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize(
    "content",
    [tar_of({"a": NOISE})[:1_000_000], zip_of({"a": NOISE})[:-500], b"not an archive", b""],
    ids=["tar cut short", "zip cut short", "text", "empty"],
)
def test_a_damaged_archive_is_refused(content, tmp_path):
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(SnrlibError, match="not an intact archive"):
        unpacking.unpack(tmp_path / "archive", tmp_path / "out")
    assert files(tmp_path) == []


def test_a_flipped_bit_is_noticed(tmp_path):
    content = bytearray(zip_of({"a": NOISE}))
    content[1_000_000] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(SnrlibError, match="not an intact archive"):
        unpacking.unpack(tmp_path / "a.zip", tmp_path / "out")


def test_only_what_is_wanted_is_unpacked(tmp_path):
    members = {"musan/noise/free-sound/a.wav": b"1", "musan/music/b.wav": b"2", "README": b"3"}
    (tmp_path / "a.zip").write_bytes(zip_of(members))
    out = unpacking.unpack(tmp_path / "a.zip", tmp_path / "out", keep=("*/noise/*", "README"))
    assert files(out) == ["README", "musan/noise/free-sound/a.wav"]


def test_what_a_killed_run_left_half_unpacked_is_replaced(tmp_path):
    (tmp_path / ".out.unpacking").mkdir()
    (tmp_path / ".out.unpacking/half.wav").write_bytes(b"ha")
    (tmp_path / "a.zip").write_bytes(zip_of({"whole.wav": b"whole"}))
    assert files(unpacking.unpack(tmp_path / "a.zip", tmp_path / "out")) == ["whole.wav"]
    assert not (tmp_path / ".out.unpacking").exists()


def test_an_archive_without_the_files_expected_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(zip_of({"b.txt": b"2"}))
    with pytest.raises(SnrlibError, match=r"none of the files expected \(\*\.wav\)"):
        unpacking.unpack(tmp_path / "a.zip", tmp_path / "out", keep=("*.wav",))
