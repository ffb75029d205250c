"""Read members of ZIP archives safely.

Nothing is written to disk, and archives inside the archive are not opened. The sizes in the directory are
checked against limits before decompression, and each member against the size in the directory.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from slxrd._cached import cached_property
from slxrd.errors import FileError
from slxrd.io.shared.xml import SIZE_LIMIT

#: First bytes of an archive with at least one member.
START = b"PK\x03\x04"
#: Largest number of members, and largest decompressed size in bytes of all and of one, which is that of XML.
MEMBERS_LIMIT = 20_000
TOTAL_LIMIT = 300_000_000
MEMBER_LIMIT = SIZE_LIMIT
#: Largest compression ratio of members larger than 1 MB.
RATIO_LIMIT = 300

_ENTRY = b"PK\x01\x02"  # signature of an entry of the directory
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
#: Path that is absolute, begins with a drive, or leads to a folder above.
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|(?:^|/)\.\.(?:/|$)")

#: Start of a member's name → kind of unsupported archive.
_KINDS = {
    "word/": "a Word document",
    "ppt/": "a PowerPoint presentation",
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "META-INF/manifest.xml": "an OpenDocument file",
}


class _Unsound(Exception):
    """A fault of the archive as a whole; the message continues a sentence after "is"."""


@dataclass(frozen=True)
class Archive:
    """An open archive with a checked directory.

    Parameters
    ----------
    source : str
        Path of the file, for messages.
    opened : ZipFile
        The archive, in memory.
    members : mapping of str to ZipInfo
        Files by name, with slashes between folders.
    """

    source: str
    opened: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]

    def read(self, name: str) -> bytes:
        """Decompress one member.

        Raises
        ------
        FileError
            If it is missing, encrypted, damaged or too large.
        """
        info = self.members.get(name)
        if info is None:
            raise FileError(self.source, f"is an archive without its {name!r:.100}; export it again")
        if info.flag_bits & _ENCRYPTED:
            raise FileError(self.source, "is encrypted; save it without a password")
        if info.compress_type not in _METHODS:
            raise FileError(
                self.source, f"its {name!r:.100} is compressed in an unusual way; pack it as plain ZIP"
            )
        if info.file_size > MEMBER_LIMIT:
            raise FileError(self.source, f"its {name!r:.100} has more than {MEMBER_LIMIT // 10**6} MB")
        if info.file_size > 10**6 and info.file_size > RATIO_LIMIT * info.compress_size:
            raise FileError(
                self.source,
                f"its {name!r:.100} is compressed more than {RATIO_LIMIT}-fold, as no measurement is",
            )
        try:
            with self.opened.open(info) as member:
                content = member.read(info.file_size + 1)
            whole = len(content) == info.file_size
        except Exception:  # zipfile does not document what it raises for damaged archives
            whole = False
        if not whole:
            raise FileError(self.source, f"its {name!r:.100} is damaged; copy the file again")
        return content


class Content(bytes):
    """Content of a file that caches the opened archive, as several formats are tried on it."""

    @cached_property
    def opened(self) -> Archive | _Unsound:
        """The archive, or the reason why it cannot be opened."""
        try:
            return _open(self, "")
        except _Unsound as problem:
            return problem


def open_archive(data: bytes, source: str) -> Archive:
    """Open an archive in memory and check its directory.

    Raises
    ------
    FileError
        If it is not an archive, damaged, too large, or has two members of one name, or one whose name
        leads out of the archive's folder.
    """
    try:
        return replace(_opened(data), source=source)
    except _Unsound as problem:
        raise FileError(source, f"is {problem}; copy or export it again") from None


def member_names(data: bytes) -> frozenset[str]:
    """Return the names of an archive's members; empty if it cannot be opened. Never raises."""
    try:
        return frozenset(_opened(data).members)
    except _Unsound:
        return frozenset()


def describe(data: bytes) -> str:
    """Describe an unsupported archive, for a message after "is". Never raises."""
    try:
        members = _opened(data).members
    except _Unsound as problem:
        return str(problem)
    for start, kind in _KINDS.items():
        if any(name.startswith(start) for name in members):
            return kind
    return "a ZIP archive, but neither .brml, .rasx nor .xlsx (unpack it, and read what is in it)"


def _opened(data: bytes) -> Archive:
    found = data.opened if isinstance(data, Content) else _open(data, "")
    if isinstance(found, _Unsound):
        raise found
    return found


def _open(data: bytes, source: str) -> Archive:
    if not data.startswith(START):
        raise _Unsound("not a ZIP archive")
    if data.count(_ENTRY) > MEMBERS_LIMIT:
        raise _Unsound(f"a ZIP archive of more than {MEMBERS_LIMIT} files")
    try:
        opened = zipfile.ZipFile(io.BytesIO(data))
        infos = opened.infolist()
    except Exception:  # as above
        raise _Unsound("a ZIP archive that is damaged or incomplete") from None
    members = _members(opened)
    if sum(info.file_size for info in infos) > TOTAL_LIMIT:
        raise _Unsound(f"a ZIP archive of more than {TOTAL_LIMIT // 10**6} MB when unpacked")
    return Archive(source, opened, members)


def members_of(opened: zipfile.ZipFile, source: str) -> dict[str, zipfile.ZipInfo]:
    """Return the files of an archive by name, with slashes between folders.

    Parameters
    ----------
    opened : ZipFile
        The archive.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If there are too many, two of one name, or one outside of the archive's folder.
    """
    try:
        return _members(opened)
    except _Unsound as problem:
        raise FileError(source, f"is {problem}; copy or export it again") from None


def _members(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    if any(not info.filename for info in opened.infolist()):
        raise _Unsound("a ZIP archive with a file that has no name")
    infos = [info for info in opened.infolist() if not info.is_dir()]
    if len(infos) > MEMBERS_LIMIT:
        raise _Unsound(f"a ZIP archive of more than {MEMBERS_LIMIT} files")
    # Some Windows programs write backslashes between folders.
    paths = [info.filename.replace("\\", "/") for info in infos]
    name, times = Counter(paths).most_common(1)[0] if paths else ("", 0)
    if times > 1:
        raise _Unsound(f"a ZIP archive with {times} files {name!r:.100}")
    outside = next((path for path in paths if _OUTSIDE.search(path)), None)
    if outside is not None:
        raise _Unsound(f"a ZIP archive with a file {outside!r:.100} outside of its folder")
    return dict(zip(paths, infos, strict=True))
