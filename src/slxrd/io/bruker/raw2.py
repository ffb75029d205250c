"""Bruker's ``.raw``, version 2 (``RAW2``): DIFFRAC-AT, Siemens.

Source of the layout: "Appendix B: DIFFRAC-AT Raw Data File Format" of a diffractometer's manual, as described
in xylib (Wojdyr, brucker_raw.cpp, tested on the files of the IUCr's round robin). PyXRD agrees on step, start
and length, CCDC's DASH on the header of the file and the step. No file of this version was available.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from slxrd.errors import FileError
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

#: Length of the header of the file, and smallest length of that of a range, in bytes.
_FILE_HEADER = 256
_SHORTEST_HEADER = 48


def ranges(file: Fields, request: Request) -> list[Load]:
    """List the ranges of the file."""
    file.take(0, _FILE_HEADER)
    return list_ranges(_walk(file, request), file.source)


def _walk(file: Fields, request: Request) -> Iterator[Load]:
    start = _FILE_HEADER
    for _ in range(file.number("H", 4)):
        header = file.part(start)
        length, points = header.number("H", 0), header.number("H", 2)
        if length < _SHORTEST_HEADER:
            raise FileError(
                file.source,
                f"the header of a range has {length} bytes, which is impossible; copy or export it again",
            )
        header.take(0, length + 4 * points)
        yield partial(_read, file, header, length, points, request)
        start += length + 4 * points
    check_end_of_file(file, start)


def _read(file: Fields, header: Fields, length: int, points: int, request: Request) -> Scan:
    start, theta = header.number("f", 16), header.number("f", 20)
    if start != 0.0 and theta == 2.0 * start:
        raise FileError(
            file.source,
            f"has θ = {theta:g}° at 2θ = {start:g}° in its header, so it is not certain which is which; "
            "export it as text with two columns",
        )
    intensity = header.column(length, points, "<f4")
    alpha1, alpha2, ratio = (file.number("f", at) for at in (190, 194, 198))
    return counts_scan(
        x=equidistant_angles(start, header.number("f", 12), points, file.source),
        intensity=intensity,
        radiation=header_radiation(request, alpha1, alpha2, ratio),
        metadata={
            "format": "Bruker .raw, version 2",
            **nonempty({"date": file.text(168, 20), "anode": file.text(188, 2)}),
            **counting_time_entry(header.number("f", 8)),
        },
    )
