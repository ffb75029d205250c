"""Standard output and standard error: width, colours, and no control characters from files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TextIO

from slxrd._escape import printable

if TYPE_CHECKING:
    from slxrd.fitting.result.fit import FitResult

#: Columns of texts that are not for a terminal, and of a terminal at most.
COLUMNS, MOST_COLUMNS = 80, 120

Colour = Literal["green", "yellow", "red"]
#: Codes of ECMA-48, bold.
_CODES: dict[Colour, str] = {"green": "1;32", "yellow": "1;33", "red": "1;31"}


def columns() -> int:
    """Return the width of the terminal, or of a text for a file."""
    if not sys.stdout.isatty():
        return COLUMNS
    return min(shutil.get_terminal_size((COLUMNS, 24)).columns, MOST_COLUMNS)


def colour_of(fit: FitResult) -> Colour | None:
    """Return the colour of the assessment of a fit: green only as it was asked for, and without rivals."""
    from slxrd.fitting.result.assessment import AS_PROBABLE

    if fit.assessment is None:
        return None
    if fit.rejected:
        return "red"
    others = any(solution.near(fit.ambiguous) for solution in fit.solutions[1:])
    others = others or any(rival.log_odds < AS_PROBABLE for rival in fit.assessment.rivals)
    certain = fit.assessment.grade == "describes" and fit.converged and not fit.assessment.replaced
    return "green" if certain and not others else "yellow"


def coloured() -> bool:
    """Whether standard output is a terminal that shows colours, and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ  # older consoles of Windows print the codes


def print_result(text: str, colour: Colour | None) -> None:
    """Print a text, its first paragraph in a colour where the terminal shows colours.

    Parameters
    ----------
    text : str
        Paragraphs, with an empty line between them.
    colour : str or None
        Colour of the first paragraph.
    """
    first, gap, rest = text.partition("\n\n")
    if colour is not None and isinstance(sys.stdout, PrintableStream) and coloured():
        sys.stdout.write_coloured(first, _CODES[colour])
        text = gap + rest
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


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

    def write_coloured(self, text: str, code: str) -> int:
        """Write a text in a colour."""
        return self._stream.write(f"\x1b[{code}m{printable(text, self._keep)}\x1b[0m")

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
