"""Header and numbers of a text file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import FileError
from slxrd.io.shared.column_choice import ColumnChoice, select_columns
from slxrd.io.shared.rows import Row, detect_dialect, split_header
from slxrd.io.text.columns import EXPECTED, parse_rows
from slxrd.units import FloatArray


@dataclass(frozen=True)
class Table:
    """Columns of numbers in a text file.

    Parameters
    ----------
    header : tuple of str
        Lines before the data.
    values : ndarray, shape (n, 2) or (n, 3)
        Axis, intensity and a third column; NaN for what is not a finite number.
    lines : ndarray of int, shape (n,)
        Line of each row in the file, from 1.
    numbers : tuple of int
        Numbers of these columns in the file, from 1, if they were chosen; else empty.
    heading : str or None
        Name of the axis in the header, if the columns were chosen and have names.
    """

    header: tuple[str, ...]
    values: FloatArray
    lines: NDArray[np.int_]
    numbers: tuple[int, ...] = ()
    heading: str | None = None


def careful_table(lines: Sequence[Row], choice: ColumnChoice | None, source: str) -> Table:
    """Read the lines of a file, each field by itself.

    Parameters
    ----------
    lines : sequence of Row
        Non-blank lines.
    choice : ColumnChoice or None
        Columns to read.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If there is no row, or one is not of numbers, or not like the others.
    """
    if choice is None:
        content = split_header(lines, source)
        if not content.rows:
            raise FileError(source, f"has no line of numbers; {EXPECTED} are expected")
        numbers, heading = None, None
    else:
        content, numbers, heading = select_columns(lines, choice, source)
    rows = content.rows
    values = parse_rows(rows, detect_dialect(rows, source), source, numbers)
    lines_of_rows = np.array([row.line for row in rows])
    return Table(content.header, values, lines_of_rows, numbers or (), heading)
