"""Parse the headers of instrument files: numbers, counting times, wavelengths, metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from slxrd.data.pattern import LARGEST
from slxrd.errors import FileError
from slxrd.io.shared.rows import Row, decode, split_lines
from slxrd.io.shared.scan import Request, refuse_q
from slxrd.units import FloatArray, Radiation, SecondLine

#: Range of plausible wavelengths in Å: X-ray tubes from W to Cr, with a margin.
SHORTEST, LONGEST = 0.15, 3.0
#: Largest relative difference between two values of one wavelength.
_SAME_LINE = 1e-4


def is_plausible_wavelength(wavelength: float) -> bool:
    """Return True if a number in Å can be the wavelength of a diffractometer."""
    return SHORTEST <= wavelength <= LONGEST


def header_radiation(
    request: Request, alpha1: float, alpha2: float, ratio: float, used: float = 0.0
) -> Radiation | None:
    """Return the radiation given in a header.

    Parameters
    ----------
    request : Request
        If it gives a radiation, the header's is ignored.
    alpha1, alpha2 : float
        Wavelengths in Å; 0 if not given.
    ratio : float
        Intensity ratio α₂/α₁; 0 for a single line.
    used : float
        Wavelength in Å that the program used in its calculations; 0 if not given.

    Returns
    -------
    Radiation or None
        The doublet or the single line; None if the header gives none, or ``request`` does.

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
                f"its header gives lines at {alpha1:g} and {alpha2:g} Å{wrong}, which are not a doublet: "
                "use --wavelength CuKa, or a number in Å",
            )
        second = SecondLine(alpha2, ratio)
        # Programs use α₁ or the weighted mean, with the header's ratio or with 1/2.
        lines += [(alpha1 + ratio * alpha2) / (1.0 + ratio), (alpha1 + 0.5 * alpha2) / 1.5]
    if is_plausible_wavelength(used) and not any(abs(used / line - 1.0) < _SAME_LINE for line in lines):
        raise FileError(
            request.source,
            f"its header gives both {alpha1:g} Å and {used:g} Å: choose one with --wavelength {used:.6g}",
        )
    return Radiation(alpha1, second)


_MISSING = re.compile(r"[+-]?(?:nan|1\.#\w+|inf(?:inity)?)|n/?a|null|none|\?+|\*+|--+", re.I | re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def read_lines(request: Request, name: str) -> list[Row]:
    """Return the non-blank lines of an instrument's text file.

    Parameters
    ----------
    request : Request
        The file.
    name : str
        Name of the format, for messages.

    Raises
    ------
    FileError
        If the file is not text, or the request has the axis q.
    """
    refuse_q(request, name)
    return split_lines(decode(request.data, request.source), request.source)


def parse_number(text: str, what: str, source: str, line: int | None = None) -> float:
    """Parse a number.

    Parameters
    ----------
    text : str
        The number, with or without blanks around it.
    what : str
        What the number is, for messages.
    source : str
        Path of the file, for messages.
    line : int, optional
        Line in the file, for messages.

    Raises
    ------
    FileError
        If ``text`` is not a number, or larger than any intensity.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if abs(value) <= LARGEST:  # products of larger numbers could overflow
            return value
    raise FileError(source, f"{what} is {text[:40]!r}, not a number; export the scan again", line)


def is_missing(text: str) -> bool:
    """Return True for what programs write instead of a number that is not known or not finite."""
    return _MISSING.fullmatch(text) is not None


def parse_counting_time(text: str, what: str, source: str) -> float:
    """Parse a counting time in s, from 10⁻⁶ to 10⁷ s.

    Parameters
    ----------
    text, what, source
        As in `parse_number`.

    Raises
    ------
    FileError
        If it is not a number in this range.
    """
    value = parse_number(text, what, source)
    if not 1e-6 <= value <= 1e7:
        raise FileError(source, f"{what} is {value:g} s, which is not a counting time; export the scan again")
    return value


def required(header: Mapping[str, str], key: str, source: str) -> str:
    """Return an entry of a header.

    Parameters
    ----------
    header : mapping
        Entries by key.
    key : str
        Key of the entry.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If the entry is missing or empty.
    """
    if not header.get(key):
        raise FileError(source, f"has no {key} in its header; export the scan again")
    return header[key]


def parse_numbers(fields: Sequence[tuple[str, int]], what: str, source: str) -> FloatArray:
    """Parse the numbers of a scan; missing ones (nan, inf, ``?``, dashes) and too large ones are NaN.

    Parameters
    ----------
    fields : sequence of (str, int)
        Text and line number of each.
    what, source
        As in `parse_number`.

    Returns
    -------
    ndarray, shape (n,)
    """
    return np.array(
        [_parse_value(text.strip(), what, source, line) for text, line in fields], dtype=np.float64
    )


def _parse_value(text: str, what: str, source: str, line: int) -> float:
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if abs(value) <= LARGEST else np.nan
    return np.nan if is_missing(text) else parse_number(text, what, source, line)


def angles_at_steps(start: float, step: float, n: int, source: str) -> FloatArray:
    """Return the angles ``start + i·step``.

    Parameters
    ----------
    start, step : float
        Degrees.
    n : int
        Number of intensities found in the file (not that in the header, which may be absurdly large).
    source : str
        Path of the file, for messages.

    Returns
    -------
    ndarray, shape (n,)
        Degrees.

    Raises
    ------
    FileError
        If ``step`` is 0.
    """
    if step == 0.0:
        raise FileError(source, "its step is 0: the axis does not move; export the scan again")
    return start + step * np.arange(n, dtype=np.float64)


def parse_wavelength(text: str | None, what: str, source: str) -> float:
    """Parse a wavelength in Å or an intensity ratio.

    Parameters
    ----------
    text : str or None
        As in the file.
    what, source
        As in `parse_number`.

    Returns
    -------
    float
        0 if the text is missing, blank or dashes.
    """
    if text is None or not text.strip(" _-'\""):
        return 0.0
    return parse_number(text, what, source)


def metadata_entries(entries: Mapping[str, str | float | None]) -> dict[str, str | float]:
    """Return the entries without quotation marks, leaving out those that are blank or dashes."""
    cleaned = {
        name: text.strip(" \t'\"") if isinstance(text, str) else text for name, text in entries.items()
    }
    return {
        name: text
        for name, text in cleaned.items()
        if text is not None and not (isinstance(text, str) and not text.strip("_- "))
    }
