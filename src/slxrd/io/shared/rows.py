"""Split a text file into header and rows of data; detect separator and decimal mark."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from slxrd.errors import FileError

Separator = Literal[";", ",", "\t", " "]

_AROUND_COMMA = re.compile(r"(?<!\s)\s*,\s*")
_BLANK_AT_COMMA = re.compile(r"\s,|,\s")
_BLANK = re.compile(r"\s")
_ZERO_FIRST = re.compile(r",0\d")


@dataclass(frozen=True)
class Dialect:
    """Separator of the columns and decimal mark; the separator " " is any run of blanks and tabs."""

    separator: Separator
    decimal_comma: bool

    def fields(self, text: str) -> list[str]:
        """Split a row into its fields, without blanks around them and without empty fields at the end."""
        fields = text.split() if self.separator == " " else [f.strip() for f in text.split(self.separator)]
        while fields and not fields[-1]:
            fields.pop()
        return fields


def detect_dialect(rows: Sequence[Row], source: str) -> Dialect:
    """Detect separator and decimal mark from all rows.

    Parameters
    ----------
    rows : sequence of Row
        All rows of data, at least one.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If commas may be either separators or decimal marks, or both decimal marks occur.
    """
    if any(";" in _trimmed(row) for row in rows):
        return Dialect(";", _decimal_comma(rows, source))
    if not any("," in _trimmed(row) for row in rows):
        return Dialect(_blank_or_tab(rows), False)
    blank_within = sum(_BLANK.search(_closed(row)) is not None for row in rows)
    if blank_within > len(rows) / 2:
        return Dialect(_blank_or_tab(rows), _decimal_comma(rows, source))
    _refuse_ambiguous(rows, source)
    return Dialect(",", False)


def _trimmed(row: Row) -> str:
    """Return a row without separators at its end."""
    return row.text.rstrip(" \t,;")


def _closed(row: Row) -> str:
    """Return a row without separators at its end and without blanks at commas."""
    return _AROUND_COMMA.sub(",", _trimmed(row))


def _blank_or_tab(rows: Sequence[Row]) -> Separator:
    # Splitting at tabs keeps empty cells; splitting at runs of blanks would lose them.
    return "\t" if all("\t" in _trimmed(row) for row in rows) else " "


def _decimal_comma(rows: Sequence[Row], source: str) -> bool:
    """Return True if the decimal mark is a comma; the separator must be another character."""
    first: str | None = None
    for row in rows:
        for mark in (",", "."):
            if mark in _trimmed(row):
                first = first or mark
                if mark != first:
                    raise FileError(
                        source,
                        "decimal commas and decimal points are mixed; write all numbers alike, "
                        "without separators of thousands",
                        row.line,
                    )
    return first == ","


def _refuse_ambiguous(rows: Sequence[Row], source: str) -> None:
    """Raise FileError for commas that may be separators or decimal marks, as in ``1,5,200,3``."""
    if any("." in _trimmed(row) for row in rows):
        return
    for row in rows:
        tight = _closed(row)
        commas = tight.count(",")
        spaced = len(_BLANK_AT_COMMA.findall(_trimmed(row)))
        if (commas > 1 and spaced < commas) or (not spaced and _ZERO_FIRST.search(tight)):
            raise FileError(
                source,
                f"{row.text[:40]!r} is ambiguous: a comma may separate columns or decimals; "
                "separate the columns by semicolons or tabs, or write decimal points",
                row.line,
            )


#: First characters of a comment line.
COMMENT_MARKS = ("#", ";", "!", "%", "/", "'")

#: Largest number of lines of a file (10⁶ points and their header), and of characters of a line.
LINES_LIMIT = 1_010_000
LINE_LENGTH_LIMIT = 100_000
#: Number of bytes read to recognise a format.
HEAD_SIZE = 8192

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_QUOTES = re.compile(r'(?<![^\s,;])"|"(?![^\s,;])')
_PIECES = re.compile(r"[\s,;]+")
# A number; those with a decimal comma have been cut there. With nan and inf: a first row that begins with nan
# is not a header.
_NUMBER = r"(?ai:[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[ed][+-]?\d+)?|nan|inf(?:inity)?))"
_PIECE = re.compile(_NUMBER)
_ALL_NUMBERS = re.compile(rf"[\s,;]*{_NUMBER}(?:[\s,;]++{_NUMBER})*+[\s,;]*")


class Row(NamedTuple):
    """One line of a file: its number from 1, and its text without surrounding blanks."""

    line: int
    text: str


@dataclass(frozen=True)
class Content:
    """The header of a text file (with the comments before the data), and its rows of data."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


