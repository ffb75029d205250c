"""PANalytical .xrdml files, through fairmat-readers-xrd."""

from __future__ import annotations

import re
import tempfile
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np

from slxrd.errors import FileError
from slxrd.io.request import Request
from slxrd.io.xrdml_document import Document, open_document
from slxrd.io.xrdml_wavelength import wavelength
from slxrd.pattern import Pattern, Step
from slxrd.units import FloatArray

NAME = "PANalytical .xrdml"

_ROOT = re.compile(rb"<(?:[\w.-]+:)?xrdMeasurements?[\s>/]")


def recognises(head: bytes) -> bool:
    """Tell whether a file is XML with the root ``xrdMeasurements``, in UTF-8 or UTF-16."""
    return _ROOT.search(head.replace(b"\0", b"")) is not None


def read(request: Request) -> Pattern:
    """Read one scan of an .xrdml file.

    Parameters
    ----------
    request : Request
        The file and what the caller says of it.

    Returns
    -------
    Pattern
        Over 2θ. Intensities are in counts, corrected for the attenuator (``<counts>`` in the file
        are not and are multiplied by its factors, ``<intensities>`` are already); ``per_count``
        is the attenuation factor, 1 where there is none.

    Raises
    ------
    FileError
        If the file is broken, holds no or several scans, or a scan without 2θ.
    """
    source = request.source
    if request.axis == "q":
        raise FileError(source, "the axis of an .xrdml file is 2θ; leave --axis out")
    document = open_document(request)
    length, kind = wavelength(request, document.measurement)
    content = _library(document, source)
    n = document.size
    two_theta = _values(content, "2Theta")
    if two_theta.size != n:
        problem = (
            "2θ does not move in it" if two_theta.size == 1 else f"{two_theta.size} angles for {n} points"
        )
        raise FileError(source, f"the scan is not one over 2θ: {problem}")
    intensity = _spread(_values(content, "intensity"), n, source)
    factors = np.ones(n)
    if content.get("beamAttenuationFactors") is not None:
        factors = _spread(_values(content, "beamAttenuationFactors"), n, source)
    _check(two_theta, intensity, factors, source)
    history = (
        (Step("attenuator corrected", {"largest factor": float(factors.max())}),)
        if factors.max() != 1
        else ()
    )
    if n > 1 and two_theta[0] > two_theta[-1]:
        two_theta, intensity, factors = two_theta[::-1], intensity[::-1], factors[::-1]
        history = (*history, Step("sorted by 2θ", {"in the file": "descending"}))
    return Pattern(
        x=two_theta,
        intensity=intensity,
        axis="2theta",
        wavelength=length,
        per_count=factors,
        source=source,
        metadata=_metadata(content, document, kind, source),
        history=history,
    )


def _library(document: Document, source: str) -> dict[str, Any]:
    """Give the chosen scan to the library; everything it raises becomes a FileError."""
    with tempfile.TemporaryDirectory(prefix="slxrd-") as folder, warnings.catch_warnings():
        path = Path(folder) / "scan.xrdml"  # the library takes paths only, and reads all scans or none
        try:
            from fairmat_readers_xrd import read_panalytical_xrdml

            ET.ElementTree(document.root).write(path, encoding="utf-8", xml_declaration=True)
            warnings.simplefilter("error")  # NumPy only warns of numbers it cannot read, and drops the rest
            content: dict[str, Any] = read_panalytical_xrdml(str(path))
        except ImportError:
            raise FileError(
                source, "needs fairmat-readers-xrd to be read: pip install fairmat-readers-xrd"
            ) from None
        except Exception as error:
            reason = " ".join(str(error).split())[:100] or type(error).__name__
            raise FileError(source, f"the scan cannot be read ({reason}); export it again") from None
    return content


def _values(content: dict[str, Any], name: str) -> FloatArray:
    return np.asarray(content[name].magnitude, dtype=np.float64).reshape(-1)


def _spread(values: FloatArray, n: int, source: str) -> FloatArray:
    # The library closes up a list of equal values to a single one.
    if values.size not in (1, n):
        raise FileError(source, f"{values.size} numbers are read where {n} stand; export it again")
    return np.broadcast_to(values, (n,))


def _check(two_theta: FloatArray, intensity: FloatArray, factors: FloatArray, source: str) -> None:
    for name, values in (("2θ", two_theta), ("attenuation factor", factors), ("intensity", intensity)):
        if not np.isfinite(values).all():
            where = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise FileError(source, f"the {name} of point {where} is not a finite number; export it again")
    steps = np.diff(two_theta)
    if not (np.all(steps > 0.0) or np.all(steps < 0.0)):
        raise FileError(source, "the angles go neither up nor down all the way; export the scan again")
    if two_theta.min() <= 0.0 or two_theta.max() >= 180.0:
        raise FileError(
            source,
            f"2θ from {two_theta.min():g} to {two_theta.max():g}° is not between 0 and 180°; cut the scan",
        )
    if intensity.min() < 0.0:
        raise FileError(
            source, f"intensity {intensity.min():g} is negative, which counts cannot be; export it again"
        )
    if factors.min() <= 0.0:
        raise FileError(source, f"attenuation factor {factors.min():g} is not positive; export it again")


def _metadata(content: dict[str, Any], document: Document, kind: str, source: str) -> dict[str, str | float]:
    time = float(_values(content, "countTime")[0])
    if not (np.isfinite(time) and time > 0.0):
        raise FileError(source, f"the counting time is {time:g} s, not a positive time; export it again")
    told = content["metadata"]
    entries: dict[str, str | None] = {
        "sample id": told["sample_id"],
        "title": document.root.findtext("{*}sample/{*}name"),
        "scan axis": told["scan_axis"],
        "date": document.scan.findtext("{*}header/{*}startTimeStamp"),
        "anode": told["source"]["anode_material"],
    }
    metadata: dict[str, str | float] = {"format": NAME, "counting time (s)": time, "wavelength kind": kind}
    metadata |= {name: text.strip() for name, text in entries.items() if text and text.strip()}
    return metadata
