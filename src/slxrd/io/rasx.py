"""Rigaku .rasx files: a ZIP archive with a table and an XML document for each scan.

The layout is read off two files of SmartLab Studio II (TwoTheta_scan_powder.rasx and
Omega-2Theta_scan_high_temperature.rasx of FAIRmat's nomad-measurements, Apache-2.0): ``DataN/ProfileM.txt``
holds angle, intensity and attenuator's coefficient, ``DataN/MesurementConditionsM.xml`` (so it is spelt) the
conditions. In both the coefficient is 1; that intensity and coefficient are to be multiplied was found by the
authors of a public reader (``rasx.py`` of LabLog), point by point against SmartLab Studio's own exports.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from functools import partial

import numpy as np

from slxrd.errors import FileError
from slxrd.io import archive, counting, xml
from slxrd.io.archive import Archive
from slxrd.io.attenuation import check
from slxrd.io.rasx_conditions import counting_time, metadata, radiation, told, two_theta
from slxrd.io.request import Request
from slxrd.io.scan import Load, Scan
from slxrd.pattern import Step
from slxrd.units import FloatArray

NAME = "Rigaku .rasx"

_PROFILE = re.compile(r"Data(\d+)/(Profile|Image)(\d+)\.(?:txt|bin)")


def recognises(data: bytes) -> bool:
    """Tell whether a file is an archive with tables or images in numbered folders."""
    return any(_PROFILE.fullmatch(name) for name in archive.names(data))


def scans(request: Request) -> list[Load]:
    """List the scans of a .rasx file, by their numbers.

    Raises
    ------
    FileError
        If the archive is damaged.
    """
    if request.axis == "q":
        raise FileError(request.source, "the axis of a .rasx file is 2θ; leave --axis out")
    opened = archive.open_archive(request.data, request.source)
    found = [match for name in opened.members if (match := _PROFILE.fullmatch(name))]
    found.sort(key=lambda match: (len(match[1]), match[1], len(match[3]), match[3]))
    return [partial(_read, opened, match, request) for match in found]


def _read(opened: Archive, match: re.Match[str], request: Request) -> Scan:
    """Read one scan.

    Its intensities are in counts, multiplied by the attenuator's coefficient.

    Raises
    ------
    FileError
        If the scan is broken, or not one over 2θ.
    """
    source = request.source
    if match[2] == "Image":
        raise FileError(source, "holds a detector's image there, not a scan; integrate it to one over 2θ")
    conditions = _conditions(opened, match)
    rows = _rows(opened.read(match.string), source)
    table = _table(rows, source)
    x, steps = two_theta(table[:, 0], conditions, source)
    factors = table[:, 2]
    check(table[:, 1], factors, source)
    time = counting_time(conditions, source)
    unit = told(conditions, "IntensityUnit").lower()
    if unit == "cps":
        counted = counting.rates(table[:, 1], time, counting.decimals([row[1] for row in rows]))
    else:
        counted = counting.counts(table[:, 1]) if unit == "counts" else counting.unnamed(table[:, 1])
    if not np.all(factors == 1.0):
        steps = (*steps, Step("attenuator corrected", {"largest factor": float(factors.max())}))
    return Scan(
        x=x,
        intensity=counted.intensity * factors,
        per_count=counted.per_count(factors),
        radiation=request.radiation or radiation(conditions, source),
        metadata={"format": NAME} | metadata(conditions, time),
        history=(*counted.history, *steps),
    )


def _conditions(opened: Archive, match: re.Match[str]) -> ET.Element:
    name = f"Data{match[1]}/MesurementConditions{match[3]}.xml"
    return xml.parse(opened.read(name), opened.source, name)


def _rows(data: bytes, source: str) -> list[list[str]]:
    rows = [line.split() for line in data.decode("utf-8-sig", errors="replace").splitlines() if line.strip()]
    if not rows:
        raise FileError(source, "the scan holds no points")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]) or len(row) not in (2, 3):
            raise FileError(
                source, f"point {number} has {len(row)} numbers where two or three are expected; export again"
            )
    return rows


def _table(rows: list[list[str]], source: str) -> FloatArray:
    """Give angle, intensity and the attenuator's coefficient, which is 1 where that column is missing."""
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        raise FileError(source, "a point holds something that is no number; export the scan again") from None
    return table if table.shape[1] == 3 else np.column_stack([table, np.ones(len(rows))])
