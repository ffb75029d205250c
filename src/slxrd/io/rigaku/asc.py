"""Rigaku's older text files (.asc, .rig): ``*KEY = value`` lines, and groups from ``*BEGIN`` to ``*END``.

Sources of the layout: DASH (Load_asc_File; CCDC, BSD) and a file converted by PowDLL. The intensities,
separated by commas, follow ``*COUNT``, their number. Some files with counts have ``cps`` as ``*YUNIT``:
numbers are used as rates only if rate × counting time is whole. ``*XRAY_CHAR`` is ``K-ALPHA1`` also for a
Kβ filter, so K-ALPHA1 is accepted only with a monochromator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.rigaku.ras import time_per_point, two_theta_factor
from slxrd.io.shared import counting
from slxrd.io.shared.headers import (
    angles_at_steps,
    header_radiation,
    metadata_entries,
    parse_number,
    parse_numbers,
    parse_wavelength,
    read_lines,
    required,
)
from slxrd.io.shared.rows import Row
from slxrd.io.shared.scan import Load, Request, Scan, check_number
from slxrd.io.shared.signature import from_signature, has_signature, without_comments
from slxrd.units import ALPHA2_RATIO, Radiation

NAME = "Rigaku text (.asc, .rig)"

#: Atomic number → anode.
_ANODES = {"24": "Cr", "26": "Fe", "27": "Co", "29": "Cu", "42": "Mo", "47": "Ag"}
#: A crystal that removes Kα₂, for example ``Ge(220)x2``.
_CRYSTAL = re.compile(r"\s*(?:Ge|Si|Quartz)\b", re.I)
#: Start of ``*YUNIT`` → unit.
_UNITS = {"cps": "cps", "count": "counts"}
_KEY = re.compile(r"\*(\w+)\s*=\s*(.*)$")
_TYPE = re.compile(r"\*TYPE\s*=")


@dataclass
class _Group:
    """One scan, from ``*BEGIN`` to ``*END``."""

    header: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    complete: bool = False


def recognises(data: bytes) -> bool:
    """Return True for a file with ``*TYPE =`` before the first row."""
    return has_signature(data, _TYPE)


def scans(request: Request) -> list[Load]:
    """List the groups of a Rigaku text file."""
    groups: list[_Group] = []
    header: dict[str, str] = {}
    group: _Group | None = None
    entries = 0
    for row in without_comments(from_signature(read_lines(request, NAME), _TYPE)):
        word = row.text.split()[0].upper()
        if word == "*BEGIN":
            entries += len(header)
            check_number(len(groups) + 1, request.source, entries)
            group = _Group(dict(header))
            groups.append(group)
        elif word == "*END" and group:
            group.complete, group = True, None
        elif key := _KEY.match(row.text):
            (header if group is None else group.header)[key[1].upper()] = key[2].strip()
        elif group and not row.text.startswith("*"):
            group.rows.append(row)
    return [partial(_read, found, request) for found in groups]


def _read(group: _Group, request: Request) -> Scan:
    """Read one group.

    Raises
    ------
    FileError
        If the group is truncated, or not a scan over 2θ.
    """
    source, header = request.source, group.header
    if not group.complete:
        raise FileError(source, "the scan has no *END: it is truncated; copy or export it again")
    axis = required(header, "SCAN_AXIS", source)
    factor, doubled = two_theta_factor(axis, source)
    fields = [
        (piece, row.line) for row in group.rows for piece in (p.strip() for p in row.text.split(",")) if piece
    ]
    stated = required(header, "COUNT", source)
    if parse_number(stated, "COUNT", source) != len(fields):
        raise FileError(source, f"claims {stated} points but has {len(fields)}; copy or export it again")
    first, last, step = (
        parse_number(required(header, key, source), key, source) for key in ("START", "STOP", "STEP")
    )
    x = angles_at_steps(first, step, len(fields), source)
    if fields and abs(x[-1] - last) > 1.5 * abs(step):  # the last point of a continuous scan may be missing
        raise FileError(
            source,
            f"{len(fields)} points in steps of {step:g}° from {first:g}° end at {x[-1]:g}°, not at the "
            f"{last:g}° in its header; copy or export it again",
        )
    offset = header.get("OFFSET", "")
    time = time_per_point(header.get("SPEED"), header.get("SPEED_DIM"), header.get("STEP"), source)
    numbers = parse_numbers(fields, "the intensity", source)
    written = header.get("YUNIT", "").lower()
    unit = next((unit for start, unit in _UNITS.items() if written.startswith(start)), "")
    counted = counting.from_unit(numbers, unit, time, counting.decimals([text for text, _ in fields]))
    return Scan(
        x=factor * x,
        intensity=counted.intensity,
        per_count=counted.per_count(),
        radiation=_radiation(request, header),
        metadata=metadata_entries(
            {
                "format": NAME,
                "sample id": header.get("SAMPLE"),
                "title": header.get("COMMENT"),
                "date": header.get("DATE"),
                "scan axis": axis,
                "anode": _ANODES.get(header.get("TARGET", "")),
                "counting time (s)": time,
                "offset in the file (°)": parse_number(offset, "OFFSET", source) or None if offset else None,
            }
        ),
        history=(*doubled, *counted.history),
    )


def _radiation(request: Request, header: Mapping[str, str]) -> Radiation | None:
    alpha1 = parse_wavelength(header.get("WAVE_LENGTH1"), "WAVE_LENGTH1", request.source)
    alpha2 = parse_wavelength(header.get("WAVE_LENGTH2"), "WAVE_LENGTH2", request.source)
    wave_type = header.get("XRAY_CHAR", "").upper().replace(" ", "")
    if request.radiation is not None:
        return None
    if wave_type == "K-ALPHA1" and alpha2 and not _CRYSTAL.match(header.get("I_MONOCHRO", "")):
        raise FileError(
            request.source,
            "its header says K-ALPHA1, as such files do for unfiltered Kα too, and names no "
            "monochromator before the sample: use --wavelength CuKa for both lines, or CuKa1",
        )
    if wave_type in ("K-ALPHA1", "K-ALPHA2"):
        return header_radiation(request, alpha1 if wave_type == "K-ALPHA1" else alpha2, 0.0, 0.0)
    return header_radiation(request, alpha1, alpha2, ALPHA2_RATIO) if wave_type == "K-ALPHA" else None


FORMATS.register("rigaku-asc", Format(NAME, (".asc", ".rig"), recognises, scans))
