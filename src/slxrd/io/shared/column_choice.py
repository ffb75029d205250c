"""Select columns of a text file by number, or by their names in the header (option ``columns``)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slxrd.data.pattern import FILE_AXES, FileAxis
from slxrd.errors import FileError, SlxrdError
from slxrd.io.shared.rows import (
    Content,
    Row,
    all_numbers,
    detect_dialect,
    is_comment,
    is_number,
    strip_comment,
    strip_comment_mark,
)

#: Number of lines searched for the names of columns, and then for the first row.
HEADER_LINES = 10_000
#: Longest name of a column from which a unit is separated, in characters.
LONGEST_NAME = 200

_SEPARATORS: tuple[str, ...] = (";", "\t", ",", " ")
_ROLES = ("axis", "intensity", "sigma", "attenuation")
_AXES: dict[str, FileAxis | None] = {"axis": None, **{axis: axis for axis in FILE_AXES}}
_UNIT = re.compile(r"\s*(?:[\[(].*[\])]|\bin\s.*|/.*)$")
_HELP = "give --columns 1,3 or --columns 1,3,4, or --columns 2theta=1,intensity=3,sigma=4"


@dataclass(frozen=True)
class ColumnChoice:
    """The columns of axis, intensity and, optionally, σ or an attenuation factor.

    Parameters
    ----------
    columns : tuple of int or str, of length 2 or 3
        Axis, intensity, and the third: numbers from 1, or names in the header.
    axis : {"q", "2theta", "theta"}, optional
        Quantity on the axis, if the choice names it.
    third : {"sigma", "attenuation"}
        What the third column is.
    """

    columns: tuple[int | str, ...]
    axis: FileAxis | None = None
    third: str = "sigma"

    def __str__(self) -> str:
        roles = (self.axis or "axis", "intensity", self.third)
        return ", ".join(f"{role} = {column}" for role, column in zip(roles, self.columns, strict=False))


class SelectedColumns(NamedTuple):
    """The selected columns of a text file.

    Parameters
    ----------
    content : Content
        Header, and rows of the selected fields with semicolons between them.
    numbers : tuple of int
        Numbers of these columns in the file, from 1.
    heading : str or None
        Name of the axis in the header, if its last line has a name for each column.
    """

    content: Content
    numbers: tuple[int, ...]
    heading: str | None


def parse_column_choice(text: str) -> ColumnChoice:
    """Parse the option ``columns``.

    Parameters
    ----------
    text : str
        For example ``"1,3"``, ``"1,3,4"``, ``"2theta=1,intensity=3,attenuation=4"`` or ``"Angle,Counts"``.

    Raises
    ------
    SlxrdError
        If it is not a choice of two or three different columns.
    """
    parts = [part.strip() for part in text.split(",")]
    axis: FileAxis | None = None
    third = "sigma"
    if any("=" in part for part in parts):
        given: dict[str, str] = {}
        for part in parts:
            role, sign, column = (piece.strip() for piece in part.partition("="))
            role = role.lower()
            if not sign or role not in {*_AXES, *_ROLES}:
                raise SlxrdError(f"columns {text!r}: {part!r} is not understood; {_HELP}")
            if role in _AXES:
                axis, role = _AXES[role], "axis"
            if role in given:
                raise SlxrdError(f"columns {text!r}: {role} is given twice; {_HELP}")
            given[role] = column
        if not {"axis", "intensity"} <= given.keys():
            raise SlxrdError(f"columns {text!r}: axis and intensity are both needed; {_HELP}")
        if {"sigma", "attenuation"} <= given.keys():
            raise SlxrdError(f"columns {text!r}: give either sigma or attenuation; {_HELP}")
        third = "attenuation" if "attenuation" in given else "sigma"
        parts = [given[role] for role in _ROLES if role in given]
    columns = tuple(_column(part, text) for part in parts)
    if len(columns) not in (2, 3):
        raise SlxrdError(f"columns {text!r}: two or three are needed; {_HELP}")
    if len(set(columns)) < len(columns):
        raise SlxrdError(f"columns {text!r}: one is named twice; {_HELP}")
    return ColumnChoice(columns, axis, third)


def _column(part: str, text: str) -> int | str:
    if not part:
        raise SlxrdError(f"columns {text!r}: one is empty; {_HELP}")
    if not re.fullmatch(r"[+-]?\d+", part, re.ASCII):
        return part
    if not 1 <= len(part) <= 4 or int(part) < 1:
        raise SlxrdError(f"columns {text!r}: {part} is not a column; they are counted from 1")
    return int(part)


def select_columns(lines: Sequence[Row], choice: ColumnChoice, source: str) -> SelectedColumns:
    """Select columns of a text file.

    The data begin at the first line with numbers in these columns; other columns may have any content.

    Parameters
    ----------
    lines : sequence of Row
        Non-blank lines of the file.
    choice : ColumnChoice
        The columns.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If there are no such columns, or a row lacks one of them.
    """
    begin, numbers, heading = _locate(lines, choice, source)
    start, separator = _first_row(lines, begin, numbers)
    if start is None:
        which = ", ".join(map(str, choice.columns))
        raise FileError(source, f"has no line with numbers in columns {which}; see --columns")
    names = begin - 1  # the line with the names; left out of the header, as it may name other axes too
    rows = [Row(row.line, strip_comment(row.text)) for row in lines[start:] if not is_comment(row.text)]
    if all(all_numbers(row.text) for row in rows):
        dialect = detect_dialect(rows, source)  # rejects commas that may be separators or decimal marks
        split = [dialect.fields(row.text) for row in rows]
    else:
        split = [_fields(row.text, separator) for row in rows]
    usual = Counter(map(len, split)).most_common(1)[0][0]
    chosen = []
    for row, fields in zip(rows, split, strict=True):
        if len(fields) != usual:
            raise FileError(
                source,
                f"has {len(fields)} columns where the other lines have {usual}; correct it, or put # in "
                "front of it if it is a comment",
                row.line,
            )
        if max(numbers) > usual:
            raise FileError(source, f"has no column {max(numbers)}, only {usual}; see --columns", row.line)
        wanted = [fields[number - 1] for number in numbers]
        if not all(wanted):
            empty = numbers[wanted.index("")]
            raise FileError(source, f"column {empty} is empty; correct or remove the line", row.line)
        chosen.append(Row(row.line, ";".join(wanted)))
    if names < 0 and start:
        # Selected by number: a line with one name for each column just above the data still names the axis.
        for mark in _SEPARATORS:
            fields = _fields(strip_comment_mark(lines[start - 1].text), mark)
            if len(fields) == usual:
                names, heading = start - 1, fields[numbers[0] - 1]
                break
    header = [row.text for i, row in enumerate(lines[:start]) if i != names]
    return SelectedColumns(Content(tuple(header), tuple(chosen)), numbers, heading)


def _locate(
    lines: Sequence[Row], choice: ColumnChoice, source: str
) -> tuple[int, tuple[int, ...], str | None]:
    """Return the index of the line after the names, the numbers of the columns, and the name of the axis."""
    names = [column.casefold() for column in choice.columns if isinstance(column, str)]
    if not names:
        return 0, tuple(column for column in choice.columns if isinstance(column, int)), None
    for i, row in enumerate(lines[:HEADER_LINES]):
        for separator in _SEPARATORS:
            fields = _fields(strip_comment_mark(row.text), separator)
            full = [field.casefold() for field in fields]
            short = [_UNIT.sub("", field) if len(field) <= LONGEST_NAME else field for field in full]
            found = {name: _matches(name, full) or _matches(name, short) for name in names}
            if not all(found.values()):
                continue
            numbers = _numbers(choice, found, source, row.line)
            return i + 1, numbers, fields[numbers[0] - 1] if numbers[0] <= len(fields) else None
    wanted = " and ".join(repr(column) for column in choice.columns if isinstance(column, str))
    raise FileError(
        source, f"has no header line with {wanted}; give the numbers of the columns: --columns 1,3"
    )


def _numbers(
    choice: ColumnChoice, found: Mapping[str, Sequence[int]], source: str, line: int
) -> tuple[int, ...]:
    """Return the numbers of the chosen columns, given those of each name; reject repeated ones."""
    for name, matches in found.items():
        if len(matches) > 1:
            raise FileError(source, f"{len(matches)} columns are named {name!r}; give numbers", line)
    numbers = tuple(c if isinstance(c, int) else found[c.casefold()][0] for c in choice.columns)
    if len(set(numbers)) < len(numbers):
        raise FileError(source, f"columns {choice} are not all different; see --columns", line)
    return numbers


def _matches(name: str, fields: Sequence[str]) -> list[int]:
    return [number for number, field in enumerate(fields, start=1) if field == name]


def _first_row(lines: Sequence[Row], begin: int, numbers: Sequence[int]) -> tuple[int | None, str]:
    """Return the index of the first line with numbers in all these columns, and the separator."""
    for i, row in enumerate(lines[begin : begin + HEADER_LINES], start=begin):
        if is_comment(row.text):
            continue
        for separator in _SEPARATORS:
            fields = _fields(strip_comment(row.text), separator)
            if len(fields) >= max(numbers) and all(
                is_number(fields[number - 1], decimal_comma=separator != ",") for number in numbers
            ):
                return i, separator
    return None, " "


def _fields(text: str, separator: str) -> list[str]:
    fields = text.split() if separator == " " else [field.strip() for field in text.split(separator)]
    while fields and not fields[-1]:
        fields.pop()
    return [field.strip("\"'") for field in fields]
