"""The points of a Bruker .brml scan: which column is what, and whether they can be used.

``DataViews`` say which columns the comma-separated ``Datum`` of a point has, by place and name.
The recorded counts behind the rotary absorber are already multiplied by its factor: in the sample file (see
:mod:`slxrd.io.bruker.brml`) they run on smoothly where the factor changes from 1 to 8.3, and divided by it
they are
whole numbers.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.counting import are_whole, check_intensity, detector_counts
from slxrd.units import FloatArray

#: Largest spread of the times for which points were counted.
TIME_TOLERANCE = 0.01
#: The file writes seven digits: half of the last, relative, and the number from which on all look whole.
PRINTED = 5e-7
PRINTED_WHOLE = 1e6

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DEGREES = ("°", "deg", "Degree")


@dataclass(frozen=True)
class Points:
    """The columns of a scan.

    Parameters
    ----------
    two_theta : ndarray, shape (n,)
        Degrees, as recorded at each point.
    counts : ndarray, shape (n,)
        Corrected for the absorber.
    detected : ndarray, shape (n,)
        What was counted behind the absorber.
    absorption : ndarray, shape (n,)
        The absorber's factor; ones where the file has none.
    time : float or None
        For which each point was counted, in s.
    """

    two_theta: FloatArray
    counts: FloatArray
    detected: FloatArray
    absorption: FloatArray
    time: float | None


def read_points(route: ET.Element, source: str) -> Points:
    """Read the points of a ``DataRoute``.

    Parameters
    ----------
    route : Element
        The points and the description of their columns.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If columns are missing or do not fit the points, 2θ does not move, or points were counted for
        different times.
    """
    places = _places(route, source)
    table = _table(route, source)
    columns: dict[str, FloatArray] = {}
    for name, place in places.items():
        if place >= table.shape[1]:
            raise FileError(source, f"the points have no column {place + 1} ({name}); export the scan again")
        columns[name] = table[:, place]
    two_theta, counts = columns["2θ"], columns["counts"]
    if np.all(two_theta == two_theta[0]):
        raise FileError(source, f"is a scan of {_scan_name(route)!r}: 2θ does not move in it")
    absorption = columns.get("absorption", np.ones(counts.size))
    check_intensity(counts, absorption, source)
    counted = detector_counts(counts, absorption, PRINTED * np.abs(counts))
    _refuse_uncorrected(counts, counted, absorption, source)
    return Points(two_theta, counts, counted, absorption, _time(columns.get("time"), source))


def _scan_name(route: ET.Element) -> str:
    scan = route.find("{*}ScanInformation")
    name = None if scan is None else scan.get("VisibleName") or scan.get("ScanName")
    return (name or "an unknown axis").strip()[:60]


def _places(route: ET.Element, source: str) -> dict[str, int]:
    """Find the columns by their descriptions."""
    places: dict[str, int] = {}
    recorded: list[ET.Element] = []
    for view in route.iterfind("{*}DataViews/{*}RawDataView"):
        kind, name = view.get(_TYPE, ""), view.get("LogicName")
        if kind.endswith("RecordedRawDataView"):
            recorded.append(view)
        elif kind == "FixedRawDataView" and name in ("MeasuredTime", "AbsorptionFactor"):
            places["time" if name == "MeasuredTime" else "absorption"] = _start(view, source)
        elif kind == "VaryingRawDataView":
            for offset, field in enumerate(view.iterfind("{*}Varying/{*}FieldDefinitions")):
                if "TwoTheta" in (field.get("AxisId"), field.get("FieldName")):
                    _check_degrees(field, source)
                    places["2θ"] = _start(view, source) + offset
    if "2θ" not in places:
        raise FileError(source, f"is a scan of {_scan_name(route)!r}: 2θ does not move in it")
    places["counts"] = _start(_counter(recorded, source), source)
    return places


def _start(view: ET.Element, source: str) -> int:
    text = view.get("Start", "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise FileError(source, f"a column starts at {text!r:.40}, which is no place; export the scan again")
    return int(text)


def _check_degrees(field: ET.Element, source: str) -> None:
    restriction = field.find("{*}Restriction")
    unit = _DEGREES[0] if restriction is None else restriction.get("Unit", _DEGREES[0])
    if unit not in _DEGREES:
        raise FileError(source, f"2θ is in {unit!r:.40} where degrees are expected; export the scan again")


def _counter(recorded: list[ET.Element], source: str) -> ET.Element:
    """Find the one recorded column of counts; temperatures and the like may be recorded beside it."""
    counters = []
    for view in recorded:
        unit = view.find("{*}Recording/{*}Unit")
        told = (None, None) if unit is None else (unit.get("Base"), unit.get("Prefix", "None"))
        if told == ("Counts", "None"):
            counters.append(view)
    if len(counters) != 1:
        raise FileError(
            source,
            f"the points have {len(counters)} columns of counts where one is needed; export them as text",
        )
    length = counters[0].get("Length", "1")
    if length != "1" or counters[0].get(_TYPE) != "RecordedRawDataView":
        raise FileError(
            source,
            f"holds whole detector frames ({length[:20]} channels a point) rather than a scan over 2θ; "
            "integrate them to one in DIFFRAC",
        )
    return counters[0]


def _table(route: ET.Element, source: str) -> FloatArray:
    rows = [(datum.text or "").split(",") for datum in route.iterfind("{*}Datum")]
    if not rows:
        raise FileError(source, "the scan holds no points")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise FileError(
                source,
                f"point {number} has {len(row)} numbers where the first has {len(rows[0])}; export again",
            )
    try:
        return np.array(rows, dtype=np.float64)
    except ValueError:
        raise FileError(source, "a point holds something that is no number; export the scan again") from None


def _refuse_uncorrected(counts: FloatArray, counted: FloatArray, absorption: FloatArray, source: str) -> None:
    """Refuse counts that are whole where counts × factor would not be: the factor was not applied to them."""
    behind = (absorption != 1.0) & (np.abs(counts) < PRINTED_WHOLE)
    if behind.any() and are_whole(counts[behind]) and not are_whole(counted[behind]):
        raise FileError(
            source,
            f"its counts behind the absorber (factor {absorption.max():g}) seem not to be corrected for it; "
            "export the scan as text, with the absorber corrected",
        )


def _time(times: FloatArray | None, source: str) -> float | None:
    if times is None:
        return None
    if not (np.all(np.isfinite(times)) and times.min() > 0.0):
        raise FileError(source, f"a counting time is {times.min():g} s, not a positive time; export it again")
    if np.ptp(times) > TIME_TOLERANCE * times.max():
        raise FileError(
            source,
            f"its points were counted for {times.min():g} to {times.max():g} s; export it as text",
        )
    return float(times[0])
