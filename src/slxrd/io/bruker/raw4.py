"""Bruker's ``.raw``, version 4 (``RAW4.00``): DIFFRAC.SUITE.

Bruker has not published the layout. Its facts are from files, as xylib (McQueen, bruker_raw.cpp, pull request
23) and geddes (bruker.rs) tell them; held against two files of different programs, in which segments and
ranges fill the file to its last byte, and against the lattice that the peaks of one of them show.

The kinds of scan in Bruker's ``.raw``: in which of them 2θ moves by the step in the header.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.binary import (
    Fields,
    TruncatedFile,
    check_end_of_file,
    counting_time_entry,
    counts_per_photon,
    equidistant_angles,
    list_ranges,
    nonempty,
)
from slxrd.io.shared.headers import header_radiation
from slxrd.io.shared.scan import Load, Request, Scan
from slxrd.units import FloatArray

#: Their numbers in version 3; version 4 writes the names.
KINDS = dict(
    enumerate(
        (
            *("locked coupled", "unlocked coupled", "detector scan", "rocking curve", "chi scan", "phi scan"),
            *("x scan", "y scan", "z scan", "aux1 scan", "aux2 scan", "aux3 scan", "psi scan", "hkl scan"),
            "reciprocal space scan",
        )
    )
)
KINDS |= {20: "unlocked coupled HR XRD", 129: "PSD fixed scan", 130: "PSD fast scan"}

_TWO_THETA = [KINDS[number] for number in range(3)]
_STANDING = [KINDS[number] for number in range(3, 13)]


def check_kind(kind: str, source: str) -> None:
    """Refuse a scan that is not over 2θ, or of which that is not known.

    Raises
    ------
    FileError
        If it is one.
    """
    plain = kind.strip().lower()
    if plain in _STANDING:
        raise FileError(source, f"the scan is a {plain}: 2θ does not move in it; choose another")
    if plain not in _TWO_THETA:
        raise FileError(
            source,
            f"the scan is of the kind {kind[:40]!r}, and it is not known publicly where its angles stand; "
            "export it as text with two columns",
        )


#: Length of the file's and of a range's header in bytes.
_FILE_HEADER = 61
_RANGE_HEADER = 160
#: What a range starts with, where a segment has its kind.
_RANGE = (0, 160)
#: Kinds of segment, and how long they are at least.
_TEXT, _SOURCE, _DRIVE = 10, 30, 50
_LEAST = {_TEXT: 36, _SOURCE: 120, _DRIVE: 64}
#: Most segments before and between ranges, or within one.
_MOST_SEGMENTS = 100_000
#: How near, in degrees, the drive of 2θ must stand to where the scan starts.
_SAME_ANGLE = 1e-4


#: Texts that are kept → what they are called in the metadata.
_KEPT = {"SAMPLEID": "sample id", "COMMENT": "title"}


@dataclass(frozen=True)
class _Told:
    """What the segments before a range tell."""

    texts: dict[str, str] = field(default_factory=dict)
    lines: tuple[float, float, float] = (0.0, 0.0, 0.0)
    anode: str = ""


def ranges(file: Fields, request: Request) -> list[Load]:
    """List the ranges."""
    file.take(0, _FILE_HEADER)
    return list_ranges(_walk(file, request), file.source)


def _walk(file: Fields, request: Request) -> Iterator[Load]:
    said = _Told()
    start, end, found, segments = _FILE_HEADER, len(file.data.rstrip(b"\0")), False, 0
    while start < end:
        part = file.part(start)
        if part.number("I", 0) in _RANGE:
            first = _RANGE_HEADER + part.number("I", 140)
            length = first + part.number("I", 88) * part.number("I", 136)
            part.take(0, length)
            yield partial(_read, file, part, first, said, request)
            found = True
        else:
            try:
                length = _segment(part)
            except TruncatedFile:
                if found:  # behind a range it is no broken range, but something unknown
                    check_end_of_file(file, start)
                raise
            said = _heard(part, length, said)
            segments += 1
        if segments > _MOST_SEGMENTS:
            raise FileError(
                file.source, f"tells of more than {_MOST_SEGMENTS} segments, which cannot be; export it again"
            )
        start += length


def _segment(part: Fields) -> int:
    """Length of a segment in bytes."""
    kind, length = part.number("I", 0), int(part.number("I", 4))
    if length < _LEAST.get(kind, 8):
        raise FileError(
            part.source,
            f"a segment of kind {kind} has {length} bytes: it is damaged; copy or export it again",
        )
    part.take(0, length)
    return length


def _heard(part: Fields, length: int, said: _Told) -> _Told:
    kind = part.number("I", 0)
    if kind == _TEXT and (name := part.text(12, 24)) in _KEPT:
        return replace(said, texts={**said.texts, name: part.text(36, length - 36)})
    if kind == _SOURCE:
        alpha1, alpha2, ratio = (part.number("d", at) for at in (80, 88, 104))
        return replace(said, lines=(alpha1, alpha2, ratio), anode=part.text(116, 4))
    return said


def _read(file: Fields, header: Fields, first: int, said: _Told, request: Request) -> Scan:
    kind, points = header.text(32, 24), header.number("I", 88)
    check_kind(kind, file.source)
    start = header.number("d", 72)
    _check_drives(header, first, start)
    intensity = _intensity(header, first, points)
    per_count, noted = counts_per_photon(intensity)
    return Scan(
        x=equidistant_angles(start, header.number("d", 80), points, file.source),
        intensity=intensity,
        per_count=per_count,
        radiation=header_radiation(request, *said.lines, used=header.number("d", 112)),
        metadata={
            "format": "Bruker .raw, version 4 (RAW4.00)",
            "scan axis": kind,
            **nonempty(
                {
                    **{entry: said.texts.get(name, "") for name, entry in _KEPT.items()},
                    "date": f"{file.text(12, 12)} {file.text(24, 10)}".strip(),
                    "anode": said.anode,
                }
            ),
            **counting_time_entry(header.number("f", 92)),
        },
        history=noted,
    )


def _check_drives(header: Fields, first: int, start: float) -> None:
    """Refuse a range whose start is not that of the drive of 2θ."""
    stand: list[float] = []
    at = _RANGE_HEADER
    for _ in range(_MOST_SEGMENTS):
        if at >= first:
            break
        part = header.part(at)
        at += _segment(part)
        if part.number("I", 0) == _DRIVE and part.text(12, 24) == "2Theta":
            stand.append(part.number("d", 56))
    if at != first or not stand or not all(abs(angle - start) < _SAME_ANGLE for angle in stand):
        raise FileError(
            header.source,
            "the scan does not start where its drive of 2θ stands, so it is not certain what its axis is; "
            "export it as text with two columns",
        )


def _intensity(header: Fields, first: int, points: int) -> FloatArray:
    """Counts of a range; what else it keeps at each point must be nothing, or 1."""
    size = header.number("I", 136)
    measured = header.number("I", 8)
    if measured != points:
        raise FileError(
            header.source,
            f"the scan has {measured} points in one place of its header and {points} in another; "
            "if it was stopped, export it as text with two columns",
        )
    if size == 4:
        return header.column(first, points, "<f4")
    if size != 8 or np.any(header.column(first, 2 * points, "<i4")[1::2] != 1):
        raise FileError(
            header.source,
            "the scan keeps more than the counts at each point, and it is not known publicly what; "
            "export it as text with two columns",
        )
    return header.column(first, 2 * points, "<f4")[::2]
