"""Names and texts from files, written so that a page, figure, table or terminal shows them as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

#: Control characters, signs that reverse the direction of a text, and halves of surrogate pairs, which are
#: the bytes of file names that are not UTF-8.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ALL_CONTROLS = re.compile(f"{_CONTROLS.pattern}|[\t\n]")
#: Longest name in a figure, in characters.
LONGEST_LABEL = 120
#: Characters with which spreadsheets begin a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBERS = re.compile(r"[-+]?\d[\d.]*([eE][-+]?\d+)?( (to|or) [-+]?\d[\d.]*([eE][-+]?\d+)?)*|[-+](inf|nan)")


def printable(text: str, keep: str = "") -> str:
    r"""Replace control characters by their code, as ``\u001b``; lines and tabs remain.

    Parameters
    ----------
    text : str
        Text of any number of lines.
    keep : str
        Control characters that remain.
    """
    return _CONTROLS.sub(lambda found: found[0] if found[0] in keep else _code(found), text)


def on_one_line(text: object) -> str:
    r"""Replace control characters of a name by their code; the end of a line becomes ``\u000a``."""
    return _ALL_CONTROLS.sub(_code, str(text))


def _code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def html_text(text: object, quote: bool = True) -> str:
    """Return a text for HTML, also for an attribute in quotation marks.

    Parameters
    ----------
    text : object
        Text or number.
    quote : bool
        Whether quotation marks are replaced too.
    """
    import html

    return html.escape(printable(str(text)), quote=quote)


def figure_text(text: object) -> str:
    r"""Return a name for a figure: on one line, at most 120 characters, and ``$`` as itself.

    Matplotlib takes a text with two ``$`` for a formula, and ``\$`` for the character.
    """
    line = on_one_line(text)
    if len(line) > LONGEST_LABEL:
        half = LONGEST_LABEL // 2
        line = f"{line[:half]}…{line[-half:]}"
    return line.replace("$", "\\$")


def csv_cell(value: object) -> str:
    """Return a cell for CSV; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    text = "" if value is None else printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBERS.fullmatch(text) else text


class CsvWriter:
    """Writes tables as CSV, each cell by :func:`csv_cell`.

    Parameters
    ----------
    file : TextIO
        Where the table is written.
    """

    def __init__(self, file: TextIO) -> None:
        self._table = csv.writer(file, lineterminator="\n")

    def writerow(self, cells: Iterable[object]) -> None:
        """Write one row."""
        self._table.writerow([csv_cell(cell) for cell in cells])

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write several rows."""
        for row in rows:
            self.writerow(row)


def csv_text(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as CSV.

    Parameters
    ----------
    header : iterable
        Names of the columns.
    rows : iterable of iterables
        Cells, escaped as :class:`CsvWriter` does.
    """
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow(header)
    table.writerows(rows)
    return text.getvalue()
