"""The interface between formats and `slxrd.read`: Request, Scan, and conversion of a Scan to a Pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.pattern import Axis, FileAxis, Pattern, Step
from slxrd.errors import FileError
from slxrd.io.shared.bad_points import ATTENUATION, INTENSITY, SIGMA, usable
from slxrd.io.shared.column_choice import ColumnChoice
from slxrd.units import FloatArray, Radiation


@dataclass(frozen=True)
class Request:
    """The content of a file, and the options of `slxrd.read`.

    Parameters
    ----------
    source : str
        Path of the file, for messages.
    data : bytes
        The whole file.
    axis : {"q", "2theta", "theta"}, optional
        Quantity on the axis; None: as in the file.
    radiation : Radiation, optional
        Replaces the radiation in the file.
    trust_axis : bool
        Accept an axis whose range contradicts its name.
    scan : int, optional
        Number of the scan in a file with several, from 1.
    columns : ColumnChoice, optional
        Columns to read from a text file.
    """

    source: str
    data: bytes
    axis: FileAxis | None = None
    radiation: Radiation | None = None
    trust_axis: bool = False
    scan: int | None = None
    columns: ColumnChoice | None = None


#: Largest number of scans in a file (a reciprocal-space map has a few thousand), and of entries in the
#: headers of all together, which each has to itself.
MOST_SCANS, MOST_ENTRIES = 10_000, 1_000_000


def check_number(scans: int, source: str, entries: int = 0) -> None:
    """Refuse a file with more scans than any measurement, or with too much in their headers.

    Parameters
    ----------
    scans : int
        Number of scans found so far.
    source : str
        Path of the file, for messages.
    entries : int
        Number of entries in the headers of all.

    Raises
    ------
    FileError
        If there are too many.
    """
    if scans > MOST_SCANS:
        raise FileError(source, f"has more than {MOST_SCANS:,} scans; cut out the scan you need")
    if entries > MOST_ENTRIES:
        raise FileError(source, "has scans with too many entries in their headers; cut out the scan you need")


#: Smallest number of points of a diffractogram.
MIN_POINTS = 5


@dataclass(frozen=True)
class Scan:
    """One scan in measured order, not checked yet.

    Parameters
    ----------
    x : array_like, shape (n,)
        2θ in degrees, or q in Å⁻¹ (text only). A coupled scan over ω is converted to 2θ = 2ω.
    intensity : array_like, shape (n,)
        Counts, corrected for the attenuator; rate × counting time for rates that are whole counts.
    axis : {"q", "2theta"}
        Quantity of ``x``.
    per_count : array_like, shape (n,), or float, optional
        Intensity of one detected photon: the attenuation factor, 1 without an attenuator. None if the
        numbers are not known to be counts.
    sigma : array_like, shape (n,), optional
        Standard deviation of the intensity.
    radiation : Radiation, optional
        Radiation given in the file; `Request.radiation` replaces it.
    metadata : mapping
        ``"format"`` and, if the file gives them, ``"title"``, ``"sample id"``, ``"date"``, ``"scan axis"``,
        ``"anode"``, ``"counting time (s)"`` per point, ``"temperature (°C)"`` and others with the unit in
        the name.
    history : tuple of Step
        Conversions made by the reader.
    """

    x: ArrayLike
    intensity: ArrayLike
    axis: Axis = "2theta"
    per_count: ArrayLike | None = None
    sigma: ArrayLike | None = None
    radiation: Radiation | None = None
    metadata: Mapping[str, str | float] = field(default_factory=dict)
    history: tuple[Step, ...] = ()


#: Reads one scan when called, so that a damaged scan does not prevent reading the others.
Load = Callable[[], Scan]


def refuse_q(request: Request, name: str) -> None:
    """Raise FileError if the request has the axis q or θ, for a format ``name`` that stores 2θ."""
    if request.axis in ("q", "theta"):
        raise FileError(request.source, f"the axis of a {name} file is 2θ; leave --axis out")


def nonempty(entries: Mapping[str, str | None]) -> dict[str, str | float]:
    """Return the entries without blanks around them, leaving out the empty ones."""
    return {name: text.strip() for name, text in entries.items() if text and text.strip()}


def select_scan(loads: Sequence[Load], request: Request) -> Load:
    """Return the requested scan, or the only one.

    Raises
    ------
    FileError
        If the file has no scan, has several and none is requested, or lacks the requested one.
    """
    n = len(loads)
    if n == 0:
        raise FileError(request.source, "has no scan; export the measurement again")
    if request.scan is None and n > 1:
        raise FileError(request.source, f"has {n} scans; choose one with --scan 1 … {n}")
    wanted = 1 if request.scan is None else request.scan
    if not 1 <= wanted <= n:
        holds = "one scan" if n == 1 else f"{n} scans, counted from 1"
        raise FileError(request.source, f"scan {wanted} does not exist; the file has {holds}")
    return loads[wanted - 1]


def to_pattern(scan: Scan, request: Request) -> Pattern:
    """Check a scan and convert it to a pattern with an increasing axis, without single unusable points.

    Parameters
    ----------
    scan : Scan
        As read from the file.
    request : Request
        Options of `slxrd.read`.

    Raises
    ------
    FileError
        If columns differ in length, many values are impossible, the axis is not monotonic, or a scan over
        2θ has no wavelength.
    """
    source = request.source
    x = _column(scan.x)
    name = "q" if scan.axis == "q" else "2θ"
    columns = {name: x, INTENSITY: _column(scan.intensity)}
    if scan.per_count is not None:
        columns[ATTENUATION] = np.broadcast_to(_column(scan.per_count), x.shape)
    if scan.sigma is not None:
        columns[SIGMA] = _column(scan.sigma)
    _check_sizes(columns, source)
    kept, left_out = usable(columns, source, counts=scan.per_count is not None)
    columns = {key: values[kept] for key, values in columns.items()}
    x = columns[name]
    _check_length(x.size, source, left_out)
    _check_axis(x, source)
    radiation = request.radiation or scan.radiation
    if radiation is None and scan.axis == "2theta":
        raise FileError(source, "does not give the wavelength: use --wavelength CuKa, or a number in Å")
    kind = {} if radiation is None else {"wavelength from": "the user" if request.radiation else "the file"}
    history = (*scan.history, *left_out)
    order = slice(None)
    if x[0] > x[-1]:
        order = slice(None, None, -1)
        history = (*history, Step(f"sorted by {name}", {"in the file": "descending"}))
    return Pattern(
        x=x[order],
        intensity=columns[INTENSITY][order],
        axis=scan.axis,
        sigma=columns[SIGMA][order] if SIGMA in columns else None,
        wavelength=None if radiation is None else radiation.wavelength,
        second_line=None if radiation is None else radiation.second,
        per_count=columns[ATTENUATION][order] if ATTENUATION in columns else None,
        source=source,
        metadata={**scan.metadata, **kind},
        history=history,
    )


def _column(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64).reshape(-1)


def _check_sizes(columns: Mapping[str, FloatArray], source: str) -> None:
    sizes = {name: column.size for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        lengths = ", ".join(f"{size} of {name}" for name, size in sizes.items())
        raise FileError(source, f"its columns differ in length ({lengths}); export it again")
    _check_length(min(sizes.values()), source)


def _check_length(n: int, source: str, left_out: Sequence[Step] = ()) -> None:
    if n >= MIN_POINTS:
        return
    points, reasons = f"{n} point{'s' * (n != 1)}", ""
    if left_out:
        points += " that can be used"
        details = left_out[0].details.items()
        reasons = f" ({'; '.join(f'{key}: {text}' for key, text in details if key != 'number')})"
    problem = f"the scan has only {points}, and at least {MIN_POINTS} are needed{reasons}"
    raise FileError(source, problem)


def _check_axis(x: FloatArray, source: str) -> None:
    _check_length(x.size, source)
    steps = np.diff(x)
    if not (np.all(steps > 0.0) or np.all(steps < 0.0)):
        raise FileError(
            source,
            "its axis neither increases nor decreases throughout: it is damaged or not a simple scan; "
            "export it again",
        )
