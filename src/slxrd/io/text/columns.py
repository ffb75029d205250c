"""Parse rows of text into columns of numbers."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.headers import is_missing
from slxrd.io.shared.rows import Dialect, Row
from slxrd.units import FloatArray

EXPECTED = "two columns (axis, intensity) or three (axis, intensity, σ)"

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WORD = re.compile(r"[^\W\d_]{2,}")
_FORTRAN = str.maketrans("dD", "ee")


def parse_rows(
    rows: Sequence[Row], dialect: Dialect, source: str, numbers: Sequence[int] | None = None
) -> FloatArray:
    """Parse all rows.

    Parameters
    ----------
    rows : sequence of Row
        All rows of data, at least one.
    dialect : Dialect
        Separator and decimal mark.
    source : str
        Path of the file, for messages.
    numbers : sequence of int, optional
        Numbers in the file of the columns in ``rows``, for messages; 1, 2, … by default.

    Returns
    -------
    ndarray, shape (n, 2) or (n, 3)
        Axis, intensity and, with three columns, σ; NaN where the file has nan, inf, n/a or too large a
        number.

    Raises
    ------
    FileError
        If a row has too few or too many columns, or one that is not a number.
    """
    # Rows are split twice rather than kept, as 10⁶ lists of texts would need 300 MB.
    usual = Counter(len(dialect.fields(row.text)) for row in rows).most_common(1)[0][0]
    for row in rows:
        fields = dialect.fields(row.text)
        if len(fields) != usual or usual not in (2, 3):
            _check_row(row, fields, usual, source)
    columns = range(1, usual + 1) if numbers is None else numbers
    flat = array("d")
    for row in rows:
        for column, field in zip(columns, dialect.fields(row.text), strict=True):
            flat.append(_number(field, column, row, dialect, source))
    return np.array(flat, dtype=np.float64).reshape(len(rows), usual)


def _check_row(row: Row, fields: Sequence[str], usual: int, source: str) -> None:
    n = len(fields)
    if n == usual:
        if n in (2, 3):
            return
        problem = f"has {_columns(n)} where {EXPECTED} are expected"
        if n > 3:
            problem += "; choose with --columns 1,2 (or 1,2,3 with σ), or remove the others"
        raise FileError(source, problem, row.line)
    if usual not in (2, 3):
        return  # the error for a line with the usual number is clearer
    # Words among the numbers change the number of columns too: then the message names the words.
    if any(_WORD.search(field) and not is_missing(field) for field in fields):
        problem = f"{row.text[:40]!r} is text among the data"
    else:
        problem = f"has {_columns(n)} where the other lines have {usual}"
    raise FileError(source, f"{problem}; correct it, or put # in front of it if it is a comment", row.line)


def _columns(n: int) -> str:
    return "one column" if n == 1 else f"{n} columns"


def _number(field: str, column: int, row: Row, dialect: Dialect, source: str) -> float:
    text = field.replace(",", ".") if dialect.decimal_comma else field
    if "d" in text or "D" in text:
        text = text.translate(_FORTRAN)
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else math.nan
    if is_missing(field):
        return math.nan
    problem = "is empty" if not field else f"is {field[:40]!r}, which is not a number"
    raise FileError(source, f"column {column} {problem}; correct or remove the line", row.line)
