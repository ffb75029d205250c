"""Archives: what is sound comes back whole, and nothing else comes back at all."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slxrd.errors import FileError
from slxrd.io import read, unsupported
from slxrd.io.shared import archive

DATA = Path(__file__).parents[1] / "files"
fuzz = settings(max_examples=200, deadline=None, database=None)


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def test_members_come_back() -> None:
    data = packed({"a.txt": b"alpha" * 100, "folder/b.bin": bytes(range(256)), "empty": b""})
    opened = archive.open_archive(data, "f.zip")
    assert set(opened.members) == archive.member_names(data) == {"a.txt", "folder/b.bin", "empty"}
    assert opened.read("a.txt") == b"alpha" * 100
    assert opened.read("folder/b.bin") == bytes(range(256))
    assert opened.read("empty") == b""


def test_backslashes_part_folders_and_folders_are_no_members() -> None:
    # The ZIP format has slashes; some programs of Windows write backslashes all the same.
    data = packed({"Folder/": b"", "Folder/Sub/a.xml": b"<a/>"}).replace(b"Folder/Sub/a", b"Folder\\Sub\\a")
    opened = archive.open_archive(data, "f.zip")
    assert list(opened.members) == ["Folder/Sub/a.xml"]
    assert opened.read("Folder/Sub/a.xml") == b"<a/>"


@pytest.mark.parametrize(
    "name",
    [
        "../../outside.txt",
        "..\\outside.txt",
        "a/../../b",
        "/etc/absolute",
        "\\absolute",
        "C:\\a",
        "c:a",
        "..",
    ],
)
def test_a_name_outside_of_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"^f\.zip: is a ZIP archive with a file '.*' outside of its folder"):
        archive.open_archive(packed({"a.txt": b"x", name: b"y"}), "f.zip")
    assert list(tmp_path.parent.rglob("outside.txt")) == []


def test_names_with_dots_are_names() -> None:
    names = {"a..txt", "..a", "a../b", "a/.b", "b/c:d"}
    assert set(archive.open_archive(packed(dict.fromkeys(names, b"x")), "f.zip").members) == names


def test_missing_member() -> None:
    with pytest.raises(FileError, match=r"^f\.zip: is an archive without its 'b'"):
        archive.open_archive(packed({"a": b"1"}), "f.zip").read("b")


def encrypted(data: bytes) -> bytes:
    """Set the flag of encryption in the local and the central header of the only member."""
    central = data.index(b"PK\x01\x02")
    changed = bytearray(data)
    changed[6] |= 1
    changed[central + 8] |= 1
    return bytes(changed)


def test_encrypted() -> None:
    opened = archive.open_archive(encrypted(packed({"a": b"secret"})), "f.zip")
    with pytest.raises(FileError, match="is encrypted; save it without a password"):
        opened.read("a")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods(method: int) -> None:
    with pytest.raises(FileError, match="'a' is compressed in an unusual way"):
        archive.open_archive(packed({"a": b"1" * 99}, method), "f.zip").read("a")


def test_ratio() -> None:
    members = {"bomb": bytes(5_000_000), "small": bytes(900_000)}
    opened = archive.open_archive(packed(members), "f.zip")
    with pytest.raises(FileError, match="'bomb' is compressed more than 300-fold"):
        opened.read("bomb")
    assert len(opened.read("small")) == 900_000


def test_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({"a": b"x" * 700, "b": b"y" * 700}, zipfile.ZIP_STORED)
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 600)
    with pytest.raises(FileError, match="'a' has more than"):
        archive.open_archive(data, "f.zip").read("a")
    monkeypatch.setattr(archive, "TOTAL_LIMIT", 1399)
    with pytest.raises(FileError, match="of more than 0 MB when unpacked"):
        archive.open_archive(data, "f.zip")
    monkeypatch.setattr(archive, "TOTAL_LIMIT", 1400)
    assert len(archive.open_archive(data, "f.zip").members) == 2


def test_number_of_members(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({str(number): b"" for number in range(11)})
    assert len(archive.open_archive(data, "f.zip").members) == 11
    monkeypatch.setattr(archive, "MEMBERS_LIMIT", 10)
    assert archive.member_names(data) == frozenset()
    with pytest.raises(FileError, match="is a ZIP archive of more than 10 files"):
        archive.open_archive(data, "f.zip")


@pytest.mark.slow
def test_a_member_that_is_larger_than_its_entry() -> None:
    """64 MB with an entry of 1 kB: the rest must not be decompressed, nor the member be taken for whole."""
    content = bytes(64_000_000)
    data = bytearray(packed({"a": content}))
    central = data.index(b"PK\x01\x02")
    assert struct.unpack_from("<I", data, central + 24) == (len(content),)
    struct.pack_into("<I", data, 22, 1000)
    struct.pack_into("<I", data, central + 24, 1000)
    opened = archive.open_archive(bytes(data), "f.zip")
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="'a' is damaged"):
            opened.read("a")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_a_member_that_is_smaller_than_its_entry() -> None:
    data = bytearray(packed({"a": b"0123456789" * 10}))
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, 22, 200)
    struct.pack_into("<I", data, central + 24, 200)
    with pytest.raises(FileError, match="'a' is damaged"):
        archive.open_archive(bytes(data), "f.zip").read("a")


def test_wrong_checksum() -> None:
    data = packed({"a": b"0123456789"}, zipfile.ZIP_STORED).replace(b"0123456789", b"0123456780")
    with pytest.raises(FileError, match="'a' is damaged"):
        archive.open_archive(data, "f.zip").read("a")


def test_two_members_of_one_name() -> None:
    data = packed({"a1": b"1", "a2": b"2"}).replace(b"a2", b"a1")
    with pytest.raises(FileError, match="is a ZIP archive with 2 files 'a1'"):
        archive.open_archive(data, "f.zip")


def test_no_archive() -> None:
    for data in (b"", b"PK", b"text", b"PK\x05\x06" + bytes(18), b"x" + packed({"a": b"1"})):
        assert archive.member_names(data) == frozenset()
        with pytest.raises(FileError, match="is not a ZIP archive"):
            archive.open_archive(data, "f.zip")


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"[Content_Types].xml": b"", "word/document.xml": b""}, "a Word document"),
        ({"[Content_Types].xml": b"", "ppt/presentation.xml": b""}, "a PowerPoint presentation"),
        ({"[Content_Types].xml": b"", "xl/workbook.bin": b""}, "a binary Excel workbook (.xlsb)"),
        ({"mimetype": b"", "META-INF/manifest.xml": b""}, "an OpenDocument file"),
        ({"scan.xrdml": b"<x/>"}, "a ZIP archive, but neither .brml, .rasx nor .xlsx (unpack it"),
    ],
)
def test_other_archives_are_named(tmp_path: Path, members: dict[str, bytes], what: str) -> None:
    path = tmp_path / "scan.brml"
    path.write_bytes(packed(members))
    with pytest.raises(FileError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: is {what}")
    names = str(caught.value).partition("; export it as ")[2].split(" or ")
    assert {"PANalytical .xrdml", "Bruker .brml", "Rigaku .rasx", "Excel .xlsx"} < set(names)


def test_archives_in_archives_stay_closed(tmp_path: Path) -> None:
    path = tmp_path / "outer.zip"
    inner = (DATA / "TwoTheta_scan_powder.rasx").read_bytes()
    assert len(read(DATA / "TwoTheta_scan_powder.rasx")) == 2726
    path.write_bytes(packed({"scan.rasx": inner}))
    with pytest.raises(FileError, match=r"neither \.brml, \.rasx nor \.xlsx"):
        read(path)


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    whole = (DATA / "TwoTheta_scan_powder.rasx").read_bytes()
    path = tmp_path / "scan.rasx"
    path.write_bytes(whole[:-30])
    with pytest.raises(FileError, match="is a ZIP archive that is damaged or incomplete; export it"):
        read(path)


SOUND = packed({"a.xml": b"<a/>" * 50, "Data0/b.txt": b"1 2\n" * 50})


@fuzz
@given(data=st.binary(max_size=200))
def test_random_archives(data: bytes) -> None:
    assert archive.member_names(archive.START + data) == frozenset()
    assert unsupported.format_name(archive.START + data) is not None


@pytest.mark.slow
@fuzz
@given(where=st.floats(0.0, 1.0), length=st.integers(0, 8), put=st.binary(max_size=8))
def test_spoilt_archives(where: float, length: int, put: bytes) -> None:
    start = int(where * len(SOUND))
    data = SOUND[:start] + put + SOUND[start + length :]
    try:
        opened = archive.open_archive(data, "f.zip")
    except FileError:
        return
    for name in opened.members:
        try:
            content = opened.read(name)
        except FileError:
            continue
        assert content in (b"<a/>" * 50, b"1 2\n" * 50, b"")
