"""Which radiation an .xrdml file means.

The word ``intended`` does not tell whether Kα₂ is there: of two files of FAIRmat's nomad-measurements
(Apache-2.0), XRD-918-16_10.xrdml says ``K-Alpha 1`` and shows both lines, m54313_om2th_10.xrdml says
``K-Alpha`` and shows one. What tells in both is whether a monochromator stands before the sample.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from slxrd.errors import FileError
from slxrd.io.xml import positive
from slxrd.io.xrdml_document import check_unit
from slxrd.units import Radiation, SecondLine

#: The file's words for a single line other than Kα₁ → the element that holds it.
_LINES = {"K-Alpha 2": "kAlpha2", "K-Beta": "kBeta"}
_RATIO = "ratioKAlpha2KAlpha1"


def radiation(measurement: ET.Element, source: str) -> Radiation | None:
    """Radiation of a measurement.

    Parameters
    ----------
    measurement : Element
        The ``xrdMeasurement``.
    source : str
        Path of the file, for messages.

    Returns
    -------
    Radiation or None
        For intended Kα or Kα₁ the doublet, or Kα₁ behind a crystal monochromator and where the file has no
        ratio above 0; else the intended line. None where the file does not tell.

    Raises
    ------
    FileError
        If the file's words or numbers are not understood.
    """
    used = measurement.find("{*}usedWavelength")
    if used is None:
        return None
    intended = used.get("intended", "K-Alpha")
    if intended in _LINES:
        return Radiation(_number(used, _LINES[intended], source))
    if intended not in ("K-Alpha", "K-Alpha 1"):
        raise FileError(
            source,
            f"intended wavelength {intended!r:.40} is not known: use --wavelength CuKa, or a number of Å",
        )
    alpha1 = _number(used, "kAlpha1", source)
    told = all(used.find(f"{{*}}{name}") is not None for name in ("kAlpha2", _RATIO))
    if _monochromatic(measurement) or (intended == "K-Alpha 1" and not told):
        return Radiation(alpha1)
    ratio = _number(used, _RATIO, source, zero=True)
    return Radiation(alpha1, SecondLine(_number(used, "kAlpha2", source), ratio) if ratio else None)


def _monochromatic(measurement: ET.Element) -> bool:
    """Tell whether a crystal before the sample takes Kα₂ out, as all do but graphite."""
    crystals = measurement.iterfind("{*}incidentBeamPath/{*}monochromator/{*}crystal")
    return any("graphite" not in (crystal.text or "").lower() for crystal in crystals)


def _number(used: ET.Element, name: str, source: str, *, zero: bool = False) -> float:
    element = used.find(f"{{*}}{name}")
    if name != _RATIO:
        check_unit(element, "Angstrom", source)
    return positive("" if element is None else (element.text or ""), name, source, zero=zero)
