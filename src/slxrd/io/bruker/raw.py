"""Bruker and Siemens ``.raw``, in the four versions of the format, told apart by their first bytes."""

from __future__ import annotations

from slxrd.io.bruker import raw1 as bruker_raw1
from slxrd.io.bruker import raw2 as bruker_raw2
from slxrd.io.bruker import raw3 as bruker_raw3
from slxrd.io.bruker import raw4 as bruker_raw4
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared.binary import Fields, refuse_q
from slxrd.io.shared.scan import Load, Request

NAME = "Bruker .raw"

#: First bytes → version.
_VERSIONS = {
    b"RAW ": bruker_raw1.ranges,
    b"RAW2": bruker_raw2.ranges,
    b"RAW1.01": bruker_raw3.ranges,
    b"RAW4.00": bruker_raw4.ranges,
}
#: The headers of all versions hold zero bytes within this many, and text does not.
_HEAD_SIZE = 156


def recognises(data: bytes) -> bool:
    """Tell whether a file starts as one of the versions, and is not text that starts with ``RAW``."""
    return data.startswith(tuple(_VERSIONS)) and b"\0" in data[:_HEAD_SIZE]


def scans(request: Request) -> list[Load]:
    """List the ranges of a Bruker ``.raw`` file.

    Raises
    ------
    FileError
        If its layout is not that of its version.
    """
    refuse_q(request, NAME)
    ranges = next(reader for mark, reader in _VERSIONS.items() if request.data.startswith(mark))
    return ranges(Fields(request.data, request.source, ".raw file"), request)


FORMATS.register("bruker-raw", Format(NAME, (".raw",), recognises, scans))
