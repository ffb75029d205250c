"""XML in measurement files: parsed within bounds, and never with a document type."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from slxrd.errors import FileError

#: Most bytes, and most tags and attributes, of an XML document: they take far more memory than text.
SIZE_LIMIT = 50_000_000
MARKUP_LIMIT = 2_000_000


class _Doctype(Exception):
    pass


class _Builder(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Stop at a document type before its entities can be expanded."""
        raise _Doctype


def parse(data: bytes, source: str, member: str | None = None) -> ET.Element:
    """Parse an XML document.

    Parameters
    ----------
    data : bytes
        The document.
    source : str
        Path of the file, for messages.
    member : str, optional
        Which member of the archive ``source`` it is.

    Raises
    ------
    FileError
        If it is malformed, too large, or declares a document type.
    """
    subject, line = "is", True
    if member is not None:
        subject, line = f"its {member} is", False
    if len(data) > SIZE_LIMIT or data.count(b"<") + data.count(b"=") > MARKUP_LIMIT:
        raise FileError(source, f"{subject} too large for XML of one measurement; export the scan on its own")
    parser = ET.XMLParser(target=_Builder())
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
    except (ValueError, LookupError) as error:  # an encoding that Python or expat does not know
        raise FileError(source, f"{subject} XML that cannot be decoded ({error}); save it as UTF-8") from None
    assert isinstance(root, ET.Element)
    return root


def parse_positive(text: str | None, name: str, source: str, *, zero: bool = False) -> float:
    """Read a positive number that belongs to the radiation.

    Parameters
    ----------
    text : str or None
        As it stands in the file.
    name : str
        What it is, for messages.
    source : str
        Path of the file, for messages.
    zero : bool
        Whether 0 is allowed as well.

    Raises
    ------
    FileError
        If it is none.
    """
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and (value > 0.0 or (zero and value == 0.0))):
        raise FileError(
            source, f"{name} is {text!r:.60}, not a positive number: use --wavelength CuKa1, or a number of Å"
        )
    return value
