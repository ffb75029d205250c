"""How the columns of a text file are written: what parts them, and the decimal mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from slxrd.errors import FileError
from slxrd.io.rows import Row

Separator = Literal[";", ",", "\t", " "]

_AROUND_COMMA = re.compile(r"\s*,\s*")
_BLANK_AT_COMMA = re.compile(r"\s,|,\s")
_ZERO_FIRST = re.compile(r",0\d")


@dataclass(frozen=True)
class Layout:
    """Separator (a blank stands for any run of blanks and tabs) and decimal mark."""

    separator: Separator
    decimal_comma: bool

    def fields(self, text: str) -> list[str]:
        """Fields of a row, without blanks around them and without empty ones at its end."""
        fields = text.split() if self.separator == " " else [f.strip() for f in text.split(self.separator)]
        while fields and not fields[-1]:
            fields.pop()
        return fields


def decide(rows: Sequence[Row], source: str) -> Layout:
    """Decide the layout from all rows together.

    Parameters
    ----------
    rows : sequence of Row
        All rows of data, at least one.
    source : str
        Path, for messages.

    Raises
    ------
    FileError
        If commas may be separators or decimal marks alike, or both decimal marks occur.
    """
    texts = [row.text.rstrip(" \t,;") for row in rows]
    if any(";" in text for text in texts):
        return Layout(";", _decimal_comma(rows, source))
    if not any("," in text for text in texts):
        return Layout(_blank_or_tab(texts), False)
    closed = [_AROUND_COMMA.sub(",", text) for text in texts]
    blank_within = sum(any(c.isspace() for c in text) for text in closed)
    if blank_within > len(rows) / 2:
        return Layout(_blank_or_tab(texts), _decimal_comma(rows, source))
    _refuse_ambiguous(rows, texts, closed, source)
    return Layout(",", False)


def _blank_or_tab(texts: Sequence[str]) -> Separator:
    # A tab, where every row has one, keeps empty cells visible; a run of blanks would close them up.
    return "\t" if all("\t" in text for text in texts) else " "


def _decimal_comma(rows: Sequence[Row], source: str) -> bool:
    """Tell whether the decimal mark is a comma, where the separator is not."""
    first: str | None = None
    for row in rows:
        for mark in (",", "."):
            if mark in row.text.rstrip(" \t,;"):
                first = first or mark
                if mark != first:
                    raise FileError(
                        source,
                        "decimal commas and decimal points are mixed; write all numbers alike, "
                        "without separators of thousands",
                        row.line,
                    )
    return first == ","


def _refuse_ambiguous(rows: Sequence[Row], texts: Sequence[str], closed: Sequence[str], source: str) -> None:
    """Refuse commas that cannot be told to part columns, such as those of ``1,5,200,3``."""
    if any("." in text for text in texts):
        return
    for row, text, tight in zip(rows, texts, closed, strict=True):
        commas = tight.count(",")
        spaced = len(_BLANK_AT_COMMA.findall(text))
        if (commas > 1 and spaced < commas) or (not spaced and _ZERO_FIRST.search(tight)):
            raise FileError(
                source,
                f"{row.text[:40]!r} is ambiguous: a comma may part columns or decimals; "
                "part the columns by semicolons or tabs, or write decimal points",
                row.line,
            )
