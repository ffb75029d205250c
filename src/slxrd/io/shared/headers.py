"""What the text formats of instruments have in common: lines, numbers, and words for scans and lines.

The emission lines that a header of numbers tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from slxrd.data.pattern import LARGEST
from slxrd.errors import FileError
from slxrd.io.shared.rows import Row, decode, split_lines
from slxrd.io.shared.scan import Request
from slxrd.units import FloatArray, Radiation, SecondLine

#: Wavelengths in Å that are believed: those of X-ray tubes from W to Cr, with room for others.
SHORTEST, LONGEST = 0.15, 3.0
#: How far, of itself, a wavelength may be from a line that it is taken for.
_SAME_LINE = 1e-4


def is_plausible_wavelength(wavelength: float) -> bool:
    """Tell whether a number of Å can be the wavelength of a diffractometer."""
    return SHORTEST <= wavelength <= LONGEST


def header_radiation(
    request: Request, alpha1: float, alpha2: float, ratio: float, used: float = 0.0
) -> Radiation | None:
    """Radiation that a header tells.

    Parameters
    ----------
    request : Request
        With the caller's radiation, beside which the header's is not looked at.
    alpha1, alpha2 : float
        Å; 0 where not told.
    ratio : float
        Intensity of α₂, of that of α₁; 0 where the radiation is one line.
    used : float
        Å, of the wavelength that the program reckoned with; 0 where not told.

    Returns
    -------
    Radiation or None
        The doublet, or the one line; None where the header does not tell.

    Raises
    ------
    FileError
        If the header contradicts itself.
    """
    if request.radiation is not None:
        return None
    if not is_plausible_wavelength(alpha1):
        return Radiation(used) if is_plausible_wavelength(used) else None
    lines = [alpha1]
    second = None
    if alpha2 != 0.0 and ratio != 0.0:
        if not (0.9 < alpha2 / alpha1 < 1.1 and 0.0 < ratio <= 1.0):
            wrong = "" if 0.0 < ratio <= 1.0 else f" in the ratio {ratio:g}"
            raise FileError(
                request.source,
                f"its header tells of lines at {alpha1:g} and {alpha2:g} Å{wrong}, which are no doublet: "
                "use --wavelength CuKa, or a number of Å",
            )
        second = SecondLine(alpha2, ratio)
        # Programs reckon with α₁, or with the mean by weight: of exactly 1/2, or rounded to 1.5418.
        lines += [(alpha1 + ratio * alpha2) / (1.0 + ratio), (alpha1 + 0.5 * alpha2) / 1.5]
    if is_plausible_wavelength(used) and not any(abs(used / line - 1.0) < _SAME_LINE for line in lines):
        raise FileError(
            request.source,
            f"its header tells of {alpha1:g} Å and of {used:g} Å: say which with --wavelength {used:.6g}",
        )
    return Radiation(alpha1, second)


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def read_lines(request: Request, name: str) -> list[Row]:
    """Give the lines of an instrument's file that are not blank.

    Parameters
    ----------
    request : Request
        The file.
    name : str
        Of its format, for messages.

    Raises
    ------
    FileError
        If the file is not text, or the caller wants its axis to be q.
    """
    if request.axis == "q":
        raise FileError(request.source, f"the axis of a {name} file is 2θ; leave --axis out")
    return split_lines(decode(request.data, request.source), request.source)


def parse_number(text: str, what: str, source: str, line: int | None = None) -> float:
    """Read a number.

    Raises
    ------
    FileError
        If it is none; the message names it as ``what``.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if abs(value) <= LARGEST:  # beyond that nothing is measured, and products overflow
            return value
    raise FileError(source, f"{what} is {text[:40]!r}, not a number; export the scan again", line)


def parse_counting_time(text: str, what: str, source: str) -> float:
    """Read a counting time in s, between a microsecond and some months."""
    value = parse_number(text, what, source)
    if not 1e-6 <= value <= 1e7:
        raise FileError(source, f"{what} is {value:g} s, which is no counting time; export the scan again")
    return value


def required(header: Mapping[str, str], key: str, source: str) -> str:
    """Look up what a header must tell."""
    if not header.get(key):
        raise FileError(source, f"does not tell {key}; export the scan again")
    return header[key]


def parse_numbers(fields: Sequence[tuple[str, int]], what: str, source: str) -> FloatArray:
    """Numbers of a scan, from their texts and the lines in which they stand."""
    return np.array([parse_number(text, what, source, line) for text, line in fields], dtype=np.float64)


def angles_at_steps(start: float, step: float, n: int, source: str) -> FloatArray:
    """Equidistant angles; n is that of intensities that were found, so it is no larger than the file."""
    if step == 0.0:
        raise FileError(source, "its step is 0: the axis does not move; export the scan again")
    return start + step * np.arange(n, dtype=np.float64)


def parse_wavelength(text: str | None, what: str, source: str) -> float:
    """Wavelength in Å; 0 where it is not told, or blank, or a row of dashes."""
    if text is None or not text.strip(" _-'\""):
        return 0.0
    return parse_number(text, what, source)


def metadata_entries(entries: Mapping[str, str | float | None]) -> dict[str, str | float]:
    """Metadata without what the file leaves blank."""
    cleaned = {
        name: text.strip(" \t'\"") if isinstance(text, str) else text for name, text in entries.items()
    }
    return {
        name: text
        for name, text in cleaned.items()
        if text is not None and not (isinstance(text, str) and not text.strip("_- "))
    }
