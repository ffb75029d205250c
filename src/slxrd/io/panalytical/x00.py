"""Philips .x00 files of high-resolution diffractometers.

The layout is derived from three files (micronovaxrd, micronovaxrr; MIT-type licence) and the converter
xy2x00: ``HR-XRDScan``, then ``Key, value`` lines, then ``ScanData`` and one rate in counts/s per line.
The axis is the first one named by ``ScanAxis``: ω for ``Omega/2Theta``.
"""

from __future__ import annotations

import math
import re

from slxrd.data.pattern import Step
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
from slxrd.io.shared.scan import Load, Request, Scan
from slxrd.io.shared.signature import from_signature, has_signature, without_comments

NAME = "Philips .x00"
#: Largest |2θ − 2ω| in degrees, at the middle of a scan over ω, of a symmetric reflection.
TILT_LIMIT = 1.0

_START = re.compile(r"HR-XRDScan\s*$", re.I)
_FACTORS = {"omega/2theta": 2.0, "2theta/omega": 1.0, "2theta": 1.0}


def recognises(data: bytes) -> bool:
    """Return True for a file with the line ``HR-XRDScan`` before the first row."""
    return has_signature(data, _START)


def scans(request: Request) -> list[Load]:
    """Return the only scan of the file."""
    found = without_comments(from_signature(read_lines(request, NAME), _START))
    return [lambda: _read(found, request)]


def _read(found: list[Row], request: Request) -> Scan:
    """Read the scan.

    Raises
    ------
    FileError
        If the scan is truncated, or not over 2θ.
    """
    source = request.source
    header: dict[str, str] = {}
    start = next((i for i, row in enumerate(found) if row.text.lower() == "scandata"), len(found))
    for row in found[1:start]:
        key, _, value = row.text.partition(",")
        header[key.strip()] = value.strip()
    fields = [(row.text, row.line) for row in found[start + 1 :]]
    n = parse_number(required(header, "NrOfData", source), "NrOfData", source)
    if len(fields) != n:
        raise FileError(source, f"claims {n:g} points but has {len(fields)}; copy or export it again")
    axis = required(header, "ScanAxis", source)
    factor = _FACTORS.get(axis.replace(" ", "").lower())
    if factor is None:
        raise FileError(source, f"is a scan of {axis!r}: 2θ does not move in it, or not alone")
    first = parse_number(required(header, "FirstAngle", source), "FirstAngle", source)
    step = parse_number(required(header, "StepWidth", source), "StepWidth", source)
    time = parse_counting_time(required(header, "TimePerStep", source), "TimePerStep", source)
    counted = counting.from_rates(
        parse_numbers(fields, "the intensity", source), time, counting.decimals([text for text, _ in fields])
    )
    return Scan(
        x=factor * angles_at_steps(first, step, len(fields), source),
        intensity=counted.intensity,
        per_count=counted.per_count(),
        radiation=header_radiation(
            request, parse_wavelength(header.get("Wavelength"), "Wavelength", source), 0.0, 0.0
        ),
        metadata=metadata_entries(
            {
                "format": NAME,
                "title": header.get("Sample"),
                "date": header.get("FileDateTime"),
                "scan axis": axis,
                "counting time (s)": time,
            }
        ),
        history=(*_doubling(header, factor, source), *counted.history),
    )


def _doubling(header: dict[str, str], factor: float, source: str) -> tuple[Step, ...]:
    """Return the history entry for 2θ = 2ω, with the difference 2θ − 2ω of the positions in the header.

    They differ by misalignment and by the miscut of the substrate. Which of the two is right depends on the
    file; the position of a substrate peak decides.

    Raises
    ------
    FileError
        If the difference exceeds ``TILT_LIMIT``.
    """
    if factor == 1.0:
        return ()
    details: dict[str, str | float | int] = {}
    if header.get("Omega") and header.get("TwoTheta"):
        offset = parse_number(header["TwoTheta"], "TwoTheta", source) - 2.0 * parse_number(
            header["Omega"], "Omega", source
        )
        if abs(offset) > TILT_LIMIT:
            raise FileError(
                source,
                f"2θ and 2ω differ by {offset:.4g}° (an asymmetric reflection); only scans along the "
                "normal of the film are supported",
            )
        details = {"2θ − 2ω in the header (°)": math.copysign(round(abs(offset), 6), offset)}
    return (Step("2θ = 2ω", details),)


FORMATS.register("x00", Format(NAME, (".x00",), recognises, scans))
