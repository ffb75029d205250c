"""Text files: columns of axis, intensity and, if there is a third, its standard deviation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.errors import FileError
from slxrd.io import axis as axes
from slxrd.io import layout, others
from slxrd.io.columns import EXPECTED, columns
from slxrd.io.request import Request
from slxrd.io.rows import COMMENT_MARKS, Row, decode, is_text, take_apart
from slxrd.pattern import Axis, Pattern, Step
from slxrd.units import FloatArray

NAME = "text with two or three columns (.xy, .csv, .dat)"
#: Fewest points that are taken for a diffractogram.
MIN_POINTS = 5
#: Longest header kept in the metadata, in characters.
HEADER_LIMIT = 2000


def recognises(head: bytes) -> bool:
    """Tell whether a file is text, and not of a format known to be another."""
    return is_text(head) and others.name(head) is None


def read(request: Request) -> Pattern:
    """Read a text file.

    Parameters
    ----------
    request : Request
        The file and what the caller says of it.

    Returns
    -------
    Pattern
        Sorted by its axis. Whether the intensities are counts is not known (``per_count`` is None).

    Raises
    ------
    FileError
        If the file is not such text, a value cannot be right, or the axis is in doubt.
    """
    if request.scan not in (None, 1):
        raise FileError(request.source, f"is text with one scan; scan {request.scan} does not exist")
    content = take_apart(decode(request.data, request.source), request.source)
    rows = content.rows
    if not rows:
        raise FileError(request.source, f"has no line of numbers; {EXPECTED} are expected")
    table = columns(rows, layout.decide(rows, request.source), request.source)
    if len(rows) < MIN_POINTS:
        raise FileError(request.source, f"has only {len(rows)} points, and at least {MIN_POINTS} are needed")
    axis, reason = axes.choose(request, content.header)
    x = table[:, 0]
    axes.check_range(request, axis, reason, x)
    _check_values(table, rows, axis, request.source)
    order = np.argsort(x, kind="stable")
    _refuse_repeated(x, order, rows, axis, request.source)
    table = table[order]
    metadata: dict[str, str | float] = {"format": "text", "axis": f"{axis} ({reason})"}
    if content.header:
        metadata["header"] = "\n".join(map(_bare, content.header))[:HEADER_LIMIT]
    return Pattern(
        x=table[:, 0],
        intensity=table[:, 1],
        sigma=table[:, 2] if table.shape[1] == 3 else None,
        axis=axis,
        wavelength=request.wavelength,
        source=request.source,
        metadata=metadata,
        history=_sorting(x, axis),
    )


def _bare(line: str) -> str:
    """Header line without its comment mark."""
    return line.lstrip("".join({mark[0] for mark in COMMENT_MARKS})).strip()


def _check_values(table: FloatArray, rows: Sequence[Row], axis: Axis, source: str) -> None:
    x = table[:, 0]
    bad: dict[str, np.ndarray] = {}
    if axis == "2theta":
        bad["2θ = {0:g}° is not between 0 and 180°; correct or remove the line"] = (x <= 0.0) | (x >= 180.0)
    else:
        bad["q = {0:g} Å⁻¹ is not positive; correct or remove the line"] = x <= 0.0
    if table.shape[1] == 3:
        bad["σ = {2:g} is not positive; correct it, or leave the third column out"] = table[:, 2] <= 0.0
    for message, where in bad.items():
        if where.any():
            first = int(np.flatnonzero(where)[0])
            raise FileError(source, message.format(*table[first]), rows[first].line)


def _refuse_repeated(x: FloatArray, order: np.ndarray, rows: Sequence[Row], axis: Axis, source: str) -> None:
    same = np.flatnonzero(np.diff(x[order]) == 0.0)
    if same.size:
        first, again = int(order[same[0]]), int(order[same[0] + 1])
        name = "q" if axis == "q" else "2θ"
        raise FileError(
            source,
            f"{name} = {x[again]:.10g} stands in line {rows[first].line} too; merge the two or remove one",
            rows[again].line,
        )


def _sorting(x: FloatArray, axis: Axis) -> tuple[Step, ...]:
    steps = np.diff(x)
    if np.all(steps > 0.0):
        return ()
    found = "descending" if np.all(steps < 0.0) else "unsorted"
    return (Step(f"sorted by {'q' if axis == 'q' else '2θ'}", {"in the file": found}),)
