"""Philips and PANalytical .udf files: ``Key, value, /`` lines, then ``RawScan`` and the counts up to a ``/``.

Sources of the layout: DASH (Load_udf_File; CCDC, BSD) and a file converted by PowDLL. The format does not
name the axis; 2θ is assumed. ``ScanStepTime`` is not used: with strip detectors it is not the counting time
per point (rietx's notes on 56 files).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
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
from slxrd.io.shared.scan import Load, Request, Scan
from slxrd.io.shared.signature import has_signature, without_comments

NAME = "Philips .udf"

_SCAN = "rawscan"
_START = re.compile(r"(?:SampleIdent|DataAngleRange),")


def recognises(data: bytes) -> bool:
    """Return True for a file with the entry ``SampleIdent`` or ``DataAngleRange`` before the first row."""
    return has_signature(data, _START)


def scans(request: Request) -> list[Load]:
    """Return the only scan of the file."""
    return [partial(_read, without_comments(read_lines(request, NAME)), request)]


def _read(found: list[Row], request: Request) -> Scan:
    """Read the scan.

    Raises
    ------
    FileError
        If the scan is truncated, or its length disagrees with its range.
    """
    source = request.source
    start = next((i for i, row in enumerate(found) if row.text.rstrip(" ,/").lower() == _SCAN), None)
    if start is None:
        raise FileError(source, "has no RawScan: it is truncated or has no scan; copy or export it again")
    header: dict[str, str] = {}
    for row in found[:start]:
        key, _, value = row.text.partition(",")
        header.setdefault(key.strip(), value.strip().removesuffix("/").rstrip(" ,"))
    fields = _fields(found[start + 1 :], source)
    first, last, step = _range(header, source)
    n = len(fields)
    expected = (last - first) / step + 1.0
    if abs(expected - n) > 0.5:
        raise FileError(
            source,
            f"its header gives {first:g} to {last:g}° in steps of {step:g}°, but {n} points follow; "
            "copy or export it again",
        )
    numbers = parse_numbers(fields, "the intensity", source)
    counted = counting.from_counts(numbers, counting.last_digit(numbers))
    return Scan(
        x=angles_at_steps(first, step, n, source),
        intensity=counted.intensity,
        per_count=counted.per_count(),
        radiation=header_radiation(
            request,
            parse_wavelength(header.get("LabdaAlpha1") or header.get("LambdaAlpha1"), "LabdaAlpha1", source),
            parse_wavelength(header.get("LabdaAlpha2") or header.get("LambdaAlpha2"), "LabdaAlpha2", source),
            parse_wavelength(header.get("RatioAlpha21"), "RatioAlpha21", source),
        ),
        metadata=metadata_entries(
            {
                "format": NAME,
                "sample id": header.get("SampleIdent"),
                "title": header.get("Title1"),
                "date": header.get("FileDateTime"),
                "anode": header.get("Anode"),
            }
        ),
        history=counted.history,
    )


def _range(header: Mapping[str, str], source: str) -> tuple[float, float, float]:
    ends = required(header, "DataAngleRange", source).split(",")
    if len(ends) != 2:
        raise FileError(source, f"DataAngleRange is {','.join(ends)[:40]!r}, not two angles; export it again")
    first, last = (parse_number(end, "DataAngleRange", source) for end in ends)
    step = parse_number(required(header, "ScanStepSize", source), "ScanStepSize", source)
    if step == 0.0 or abs(step) < 1e-9:
        raise FileError(source, "ScanStepSize is 0: the axis does not move; export the scan again")
    return first, last, step


def _fields(rows: list[Row], source: str) -> list[tuple[str, int]]:
    fields: list[tuple[str, int]] = []
    for i, row in enumerate(rows):
        text, slash, rest = row.text.partition("/")
        fields += [(piece, row.line) for piece in (p.strip() for p in text.split(",")) if piece]
        if slash:
            if rest.strip() or i + 1 < len(rows):
                after = row.line if rest.strip() else rows[i + 1].line
                raise FileError(source, "there are lines after the end of the scan; remove them", after)
            return fields
    raise FileError(source, "has no / at its end: it is truncated; copy or export it again")


FORMATS.register("udf", Format(NAME, (".udf",), recognises, scans))
