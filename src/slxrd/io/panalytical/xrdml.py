"""PANalytical .xrdml files."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.panalytical.xrdml_document import Document, open_documents, radiation
from slxrd.io.shared import counting
from slxrd.io.shared.counting import detector_counts, with_usable_factors
from slxrd.io.shared.scan import Load, Request, Scan, nonempty, refuse_q
from slxrd.units import FloatArray

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

NAME = "PANalytical .xrdml"

#: Number of bytes read to recognise the format.
HEAD_SIZE = 65_536

#: 0 °C in the units of temperature. Values without a unit are in kelvin, as in the public readers that use
#: them (GSAS-II, LIPRAS).
_ZEROS = {"K": 273.15, "Kelvin": 273.15, "kelvin": 273.15, "°C": 0.0, "Celsius": 0.0}

_ROOT = re.compile(rb"<(?:[\w.-]+:)?xrdMeasurements?[\s>/]")


def recognises(data: bytes) -> bool:
    """Return True for XML in UTF-8 or UTF-16 with the root ``xrdMeasurements``."""
    return _ROOT.search(data[:HEAD_SIZE].replace(b"\0", b"")) is not None


def scans(request: Request) -> list[Load]:
    """List the scans of an .xrdml file.

    Raises
    ------
    FileError
        If the XML is malformed or unsafe.
    """
    refuse_q(request, NAME)
    return [partial(_read, document, request) for document in open_documents(request)]


def _read(open_document: Callable[[], Document], request: Request) -> Scan:
    """Read one scan, with intensities in counts corrected for the attenuator.

    ``<counts>`` in the file are multiplied by the attenuation factors; ``<intensities>`` are corrected.

    Raises
    ------
    FileError
        If the scan is damaged, or not over 2θ.
    """
    source = request.source
    document = open_document()
    points, n = document.points, document.size
    two_theta = _angles(points, n, source)
    factors = np.ones(n)
    if points.find("{*}beamAttenuationFactors") is not None:
        factors = _numbers(points, "beamAttenuationFactors", source)
    corrected = points.find("{*}intensities") is not None
    with np.errstate(invalid="ignore", over="ignore"):  # such points are left out later
        intensity = _numbers(points, "intensities" if corrected else "counts", source)
        intensity = intensity if corrected else intensity * factors
    intensity, factors = with_usable_factors(intensity, factors)
    detected = detector_counts(intensity, factors, 0.5)  # they are printed as whole numbers
    counted = counting.from_counts(detected, counting.last_digit(detected))
    attenuated = (Step("attenuator corrected", {"largest factor": float(factors.max())}),)
    return Scan(
        x=two_theta,
        intensity=intensity,
        per_count=counted.per_count(factors),
        radiation=request.radiation or radiation(document.measurement, source),
        metadata=_metadata(document, source),
        history=(*counted.history, *(attenuated if factors.max() != 1 else ())),
    )


def _angles(points: ET.Element, n: int, source: str) -> FloatArray:
    """Return 2θ of the points, listed or evenly spaced between the first and the last."""
    positions = points.find("{*}positions")
    assert positions is not None  # checked when the document was opened
    if positions.find("{*}listPositions") is not None:
        angles = _numbers(positions, "listPositions", source)
    else:
        start, end = (_numbers(positions, name, source) for name in ("startPosition", "endPosition"))
        if start.size != 1 or end.size != 1:
            raise _unreadable(source, "not one start and one end of 2θ")
        angles = np.linspace(start[0], end[0], n)
    if angles.size != n or np.all(angles == angles[0]):
        still = angles.size == 1 or np.all(angles == angles[0])
        problem = "2θ does not move in it" if still else f"{angles.size} angles for {n} points"
        raise FileError(source, f"the scan is not over 2θ: {problem}")
    return angles


def _numbers(parent: ET.Element, name: str, source: str) -> FloatArray:
    """Return the numbers in an element."""
    element = parent.find(f"{{*}}{name}")
    words = "" if element is None else element.text or ""
    try:
        if "_" in words:  # Python takes 1_000 for a number
            raise ValueError
        values = np.array([float(word) for word in words.split()])
    except ValueError:
        raise _unreadable(source, f"{name} contains something else than numbers") from None
    if values.size == 0:
        raise _unreadable(source, f"{name} is missing, or of another form than in versions 1 and 2")
    return values


def _unreadable(source: str, reason: str) -> FileError:
    return FileError(source, f"the scan cannot be read ({reason}); export it again")


def _metadata(document: Document, source: str) -> dict[str, str | float]:
    time = float(_numbers(document.points, "commonCountingTime", source)[0])
    if not (np.isfinite(time) and time > 0.0):
        raise FileError(source, f"the counting time is {time:g} s, not a positive time; export it again")
    entries: dict[str, str | None] = {
        "sample id": document.root.findtext("{*}sample/{*}id"),
        "title": document.root.findtext("{*}sample/{*}name"),
        "scan axis": document.scan.get("scanAxis"),
        "date": document.scan.findtext("{*}header/{*}startTimeStamp"),
        "anode": document.measurement.findtext("{*}incidentBeamPath/{*}xRayTube/{*}anodeMaterial"),
    }
    metadata: dict[str, str | float] = {"format": NAME, "counting time (s)": time}
    temperature = _temperature(document.scan)
    if temperature is not None:
        metadata["temperature (°C)"] = temperature
    return metadata | nonempty(entries)


def _temperature(scan: ET.Element) -> float | None:
    """Return the mean temperature in °C of a non-ambient scan, None if it is missing or not certain."""
    for points in scan.findall("{*}nonAmbientPoints"):
        values = points.find("{*}nonAmbientValues")
        if points.get("type") != "Temperature" or values is None:
            continue
        zero = _ZEROS.get(values.get("unit", "K"))
        try:
            measured = [float(word) for word in (values.text or "").split()]
        except ValueError:
            return None
        if zero is None or not measured or not np.all(np.isfinite(measured)):
            return None
        return round(float(np.mean(measured)) - zero, 2)
    return None


FORMATS.register("xrdml", Format(NAME, (".xrdml",), recognises, scans))
