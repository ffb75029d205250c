"""Text files with columns of axis, intensity and, optionally, σ or an attenuation factor.

Headers of two refinement programs change the meaning of the columns. GSAS (manual, "Powder histogram data
files"; APS beamline 11-BM, "Data formats"): after a line ``BANK … CONS … FXYE`` the axis is 2θ in hundredths
of a degree. FullProf (manual, "XYDATA"): a line ``INTER fac_x fac_y …`` gives factors for axis and intensity.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io import unsupported
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared import counting
from slxrd.io.shared.bad_points import ATTENUATION, INTENSITY, SIGMA, usable
from slxrd.io.shared.rows import HEAD_SIZE, decode, is_text, split_lines, strip_comment_mark
from slxrd.io.shared.scan import MIN_POINTS, Load, Request, Scan
from slxrd.io.text import axis as axes
from slxrd.io.text.regular import regular_table
from slxrd.io.text.table import careful_table
from slxrd.io.text.third_column import check_third_column
from slxrd.units import FloatArray

NAME = "text with two or three columns (.xy, .csv, .dat)"
#: Longest header stored in the metadata, in characters.
HEADER_LIMIT = 2000
#: Unit of the axis of GSAS files in degrees.
CENTIDEGREE = 0.01

_BANK = re.compile(r"BANK\s+\d+\s+\d+\s+\d+\s+([A-Z]\w*)(?:\s+(.*))?$", re.I)
_INTER = re.compile(r"INTER\s+(\S+)\s+(\S+)", re.I)


def recognises(data: bytes) -> bool:
    """Return True for text that is not of a known unsupported format."""
    head = data[:HEAD_SIZE]
    return is_text(head) and unsupported.format_name(head) is None


def scans(request: Request) -> list[Load]:
    """List the scans of a text file: one."""
    return [lambda: _read(request)]


def _read(request: Request) -> Scan:
    """Read a text file and sort it by its axis.

    Raises
    ------
    FileError
        If the file is not such text, a value is impossible, or the quantity on the axis is not certain.
    """
    source = request.source
    table = regular_table(request.data, request.columns, source)
    if table is None:
        table = careful_table(split_lines(decode(request.data, source), source), request.columns, source)
    values, header = table.values, table.header
    unit = _gsas_axis_unit(header, source)
    if request.columns is None and values.shape[1] == 3:
        named = unit is not None or any(line.upper().startswith("XYDATA") for line in header)
        usually = source.lower().endswith((".xye", ".fxye"))
        check_third_column(values, header, source, is_sigma=named, usually=usually)
    headings = () if table.heading is None else (table.heading,)
    axis = axes.stated_axis(request, (*header, *headings))
    if unit is not None:
        if axis.axis == "q":
            raise FileError(source, "the axis of a GSAS file is 2θ; leave --axis out")
        axis = axes.StatedAxis("2theta", "given", "2theta")
        values[:, 0] *= unit
    stated = axis
    if axis.axis == "theta":
        axis = replace(axis, axis="2theta")
        values[:, 0] *= 2.0
    third = "" if values.shape[1] == 2 else "sigma" if request.columns is None else request.columns.third
    values, lines, left_out = _usable(values, table.lines, axis, third, source)
    x = values[:, 0]
    order = np.argsort(x, kind="stable")
    _check_repeated(x, order, lines, axis, source)
    axis = axes.resolve_axis(request, axis, x)
    assert axis.axis == "q" or axis.axis == "2theta"
    sorting = _sorting(x, axis)
    if sorting:
        values = values[order]
    quantity = stated.axis or axis.axis
    metadata: dict[str, str | float] = {"format": "text", "axis": f"{quantity} ({axis.reason})"}
    if request.columns is not None:
        metadata["columns"] = str(request.columns)
    if header:
        metadata["header"] = "\n".join(map(strip_comment_mark, header))[:HEADER_LIMIT]
    history = () if unit is None else (Step("axis to degrees", {"unit in the file (°)": unit}),)
    if quantity == "theta":
        history = (*history, Step("2θ = 2 × θ"))
    factors = values[:, 2] if third == "attenuation" else np.ones(len(values))
    attenuated: tuple[Step, ...] = ()
    digit = counting.last_digit(values[:, 1])
    counted = counting.from_unknown_unit(values[:, 1], digit)
    if counted.size is None:
        metadata["counts"] = f"not known: {counted.history[-1].details['because']}"
        counted = replace(counted, history=())
    if third == "attenuation":
        counted = counting.from_counts(values[:, 1], digit)
        attenuated = (Step("attenuator corrected", {"largest factor": float(factors.max())}),)
    return Scan(
        x=values[:, 0],
        intensity=counted.intensity * factors,
        per_count=counted.per_count(factors),
        sigma=values[:, 2] if third == "sigma" else None,
        axis=axis.axis,
        metadata=metadata,
        history=(*history, *left_out, *sorting, *counted.history, *attenuated),
    )


def _gsas_axis_unit(header: Sequence[str], source: str) -> float | None:
    """Return the unit of the axis in degrees for a GSAS header, None for any other.

    Raises
    ------
    FileError
        If the header is of a GSAS file not over 2θ or with packed intensities, or has FullProf factors.
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
                f"is a FullProf file whose columns must be multiplied by {factors[1]} and {factors[2]} "
                "(INTER); multiply them, or set both factors to 1",
            )
    return None


def _is_factor(text: str) -> bool:
    try:
        return float(text) != 1.0
    except ValueError:
        return True


def _usable(
    values: FloatArray, lines: NDArray[np.int_], axis: axes.StatedAxis, third: str, source: str
) -> tuple[FloatArray, NDArray[np.int_], tuple[Step, ...]]:
    """Return the rows that can be used with their lines, and the entry of the history for the others."""
    last = ATTENUATION if third == "attenuation" else SIGMA
    columns = dict(zip((axis.name, INTENSITY, last), values.T, strict=False))
    kept, left_out = usable(columns, source, counts=False, lines=lines)
    if kept.sum() < MIN_POINTS:
        n = int(kept.sum())
        raise FileError(source, f"has only {n} point{'s' * (n != 1)}, and at least {MIN_POINTS} are needed")
    return (values[kept], lines[kept], left_out) if left_out else (values, lines, ())


def _check_repeated(
    x: FloatArray, order: NDArray[np.int_], lines: NDArray[np.int_], axis: axes.StatedAxis, source: str
) -> None:
    same = np.flatnonzero(np.diff(x[order]) == 0.0)
    if same.size:
        first, again = order[same[0]], order[same[0] + 1]
        raise FileError(
            source,
            f"{axis.name} = {x[again]:.10g} is in line {lines[first]} too; merge the two or remove one",
            int(lines[again]),
        )


def _sorting(x: FloatArray, axis: axes.StatedAxis) -> tuple[Step, ...]:
    steps = np.diff(x)
    if np.all(steps > 0.0):
        return ()
    found = "descending" if np.all(steps < 0.0) else "unsorted"
    return (Step(f"sorted by {axis.name}", {"in the file": found}),)


FORMATS.register(
    "text",
    Format(
        NAME, (".xy", ".xye", ".dat", ".csv", ".txt", ".chi"), recognises, scans, generic=True, columns=True
    ),
)
