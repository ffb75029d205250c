"""Text files: columns of axis, intensity and, if there is a third, its standard deviation."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from slxrd.errors import FileError
from slxrd.io import axis as axes
from slxrd.io import layout, others, picks, refinement
from slxrd.io.columns import EXPECTED, columns
from slxrd.io.request import Request
from slxrd.io.rows import HEAD_SIZE, Content, Row, bare, decode, is_text, numbered, take_apart
from slxrd.io.scan import MIN_POINTS, Load, Scan
from slxrd.pattern import Step
from slxrd.units import FloatArray

NAME = "text with two or three columns (.xy, .csv, .dat)"
#: Longest header kept in the metadata, in characters.
HEADER_LIMIT = 2000

_SIGMA = re.compile(r"sig|err|e\.?s\.?d|st(?:d|dev|andard)|dev|unc|σ|Δ|δ|±|\bd[iy]\b|^[es]$|poisson", re.I)
_OTHER = re.compile(r"calc|fit|model|theor|back|bkg|bgr?$|diff|resid|time|monitor|cps|count", re.I)


def recognises(data: bytes) -> bool:
    """Tell whether a file is text, and not of a format known to be another."""
    head = data[:HEAD_SIZE]
    return is_text(head) and others.name(head) is None


def scans(request: Request) -> list[Load]:
    """List the scans of a text file: one."""
    return [lambda: _read(request)]


def _read(request: Request) -> Scan:
    """Read a text file, sorted by its axis.

    Raises
    ------
    FileError
        If the file is not such text, a value cannot be right, or the axis is in doubt.
    """
    source = request.source
    lines = numbered(decode(request.data, source), source)
    if request.columns is None:
        content = take_apart(lines, source)
        if not content.rows:
            raise FileError(source, f"has no line of numbers; {EXPECTED} are expected")
        places, heading = None, None
    else:
        content, places, heading = picks.take(lines, request.columns, source)
    rows = content.rows
    table = columns(rows, layout.decide(rows, source), source, places)
    if len(rows) < MIN_POINTS:
        raise FileError(source, f"has only {len(rows)} points, and at least {MIN_POINTS} are needed")
    if places is None and table.shape[1] == 3:
        _refuse_other_third(content, source)
    unit = refinement.axis_unit(content.header, source)
    told = () if heading is None else (heading,)
    word = axes.heard(request, (*content.header, *told))
    if unit is not None:
        if word.axis == "q":
            raise FileError(source, "the axis of a GSAS file is 2θ; leave --axis out")
        word = axes.Word("2theta", "given", "2theta")
        table[:, 0] *= unit
    x = table[:, 0]
    _check_values(table, rows, word, source)
    order = np.argsort(x, kind="stable")
    _refuse_repeated(x, order, rows, word, source)
    word = axes.settle(request, word, x)
    if word.axis is None:
        raise AssertionError("the axis is settled")
    table = table[order]
    metadata: dict[str, str | float] = {"format": "text", "axis": f"{word.axis} ({word.reason})"}
    if request.columns is not None:
        metadata["columns"] = str(request.columns)
    if content.header:
        metadata["header"] = "\n".join(map(bare, content.header))[:HEADER_LIMIT]
    history = () if unit is None else (Step("axis to degrees", {"unit in the file (°)": unit}),)
    return Scan(
        x=table[:, 0],
        intensity=table[:, 1],
        sigma=table[:, 2] if table.shape[1] == 3 else None,
        axis=word.axis,
        metadata=metadata,
        history=(*history, *_sorting(x, word)),
    )


def _refuse_other_third(content: Content, source: str) -> None:
    """Refuse a third column with a heading that is not one of σ."""
    for line in reversed(content.header):
        for separator in (";", "\t", ",", None):
            fields = [field.strip(" \"'") for field in bare(line).split(separator)]
            if len(fields) == 3 and any(axes.named(fields[0])):
                # Between blanks three words need not be three headings, as in "q in 1/Å".
                if not _SIGMA.search(fields[2]) and (separator or _OTHER.search(fields[2])):
                    raise FileError(
                        source,
                        f"the third column is headed {fields[2][:40]!r}, and it is not clear that this is σ: "
                        "use --columns 1,2 to leave it out, or --columns 1,2,3 if it is",
                    )
                return


def _check_values(table: FloatArray, rows: Sequence[Row], word: axes.Word, source: str) -> None:
    x = table[:, 0]
    bad: dict[str, np.ndarray] = {}
    if word.axis == "2theta":
        bad["2θ = {0:g}° is not between 0 and 180°; correct or remove the line"] = (x <= 0.0) | (x >= 180.0)
    else:
        unit = " Å⁻¹" if word.axis == "q" else ""
        bad[word.name + " = {0:g}" + unit + " is not positive; correct or remove the line"] = x <= 0.0
    if table.shape[1] == 3:
        bad["σ = {2:g} is not positive; correct it, or leave the third column out: --columns 1,2"] = (
            table[:, 2] <= 0.0
        )
    for message, where in bad.items():
        if where.any():
            first = int(np.flatnonzero(where)[0])
            raise FileError(source, message.format(*table[first]), rows[first].line)


def _refuse_repeated(
    x: FloatArray, order: np.ndarray, rows: Sequence[Row], word: axes.Word, source: str
) -> None:
    same = np.flatnonzero(np.diff(x[order]) == 0.0)
    if same.size:
        first, again = int(order[same[0]]), int(order[same[0] + 1])
        raise FileError(
            source,
            f"{word.name} = {x[again]:.10g} stands in line {rows[first].line} too; merge the two or "
            "remove one",
            rows[again].line,
        )


def _sorting(x: FloatArray, word: axes.Word) -> tuple[Step, ...]:
    steps = np.diff(x)
    if np.all(steps > 0.0):
        return ()
    found = "descending" if np.all(steps < 0.0) else "unsorted"
    return (Step(f"sorted by {word.name}", {"in the file": found}),)
