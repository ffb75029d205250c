"""Determine whether the axis of a text file is q, 2θ or θ, and check its range."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from slxrd.data.pattern import FileAxis
from slxrd.errors import FileError
from slxrd.io.shared.scan import Request
from slxrd.units import FloatArray

#: Largest plausible q in Å⁻¹ without a wavelength (Cu Kα reaches 8.16).
Q_LIMIT = 9.0
#: Smallest plausible last 2θ in degrees, unless the option ``axis`` states that the axis is 2θ.
TWO_THETA_LIMIT = 5.0
#: Smallest value in degrees of a file that is not doubted to be over 2θ: a reflectivity scan begins below.
REFLECTIVITY = 0.1
#: Number of characters of a header line that are searched for the axis.
TITLE_LENGTH = 500

_TWO_THETA = re.compile(
    r"(?<!\d)2[\s_*·-]*(?:theta|th(?![a-z])|[θϑΘϴ])|two[\s_-]*theta|(?<![a-z])tth(?![a-z])", re.I
)
# A plain A means Å only in brackets or with a power sign: A-1 may be the name of a sample.
_PER_ANGSTROM = (
    r"1\s*/\s*(?:Å|Å|A(?![a-z])|ang)|(?:Å|Å|ang[a-zö]*)[\s^({]*(?:[-−]\s*1|⁻¹)"
    r"|(?<![a-z])A\s*(?:\^[\s({]*[-−]\s*1|⁻¹)|[(\[]\s*A\s*[-−]\s*1"
)
_Q = re.compile(r"(?<![a-z0-9])q(?:[_ ]?[z⊥])?(?![a-z0-9]|-[a-z])|" + _PER_ANGSTROM, re.I)
_ANGLE = r"(?:theta|omega|(?:th|om)(?![a-z])|[θϑΘϴωΩ])"
# The first heading of columns, or the value of an entry: "theta (deg), counts" or "scan axis: omega".
_HEADING = re.compile(rf"(?:angle\W+|incidence\W+)?{_ANGLE}(?:\s*(?:[\[(].*[\])]|/?\s*(?:deg\w*|°)))?", re.I)
_ENTRY = re.compile(rf"\b(?:x|axis|abscissa)\w*\s*[:=]\s*[\"']?{_ANGLE}(?![\w/-]|\s*[-/]\s*2)", re.I)
_NUMERIC = re.compile(r"[+-]?\.?\d")
_PER_NM = re.compile(r"1\s*/\s*nm|(?<![a-z])nm[\s^({]*(?:[-−]\s*1|⁻¹)", re.I)


@dataclass(frozen=True)
class StatedAxis:
    """The quantity on the axis, and where this is stated.

    Parameters
    ----------
    axis : {"q", "2theta", "theta"} or None
        None if it is not stated.
    reason : str
        ``"given"`` (option ``axis``), ``"header"`` of the file, or ``"range"`` of the values.
    header : {"q", "2theta"} or None
        The quantity in the header, also if ``axis`` is another.
    """

    axis: FileAxis | None
    reason: str
    header: FileAxis | None = None

    @property
    def name(self) -> str:
        """Name of the axis, for messages."""
        return {"q": "q", "2theta": "2θ", "theta": "θ", None: "axis value"}[self.axis]


def names_q_or_two_theta(line: str) -> tuple[bool, bool]:
    """Return whether a line of text names q, and whether it names 2θ."""
    start = line[:TITLE_LENGTH]
    return bool(_Q.search(start)), bool(_TWO_THETA.search(start))


def names_theta(line: str) -> bool:
    """Return True if a line names θ or ω, but not 2θ, as the quantity of the first column or of the axis."""
    start = line[:TITLE_LENGTH].strip(" \"'#;!%/")
    if names_q_or_two_theta(start) != (False, False):
        return False
    if _ENTRY.search(start):
        return True
    for separator in (";", "\t", ",", None):
        fields = [field.strip(" \"'") for field in start.split(separator)]
        if len(fields) > 1 and _HEADING.fullmatch(fields[0]):
            return not any(_NUMERIC.match(field) for field in fields)
    return _HEADING.fullmatch(start) is not None


def names_per_nm(line: str) -> bool:
    """Return True if a line of text names nm⁻¹."""
    return _PER_NM.search(line[:TITLE_LENGTH]) is not None


def stated_axis(request: Request, header: Sequence[str]) -> StatedAxis:
    """Find the quantity on the axis in the request, or else in the header.

    Parameters
    ----------
    request : Request
        With the option ``axis``, if given.
    header : sequence of str
        Lines before the data. The last one that names an axis is used, as it is nearest to the columns.

    Raises
    ------
    FileError
        If one header line names both quantities, has q in nm⁻¹, or names θ or ω, which may be meant for 2θ.
    """
    in_header: FileAxis | None = None
    for line in reversed(header):
        is_q, is_two_theta = names_q_or_two_theta(line)
        if names_per_nm(line) and not request.trust_axis and request.axis != "2theta":
            raise FileError(
                request.source,
                "the header gives nm⁻¹; convert the first column to Å⁻¹ (divide it by 10), "
                "or use --trust-axis if it is in Å⁻¹ already",
            )
        if is_q and is_two_theta and request.axis is None:
            raise FileError(
                request.source, "the header names both q and 2θ; choose with --axis q or --axis 2theta"
            )
        if is_q or is_two_theta:
            in_header = "2theta" if is_two_theta else "q"
            break
        if names_theta(line) and request.axis is None:
            raise FileError(
                request.source,
                f"the header names θ or ω ({line[:40]!r}): use --axis theta if the angles are θ, half "
                "of 2θ, or --axis 2theta if they are 2θ",
            )
    if request.axis is not None:
        return StatedAxis(request.axis, "given", in_header)
    return StatedAxis(in_header, "header", in_header)


def resolve_axis(request: Request, stated: StatedAxis, x: FloatArray) -> StatedAxis:
    """Determine the quantity on the axis from the range of values if it is not stated; check the range.

    Values beyond the largest q of the wavelength, 4π/λ, are 2θ. Smaller values may be either.

    Parameters
    ----------
    request : Request
        With the wavelength, if given, and the option ``trust_axis``.
    stated : StatedAxis
        From :func:`stated_axis`.
    x : ndarray, shape (n,)
        Values in Å⁻¹ or degrees.

    Returns
    -------
    StatedAxis
        With an axis that is not None.

    Raises
    ------
    FileError
        If the quantity is not certain, 2θ has no wavelength, or the range is impossible.
    """
    largest = float(x.max())
    limit = Q_LIMIT if request.radiation is None else 4.0 * math.pi / request.radiation.wavelength
    if stated.axis is None:
        if request.radiation is None or largest <= limit:
            raise FileError(request.source, _question(float(x.min()), largest, limit))
        return StatedAxis("2theta", "range")
    if stated.axis == "q":
        if largest > limit and not request.trust_axis:
            raise FileError(
                request.source,
                f"the axis ends at {largest:g}, which looks like 2θ in degrees: use --axis 2theta with "
                "--wavelength CuKa (or --trust-axis if it is right)",
            )
        return stated
    doubtful = stated.header == "q" or (stated.reason == "header" and float(x.min()) >= REFLECTIVITY)
    if stated.axis == "2theta" and largest < TWO_THETA_LIMIT and doubtful and not request.trust_axis:
        raise FileError(
            request.source,
            f"the axis ends at {largest:g}, which looks like q in Å⁻¹: "
            "use --axis q (or --trust-axis if 2θ is right)",
        )
    if request.radiation is None:
        because = " (its header names 2θ)" if stated.reason == "header" else ""
        raise FileError(
            request.source,
            f"is over 2θ{because}, and needs the wavelength: use --wavelength CuKa, or a number in Å",
        )
    return stated


def _question(smallest: float, largest: float, limit: float) -> str:
    runs = f"does not state what the axis from {smallest:g} to {largest:g} is"
    if largest > limit:
        return (
            f"{runs}; it looks like 2θ in degrees: use --axis 2theta with --wavelength CuKa, or --axis q "
            "with --trust-axis"
        )
    return f"{runs}: use --axis q if it is q in Å⁻¹, or --axis 2theta if it is 2θ in degrees"
