"""Text files: columns of axis, intensity and, if there is a third, its standard deviation.

Text files of the refinement programs GSAS and FullProf: what their headers do to the columns.

GSAS (manual, "Powder histogram data files"; APS beamline 11-BM, "Data formats"): a line ``BANK … CONS …
FXYE`` stands before rows of 2θ in hundredths of a degree, intensity and σ. FullProf (manual, "XYDATA"):
a line ``INTER fac_x fac_y …`` gives factors by which axis and intensity are to be multiplied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io import unsupported
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared.column_choice import select_columns
from slxrd.io.shared.rows import (
    HEAD_SIZE,
    Content,
    Row,
    decode,
    detect_dialect,
    is_text,
    split_header,
    split_lines,
    strip_comment_mark,
)
from slxrd.io.shared.scan import MIN_POINTS, Load, Request, Scan
from slxrd.io.text import axis as axes
from slxrd.io.text.columns import EXPECTED, columns
from slxrd.units import FloatArray

#: Degrees in the unit of a GSAS axis.
CENTIDEGREE = 0.01

_BANK = re.compile(r"BANK\s+\d+\s+\d+\s+\d+\s+([A-Z]\w*)(?:\s+(.*))?$", re.I)
_INTER = re.compile(r"INTER\s+(\S+)\s+(\S+)", re.I)


def axis_unit(header: Sequence[str], source: str) -> float | None:
    """Unit of the axis in degrees of 2θ, where the header is one of GSAS; else None.

    Parameters
    ----------
    header : sequence of str
        Lines before the data.
    source : str
        Path, for messages.

    Raises
    ------
    FileError
        If the header says that the rows are not pairs or triples over 2θ, or are to be multiplied.
    """
    for line in header:
        bank = _BANK.match(line[:200])
        if bank:
            kind, layout = bank[1].upper(), (bank[2] or "").split()
            if kind not in ("CONS", "CONST"):
                raise FileError(source, f"is a GSAS file with an axis of {kind}, not of steps in 2θ")
            if not layout or layout[-1].upper() not in ("FXYE", "FXY"):
                raise FileError(source, "is a GSAS file of packed intensities; save it as .xye or with FXYE")
            return CENTIDEGREE
        factors = _INTER.match(line[:200])
        if factors and any(_is_factor(text) for text in factors.groups()):
            raise FileError(
                source,
                f"is a FullProf file whose columns are to be multiplied by {factors[1]} and {factors[2]} "
                "(INTER); multiply them, or set both factors to 1",
            )
    return None


def _is_factor(text: str) -> bool:
    try:
        return float(text) != 1.0
    except ValueError:
        return True


NAME = "text with two or three columns (.xy, .csv, .dat)"
#: Longest header kept in the metadata, in characters.
HEADER_LIMIT = 2000

_SIGMA = re.compile(r"sig|err|e\.?s\.?d|st(?:d|dev|andard)|dev|unc|σ|Δ|δ|±|\bd[iy]\b|^[es]$|poisson", re.I)
_OTHER = re.compile(r"calc|fit|model|theor|back|bkg|bgr?$|diff|resid|time|monitor|cps|count", re.I)


def recognises(data: bytes) -> bool:
    """Tell whether a file is text, and not of a format known to be another."""
    head = data[:HEAD_SIZE]
    return is_text(head) and unsupported.format_name(head) is None


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
    lines = split_lines(decode(request.data, source), source)
    if request.columns is None:
        content = split_header(lines, source)
        if not content.rows:
            raise FileError(source, f"has no line of numbers; {EXPECTED} are expected")
        places, heading = None, None
    else:
        content, places, heading = select_columns(lines, request.columns, source)
    rows = content.rows
    table = columns(rows, detect_dialect(rows, source), source, places)
    if len(rows) < MIN_POINTS:
        raise FileError(source, f"has only {len(rows)} points, and at least {MIN_POINTS} are needed")
    if places is None and table.shape[1] == 3:
        _refuse_other_third(content, source)
    unit = axis_unit(content.header, source)
    told = () if heading is None else (heading,)
    word = axes.stated_axis(request, (*content.header, *told))
    if unit is not None:
        if word.axis == "q":
            raise FileError(source, "the axis of a GSAS file is 2θ; leave --axis out")
        word = axes.StatedAxis("2theta", "given", "2theta")
        table[:, 0] *= unit
    x = table[:, 0]
    _check_values(table, rows, word, source)
    order = np.argsort(x, kind="stable")
    _refuse_repeated(x, order, rows, word, source)
    word = axes.resolve_axis(request, word, x)
    if word.axis is None:
        raise AssertionError("the axis is settled")
    table = table[order]
    metadata: dict[str, str | float] = {"format": "text", "axis": f"{word.axis} ({word.reason})"}
    if request.columns is not None:
        metadata["columns"] = str(request.columns)
    if content.header:
        metadata["header"] = "\n".join(map(strip_comment_mark, content.header))[:HEADER_LIMIT]
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
            fields = [field.strip(" \"'") for field in strip_comment_mark(line).split(separator)]
            if len(fields) == 3 and any(axes.names_q_or_two_theta(fields[0])):
                # Between blanks three words need not be three headings, as in "q in 1/Å".
                if not _SIGMA.search(fields[2]) and (separator or _OTHER.search(fields[2])):
                    raise FileError(
                        source,
                        f"the third column is headed {fields[2][:40]!r}, and it is not clear that this is σ: "
                        "use --columns 1,2 to leave it out, or --columns 1,2,3 if it is",
                    )
                return


def _check_values(table: FloatArray, rows: Sequence[Row], word: axes.StatedAxis, source: str) -> None:
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
    x: FloatArray, order: np.ndarray, rows: Sequence[Row], word: axes.StatedAxis, source: str
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


def _sorting(x: FloatArray, word: axes.StatedAxis) -> tuple[Step, ...]:
    steps = np.diff(x)
    if np.all(steps > 0.0):
        return ()
    found = "descending" if np.all(steps < 0.0) else "unsorted"
    return (Step(f"sorted by {word.name}", {"in the file": found}),)


FORMATS.register(
    "text",
    Format(
        NAME, (".xy", ".xye", ".dat", ".csv", ".txt", ".chi"), recognises, scans, generic=True, columns=True
    ),
)
