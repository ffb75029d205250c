"""Rigaku .ras files (SmartLab, MiniFlex, Ultima): ``*KEY "value"`` lines before each block of rows.

Also reads the text export of the same programs, which has the keys, and rows without marks around them. The
interpretation of scan axes and counting times is used for the other formats of Rigaku too.

Sources of the layout: reductus' rigaku.py (NIST, public domain), the description of RigakuFiles.jl, and the
headers quoted in public tests. A row has the angle, the detected intensity and the attenuation factor, by
which the intensity is multiplied (reductus; LabLog's rasx.py found the same for .rasx by comparison with
SmartLab's exports). ``MEAS_COND_XG_WAVE_TYPE`` names the emission line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from slxrd.data.pattern import Step
from slxrd.errors import FileError
from slxrd.io.formats import FORMATS, Format
from slxrd.io.shared import counting
from slxrd.io.shared.headers import (
    header_radiation,
    metadata_entries,
    parse_counting_time,
    parse_number,
    parse_numbers,
    parse_wavelength,
    read_lines,
    required,
)
from slxrd.io.shared.rows import Row
from slxrd.io.shared.scan import Load, Request, Scan, check_number
from slxrd.io.shared.signature import from_signature, has_signature, uncommented
from slxrd.units import ALPHA2_RATIO, Radiation

#: Names of scans over 2θ → degrees of 2θ per degree of the axis in the file; that of an ω-2θ scan is ω.
_SCANS = {
    "twothetatheta": 1.0,
    "twothetaomega": 1.0,
    "twotheta": 1.0,
    "omegatwotheta": 2.0,
    "thetatwotheta": 1.0,  # MiniFlex writes "Theta/2-Theta" over 2θ
}


def two_theta_factor(name: str, source: str) -> tuple[float, tuple[Step, ...]]:
    """Return the degrees of 2θ per degree of the axis of a scan, and the history entry for it.

    Parameters
    ----------
    name : str
        Name of the scan in the file.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If the scan is not over 2θ, or its name is unknown.
    """
    plain = re.sub(r"2|２", "two", name.lower().replace("θ", "theta").replace("ω", "omega"))
    factor = _SCANS.get(re.sub(r"[^a-z]", "", plain))
    if factor is None:
        raise FileError(source, f"is a scan of {name[:40]!r}; only scans over 2θ are supported")
    return factor, (Step("2θ = 2ω"),) if factor != 1.0 else ()


def time_per_point(speed: str | None, unit: str | None, step: str | None, source: str) -> float | None:
    """Compute the counting time per point.

    Parameters
    ----------
    speed, unit : str or None
        Time per step in s (unit ``"sec…"``), or speed in degrees per minute or second (``"deg/min"``).
    step : str or None
        Step in degrees.
    source : str
        Path of the file, for messages.

    Returns
    -------
    float or None
        Seconds; None if the file does not give it.
    """
    if not speed or not unit:
        return None
    unit = unit.lower().replace(" ", "")
    if unit.startswith("sec"):
        return (
            parse_counting_time(speed, "the counting time", source)
            if parse_number(speed, "the speed", source)
            else None
        )
    per = re.fullmatch(r"deg[a-z.]*/(min|s(?:ec)?)\.?", unit)
    if per and step:
        rate = parse_number(speed, "the speed of the scan", source)
        width = parse_number(step, "the step", source)
        time = (60.0 if per[1] == "min" else 1.0) * abs(width / rate) if rate else 0.0
        return time if 1e-6 <= time <= 1e7 else None
    return None


NAME = "Rigaku .ras"

_START = re.compile(r'[#;!%\'\s]*\*(?:RAS_|(?:DISP|FILE|HW|MEAS)_[\w-]+\s+")')
_NOTE = re.compile(r"#(?=\s*\w)([\w\s]+)=(.*)$")
_KEY = re.compile(r'\*([\w-]+)\s+"?(.*?)"?$')


@dataclass
class _Block:
    """The rows of one scan, and its header."""

    header: Mapping[str, str]
    start: Row
    marked: bool = True
    rows: list[Row] = field(default_factory=list)
    complete: bool = False


def recognises(data: bytes) -> bool:
    """Return True for a file with ``*RAS_``, or a key of such files, before the first row."""
    return has_signature(data, _START)


def scans(request: Request) -> list[Load]:
    """List the scans of a .ras file, one for each block of rows."""
    blocks: list[_Block] = []
    header: dict[str, str] = {}
    inside = False
    found = from_signature(read_lines(request, NAME), _START)
    lines = [Row(line.line, uncommented(line.text, "*")) for line in found]
    marked = any(row.text == "*RAS_INT_START" for row in lines)
    for row in lines:
        if row.text == "*RAS_HEADER_START":
            header, inside = {}, False
        elif row.text == "*RAS_INT_START":
            check_number(len(blocks) + 1, request.source)
            blocks.append(_Block(header, row))
            inside = True
        elif row.text == "*RAS_INT_END":
            if inside:
                blocks[-1].complete = True
            inside = False
        elif inside:
            if not row.text.startswith("#"):
                blocks[-1].rows.append(row)
        elif key := _KEY.match(row.text) or _NOTE.match(row.text):
            if blocks and not blocks[-1].marked and blocks[-1].header is header:
                header = {}
            header[key[1].strip()] = key[2].strip()
        elif header and not marked and not row.text.startswith(("*", "#")):
            if not (blocks and blocks[-1].header is header):
                check_number(len(blocks) + 1, request.source)
                blocks.append(_Block(header, row, marked=False))
            if not blocks[-1].marked:
                blocks[-1].rows.append(row)
    return [partial(_read, block, request) for block in blocks]


def _read(block: _Block, request: Request) -> Scan:
    """Read one scan.

    Raises
    ------
    FileError
        If the scan is truncated, or not over 2θ.
    """
    source, header = request.source, block.header
    name = header.get("MEAS_SCAN_AXIS_X_INTERNAL") or required(header, "MEAS_SCAN_AXIS_X", source)
    factor, doubled = two_theta_factor(name, source)
    x, detected, attenuation, digits = _columns(block, source)
    time = time_per_point(
        header.get("MEAS_SCAN_SPEED"),
        header.get("MEAS_SCAN_SPEED_UNIT"),
        header.get("MEAS_SCAN_STEP"),
        source,
    )
    counted = counting.from_unit(detected, header.get("MEAS_SCAN_UNIT_Y", "").lower(), time, digits)
    largest = float(attenuation.max())
    attenuated = (Step("attenuator corrected", {"largest factor": largest}),) if largest != 1.0 else ()
    return Scan(
        x=factor * x,
        intensity=counted.intensity * attenuation,
        per_count=counted.per_count(attenuation),
        radiation=_radiation(request, header),
        metadata=metadata_entries(
            {
                "format": NAME,
                "sample id": header.get("FILE_SAMPLE"),
                "title": header.get("FILE_COMMENT"),
                "date": header.get("MEAS_SCAN_START_TIME"),
                "scan axis": name,
                "anode": header.get("HW_XG_TARGET_NAME"),
                "counting time (s)": time,
                "temperature (°C)": _temperature(header, source),
            }
        ),
        history=(*doubled, *counted.history, *attenuated),
    )


def _columns(block: _Block, source: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return angles, intensities, attenuation factors, and the decimal places of the intensities."""
    if block.marked and not block.complete:
        raise FileError(
            source, "the scan has no end (*RAS_INT_END): it is truncated; copy or export it again"
        )
    split = [(row.text.split(), row.line) for row in block.rows]
    stated = block.header.get("MEAS_DATA_COUNT")
    if stated and parse_number(stated, "MEAS_DATA_COUNT", source) != len(split):
        raise FileError(source, f"claims {stated} points but has {len(split)}; copy or export it again")
    if not split:
        raise FileError(source, "the scan has no points", block.start.line)
    width = len(split[0][0])
    for fields, line in split:
        if len(fields) != width or width not in (2, 3):
            raise FileError(source, f"has {len(fields)} numbers, not angle, intensity and attenuation", line)
    columns = [
        parse_numbers([(fields[place], line) for fields, line in split], what, source)
        for place, what in zip(range(width), ("the angle", "the intensity", "the attenuation"), strict=False)
    ]
    if not block.marked:
        _check_unmarked(block.header, float(columns[0][-1]), source)
    detected, factors = columns[1], np.ones(len(split))
    if width == 3:
        detected, factors = counting.with_usable_factors(detected, columns[2])
    return columns[0], detected, factors, counting.decimals([fields[1] for fields, _ in split])


