"""Find the line by which a text format is recognised, behind comments or notes that someone put before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from slxrd.io.shared.rows import Row, all_numbers, decode_start

#: Number of bytes of a file that are searched for the line.
SEARCHED = 65_536

#: Marks of a comment before a line of a header that someone has commented out.
_MARKS = re.compile(r"[#;!%'\s]+")


def has_signature(data: bytes, signature: re.Pattern[str]) -> bool:
    """Return True if a line before the first row of numbers matches ``signature``; never raises.

    Parameters
    ----------
    data : bytes
        Content of the file.
    signature : re.Pattern
        Matched at the start of a line without blanks around it.
    """
    return any(signature.match(line) for line in _before_data(data[:SEARCHED]))


def from_signature(lines: Sequence[Row], signature: re.Pattern[str]) -> list[Row]:
    """Return the lines from the first one that matches ``signature``; all if none does.

    Parameters
    ----------
    lines : sequence of Row
        Lines of the file.
    signature : re.Pattern
        As in :func:`has_signature`.
    """
    start = next((i for i, row in enumerate(lines) if signature.match(row.text)), 0)
    return list(lines[start:])


def without_comments(lines: Sequence[Row]) -> list[Row]:
    """Return the lines that do not begin with ``#``, which no line of an instrument's file does."""
    return [row for row in lines if not row.text.startswith("#")]


def uncommented(line: str, mark: str) -> str:
    """Return a line without the comment marks before ``mark``; unchanged if something else follows them."""
    rest = _MARKS.sub("", line, count=1) if _MARKS.match(line) else line
    return rest if rest.startswith(mark) else line


@lru_cache(maxsize=1)
def _before_data(start: bytes) -> tuple[str, ...]:
    """Lines before the first row of numbers; kept, as several formats are tried on one file."""
    found = []
    for line in re.split(r"[\r\n]+", decode_start(start, SEARCHED)):
        text = line.strip()
        if all_numbers(text) and len(re.split(r"[\s,;]+", text)) > 1:
            break
        found.append(text)
    return tuple(found)
