"""The lines of a text file: which are header, which are data, and their numbers in the file."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from slxrd.errors import FileError

#: What a comment line starts with.
COMMENT_MARKS = ("#", ";", "!", "%", "//", "'")

#: Most lines of a file, and most characters of a line, that are looked at.
LINES_LIMIT = 1_000_000
LINE_LENGTH_LIMIT = 100_000

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_PIECES = re.compile(r"[\s,;]+")
# A number without its decimal comma, at which the line has been cut; nan and inf count, or a first
# point that is nan would pass for a header.
_PIECE = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[ed][+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.I)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of data: its text without surrounding blanks, and its line number from 1."""

    line: int
    text: str


@dataclass(frozen=True)
class Content:
    """A text file taken apart: header and comment lines before the data, and the data."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


def is_text(data: bytes) -> bool:
    """Tell whether bytes are text: without control characters, or UTF-16 by its byte order mark."""
    if data.startswith(_UTF16_MARKS):
        return True
    return _CONTROL.search(data.rstrip(b"\x1a").decode("latin-1")) is None


def decode(data: bytes, source: str) -> str:
    """Text of a file in UTF-8, UTF-16 with a byte order mark, or Latin-1.

    Raises
    ------
    FileError
        If it is not text.
    """
    if not is_text(data):
        raise FileError(source, "holds binary data; export it as text or as .xrdml")
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        if data.startswith(_UTF16_MARKS):
            raise FileError(source, "is broken UTF-16 text; save it as UTF-8") from None
        text = data.decode("latin-1")
    text = text.rstrip("\x1a")  # DOS ended files with it
    if _CONTROL.search(text):
        raise FileError(source, "holds binary data; export it as text or as .xrdml")
    return text


def take_apart(text: str, source: str) -> Content:
    """Split a text file into header and rows.

    The data begin at the first line of nothing but numbers. Comments and blank lines after it are
    left out; any other line after it is a row, be it sound or not.

    Raises
    ------
    FileError
        If the line before the data may be either header or a broken row, or the text is too long.
    """
    header: list[Row] = []
    rows: list[Row] = []
    # Not str.splitlines, which also splits at form feeds and the like: editors count otherwise.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > LINES_LIMIT:
        raise FileError(source, f"has more than {LINES_LIMIT:,} lines; cut out the scan you need")
    for number, raw in enumerate(text.split("\n"), start=1):
        if len(raw) > LINE_LENGTH_LIMIT:
            raise FileError(source, "is too long a line for columns of numbers", number)
        line = raw.strip()
        if not line:
            continue
        if line.startswith(COMMENT_MARKS):
            if not rows:
                header.append(Row(number, line))
            continue
        row = Row(number, line.partition("#")[0].strip())
        if rows or _all_numbers(row.text):
            rows.append(row)
        else:
            header.append(Row(number, line))
    if header and rows:
        _refuse_broken_first_row(header[-1], rows[0], source)
    return Content(tuple(row.text for row in header), tuple(rows))


def _all_numbers(line: str) -> bool:
    pieces = _pieces(line)
    return bool(pieces) and all(_PIECE.fullmatch(piece) for piece in pieces)


def _pieces(line: str) -> list[str]:
    return [piece for piece in _PIECES.split(line) if piece]


def _refuse_broken_first_row(last: Row, first: Row, source: str) -> None:
    """Refuse a last header line that looks like a row with one number spoilt, or it would be lost."""
    pieces = _pieces(last.text)
    if len(pieces) == len(_pieces(first.text)) and _PIECE.fullmatch(pieces[0]):
        raise FileError(
            source,
            f"{last.text[:40]!r} is a broken line of data or a heading; correct it, or put # in front of it",
            last.line,
        )
