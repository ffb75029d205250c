"""Bruker's ``.raw``, version 4 (``RAW4.00``): DIFFRAC.SUITE.

Bruker has not published the layout. Sources: xylib (McQueen, bruker_raw.cpp, pull request 23) and geddes
(bruker.rs), which derived it from files. Checked on two files of different programs: segments and ranges fill
each file to its last byte, and the peaks of one give the lattice of its sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from slxrd.errors import FileError
from slxrd.io.bruker.scan_types import check_scan_type
from slxrd.io.shared.binary import (
    Fields,
    TruncatedFile,
    check_end_of_file,
    counting_time_entry,
    counts_scan,
    equidistant_angles,
    list_ranges,
)
from slxrd.io.shared.headers import header_radiation
from slxrd.io.shared.scan import Load, Request, Scan, nonempty
from slxrd.units import FloatArray

#: Length of the header of the file and of that of a range in bytes.
_FILE_HEADER = 61
_RANGE_HEADER = 160
#: First number of a range; that of a segment is its kind.
_RANGE = (0, 160)
#: Kinds of segments, and their smallest length in bytes.
_TEXT, _SOURCE, _DRIVE = 10, 30, 50
_SHORTEST = {_TEXT: 36, _SOURCE: 120, _DRIVE: 64}
#: Largest number of segments outside ranges, or within one.
_MOST_SEGMENTS = 100_000
#: Largest difference in degrees between the 2θ drive and the start of the scan.
_SAME_ANGLE = 1e-4

#: Name of a text segment → entry of the metadata.
_TEXTS = {"SAMPLEID": "sample id", "COMMENT": "title"}


@dataclass(frozen=True)
class _Settings:
    """Texts, emission lines and anode from the segments before a range."""

    texts: dict[str, str] = field(default_factory=dict)
    lines: tuple[float, float, float] = (0.0, 0.0, 0.0)
    anode: str = ""


def ranges(file: Fields, request: Request) -> list[Load]:
    """List the ranges of the file."""
    file.take(0, _FILE_HEADER)
    return list_ranges(_walk(file, request), file.source)


def _walk(file: Fields, request: Request) -> Iterator[Load]:
    settings = _Settings()
    start, end, found, segments = _FILE_HEADER, len(file.data.rstrip(b"\0")), False, 0
    while start < end:
        part = file.part(start)
        if part.number("I", 0) in _RANGE:
            first = _RANGE_HEADER + part.number("I", 140)
            length = first + part.number("I", 88) * part.number("I", 136)
            part.take(0, length)
            yield partial(_read, file, part, first, settings, request)
            found = True
        else:
            try:
                length = _segment_length(part)
            except TruncatedFile:
                if found:  # after a range this is not a truncated range but something unknown
                    check_end_of_file(file, start)
                raise
            settings = _updated(settings, part, length)
            segments += 1
        if segments > _MOST_SEGMENTS:
            raise FileError(
                file.source,
                f"claims more than {_MOST_SEGMENTS} segments, which is impossible; export it again",
            )
        start += length


def _segment_length(part: Fields) -> int:
    """Return the length of a segment in bytes, after checking that it is complete."""
    kind, length = part.number("I", 0), int(part.number("I", 4))
    if length < _SHORTEST.get(kind, 8):
        raise FileError(
            part.source,
            f"a segment of kind {kind} has {length} bytes: it is damaged; copy or export it again",
        )
    part.take(0, length)
    return length


def _updated(settings: _Settings, part: Fields, length: int) -> _Settings:
    """Return the settings with those of one more segment."""
    kind = part.number("I", 0)
    if kind == _TEXT and (name := part.text(12, 24)) in _TEXTS:
        return replace(settings, texts={**settings.texts, name: part.text(36, length - 36)})
    if kind == _SOURCE:
        alpha1, alpha2, ratio = (part.number("d", at) for at in (80, 88, 104))
        return replace(settings, lines=(alpha1, alpha2, ratio), anode=part.text(116, 4))
    return settings


def _read(file: Fields, header: Fields, first: int, settings: _Settings, request: Request) -> Scan:
    scan_type, points = header.text(32, 24), header.number("I", 88)
    check_scan_type(scan_type, file.source)
    start = header.number("d", 72)
    _check_drives(header, first, start)
    return counts_scan(
        x=equidistant_angles(start, header.number("d", 80), points, file.source),
        intensity=_intensity(header, first, points),
        radiation=header_radiation(request, *settings.lines, used=header.number("d", 112)),
        metadata={
            "format": "Bruker .raw, version 4 (RAW4.00)",
            "scan axis": scan_type,
            **nonempty(
                {
                    **{entry: settings.texts.get(name, "") for name, entry in _TEXTS.items()},
                    "date": f"{file.text(12, 12)} {file.text(24, 10)}".strip(),
                    "anode": settings.anode,
                }
            ),
            **counting_time_entry(header.number("f", 92)),
        },
    )


def _check_drives(header: Fields, first: int, start: float) -> None:
    """Raise FileError if the scan does not start at the position of the 2θ drive."""
    positions: list[float] = []
    at = _RANGE_HEADER
    for _ in range(_MOST_SEGMENTS):
        if at >= first:
            break
        part = header.part(at)
        at += _segment_length(part)
        if part.number("I", 0) == _DRIVE and part.text(12, 24) == "2Theta":
            positions.append(part.number("d", 56))
    if at != first or not positions or not all(abs(angle - start) < _SAME_ANGLE for angle in positions):
        raise FileError(
            header.source,
            "the scan does not start at the position of its 2θ drive, so it is not certain what its axis is; "
            "export it as text with two columns",
        )


def _intensity(header: Fields, first: int, points: int) -> FloatArray:
    """Read the counts of a range; a second number at each point must be 1."""
    size = header.number("I", 136)
    measured = header.number("I", 8)
    if measured != points:
        raise FileError(
            header.source,
            f"the header of the scan gives both {measured} and {points} points; "
            "if it was stopped, export it as text with two columns",
        )
    if size == 4:
        return header.column(first, points, "<f4")
    if size != 8 or np.any(header.column(first, 2 * points, "<i4")[1::2] != 1):
        raise FileError(
            header.source,
            "the scan stores more than the counts at each point, and its meaning is not published; "
            "export it as text with two columns",
        )
    return header.column(first, 2 * points, "<f4")[::2]
