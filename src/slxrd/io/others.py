"""Formats that are known and not read: what to call the file when it is refused."""

from __future__ import annotations

# Some of these are text that would pass for columns: .ras has the attenuator in its third column,
# where a text file has σ, and JCAMP-DX has scale factors in its header.
_STARTS = {
    b"PK\x03\x04": "a ZIP archive (such as .brml or .rasx)",
    b"RAW": "a .raw file (of Bruker, Siemens or STOE)",
    b"*RAS_": "a Rigaku .ras file",
    b"##TITLE": "a JCAMP-DX file",
    b"##JCAMP": "a JCAMP-DX file",
    b"<": "XML, but not PANalytical .xrdml",
}


def name(head: bytes) -> str | None:
    """Name of the foreign format a file starts with, or None."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((kind for mark, kind in _STARTS.items() if start.startswith(mark)), None)
