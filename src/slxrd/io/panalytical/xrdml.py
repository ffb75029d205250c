"""PANalytical .xrdml files, read with fairmat-readers-xrd."""

from __future__ import annotations

import re
import tempfile
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.panalytical.xrdml_document import Document, open_documents, radiation
from slxrd.io.shared import counting
from slxrd.io.shared.counting import detector_counts, with_usable_factors
from slxrd.io.shared.scan import Load, Request, Scan, nonempty, refuse_q
from slxrd.units import FloatArray

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
    content = _library(document, source)
    n = document.size
    two_theta = _values(content, "2Theta")
    if two_theta.size != n:
        problem = (
            "2θ does not move in it" if two_theta.size == 1 else f"{two_theta.size} angles for {n} points"
        )
        raise FileError(source, f"the scan is not over 2θ: {problem}")
    factors = np.ones(n)
    if content.get("beamAttenuationFactors") is not None:
        factors = _spread(_values(content, "beamAttenuationFactors"), n, source)
    intensity = _spread(_values(content, "intensity"), n, source)
    intensity, factors = with_usable_factors(intensity, factors)
    detected = detector_counts(intensity, factors, 0.5)  # they are printed as whole numbers
    counted = counting.from_counts(detected, counting.last_digit(detected))
    attenuated = (Step("attenuator corrected", {"largest factor": float(factors.max())}),)
    return Scan(
        x=two_theta,
        intensity=intensity,
        per_count=counted.per_count(factors),
        radiation=request.radiation or radiation(document.measurement, source),
        metadata=_metadata(content, document, source),
        history=(*counted.history, *(attenuated if factors.max() != 1 else ())),
    )


def _library(document: Document, source: str) -> dict[str, Any]:
    """Read one scan with the library; convert all its exceptions to FileError."""
    with tempfile.TemporaryDirectory(prefix="slxrd-") as folder, warnings.catch_warnings():
        path = Path(folder) / "scan.xrdml"  # the library needs a path, and reads all scans or none
        try:
            from fairmat_readers_xrd import read_panalytical_xrdml

            ET.ElementTree(document.alone()).write(path, encoding="utf-8", xml_declaration=True)
            warnings.simplefilter("error")  # NumPy only warns about invalid numbers, and drops the rest
            warnings.simplefilter("ignore", RuntimeWarning)  # of infinite values, which are left out later
            content: dict[str, Any] = read_panalytical_xrdml(str(path))
        except ImportError:
            raise FileError(
                source, "needs fairmat-readers-xrd to be read: pip install fairmat-readers-xrd"
            ) from None
        except Exception as error:
            reason = " ".join(str(error).split())[:100]
            if not reason or isinstance(error, AttributeError | TypeError | LookupError):
                reason = "an element is missing, or of another form than in versions 1 and 2"
            raise FileError(source, f"the scan cannot be read ({reason}); export it again") from None
    return content


def _values(content: dict[str, Any], name: str) -> FloatArray:
    return np.asarray(content[name].magnitude, dtype=np.float64).reshape(-1)


def _spread(values: FloatArray, n: int, source: str) -> FloatArray:
    # The library returns a list of equal values as a single one.
    if values.size not in (1, n):
        raise FileError(source, f"only {values.size} of {n} numbers can be read; export it again")
    return np.broadcast_to(values, (n,))


def _metadata(content: dict[str, Any], document: Document, source: str) -> dict[str, str | float]:
    time = float(_values(content, "countTime")[0])
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
