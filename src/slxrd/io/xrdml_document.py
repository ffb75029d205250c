"""The XML of an .xrdml file: opened safely, one scan chosen, its parts checked."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from slxrd.errors import FileError
from slxrd.io.request import Request

#: Most bytes, and most tags and attributes, of an XML file: they take far more memory than text.
SIZE_LIMIT = 50_000_000
MARKUP_LIMIT = 2_000_000


class _Doctype(Exception):
    pass


class _Builder(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Stop at a document type before its entities can be expanded."""
        raise _Doctype


@dataclass(frozen=True)
class Document:
    """An .xrdml file cut down to the chosen scan.

    Parameters
    ----------
    root : Element
        The document, with one measurement, one scan and the one axis 2θ left in it.
    measurement, scan, points : Element
        Its ``xrdMeasurement``, ``scan`` and ``dataPoints``.
    size : int
        Number of points.
    """

    root: ET.Element
    measurement: ET.Element
    scan: ET.Element
    points: ET.Element
    size: int


def open_document(request: Request) -> Document:
    """Parse an .xrdml file and choose its scan.

    Raises
    ------
    FileError
        If the XML is malformed or unsafe, or the scan is missing, unclear or incomplete.
    """
    source = request.source
    root = _parse(request.data, source)
    measurement, scan = _choose_scan(root, request)
    points = scan.find("{*}dataPoints")
    if points is None:
        raise FileError(source, "the scan has no dataPoints; export it again")
    size = _count_points(points, source)
    _keep_two_theta(points, scan, source)
    _check_unit(points.find("{*}commonCountingTime"), "seconds", source)
    for line in ("kAlpha1", "kAlpha2", "kBeta"):
        _check_unit(measurement.find(f"{{*}}usedWavelength/{{*}}{line}"), "Angstrom", source)
    tube = measurement.find("{*}incidentBeamPath/{*}xRayTube")
    if tube is not None:
        for name in ("tension", "current"):
            for element in tube.findall(f"{{*}}{name}"):
                tube.remove(element)
    return Document(root, measurement, scan, points, size)


def _parse(data: bytes, source: str) -> ET.Element:
    if len(data) > SIZE_LIMIT or data.count(b"<") + data.count(b"=") > MARKUP_LIMIT:
        raise FileError(source, "is too large for an .xrdml file of one scan; export the scan on its own")
    parser = ET.XMLParser(target=_Builder())
    try:
        parser.feed(data)
        root = parser.close()
    except _Doctype:
        raise FileError(
            source, "declares a document type (DOCTYPE), which no diffractometer writes; remove it"
        ) from None
    except ET.ParseError as error:
        problem = str(error).partition(":")[0]
        raise FileError(
            source, f"is broken or incomplete XML ({problem}); export it again", error.position[0]
        ) from None
    except (ValueError, LookupError) as error:  # an encoding that Python or expat does not know
        raise FileError(source, f"is XML that cannot be decoded ({error}); save it as UTF-8") from None
    assert isinstance(root, ET.Element)
    return root


def _choose_scan(root: ET.Element, request: Request) -> tuple[ET.Element, ET.Element]:
    found = [(m, s) for m in root.findall("{*}xrdMeasurement") for s in m.findall("{*}scan")]
    if not found:
        raise FileError(request.source, "holds no scan; export the measurement again")
    wanted = request.scan
    if wanted is None and len(found) > 1:
        raise FileError(request.source, f"holds {len(found)} scans; choose one with --scan 1 … {len(found)}")
    wanted = 1 if wanted is None else wanted
    if not 1 <= wanted <= len(found):
        raise FileError(
            request.source, f"scan {wanted} does not exist; the file holds {len(found)}, counted from 1"
        )
    measurement, scan = found[wanted - 1]
    for other, others_scan in found:
        if others_scan is not scan:
            other.remove(others_scan)
    for other in root.findall("{*}xrdMeasurement"):
        if other is not measurement:
            root.remove(other)
    return measurement, scan


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
            _check_unit(positions, "deg", source)
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


def _check_unit(element: ET.Element | None, unit: str, source: str) -> None:
    # The library evaluates units as expressions: only the expected one may reach it.
    if element is not None and element.get("unit") != unit:
        name = element.tag.rpartition("}")[2]
        raise FileError(
            source, f"{name} is in {element.get('unit')!r} where {unit!r} is expected; export it again"
        )