def _check_unmarked(header: Mapping[str, str], last: float, source: str) -> None:
    """Check that rows without an end mark reach the end of the scan, and have no attenuator.

    Raises
    ------
    FileError
        If they do not, or an attenuator was used: this export does not say whether it is corrected for.
    """
    stop, step = (
        parse_number(required(header, key, source), key, source)
        for key in ("MEAS_SCAN_STOP", "MEAS_SCAN_STEP")
    )
    if abs(last - stop) > 1.5 * abs(step):
        raise FileError(source, f"ends at {last:g}°, not at {stop:g}°; copy or export it again")
    factor = header.get("Attenuator_coefficient", "1")
    if parse_number(factor, "Attenuator_coefficient", source) != 1.0:
        raise FileError(
            source,
            f"does not say whether its attenuator of {factor} is corrected for; export the scan as .ras",
        )


def _radiation(request: Request, header: Mapping[str, str]) -> Radiation | None:
    alpha1, alpha2, beta = (
        parse_wavelength(header.get(f"HW_XG_WAVE_LENGTH_{line}"), f"HW_XG_WAVE_LENGTH_{line}", request.source)
        for line in ("ALPHA1", "ALPHA2", "BETA")
    )
    wave_type = header.get("MEAS_COND_XG_WAVE_TYPE", "").lower().replace("_", "").replace("alpha", "a")
    single = {"ka1": alpha1, "ka2": alpha2, "kb": beta, "kbeta": beta}
    if wave_type == "ka" and _axis(header, "IncidentMonochromator")[0].startswith("Ge"):
        wave_type = "ka1"  # a germanium crystal transmits only Kα₁
    if wave_type in single:
        return header_radiation(request, single[wave_type], 0.0, 0.0)
    # The file has no intensity ratio. Without Kα as wave type it is unknown which lines reach the sample.
    return header_radiation(request, alpha1, alpha2, ALPHA2_RATIO) if wave_type == "ka" else None


def _axis(header: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return position and unit of an axis by its internal name; empty if there is none."""
    prefix = "MEAS_COND_AXIS_NAME_INTERNAL-"
    for key, value in header.items():
        if key.startswith(prefix) and value == name:
            place = key.removeprefix(prefix)
            return (
                header.get(f"MEAS_COND_AXIS_POSITION-{place}", ""),
                header.get(f"MEAS_COND_AXIS_UNIT-{place}", ""),
            )
    return "", ""


def _temperature(header: Mapping[str, str], source: str) -> float | None:
    position, unit = _axis(header, "Temp")
    return parse_number(position, "the temperature", source) if position and unit == "C" else None


FORMATS.register("ras", Format(NAME, (".ras",), recognises, scans))
