"""Rigaku .rasx files: a ZIP archive with a table and an XML document for each scan.

The layout is derived from two files of SmartLab Studio II (TwoTheta_scan_powder.rasx and
Omega-2Theta_scan_high_temperature.rasx of FAIRmat's nomad-measurements, Apache-2.0): ``DataN/ProfileM.txt``
has angle, intensity and attenuation factor, ``DataN/MesurementConditionsM.xml`` (spelt so) the measurement
conditions. In both files the factor is 1; the authors of a public reader (``rasx.py`` of LabLog) found, by
comparison with exports of SmartLab Studio, that the intensity has to be multiplied by the factor.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.rigaku.ras import time_per_point, two_theta_factor
from slxrd.io.shared import archive, counting, xml
from slxrd.io.shared.archive import Archive
from slxrd.io.shared.counting import with_usable_factors
from slxrd.io.shared.rows import split_lines
from slxrd.io.shared.scan import Load, Request, Scan, nonempty, refuse_q
from slxrd.io.shared.xml import parse_positive
from slxrd.units import ALPHA2_RATIO, FloatArray, Radiation, SecondLine

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

NAME = "Rigaku .rasx"
#: Largest number of points of a scan: 160° in steps of 0.001° are fewer.
POINTS_LIMIT = 200_000
#: Characters of a row of three numbers, at most.
_LONGEST_ROW = 100

_PROFILE = re.compile(r"Data(\d+)/(Profile|Image)(\d+)\.(?:txt|bin)")
#: ``WaveType`` of a single line → end of the name of the element with its wavelength.
_LINES = {"ka1": "Kalpha1", "ka2": "Kalpha2", "kb": "Kbeta"}


def recognises(data: bytes) -> bool:
    """Return True for an archive with tables or images in numbered folders."""
    return any(_PROFILE.fullmatch(name) for name in archive.member_names(data))


def scans(request: Request) -> list[Load]:
    """List the scans of a .rasx file in the order of their numbers.

    Raises
    ------
    FileError
        If the archive is damaged.
    """
    refuse_q(request, NAME)
    opened = archive.open_archive(request.data, request.source)
    found = [match for name in opened.members if (match := _PROFILE.fullmatch(name))]
    found.sort(key=lambda match: (len(match[1]), match[1], len(match[3]), match[3]))
    return [partial(_read, opened, match, request) for match in found]


def _read(opened: Archive, match: re.Match[str], request: Request) -> Scan:
    """Read one scan and multiply its intensities by the attenuation factors.

    Raises
    ------
    FileError
        If the scan is damaged, or not over 2θ.
    """
    source = request.source
    if match[2] == "Image":
        raise FileError(source, "contains a detector image, not a scan; integrate it to a scan over 2θ")
    conditions = _conditions(opened, match)
    rows = _rows(opened.read(match.string), source)
    table = _table(rows, source)
    x, steps = _two_theta(table[:, 0], conditions, source)
    detected, factors = with_usable_factors(table[:, 1], table[:, 2])
    time = _counting_time(conditions, source)
    unit = _scan_information(conditions, "IntensityUnit").lower()
    counted = counting.from_unit(detected, unit, time, counting.decimals([row[1] for row in rows]))
    if not np.all(factors == 1.0):
        steps = (*steps, Step("attenuator corrected", {"largest factor": float(factors.max())}))
    return Scan(
        x=x,
        intensity=counted.intensity * factors,
        per_count=counted.per_count(factors),
        radiation=request.radiation or _radiation(conditions, source),
        metadata={"format": NAME} | _metadata(conditions, time),
        history=(*counted.history, *steps),
    )


def _conditions(opened: Archive, match: re.Match[str]) -> ET.Element:
    name = f"Data{match[1]}/MesurementConditions{match[3]}.xml"
    return xml.parse(opened.read(name), opened.source, name)


def _rows(data: bytes, source: str) -> list[list[str]]:
    # Before the text is decoded and split, which takes many times its size.
    if data.count(b"\n") > POINTS_LIMIT + 1 or len(data) > POINTS_LIMIT * _LONGEST_ROW:
        raise FileError(source, f"has a scan of more than {POINTS_LIMIT:,} points; export a part of it")
    lines = split_lines(data.decode("utf-8-sig", errors="replace"), source)
    rows = [line.text.split() for line in lines]
    if not rows:
        raise FileError(source, "the scan has no points")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]) or len(row) not in (2, 3):
            raise FileError(
                source, f"point {number} has {len(row)} numbers instead of two or three; export it again"
            )
    return rows


def _table(rows: list[list[str]], source: str) -> FloatArray:
    """Return angle, intensity and attenuation factor, which is 1 if that column is missing."""
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError:
        raise FileError(source, "a point has a value that is not a number; export the scan again") from None
    return table if table.shape[1] == 3 else np.column_stack([table, np.ones(len(rows))])


def _scan_information(conditions: ET.Element, name: str) -> str:
    """Return an entry of the scan information; empty if it is missing."""
    return conditions.findtext(f"{{*}}ScanInformation/{{*}}{name}", "").strip()


def _two_theta(
    angles: FloatArray, conditions: ET.Element, source: str
) -> tuple[FloatArray, tuple[Step, ...]]:
    """Convert the angles in the file to 2θ.

    Returns
    -------
    ndarray, shape (n,)
        2θ in degrees. If the angles are ω: 2ω + offset, where the offset, constant in a coupled scan, is
        computed from the positions of 2θ and ω in the file; 2ω if it does not give them.
    tuple of Step
        Entries of the history.

    Raises
    ------
    FileError
        If the scan is not over 2θ, or not in degrees.
    """
    factor, steps = two_theta_factor(_scan_information(conditions, "AxisName"), source)
    unit = _scan_information(conditions, "PositionUnit")
    if unit not in ("deg", ""):
        raise FileError(source, f"its angles are in {unit!r:.40} instead of degrees; export it again")
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


def _counting_time(conditions: ET.Element, source: str) -> float | None:
    """Return the counting time per point in s, None if the file does not give it.

    With a position-sensitive detector the time for which a point is counted is longer than this.
    """
    speed, unit, step = (_scan_information(conditions, name) for name in ("Speed", "SpeedUnit", "Step"))
    time = time_per_point(speed, unit, step, source)
    return None if time is None else round(time, 9)


def _radiation(conditions: ET.Element, source: str) -> Radiation | None:
    """Return the radiation by the ``WaveType`` in the file.

    Returns
    -------
    Radiation or None
        The named line; for Kα the doublet, or Kα₁ with a germanium monochromator. The intensity ratio, which
        the file does not give, is :data:`slxrd.units.ALPHA2_RATIO`. None without a wave type.

    Raises
    ------
    FileError
        If the wave type is unknown, or a wavelength is not a positive number.
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
            source, f"wave type {kind!r:.40} is not known: use --wavelength CuKa, or a number in Å"
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


def _metadata(conditions: ET.Element, time: float | None) -> dict[str, str | float]:
    entries: dict[str, str | None] = {
        "title": conditions.findtext("{*}GeneralInformation/{*}SampleName"),
        "scan axis": _scan_information(conditions, "AxisName"),
        "date": _scan_information(conditions, "StartTime"),
        "anode": conditions.findtext("{*}HWConfigurations/{*}XrayGenerator/{*}TargetName"),
    }
    found = nonempty(entries)
    if time is not None:
        found["counting time (s)"] = time
    temperature = _position(conditions, "Temp", "C")
    if temperature is not None:
        found["temperature (°C)"] = temperature
        end = _position(conditions, "Temp", "C", "EndPosition")
        if end is not None and end != temperature:
            found["temperature at the end (°C)"] = end
    return found


FORMATS.register("rasx", Format(NAME, (".rasx",), recognises, scans))
