"""Bruker's ``.raw``, version 1 (``RAW ``): DIFFRAC-AT, Siemens.

Source of the layout: "Appendix B: DIFFRAC-AT Raw Data File Format" of a diffractometer's manual, as described
in xylib (Wojdyr, brucker_raw.cpp). Checked on a scan that is also available as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

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
from slxrd.units import ALPHA2_RATIO

#: Length of the header of a range in bytes, including the mark.
_HEADER = 156
_MARK = b"RAW "


def ranges(file: Fields, request: Request) -> list[Load]:
    """List the ranges of the file."""
    return list_ranges(_walk(file, request), file.source)


def _walk(file: Fields, request: Request) -> Iterator[Load]:
    start, more = 0, True
    while more:
        # Early programs wrote the mark only before the first range.
        if start and not file.data.startswith(_MARK, start):
            start -= len(_MARK)
        header = file.part(start)
        points = header.number("I", 4)
        header.take(0, _HEADER + 4 * points)
        yield partial(_read, header, points, request)
        more = header.number("I", 152) != 0
        start += _HEADER + 4 * points
    check_end_of_file(file, start)


def _read(header: Fields, points: int, request: Request) -> Scan:
    intensity = header.column(_HEADER, points, "<f4")
    alpha1, alpha2 = header.number("f", 72), header.number("f", 76)
    return counts_scan(
        x=equidistant_angles(header.number("f", 24), header.number("f", 12), points, header.source),
        intensity=intensity,
        radiation=header_radiation(request, alpha1, alpha2, ALPHA2_RATIO),
        metadata={
            "format": "Bruker .raw, version 1",
            **nonempty({"title": header.text(40, 32)}),
            **counting_time_entry(header.number("f", 8)),
        },
    )
