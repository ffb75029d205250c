"""Bruker and Siemens .uxd files: ``_KEY=value`` lines, then a marker that begins the data of a range.

Sources of the layout: the description in xylib (Wojdyr, uxd.cpp), and rietx's notes on five files: a marker
has two parts, ``_2THETA`` (a column of angles precedes the intensities) and ``COUNTS`` or ``CPS``, and the
angles are those of ``_DRIVE``, whatever the marker. Keys are valid until they are given again; only start and
step are required for each range. ``PSDSCAN`` is over 2θ according to DASH (Load_uxd_File).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared import counting
from slxrd.io.shared.headers import (
    angles_at_steps,
    header_radiation,
    metadata_entries,
    parse_counting_time,
    parse_number,
    parse_numbers,
    parse_wavelength,
    read_lines,
    required,
)
from slxrd.io.shared.rows import Row
from slxrd.io.shared.scan import Load, Request, Scan, check_number
from slxrd.io.shared.signature import from_signature, has_signature, without_comments
from slxrd.units import FloatArray

NAME = "Bruker .uxd"

#: Values of ``_DRIVE`` for scans in which 2θ moves and is the angle in the file.
_TWO_THETA = (
    "COUPLED",
    "LOCKED COUPLED",
    "UNLOCKED COUPLED",
    "2THETA",
    "TWOTHETA",
    "DETECTOR SCAN",
    "PSDSCAN",
)
_START = re.compile(r"_FILEVERSION\b", re.I)
_MARKER = re.compile(r"_(2THETA)?(COUNTS|CPS)\s*(?:=\s*\d*)?$", re.I)
_KEY = re.compile(r"_(\+?[\w-]+)\s*=(.*)$")


@dataclass
class _Range:
    """One range: its header, whether it has a column of angles, and the unit of its intensities."""

    header: Mapping[str, str]
    paired: bool
    unit: str
    marker: Row
    rows: list[Row] = field(default_factory=list)


def recognises(data: bytes) -> bool:
    """Return True for a file with ``_FILEVERSION`` before the first row."""
    return has_signature(data, _START)


def scans(request: Request) -> list[Load]:
    """List the ranges of a .uxd file."""
    header: dict[str, str] = {}
    ranges: list[_Range] = []
    entries = 0
    for row in without_comments(from_signature(read_lines(request, NAME), _START)):
        if row.text.startswith(";"):
            continue
        if not row.text.startswith("_"):
            if ranges:
                ranges[-1].rows.append(row)
            continue
        marker, key = _MARKER.match(row.text), _KEY.match(row.text)
        if marker or not key:
            paired, unit = (marker[1] is not None, marker[2].upper()) if marker else (False, "")
            entries += len(header)
            check_number(len(ranges) + 1, request.source, entries)
            ranges.append(_Range(dict(header), paired, unit, row))
            header.pop("START", None)
            header.pop("STEPSIZE", None)
        else:
            header[key[1].upper()] = key[2].strip(" \t'\"")
    # A word that is not a marker may occur without data; with data it begins an unknown kind of scan.
    return [partial(_read, found, request) for found in ranges if found.unit or found.rows]


def _read(found: _Range, request: Request) -> Scan:
    """Read a range.

    Raises
    ------
    FileError
        If the range is not over 2θ, truncated, or of an unknown layout.
    """
    source, header = request.source, found.header
    if not found.unit:
        raise FileError(
            source,
            f"{found.marker.text[:40]!r} begins an unknown kind of scan; export it again",
            found.marker.line,
        )
    drive = header.get("DRIVE", "")
    if drive.upper() not in _TWO_THETA and (drive or not found.paired):
        axis = f"a scan of {drive[:40]!r}" if drive else "a scan without its axis (_DRIVE)"
        raise FileError(source, f"is {axis}; only scans over 2θ are supported", found.marker.line)
    x, intensity, digits = _columns(found, source)
    stated = header.get("STEPCOUNT")
    if stated and parse_number(stated, "_STEPCOUNT", source) != len(x):
        raise FileError(source, f"claims {stated} points but has {len(x)}; copy or export it again")
    time = header.get("STEPTIME") and parse_counting_time(header["STEPTIME"], "_STEPTIME", source)
    counted = (
        counting.from_counts(intensity, 10.0**-digits)
        if found.unit == "COUNTS"
        else counting.from_rates(intensity, time or None, digits)
    )
    unit = {"": 1.0, "A": 1.0, "Å": 1.0, "ANGSTROM": 1.0, "NM": 10.0}.get(
        header.get("WL_UNIT", "").upper(), 0.0
    )
    return Scan(
        x=x,
        intensity=counted.intensity,
        per_count=counted.per_count(),
        radiation=header_radiation(
            request,
            unit * parse_wavelength(header.get("WL1"), "_WL1", source),
            unit * parse_wavelength(header.get("WL2"), "_WL2", source),
            parse_wavelength(header.get("WLRATIO"), "_WLRATIO", source),
        ),
        metadata=metadata_entries(
            {
                "format": NAME,
                "title": header.get("SAMPLE"),
                "date": header.get("DATEMEASURED"),
                "scan axis": drive,
                "anode": header.get("ANODE"),
                "counting time (s)": time or None,
            }
        ),
        history=counted.history,
    )


def _columns(found: _Range, source: str) -> tuple[FloatArray, FloatArray, int]:
    """Return angles, intensities, and the number of decimal places of the intensities."""
    split = [(row.text.replace(",", " ").split(), row.line) for row in found.rows]
    if found.paired:
        for fields, line in split:
            if len(fields) != 2:
                raise FileError(source, f"has {len(fields)} numbers, not angle and intensity", line)
        angles = parse_numbers([(fields[0], line) for fields, line in split], "the angle", source)
        texts = [(fields[1], line) for fields, line in split]
    else:
        texts = [(text, line) for fields, line in split for text in fields]
        first = parse_number(required(found.header, "START", source), "_START", source)
        step = parse_number(required(found.header, "STEPSIZE", source), "_STEPSIZE", source)
        angles = angles_at_steps(first, step, len(texts), source)
    intensity = parse_numbers(texts, "the intensity", source)
    return np.asarray(angles), intensity, counting.decimals([text for text, _ in texts])


FORMATS.register("uxd", Format(NAME, (".uxd",), recognises, scans))
