"""Bruker and Siemens ``.raw``: the four versions of the format, recognised by the first bytes."""

from __future__ import annotations

from slxrd.io.bruker import raw1, raw2, raw3, raw4
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared.binary import Fields
from slxrd.io.shared.scan import Load, Request, refuse_q

NAME = "Bruker .raw"

#: First bytes → function that lists the ranges of this version.
_VERSIONS = {
    b"RAW ": raw1.ranges,
    b"RAW2": raw2.ranges,
    b"RAW1.01": raw3.ranges,
    b"RAW4.00": raw4.ranges,
}
#: Number of first bytes among which the headers of all versions have a NUL, unlike text.
_HEAD_SIZE = 156


def recognises(data: bytes) -> bool:
    """Return True for each of the four versions; text that begins with ``RAW`` has no NUL byte."""
    return data.startswith(tuple(_VERSIONS)) and b"\0" in data[:_HEAD_SIZE]


def scans(request: Request) -> list[Load]:
    """List the ranges of a Bruker ``.raw`` file.

    Raises
    ------
    FileError
        If the layout does not agree with the version.
    """
    refuse_q(request, NAME)
    ranges = next(reader for mark, reader in _VERSIONS.items() if request.data.startswith(mark))
    return ranges(Fields(request.data, request.source, ".raw file"), request)


FORMATS.register("bruker-raw", Format(NAME, (".raw",), recognises, scans))
