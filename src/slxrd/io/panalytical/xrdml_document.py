"""Which radiation an .xrdml file means.

The word ``intended`` does not tell whether Kα₂ is there: of two files of FAIRmat's nomad-measurements
(Apache-2.0), XRD-918-16_10.xrdml says ``K-Alpha 1`` and shows both lines, m54313_om2th_10.xrdml says
``K-Alpha`` and shows one. What tells in both is whether a monochromator stands before the sample.

The XML of an .xrdml file: opened safely, its scans listed, the parts of one checked.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from slxrd.errors import FileError
from slxrd.io.shared import xml
from slxrd.io.shared.scan import Request
from slxrd.io.shared.xml import parse_positive
from slxrd.units import Radiation, SecondLine


@dataclass(frozen=True)
class Document:
    """One scan of an .xrdml file, and where it stands.

    Parameters
    ----------
    root, measurement : Element
        The file's root without its measurements, and the scan's ``xrdMeasurement`` without its scans.
    scan : Element
        The ``scan``, with the one axis 2θ left in it.
    size : int
        Number of points.
    """

    root: ET.Element
    measurement: ET.Element
    scan: ET.Element
    size: int

    def alone(self) -> ET.Element:
        """Give a document of nothing but this scan: all that the library is to see."""
        root, measurement = ET.Element(self.root.tag), ET.Element(self.measurement.tag)
        root.append(measurement)
        measurement.append(self.scan)
        return root


def open_documents(request: Request) -> list[Callable[[], Document]]:
    """Parse an .xrdml file; each entry gives one of its scans when called.

    Raises
    ------
    FileError
        If the XML is malformed or unsafe; an entry, if its scan is incomplete.
    """
    whole = xml.parse(request.data, request.source)
    root = _without(whole, "xrdMeasurement")
    documents: list[Callable[[], Document]] = []
    for measurement in whole.findall("{*}xrdMeasurement"):
        # Files hold thousands of scans: none must have to look through the others.
        frame = _without(measurement, "scan")
        documents += [
            partial(_document, root, frame, scan, request.source) for scan in measurement.findall("{*}scan")
        ]
    return documents


def _without(element: ET.Element, left_out: str) -> ET.Element:
    fresh = ET.Element(element.tag, element.attrib)
    fresh.extend(child for child in element if child.tag.rpartition("}")[2] != left_out)
    return fresh


def _document(root: ET.Element, measurement: ET.Element, scan: ET.Element, source: str) -> Document:
    points = scan.find("{*}dataPoints")
    if points is None:
        raise FileError(source, "the scan has no dataPoints; export it again")
    size = _count_points(points, source)
    _keep_two_theta(points, scan, source)
    check_unit(points.find("{*}commonCountingTime"), "seconds", source)
    return Document(root, measurement, scan, size)


def _count_points(points: ET.Element, source: str) -> int:
    values = points.find("{*}intensities")
    if values is None:
        values = points.find("{*}counts")
    if values is None:
        raise FileError(source, "the scan has neither intensities nor counts; export it again")
    if values.get("unit", "counts") != "counts":
        raise FileError(source, f"the intensities are in {values.get('unit')!r}; export them as counts")
    size = len((values.text or "").split())
    if size == 0:
        raise FileError(source, "the scan holds no points")
    for factors in points.findall("{*}beamAttenuationFactors"):
        found = len((factors.text or "").split())
        if found != size:
            raise FileError(source, f"has {found} attenuation factors for {size} points; export it again")
    if points.find("{*}commonCountingTime") is None:
        raise FileError(
            source, "has no common counting time: points counted for different times are not supported"
        )
    return size


def _keep_two_theta(points: ET.Element, scan: ET.Element, source: str) -> None:
    kept = 0
    for positions in points.findall("{*}positions"):
        if positions.get("axis") == "2Theta":
            check_unit(positions, "deg", source)
            kept += 1
            if positions.find("{*}commonPosition") is not None:
                raise FileError(
                    source, f"is a scan of {scan.get('scanAxis', 'another axis')!r}: 2θ does not move in it"
                )
        else:
            points.remove(positions)
    if kept != 1:
        raise FileError(
            source, f"is a scan of {scan.get('scanAxis', 'unknown')!r} with {kept} axes of 2θ; one is needed"
        )


def check_unit(element: ET.Element | None, unit: str, source: str) -> None:
    """Refuse another unit than the expected one.

    Parameters
    ----------
    element : Element or None
        With the attribute ``unit``.
    unit : str
        The expected one.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If it is another. The library evaluates units as expressions: no other may reach it.
    """
    if element is not None and element.get("unit") != unit:
        name = element.tag.rpartition("}")[2]
        raise FileError(
            source, f"{name} is in {element.get('unit')!r:.60} where {unit!r} is expected; export it again"
        )


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
    return parse_positive("" if element is None else (element.text or ""), name, source, zero=zero)
