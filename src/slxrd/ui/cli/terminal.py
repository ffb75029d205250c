"""Standard output and standard error without control characters from names and texts of files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from slxrd._escape import printable


class PrintableStream:
    """A text stream that shows control characters by their code.

    Parameters
    ----------
    stream : TextIO
        Where the text is written.
    keep : str
        Control characters that are written as they are.
    """

    def __init__(self, stream: TextIO, keep: str = "") -> None:
        self._stream, self._keep = stream, keep

    def write(self, text: str) -> int:
        """Write a text."""
        return self._stream.write(printable(text, self._keep))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Replace standard output and standard error by streams without control characters.

    The progress bar on standard error needs the carriage return.
    """
    before = sys.stdout, sys.stderr
    sys.stdout = PrintableStream(before[0])
    sys.stderr = PrintableStream(before[1], keep="\r")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
