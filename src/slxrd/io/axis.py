"""What the first column of a text file is: q or 2θ, and whether its range can be true."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from slxrd.errors import FileError
from slxrd.io.request import Request
from slxrd.pattern import Axis
from slxrd.units import FloatArray

#: Largest q in Å⁻¹ that is believed where the wavelength is not known (Cu Kα reaches 8.16).
Q_LIMIT = 9.0
#: Smallest last 2θ in degrees that is believed.
TWO_THETA_LIMIT = 5.0
#: How much of a header line is searched for the axis, in characters.
TITLE_LENGTH = 500

_TWO_THETA = re.compile(
    r"(?<!\d)2[\s_*·-]*(?:theta|th(?![a-z])|[θϑΘϴ])|two[\s_-]*theta|(?<![a-z])tth(?![a-z])", re.I
)
_PER_ANGSTROM = r"1\s*/\s*(?:Å|Å|A(?![a-z])|ang)|(?:Å|Å|(?<![a-z])A|ang[a-zö]*)[\s^({]*(?:[-−]\s*1|⁻¹)"
_Q = re.compile(r"(?<![a-z0-9])q(?:[_ ]?[z⊥])?(?![a-z0-9])|" + _PER_ANGSTROM, re.I)
_PER_NM = re.compile(r"1\s*/\s*nm|(?<![a-z])nm[\s^({]*(?:[-−]\s*1|⁻¹)", re.I)


def choose(request: Request, header: Sequence[str]) -> tuple[Axis, str]:
    """Choose the axis: the caller's word, else the header's, else q.

    Parameters
    ----------
    request : Request
        With the axis the caller named, if any.
    header : sequence of str
        Lines before the data; the last that names an axis counts, being nearest to the columns.

    Returns
    -------
    axis : {"q", "2theta"}
        What the first column is.
    reason : str
        Who said so: ``"given"``, ``"header"`` or ``"assumed"``.

    Raises
    ------
    FileError
        If the header is of two minds, or has q in nm⁻¹.
    """
    named: tuple[Axis, str] = ("q", "assumed")
    for line in (long[:TITLE_LENGTH] for long in reversed(header)):
        is_q, is_two_theta = bool(_Q.search(line)), bool(_TWO_THETA.search(line))
        if _PER_NM.search(line) and not request.trust_axis and request.axis != "2theta":
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
            named = ("2theta" if is_two_theta else "q", "header")
            break
    return (request.axis, "given") if request.axis is not None else named


def check_range(request: Request, axis: Axis, reason: str, x: FloatArray) -> None:
    """Refuse an axis whose range contradicts its name.

    Parameters
    ----------
    request : Request
        With the wavelength, if known, and whether the axis is to be trusted.
    axis : {"q", "2theta"}
        What the values are said to be.
    reason : str
        Who said so, from :func:`choose`.
    x : ndarray, shape (n,)
        The values, in Å⁻¹ or degrees.

    Raises
    ------
    FileError
        If 2θ lacks its wavelength, or the values look like the other axis.
    """
    largest = float(x.max())
    if axis == "2theta":
        if largest < TWO_THETA_LIMIT and not request.trust_axis:
            raise FileError(
                request.source,
                f"the axis ends at {largest:g}, which looks like q in Å⁻¹: "
                "use --axis q (or --trust-axis if 2θ is right)",
            )
        if request.wavelength is None:
            because = " (its header names 2θ)" if reason == "header" else ""
            raise FileError(
                request.source,
                f"is over 2θ{because}, and needs the wavelength: use --wavelength CuKa1, or a number of Å",
            )
        return
    limit = Q_LIMIT if request.wavelength is None else 4.0 * math.pi / request.wavelength
    if largest > limit and not request.trust_axis:
        raise FileError(
            request.source,
            f"the axis ends at {largest:g}, which looks like 2θ in degrees: use --axis 2theta with "
            "--wavelength CuKa1 (or --trust-axis if it is right)",
        )
