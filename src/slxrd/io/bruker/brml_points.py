"""Read and check the points of a Bruker .brml scan.

``DataViews`` give position and name of the columns in the comma-separated ``Datum`` of a point.
The recorded counts are already multiplied by the factor of the rotary absorber: in the sample file (see
:mod:`slxrd.io.bruker.brml`) they have no jump where the factor changes from 1 to 8.3, and divided by it they
are whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slxrd.errors import FileError
from slxrd.io.shared.counting import are_whole, detector_counts, with_usable_factors
from slxrd.units import FloatArray

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

#: Largest relative spread of the counting times.
TIME_TOLERANCE = 0.01
#: Rounding of the seven digits in the file: relative error, and the number from which all look whole.
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
        Counts of the detector behind the absorber.
    absorption : ndarray, shape (n,)
        Factor of the absorber; ones if the file has none.
    time : float or None
        Counting time of each point in s.
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
        The element with the points and the description of their columns.
    source : str
        Path of the file, for messages.

    Raises
    ------
    FileError
        If columns are missing or do not agree with the points, 2θ does not move, or counting times differ.
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
    counts, absorption = with_usable_factors(counts, absorption)
    counted = detector_counts(counts, absorption, PRINTED * np.abs(counts))
    _check_corrected(counts, counted, absorption, source)
    return Points(two_theta, counts, counted, absorption, _time(columns.get("time"), source))


def _scan_name(route: ET.Element) -> str:
    scan = route.find("{*}ScanInformation")
    name = None if scan is None else scan.get("VisibleName") or scan.get("ScanName")
    return (name or "an unknown axis").strip()[:60]


def _places(route: ET.Element, source: str) -> dict[str, int]:
    """Return the positions of the columns, found by their descriptions."""
    places: dict[str, int] = {}
    recorded: list[ET.Element] = []
    for view in route.iterfind("{*}DataViews/{*}RawDataView"):
        kind, name = _kind(view), view.get("LogicName")
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


def _kind(view: ET.Element) -> str:
    """Return the type of a view, also from a file whose attributes have lost their namespace."""
    return view.get(_TYPE, view.get("type", ""))


def _start(view: ET.Element, source: str) -> int:
    text = view.get("Start", "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise FileError(
            source, f"a column starts at {text!r:.40}, which is not a position; export the scan again"
        )
    return int(text)


def _check_degrees(field: ET.Element, source: str) -> None:
    restriction = field.find("{*}Restriction")
    unit = _DEGREES[0] if restriction is None else restriction.get("Unit", _DEGREES[0])
    if unit not in _DEGREES:
        raise FileError(source, f"2θ is in {unit!r:.40} instead of degrees; export the scan again")


def _counter(recorded: list[ET.Element], source: str) -> ET.Element:
    """Find the one recorded column of counts; others may be temperatures and the like."""
    counters = []
    for view in recorded:
        unit = view.find("{*}Recording/{*}Unit")
        if unit is not None and (unit.get("Base"), unit.get("Prefix", "None")) == ("Counts", "None"):
            counters.append(view)
    if len(counters) != 1:
        raise FileError(
            source,
            f"the points have {len(counters)} columns of counts instead of one; export them as text",
        )
    length = counters[0].get("Length", "1")
    if length != "1" or _kind(counters[0]) != "RecordedRawDataView":
        raise FileError(
            source,
            f"contains detector frames ({length[:20]} channels per point) instead of a scan over 2θ; "
            "integrate them to one in DIFFRAC",
        )
    return counters[0]


def _table(route: ET.Element, source: str) -> FloatArray:
    rows = [(datum.text or "").split(",") for datum in route.iterfind("{*}Datum")]
    if not rows:
        raise FileError(source, "the scan has no points")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise FileError(
                source,
                f"point {number} has {len(row)} numbers but the first has {len(rows[0])}; export it again",
            )
    try:
        return np.array(rows, dtype=np.float64)
    except ValueError:
        raise FileError(source, "a point has a value that is not a number; export the scan again") from None


def _check_corrected(counts: FloatArray, counted: FloatArray, absorption: FloatArray, source: str) -> None:
    """Raise FileError for counts that are whole before the division by the factor and not after it."""
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