def is_text(data: bytes) -> bool:
    """Return True for bytes without control characters, and for UTF-16 with a byte order mark."""
    if data.startswith(_UTF16_MARKS):
        return True
    return _CONTROL.search(data.rstrip(b"\x1a").decode("latin-1")) is None


def decode(data: bytes, source: str) -> str:
    """Decode text in UTF-8, UTF-16 with a byte order mark, or Latin-1.

    Raises
    ------
    FileError
        If it is not text.
    """
    if not is_text(data):
        raise FileError(source, "contains binary data; export it as text or as .xrdml")
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        if data.startswith(_UTF16_MARKS):
            raise FileError(source, "is broken UTF-16 text; save it as UTF-8") from None
        text = data.decode("latin-1")
    text = text.rstrip("\x1a")  # end-of-file mark of DOS
    if _CONTROL.search(text):
        raise FileError(source, "contains binary data; export it as text or as .xrdml")
    return text


def decode_start(data: bytes, size: int) -> str:
    """Decode the first ``size`` bytes of a file, replacing invalid characters; never raises."""
    start = data[:size]
    if start.startswith(_UTF16_MARKS):
        return start.decode("utf-16", errors="ignore")
    return start.decode("utf-8-sig", errors="replace")


def split_lines(text: str, source: str, longest: int = LINE_LENGTH_LIMIT) -> list[Row]:
    """Return the non-blank lines of a text, numbered from 1.

    Parameters
    ----------
    text : str
        Text of the file.
    source : str
        Path of the file, for messages.
    longest : int
        Largest number of characters of a line.

    Raises
    ------
    FileError
        If there are too many lines, or a line is too long.
    """
    # Not str.splitlines: it also splits at form feeds and others, where editors do not count a line.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > LINES_LIMIT:
        raise FileError(source, f"has more than {LINES_LIMIT:,} lines; cut out the scan you need")
    lines = text.split("\n")
    if len(text) > longest:
        for number, line in enumerate(lines, start=1):
            if len(line) > longest:
                raise FileError(source, "is too long a line for columns of numbers", number)
    return [Row(number, line) for number, line in enumerate(map(str.strip, lines), start=1) if line]


def split_header(lines: Sequence[Row], source: str) -> Content:
    """Separate the header of a text file from its rows.

    The data begin at the first line that has only numbers. Comments after it are left out; all other lines
    after it are rows, valid or not.

    Raises
    ------
    FileError
        If the line before the data may be a heading or a damaged row.
    """
    header: list[Row] = []
    rows: list[Row] = []
    for line in lines:
        if is_comment(line.text):
            if not rows:
                header.append(line)
            continue
        text = strip_comment(line.text)
        row = line if text == line.text else Row(line.line, text)
        if rows or all_numbers(row.text):
            rows.append(row)
        else:
            header.append(line)
    if _is_size(rows):
        header.append(rows.pop(0))
    elif header and rows and not is_comment(header[-1].text):
        _refuse_broken_first_row(header[-1], rows[0], source)
    return Content(tuple(row.text for row in header), tuple(rows))


def is_comment(line: str) -> bool:
    """Return True if a line is a comment."""
    return line.startswith(COMMENT_MARKS)


def strip_comment_mark(line: str) -> str:
    """Return a header line without its comment mark."""
    return line.lstrip("".join(COMMENT_MARKS)).strip()


def strip_comment(line: str) -> str:
    """Return a row without a comment at its end and without quotation marks around fields."""
    row = line.partition("#")[0]
    return (_QUOTES.sub("", row) if '"' in row else row).strip()


def all_numbers(line: str) -> bool:
    """Return True if a line has only numbers."""
    return _ALL_NUMBERS.fullmatch(line) is not None


def is_number(field: str, decimal_comma: bool) -> bool:
    """Return True if a field is a number."""
    return _PIECE.fullmatch(field.replace(",", ".", 1) if decimal_comma else field) is not None


def _pieces(line: str) -> list[str]:
    return [piece for piece in _PIECES.split(line) if piece]


def _is_size(rows: Sequence[Row]) -> bool:
    """Return True if the first row is the number of the following rows, as in .chi files."""
    if len(rows) < 2 or not re.fullmatch(r"\d{1,9}", rows[0].text, re.ASCII):
        return False
    return int(rows[0].text) == len(rows) - 1 and len(_pieces(rows[1].text)) > 1


def _refuse_broken_first_row(last: Row, first: Row, source: str) -> None:
    """Raise FileError if the last header line looks like a damaged row, which would be lost."""
    pieces = _pieces(last.text)
    if len(pieces) == len(_pieces(first.text)) and _PIECE.fullmatch(pieces[0]):
        raise FileError(
            source,
            f"{last.text[:40]!r} is a damaged line of data or a heading; correct it, or put # in front of it",
            last.line,
        )
