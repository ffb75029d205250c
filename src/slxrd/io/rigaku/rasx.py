"""Rigaku .rasx files: a ZIP archive with a table and an XML document for each scan.

The layout is read off two files of SmartLab Studio II (TwoTheta_scan_powder.rasx and
Omega-2Theta_scan_high_temperature.rasx of FAIRmat's nomad-measurements, Apache-2.0): ``DataN/ProfileM.txt``
holds angle, intensity and attenuator's coefficient, ``DataN/MesurementConditionsM.xml`` (so it is spelt) the
conditions. In both the coefficient is 1; that intensity and coefficient are to be multiplied was found by the
authors of a public reader (``rasx.py`` of LabLog), point by point against SmartLab Studio's own exports.

The conditions of a Rigaku .rasx scan: its axis, times and radiation.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from functools import partial

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.rigaku.ras import time_per_point, two_theta_factor
from slxrd.io.shared import archive, counting, xml
from slxrd.io.shared.archive import Archive
from slxrd.io.shared.counting import check_intensity
from slxrd.io.shared.scan import Load, Request, Scan
from slxrd.io.shared.xml import parse_positive
from slxrd.units import ALPHA2_RATIO, FloatArray, Radiation, SecondLine

#: The words for a single line → the end of the element that holds it.
_LINES = {"ka1": "Kalpha1", "ka2": "Kalpha2", "kb": "Kbeta"}


def told(conditions: ET.Element, name: str) -> str:
    """What stands in the scan's information; empty where nothing does."""
    return conditions.findtext(f"{{*}}ScanInformation/{{*}}{name}", "").strip()


def two_theta(angles: FloatArray, conditions: ET.Element, source: str) -> tuple[FloatArray, tuple[Step, ...]]:
    """Angles of a scan as 2θ.

    Parameters
    ----------
    angles : ndarray, shape (n,)
        As listed, in degrees.
    conditions : Element
        The document of the conditions.
    source : str
        Path of the file, for messages.

    Returns
    -------
    ndarray, shape (n,)
        2θ in degrees. Where ω is listed, 2ω + offset: the positions of 2θ and ω, as far as the file tells
        them, give the offset between 2θ and 2ω, which a coupled scan keeps.
    tuple of Step
        For the history.

    Raises
    ------
    FileError
        If the scan is not one over 2θ, or not in degrees.
    """
    factor, steps = two_theta_factor(told(conditions, "AxisName"), source)
    unit = told(conditions, "PositionUnit")
    if unit not in ("deg", ""):
        raise FileError(source, f"its angles are in {unit!r:.40} where degrees are expected; export it again")
    if factor == 1.0:
        return angles, steps
    detector, sample = _position(conditions, "TwoTheta"), _position(conditions, "Omega")
    if detector is None or sample is None:
        return factor * angles, steps
    offset = detector - 2.0 * sample
    return factor * angles + offset, (Step("2θ = 2ω + offset", {"offset (°)": offset}),)


def _position(conditions: ET.Element, name: str, unit: str = "deg", end: str = "Position") -> float | None:
    for axis in conditions.iterfind("{*}Axes/{*}Axis"):
        if axis.get("Name") == name and axis.get("Unit") == unit:
            try:
                value = float(axis.get(end, ""))
            except ValueError:
                return None
            return value if math.isfinite(value) else None
    return None


def counting_time(conditions: ET.Element, source: str) -> float | None:
    """Time in s for which a point was counted, None where the file does not tell it.

    A detector of many channels that moves with the scan sees each point for longer.
    """
    speed, unit, step = (told(conditions, name) for name in ("Speed", "SpeedUnit", "Step"))
    time = time_per_point(speed, unit, step, source)
    return None if time is None else round(time, 9)


def radiation(conditions: ET.Element, source: str) -> Radiation | None:
    """Radiation by the file's ``WaveType``.

    Parameters
    ----------
    conditions : Element
        The document of the conditions.
    source : str
        Path of the file, for messages.

    Returns
    -------
    Radiation or None
        The line that is named; for Kα the doublet, or Kα₁ behind a germanium monochromator. The ratio of the
        doublet's lines, which the file does not hold, is :data:`slxrd.units.ALPHA2_RATIO`. None where the
        file does not tell.

    Raises
    ------
    FileError
        If the file's words or numbers are not understood.
    """
    tube = conditions.find("{*}HWConfigurations/{*}XrayGenerator")
    kind = "" if tube is None else tube.findtext("{*}WaveType", "").strip()
    if tube is None or not kind:
        return None

    def line(name: str) -> float:
        return parse_positive(tube.findtext(f"{{*}}Wavelength{name}"), f"Wavelength{name}", source)

    if kind.lower() in _LINES:
        return Radiation(line(_LINES[kind.lower()]))
    if kind.lower() != "ka":
        raise FileError(
            source, f"wave type {kind!r:.40} is not known: use --wavelength CuKa, or a number of Å"
        )
    if _header(conditions, "*HW_I_MONOCHRO_NAME_INTERNAL").startswith("Ge"):
        return Radiation(line("Kalpha1"))
    return Radiation(line("Kalpha1"), SecondLine(line("Kalpha2"), ALPHA2_RATIO))


def _header(conditions: ET.Element, key: str) -> str:
    for pair in conditions.iterfind("{*}RASHeader/{*}Pair"):
        words = [(word.text or "").strip() for word in pair]
        if len(words) == 2 and words[0] == key:
            return words[1]
    return ""


def metadata(conditions: ET.Element, time: float | None) -> dict[str, str | float]:
    """What else the conditions tell: title, date, axis, anode, times, temperature."""
    entries: dict[str, str | None] = {
        "title": conditions.findtext("{*}GeneralInformation/{*}SampleName"),
        "scan axis": told(conditions, "AxisName"),
        "date": told(conditions, "StartTime"),
        "anode": conditions.findtext("{*}HWConfigurations/{*}XrayGenerator/{*}TargetName"),
    }
    found: dict[str, str | float] = {
        name: text.strip() for name, text in entries.items() if text and text.strip()
    }
    if time is not None:
        found["counting time (s)"] = time
    temperature = _position(conditions, "Temp", "C")
    if temperature is not None:
        found["temperature (°C)"] = temperature
        end = _position(conditions, "Temp", "C", "EndPosition")
        if end is not None and end != temperature:
            found["temperature at the end (°C)"] = end
    return found


NAME = "Rigaku .rasx"

_PROFILE = re.compile(r"Data(\d+)/(Profile|Image)(\d+)\.(?:txt|bin)")


def recognises(data: bytes) -> bool:
    """Tell whether a file is an archive with tables or images in numbered folders."""
    return any(_PROFILE.fullmatch(name) for name in archive.member_names(data))


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
    check_intensity(table[:, 1], factors, source)
    time = counting_time(conditions, source)
    unit = told(conditions, "IntensityUnit").lower()
    if unit == "cps":
        counted = counting.from_rates(table[:, 1], time, counting.decimals([row[1] for row in rows]))
    else:
        counted = (
            counting.from_counts(table[:, 1]) if unit == "counts" else counting.from_unknown_unit(table[:, 1])
        )
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


FORMATS.register("rasx", Format(NAME, (".rasx",), recognises, scans))
