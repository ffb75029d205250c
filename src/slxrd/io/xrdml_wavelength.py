"""Which wavelength an .xrdml file means."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from slxrd.errors import FileError
from slxrd.io.request import Request

#: The file's words for a single line → the element that holds it, and our name.
_LINES = {
    "K-Alpha 1": ("kAlpha1", "Kα1"),
    "K-Alpha 2": ("kAlpha2", "Kα2"),
    "K-Beta": ("kBeta", "Kβ"),
}


def wavelength(request: Request, measurement: ET.Element) -> tuple[float, str]:
    """Wavelength of a measurement, and what it is.

    Parameters
    ----------
    request : Request
        Its wavelength, if any, goes before the file's.
    measurement : Element
        The ``xrdMeasurement``.

    Returns
    -------
    wavelength : float
        Å. Of the intended line; for intended Kα with a ratio r > 0 of Kα₂ to Kα₁, their mean
        (λ₁ + r λ₂)/(1 + r).
    kind : str
        ``"given"``, ``"Kα1"``, ``"Kα2"``, ``"Kβ"`` or ``"Kα mean"``.

    Raises
    ------
    FileError
        If the file does not tell its wavelength.

    Notes
    -----
    The ratio is what the operator entered. Behind a crystal monochromator that removes Kα₂ some
    files still say 0.5: give the wavelength for those.
    """
    if request.wavelength is not None:
        return request.wavelength, "given"
    used = measurement.find("{*}usedWavelength")
    if used is None:
        raise FileError(
            request.source, "does not tell its wavelength: use --wavelength CuKa1, or a number of Å"
        )
    intended = used.get("intended", "K-Alpha")
    if intended in _LINES:
        element, kind = _LINES[intended]
        return _number(used, element, request), kind
    if intended != "K-Alpha":
        raise FileError(
            request.source,
            f"intended wavelength {intended!r} is not known: use --wavelength CuKa1, or a number of Å",
        )
    ratio = _number(used, "ratioKAlpha2KAlpha1", request, zero=True)
    alpha1 = _number(used, "kAlpha1", request)
    if ratio == 0.0:
        return alpha1, "Kα1"
    return (alpha1 + ratio * _number(used, "kAlpha2", request)) / (1.0 + ratio), "Kα mean"


def _number(used: ET.Element, name: str, request: Request, *, zero: bool = False) -> float:
    text = used.findtext(f"{{*}}{name}")
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and (value > 0.0 or (zero and value == 0.0))):
        raise FileError(
            request.source,
            f"{name} is {text!r}, not a positive number: use --wavelength CuKa1, or a number of Å",
        )
    return value
