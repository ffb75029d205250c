"""Parse and check the XML of .xrdml files: scans and radiation.

The attribute ``intended`` of the wavelength does not say whether Kα₂ is present: of two files of FAIRmat's
nomad-measurements (Apache-2.0), XRD-918-16_10.xrdml has ``K-Alpha 1`` and shows both lines,
m54313_om2th_10.xrdml has ``K-Alpha`` and shows one. In both, the presence of a monochromator before the
sample decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slxrd.errors import FileError
from slxrd.io.shared import xml
from slxrd.io.shared.scan import Request, check_number
from slxrd.io.shared.xml import parse_positive
from slxrd.units import Radiation, SecondLine

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

#: Largest number of elements inside one another in a scan; it is five in files of versions 1 and 2.
_DEEPEST = 50


@dataclass(frozen=True)
class Document:
    """One scan of an .xrdml file, and the elements around it.

    Parameters
    ----------
    root, measurement : Element
        The root without its measurements, and the ``xrdMeasurement`` of the scan without its scans.
    scan, points : Element
        The ``scan``, and its ``dataPoints`` with 2θ as their only axis.
    size : int
        Number of points.
    """

    root: ET.Element
    measurement: ET.Element
    scan: ET.Element
    points: ET.Element
    size: int


def open_documents(request: Request) -> list[Callable[[], Document]]:
    """Parse an .xrdml file.

    Returns
    -------
    list of callable
        Each returns one scan; raises FileError if that scan is incomplete.

    Raises
    ------
    FileError
        If the XML is malformed or unsafe.
    """
    whole = xml.parse(request.data, request.source)
    root = _without(whole, "xrdMeasurement")
    documents: list[Callable[[], Document]] = []
    for measurement in whole.findall("{*}xrdMeasurement"):
        # Files may have thousands of scans: a search through all of them for each would be slow.
        frame = _without(measurement, "scan")
        scans = measurement.findall("{*}scan")
        check_number(len(documents) + len(scans), request.source)
        documents += [partial(_document, root, frame, scan, request.source) for scan in scans]
    return documents


def _without(element: ET.Element, left_out: str) -> ET.Element:
    import xml.etree.ElementTree as ET

    fresh = ET.Element(element.tag, element.attrib)
    fresh.extend(child for child in element if child.tag.rpartition("}")[2] != left_out)
    return fresh


def _document(root: ET.Element, measurement: ET.Element, scan: ET.Element, source: str) -> Document:
    points = scan.find("{*}dataPoints")
    if points is None:
        raise FileError(source, "the scan has no dataPoints; export it again")
    if _depth(scan) > _DEEPEST:
        raise FileError(
            source, "the scan cannot be read (its elements are nested too deeply); export it again"
        )
    size = _count_points(points, source)
    _keep_two_theta(points, scan, source)
    check_unit(points.find("{*}commonCountingTime"), "seconds", source)
    return Document(root, measurement, scan, points, size)


def _depth(element: ET.Element) -> int:
    depth, inside = 0, [element]
    while inside:
        depth, inside = depth + 1, [child for each in inside for child in each]
    return depth


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
        raise FileError(source, "the scan has no points")
    for factors in points.findall("{*}beamAttenuationFactors"):
        found = len((factors.text or "").split())
        if found != size:
            raise FileError(source, f"has {found} attenuation factors for {size} points; export it again")
    if points.find("{*}commonCountingTime") is None:
        raise FileError(source, "has no common counting time: different counting times are not supported")
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
    """Check the unit of an element.

    Parameters
    ----------
    element : Element or None
        With the attribute ``unit``.
    unit : str
        The expected unit.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If the unit is another one.
    """
    if element is not None and element.get("unit") != unit:
        name = element.tag.rpartition("}")[2]
        raise FileError(
            source, f"{name} is in {element.get('unit')!r:.60} instead of {unit!r}; export it again"
        )


#: ``intended`` for a single line other than Kα₁ → element with its wavelength.
_LINES = {"K-Alpha 2": "kAlpha2", "K-Beta": "kBeta"}
_RATIO = "ratioKAlpha2KAlpha1"


def radiation(measurement: ET.Element, source: str) -> Radiation | None:
    """Return the radiation of a measurement.

    Parameters
    ----------
    measurement : Element
        The ``xrdMeasurement``.
    source : str
        Path of the file, for messages.

    Returns
    -------
    Radiation or None
        For intended Kα or Kα₁ the doublet, or Kα₁ alone with a crystal monochromator or without a positive
        intensity ratio; otherwise the intended line. None if the file has no wavelength.

    Raises
    ------
    FileError
        If the intended line is unknown, or a number is invalid.
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
            f"intended wavelength {intended!r:.40} is not known: use --wavelength CuKa, or a number in Å",
        )
    alpha1 = _number(used, "kAlpha1", source)
    has_doublet = all(used.find(f"{{*}}{name}") is not None for name in ("kAlpha2", _RATIO))
    if _monochromatic(measurement) or (intended == "K-Alpha 1" and not has_doublet):
        return Radiation(alpha1)
    ratio = _number(used, _RATIO, source, zero=True)
    return Radiation(alpha1, SecondLine(_number(used, "kAlpha2", source), ratio) if ratio else None)


def _monochromatic(measurement: ET.Element) -> bool:
    """Return True if a crystal before the sample removes Kα₂, as all do except graphite."""
    crystals = measurement.iterfind("{*}incidentBeamPath/{*}monochromator/{*}crystal")
    return any("graphite" not in (crystal.text or "").lower() for crystal in crystals)


def _number(used: ET.Element, name: str, source: str, *, zero: bool = False) -> float:
    element = used.find(f"{{*}}{name}")
    if name != _RATIO:
        check_unit(element, "Angstrom", source)
    return parse_positive("" if element is None else (element.text or ""), name, source, zero=zero)
