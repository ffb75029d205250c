"""Parse the XML of measurement files safely: limited in size, without a document type."""

from __future__ import annotations

import codecs
import math
import re
from typing import TYPE_CHECKING

from slxrd.errors import FileError

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

#: Largest size in bytes, and largest number of tags and attributes: these take much more memory than text.
SIZE_LIMIT = 50_000_000
MARKUP_LIMIT = 2_000_000


#: Byte order marks, and the encodings that they stand for.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


#: Number of bytes in which the first element is searched behind notes.
BEGINNING = 65_536
_ELEMENT = re.compile(r"<[A-Za-z_][\w.:-]*")


class _Doctype(Exception):
    pass


def parse(data: bytes, source: str, member: str | None = None) -> ET.Element:
    """Parse an XML document.

    Parameters
    ----------
    data : bytes
        The document.
    source : str
        Path of the file, for messages.
    member : str, optional
        Name of the document in the archive ``source``.

    Raises
    ------
    FileError
        If it is malformed, too large, or declares a document type.
    """
    import xml.etree.ElementTree as ET

    class Builder(ET.TreeBuilder):
        def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
            """Stop at a document type, before entities are expanded."""
            raise _Doctype

    subject, line = "is", True
    if member is not None:
        subject, line = f"its {member} is", False
    if len(data) > SIZE_LIMIT or data.count(b"<") + data.count(b"=") > MARKUP_LIMIT:
        raise FileError(source, f"{subject} too large an XML document; export the scan on its own")
    data = _from_declaration(data)
    parser = ET.XMLParser(target=Builder())
    try:
        parser.feed(data)
        root = parser.close()
    except _Doctype:
        raise FileError(
            source,
            f"{subject} XML that declares a document type (DOCTYPE), as no diffractometer does; remove it",
        ) from None
    except ET.ParseError as error:
        problem = str(error).partition(":")[0]
        raise FileError(
            source,
            f"{subject} broken or incomplete XML ({problem}); export it again",
            error.position[0] if line else None,
        ) from None
    except (ValueError, LookupError) as error:  # unknown encoding
        raise FileError(source, f"{subject} XML that cannot be decoded ({error}); save it as UTF-8") from None
    assert isinstance(root, ET.Element)
    return root


def _from_declaration(data: bytes) -> bytes:
    """Return the document without lines before it, which no XML parser accepts."""
    mark, encoding = next(
        ((mark, name) for mark, name in _MARKS.items() if data.startswith(mark)), (b"", "latin-1")
    )
    element = _ELEMENT.search(data[:BEGINNING].decode(encoding, "ignore"))
    for beginning in ("<?xml", element[0] if element else "<"):
        start = data.find(beginning.encode(encoding))
        before = data[len(mark) : max(start, 0)]
        if before.strip() and "<!DOCTYPE".encode(encoding) not in before:
            return mark + data[start:]
        if start >= 0:
            return data[len(mark) :].lstrip() if encoding == "latin-1" else data
    return data


def parse_positive(text: str | None, name: str, source: str, *, zero: bool = False) -> float:
    """Parse a positive number of the radiation: a wavelength or an intensity ratio.

    Parameters
    ----------
    text : str or None
        As in the file.
    name : str
        Name of the number, for messages.
    source : str
        Path of the file, for messages.
    zero : bool
        Whether 0 is allowed too.

    Raises
    ------
    FileError
        If it is not such a number.
    """
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and (value > 0.0 or (zero and value == 0.0))):
        raise FileError(
            source, f"{name} is {text!r:.60}, not a positive number: use --wavelength CuKa1, or a number in Å"
        )
    return value
