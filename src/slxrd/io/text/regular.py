"""Columns of numbers and nothing else, read at once by NumPy: what large files are.

The careful reader (`slxrd.io.text.columns_file`) takes 15 s and 600 MB for 10⁶ rows, since it looks at each
field. Here every row must have the same number of plain numbers between the same separators. Any other file,
and any that the careful reader could take in another way, is left to it, as are all error messages.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.column_choice import ColumnChoice
from slxrd.io.shared.rows import LINE_LENGTH_LIMIT, LINES_LIMIT, decode, split_lines
from slxrd.io.text.table import Table, careful_table
from slxrd.units import FloatArray

#: Bytes in which header and first rows are found. The careful reader reads smaller files as fast.
HEAD_SIZE = 65_536

# Digits, signs, exponents, separators, and the letters of nan and inf.
_REGULAR = b"0123456789+-.eE ,;\t\nnNaAiIfF"
_SIZE = re.compile(r"\d{1,9}", re.ASCII)
_COMMA_AT_BLANK = re.compile(rb"[ \t],|,[ \t]")
_ZERO_FIRST = re.compile(rb",0\d")


def regular_table(
    data: bytes, choice: ColumnChoice | None, source: str, head_size: int = HEAD_SIZE
) -> Table | None:
    """Read a large file of regular rows.

    Parameters
    ----------
    data : bytes
        The whole file.
    choice : ColumnChoice or None
        Columns to read.
    source : str
        Path of the file, for messages.
    head_size : int
        Bytes in which header and first rows are found.

    Returns
    -------
    Table or None
        What :func:`~slxrd.io.text.table.careful_table` returns; None if that must read the file.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = data.rfind(b"\n", 0, head_size)
    if len(data) <= head_size or end < 0 or data.count(b"\n") > LINES_LIMIT:
        return None
    try:
        lines = split_lines(decode(data[:end], source), source)
        table = careful_table(lines, choice, source)
    except FileError:
        return None
    if any(_SIZE.fullmatch(line) for line in table.header):
        return None  # a number of rows, which only the whole file confirms
    first = int(table.lines[0])
    start = 0
    for _ in range(first - 1):
        start = data.index(b"\n", start) + 1
    body = data[start:].rstrip(b"\x1a").rstrip(b" \t\n")
    values = _numbers(body)
    if values is None:
        return None
    if choice is None:
        if values.shape[1] not in (2, 3):
            return None
    elif max(table.numbers) > values.shape[1]:
        return None
    else:
        values = values[:, [number - 1 for number in table.numbers]]
    values[~np.isfinite(values)] = np.nan
    return replace(table, values=values, lines=np.arange(first, first + len(values)))


def _numbers(body: bytes) -> FloatArray | None:
    """Return rows of numbers; None if they are not regular or can be taken in several ways."""
    if body.translate(None, _REGULAR):
        return None
    ends = np.flatnonzero(np.frombuffer(body, dtype=np.uint8) == ord("\n"))
    if np.diff(ends, prepend=-1, append=len(body)).max() > LINE_LENGTH_LIMIT:
        return None
    n = ends.size + 1
    del ends
    decimal_comma = b"," in body and b"." not in body
    if b";" in body:
        if decimal_comma:
            return _parse(body.replace(b",", b"."), ";", n)
        return None if b"," in body else _parse(body, ";", n)
    blank = "\t" if b"\t" in body else None
    if b"," not in body:
        return _parse(body, blank, n)
    if not decimal_comma:
        return _parse(body, ",", n)
    # Whole numbers with commas between them, or decimal commas.
    if b" " not in body and blank is None:
        values = None if _ZERO_FIRST.search(body) else _parse(body, ",", n)
        return values if values is not None and values.shape[1] == 2 else None
    return None if _COMMA_AT_BLANK.search(body) else _parse(body.replace(b",", b"."), blank, n)


def _parse(body: bytes, separator: str | None, n: int) -> FloatArray | None:
    try:
        values = np.loadtxt(
            io.BytesIO(body),
            delimiter=separator,
            comments=None,
            ndmin=2,
            encoding="latin-1",
            dtype=np.float64,
        )
    except ValueError:
        return None
    return values if len(values) == n and values.shape[1] > 1 else None
