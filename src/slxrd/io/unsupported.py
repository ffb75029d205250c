"""Recognise formats that cannot be read, to name them in the error message."""

from __future__ import annotations

from slxrd.io.shared import archive

_STARTS = {
    b"RAW1.": "a .raw file of Bruker's in an unknown version",
    b"RAW4.": "a .raw file of Bruker's in an unknown version",
    b"FI\x00\x00": "a .raw file of Rigaku's, whose layout is not known publicly",
    b"<": "XML, but not PANalytical .xrdml",
}


def format_name(head: bytes) -> str | None:
    """Return the name of the unsupported format by the first bytes of a file, or None."""
    if head.startswith(archive.START):
        return archive.describe(head)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((kind for mark, kind in _STARTS.items() if start.startswith(mark)), None)
