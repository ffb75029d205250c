"""Bruker .brml files: a ZIP archive of XML, one document for each scan.

The layout is derived from a file of DIFFRAC.MEASUREMENT (23-012-AG_2thomegascan_long.brml of FAIRmat's
nomad-measurements, Apache-2.0) and agrees with the readers of PyXRD and of FAIRmat's readers-xrd:
``ExperimentN/DataContainer.xml`` lists the documents ``RawDataN.xml`` of the scans in order, and each of
these describes the columns of its points.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.bruker.brml_points import Points, read_points
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared import archive, counting, xml
from slxrd.io.shared.archive import Archive
from slxrd.io.shared.scan import Load, Request, Scan, nonempty, refuse_q
from slxrd.units import Radiation, SecondLine

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

NAME = "Bruker .brml"

_CONTAINER = re.compile(r"(?P<folder>(?:.*/)?)Experiment(?P<number>\d+)/DataContainer\.xml")
#: Optics before the sample that remove Kα₂: channel-cut crystals and Johansson monochromators.
_ALPHA1_OPTICS = re.compile(r"channel-?cut|johansson", re.IGNORECASE)


def recognises(data: bytes) -> bool:
    """Return True for an archive with the list of scans of an experiment."""
    return any(_CONTAINER.fullmatch(name) for name in archive.member_names(data))


def scans(request: Request) -> list[Load]:
    """List the scans of a .brml file.

    Raises
    ------
    FileError
        If a list of scans is missing or damaged.
    """
    refuse_q(request, NAME)
    opened = archive.open_archive(request.data, request.source)
    containers = [match for name in opened.members if (match := _CONTAINER.fullmatch(name))]
    loads: list[Load] = []
    for match in sorted(containers, key=lambda found: (len(found["number"]), found.string)):
        container = xml.parse(opened.read(match.string), request.source, match.string)
        info = container.find("{*}MeasurementInfo")
        title = None if info is None else info.get("SampleName")
        for listed in container.iterfind("{*}RawDataReferenceList/{*}string"):
            member = match["folder"] + (listed.text or "").strip().replace("\\", "/")
            loads.append(partial(_read, opened, member, title, request))
    return loads


def _read(opened: Archive, member: str, title: str | None, request: Request) -> Scan:
    """Read one scan; its intensities in the file are already corrected for the absorber.

    Raises
    ------
    FileError
        If the scan is damaged, or not over 2θ.
    """
    source = request.source
    root = xml.parse(opened.read(member), source, member)
    route = _measured(root, source)
    points = read_points(route, source)
    counted = counting.from_counts(points.detected)
    return Scan(
        x=points.two_theta,
        intensity=points.counts,
        per_count=counted.per_count(points.absorption),
        radiation=request.radiation or _radiation(root, source),
        metadata=_metadata(root, route, points, title),
        history=(*counted.history, *_history(route, points)),
    )


def _measured(root: ET.Element, source: str) -> ET.Element:
    """Find the measured points; the document may also have processed ones."""
    routes = root.findall("{*}DataRoutes/{*}DataRoute")
    measured = [route for route in routes if route.get("RouteFlag") == "Measured"]
    if len(measured) != 1:
        raise FileError(
            source, f"a scan has {len(measured)} sets of measured points instead of one; export it as text"
        )
    return measured[0]


def _history(route: ET.Element, points: Points) -> tuple[Step, ...]:
    steps: list[Step] = []
    largest = float(points.absorption.max())
    if largest != 1.0:
        steps.append(Step("attenuator corrected", {"largest factor": largest, "by": "the file"}))
    planned = route.findtext("{*}ScanInformation/{*}MeasurementPoints", "").strip()
    if planned.isascii() and planned.isdigit() and len(planned) < 9 and int(planned) > points.counts.size:
        steps.append(Step("scan stopped early", {"points planned": int(planned)}))
    return tuple(steps)


def _metadata(
    root: ET.Element, route: ET.Element, points: Points, title: str | None
) -> dict[str, str | float]:
    scan = route.find("{*}ScanInformation")
    entries: dict[str, str | None] = {
        "title": title,
        "scan axis": None if scan is None else scan.get("VisibleName") or scan.get("ScanName"),
        "date": root.findtext("{*}TimeStampStarted"),
        "anode": root.findtext("{*}FixedInformation//{*}Tube/{*}TubeMaterial"),
    }
    metadata: dict[str, str | float] = {"format": NAME}
    if points.time is not None:
        metadata["counting time (s)"] = points.time
    return metadata | nonempty(entries)


def _radiation(root: ET.Element, source: str) -> Radiation | None:
    """Return the Kα doublet of the tube, or Kα₁ if a crystal before the sample removes Kα₂."""
    tube = root.find("{*}FixedInformation//{*}Tube")
    if tube is None or tube.find("{*}WaveLengthAlpha1") is None:
        return None
    alpha1 = _number(tube, "WaveLengthAlpha1", "Å", source)
    optics = root.iterfind(
        "{*}FixedInformation//{*}PrimaryTracks//{*}MountedOptics/{*}InfoData/{*}BeringInfo"
    )
    if any(_ALPHA1_OPTICS.search(optic.get("ClassPath", "")) for optic in optics):
        return Radiation(alpha1)
    ratio = _number(tube, "WaveLengthRatio", "", source, zero=True)
    if ratio == 0.0:
        return Radiation(alpha1)
    return Radiation(alpha1, SecondLine(_number(tube, "WaveLengthAlpha2", "Å", source), ratio))


def _number(tube: ET.Element, name: str, unit: str, source: str, *, zero: bool = False) -> float:
    element = tube.find(f"{{*}}{name}")
    found = "" if element is None else element.get("Unit", unit)
    if found.replace("Å", "Å") != unit and element is not None:
        raise FileError(source, f"{name} is in {found!r:.40}: use --wavelength CuKa, or a number in Å")
    return xml.parse_positive(None if element is None else element.get("Value"), name, source, zero=zero)


FORMATS.register("brml", Format(NAME, (".brml",), recognises, scans))
