"""What the axis of a text file is: q or 2θ, and whether its range can be true."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from slxrd.data.pattern import Axis
from slxrd.errors import FileError
from slxrd.io.shared.scan import Request
from slxrd.units import FloatArray

#: Largest q in Å⁻¹ that is believed where the wavelength is not known (Cu Kα reaches 8.16).
Q_LIMIT = 9.0
#: Smallest last 2θ in degrees that is believed of a file which does not clearly say so.
TWO_THETA_LIMIT = 5.0
#: How much of a header line is searched for the axis, in characters.
TITLE_LENGTH = 500

_TWO_THETA = re.compile(
    r"(?<!\d)2[\s_*·-]*(?:theta|th(?![a-z])|[θϑΘϴ])|two[\s_-]*theta|(?<![a-z])tth(?![a-z])", re.I
)
# A plain A stands for Å only in brackets or with a power sign: A-1 may be a sample.
_PER_ANGSTROM = (
    r"1\s*/\s*(?:Å|Å|A(?![a-z])|ang)|(?:Å|Å|ang[a-zö]*)[\s^({]*(?:[-−]\s*1|⁻¹)"
    r"|(?<![a-z])A\s*(?:\^[\s({]*[-−]\s*1|⁻¹)|[(\[]\s*A\s*[-−]\s*1"
)
_Q = re.compile(r"(?<![a-z0-9])q(?:[_ ]?[z⊥])?(?![a-z0-9]|-[a-z])|" + _PER_ANGSTROM, re.I)
_PER_NM = re.compile(r"1\s*/\s*nm|(?<![a-z])nm[\s^({]*(?:[-−]\s*1|⁻¹)", re.I)


@dataclass(frozen=True)
class StatedAxis:
    """What is said of the axis.

    Parameters
    ----------
    axis : {"q", "2theta"} or None
        None: nothing is said.
    reason : str
        Who says so: ``"given"`` by the caller, ``"header"``, ``"range"``.
    header : {"q", "2theta"} or None
        What the header says, whoever is believed.
    """

    axis: Axis | None
    reason: str
    header: Axis | None = None

    @property
    def name(self) -> str:
        """Name of the axis, for messages."""
        return {"q": "q", "2theta": "2θ", None: "axis value"}[self.axis]


def names_q_or_two_theta(line: str) -> tuple[bool, bool]:
    """Tell whether a line of text names q, and whether it names 2θ."""
    start = line[:TITLE_LENGTH]
    return bool(_Q.search(start)), bool(_TWO_THETA.search(start))


def names_per_nm(line: str) -> bool:
    """Tell whether a line of text names nm⁻¹."""
    return _PER_NM.search(line[:TITLE_LENGTH]) is not None


def stated_axis(request: Request, header: Sequence[str]) -> StatedAxis:
    """Listen to the caller and to the header; the caller goes first.

    Parameters
    ----------
    request : Request
        With the axis the caller named, if any.
    header : sequence of str
        Lines before the data; the last that names an axis counts, being nearest to the columns.

    Raises
    ------
    FileError
        If the header is of two minds, or has q in nm⁻¹.
    """
    said: Axis | None = None
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
                request.source, "the header names both q and 2θ; say which with --axis q or --axis 2theta"
            )
        if is_q or is_two_theta:
            said = "2theta" if is_two_theta else "q"
            break
    if request.axis is not None:
        return StatedAxis(request.axis, "given", said)
    return StatedAxis(said, "header", said)


def resolve_axis(request: Request, word: StatedAxis, x: FloatArray) -> StatedAxis:
    """Decide where nothing was said, as far as the range is certain, and refuse what cannot be.

    2θ in degrees may run over any range in which q in Å⁻¹ may lie. Only beyond 4π/λ there is no q.

    Parameters
    ----------
    request : Request
        With the wavelength, if known, and whether the axis is to be trusted.
    word : StatedAxis
        What was said, from :func:`stated_axis`.
    x : ndarray, shape (n,)
        The values, in Å⁻¹ or degrees.

    Returns
    -------
    StatedAxis
        With an axis.

    Raises
    ------
    FileError
        If the axis is in doubt, lacks its wavelength, or has values of the other one.
    """
    largest = float(x.max())
    limit = Q_LIMIT if request.radiation is None else 4.0 * math.pi / request.radiation.wavelength
    if word.axis is None:
        if request.radiation is None or largest <= limit:
            raise FileError(request.source, _question(float(x.min()), largest, limit))
        return StatedAxis("2theta", "range")
    if word.axis == "q":
        if largest > limit and not request.trust_axis:
            raise FileError(
                request.source,
                f"the axis ends at {largest:g}, which looks like 2θ in degrees: use --axis 2theta with "
                "--wavelength CuKa (or --trust-axis if it is right)",
            )
        return word
    doubtful = word.reason == "header" or word.header == "q"
    if largest < TWO_THETA_LIMIT and doubtful and not request.trust_axis:
        raise FileError(
            request.source,
            f"the axis ends at {largest:g}, which looks like q in Å⁻¹: "
            "use --axis q (or --trust-axis if 2θ is right)",
        )
    if request.radiation is None:
        because = " (its header names 2θ)" if word.reason == "header" else ""
        raise FileError(
            request.source,
            f"is over 2θ{because}, and needs the wavelength: use --wavelength CuKa, or a number of Å",
        )
    return word


def _question(smallest: float, largest: float, limit: float) -> str:
    runs = f"nothing says what the axis from {smallest:g} to {largest:g} is"
    if largest > limit:
        return (
            f"{runs}; it looks like 2θ in degrees: use --axis 2theta with --wavelength CuKa, or --axis q "
            "with --trust-axis"
        )
    return f"{runs}: use --axis q if it is q in Å⁻¹, or --axis 2theta if it is 2θ in degrees"
