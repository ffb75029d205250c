"""Bruker's ``.raw``, version 3 (``RAW1.01``): DIFFRAC plus.

Source of the layout: "A.1 DIFFRAC plus V3 RAW File Structure" of Bruker's manual of FILE EXCHANGE and XCH
(2002), as described in NIST's reductus (bruker.py, with the codes of the scan types), xylib (bruker_raw.cpp)
and CCDC's DASH. Checked on a scan that is also available as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from slxrd.errors import FileError
from slxrd.io.bruker.scan_types import SCAN_TYPES, check_scan_type
from slxrd.io.shared.binary import (
    Fields,
    check_end_of_file,
    counting_time_entry,
    counts_scan,
    equidistant_angles,
    list_ranges,
)
from slxrd.io.shared.headers import header_radiation
from slxrd.io.shared.scan import Load, Request, Scan, nonempty

#: Length of the header of the file and of that of a range in bytes.
_FILE_HEADER = 712
_RANGE_HEADER = 304

_STATUS = {0: "unmeasured", 2: "active", 3: "aborted", 4: "interrupted"}


def ranges(file: Fields, request: Request) -> list[Load]:
    """List the ranges of the file."""
    file.take(0, _FILE_HEADER)
    return list_ranges(_walk(file, request), file.source)


def _walk(file: Fields, request: Request) -> Iterator[Load]:
    start = _FILE_HEADER
    for _ in range(file.number("I", 12)):
        header = file.part(start)
        length, points = header.number("I", 0), header.number("I", 4)
        if length != _RANGE_HEADER:
            raise FileError(
                file.source,
                f"the header of a range has {length} bytes instead of {_RANGE_HEADER}: it is damaged; "
                "copy or export it again",
            )
        # Each further varying quantity is one float64 after the counts.
        record, first = header.number("I", 252), _RANGE_HEADER + header.number("I", 256)
        header.take(0, first + record * points)
        yield partial(_read, file, header, first, request)
        start += first + record * points
    check_end_of_file(file, start)


def _read(file: Fields, header: Fields, first: int, request: Request) -> Scan:
    points, code = header.number("I", 4), header.number("I", 196)
    scan_type = SCAN_TYPES.get(code, f"number {code}")
    check_scan_type(scan_type, file.source)
    if (header.number("I", 248), header.number("I", 252)) != (0, 4):
        raise FileError(
            file.source,
            "the scan stores more than the counts at each point, which is not supported; "
            "export it as text with two columns",
        )
    intensity = header.column(first, points, "<f4")
    alpha1, alpha2, ratio = (file.number("d", at) for at in (624, 632, 648))
    return counts_scan(
        x=equidistant_angles(header.number("d", 16), header.number("d", 176), points, file.source),
        intensity=intensity,
        radiation=header_radiation(request, alpha1, alpha2, ratio, header.number("d", 240)),
        metadata={
            "format": "Bruker .raw, version 3 (RAW1.01)",
            "scan axis": scan_type,
            **nonempty(
                {
                    "sample id": file.text(326, 60),
                    "date": f"{file.text(16, 10)} {file.text(26, 10)}".strip(),
                    "anode": file.text(608, 4),
                    "status": _STATUS.get(file.number("I", 8), ""),
                }
            ),
            **counting_time_entry(header.number("f", 192)),
        },
    )
