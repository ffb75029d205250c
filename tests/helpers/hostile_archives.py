"""Archives made to harm: members of gigabytes, far too many, of one name, outside of the folder."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

#: Bytes of the unit that a large member repeats.
UNIT = 1 << 20


@dataclass(frozen=True)
class Member:
    """A member of an archive as it is written, true or not.

    Parameters
    ----------
    name : str
        Name.
    packed : bytes
        Deflated content.
    size, crc : int
        Length and check sum that the archive states.
    """

    name: str
    packed: bytes
    size: int
    crc: int


def member(name: str, content: bytes) -> Member:
    """A true member."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return Member(name, deflate.compress(content) + deflate.flush(), len(content), zlib.crc32(content))


@cache
def _repeated(text: bytes, megabytes: int, summed: bool) -> tuple[bytes, int]:
    """Deflated repetitions of a text, and their check sum or zero."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    unit = (text * (UNIT // len(text) + 1))[:UNIT]
    block = deflate.compress(unit) + deflate.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    crc = 0
    for _ in range(megabytes if summed else 0):
        crc = zlib.crc32(unit, crc)
    return block * megabytes + end, crc


def large(name: str, megabytes: int, text: bytes = b"\0", stated: int | None = None) -> Member:
    """A member that repeats a text; nothing of that size is ever in memory."""
    packed, crc = _repeated(text, megabytes, stated is None)
    return Member(name, packed, megabytes * UNIT if stated is None else stated, crc)


def archive(members: Sequence[Member]) -> bytes:
    """A ZIP archive of members."""
    body, directory = io.BytesIO(), io.BytesIO()
    for each in members:
        name = each.name.encode()
        head = struct.pack(
            "<HHHHHIIIHH", 20, 0x800, 8, 0, 0x21, each.crc, len(each.packed), each.size, len(name), 0
        )
        place = body.tell()
        body.write(b"PK\x03\x04" + head + name + each.packed)
        directory.write(
            b"PK\x01\x02" + struct.pack("<H", 20) + head + bytes(10) + struct.pack("<I", place) + name
        )
    size, start, count = directory.tell(), body.tell(), len(members)
    end = struct.pack("<HHHHIIH", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), size, start, 0)
    return body.getvalue() + directory.getvalue() + b"PK\x05\x06" + end


@cache
def _many(number: int) -> tuple[Member, ...]:
    """Members without content."""
    return tuple(member(f"extra/{i}.npy", b"") for i in range(number))


def _true(data: bytes) -> list[Member]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return [member(info.filename, opened.read(info)) for info in opened.infolist()]


def _replaced(by: Callable[[Member], Member]) -> Callable[[list[Member], int], list[Member]]:
    return lambda members, i: [by(each) if j == i else each for j, each in enumerate(members)]


def _added(extra: Callable[[], Iterable[Member]]) -> Callable[[list[Member], int], list[Member]]:
    return lambda members, i: [*members, *extra()]


#: Texts that are compressed a hundredfold, which a measurement could be.
NUMBERS = "".join(f"{i / 100:.4f} {i * i % 9973}\n" for i in range(600)).encode()
ELEMENTS = "".join(f"<a b='{i}'><c/>{i * i % 9973}</a>\n" for i in range(300)).encode()

#: Ways to make an archive hostile, from its members and the number of one of them.
WAYS: dict[str, Callable[[list[Member], int], list[Member]]] = {
    "3 GB of zeros": _replaced(lambda m: large(m.name, 3000)),
    "3 GB stated as 1 kB": _replaced(lambda m: large(m.name, 3000, stated=1000)),
    "99 MB of numbers": _replaced(lambda m: large(m.name, 94, NUMBERS)),
    "99 MB of elements": _replaced(lambda m: large(m.name, 94, ELEMENTS)),
    "10 MB of elements": _replaced(lambda m: large(m.name, 10, ELEMENTS)),
    "a million rows": _replaced(lambda m: large(m.name, 11, NUMBERS)),
    "49 MB of one text": _replaced(lambda m: large(m.name, 46, NUMBERS.replace(b"\n", b" "))),
    "an archive inside": _replaced(lambda m: member(m.name, archive([m, large("x", 3000)]))),
    "3 GB beside": _added(lambda: [large("extra.npy", 3000)]),
    "1000 members of 3 MB": _added(lambda: (large(f"extra/{i}.npy", 3) for i in range(1000))),
    "30 000 members": _added(lambda: _many(30_000)),
    "two of one name": lambda members, i: [*members, members[i]],
    "two of one name, by slashes": lambda members, i: [
        *members,
        Member(members[i].name.replace("/", "\\"), *_fields(members[i])),
    ],
    "a file without a name": _added(lambda: [member("", b"x")]),
    "a name above the folder": _added(lambda: [member("../../outside.txt", b"x")]),
    "a name above the folder, by backslashes": _added(lambda: [member("..\\outside.txt", b"x")]),
    "a name from the root": _added(lambda: [member("/etc/outside.txt", b"x")]),
    "a name on a drive": _added(lambda: [member("C:\\outside.txt", b"x")]),
}


def _fields(found: Member) -> tuple[bytes, int, int]:
    return found.packed, found.size, found.crc


def hostile(data: bytes, way: str, number: int = 0) -> bytes:
    """A hostile archive from a valid one.

    Parameters
    ----------
    data : bytes
        The valid archive.
    way : str
        One of :data:`WAYS`.
    number : int
        Which of its members is changed.
    """
    members = _true(data)
    return archive(WAYS[way](members, number % len(members)))
