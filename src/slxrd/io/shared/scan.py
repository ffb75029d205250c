"""What every reader gives: one scan as it stands in the file, and its way to a Pattern.

What a format's reader is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from slxrd.data.pattern import LARGEST, Axis, Pattern, Step
from slxrd.errors import FileError
from slxrd.io.shared.column_choice import ColumnChoice
from slxrd.units import FloatArray, Radiation


@dataclass(frozen=True)
class Request:
    """A file's content and what the caller says about it.

    Parameters
    ----------
    source : str
        Path of the file, for messages.
    data : bytes
        The whole file.
    axis : {"q", "2theta"}, optional
        What the caller says the axis is; None leaves it to the file.
    radiation : Radiation, optional
        As given by the caller; it goes before the file's own.
    trust_axis : bool
        Read an axis whose range contradicts its name all the same.
    scan : int, optional
        Which scan of several, counted from 1.
    columns : ColumnChoice, optional
        Which columns of a text file are read.
    """

    source: str
    data: bytes
    axis: Axis | None = None
    radiation: Radiation | None = None
    trust_axis: bool = False
    scan: int | None = None
    columns: ColumnChoice | None = None


#: Fewest points that are taken for a diffractogram.
MIN_POINTS = 5


@dataclass(frozen=True)
class Scan:
    """One scan, in the order in which it was measured; nothing in it has been checked.

    Parameters
    ----------
    x : array_like, shape (n,)
        2θ in degrees, or q in Å⁻¹ (text only). A coupled scan over ω is given as 2θ = 2ω.
    intensity : array_like, shape (n,)
        Counts, corrected for the attenuator. A file of rates whose counting time is known gives
        rate × time.
    axis : {"q", "2theta"}
        What ``x`` is.
    per_count : array_like, shape (n,), or float, optional
        What one detected photon stands for: the attenuation factor, 1 without an attenuator. None:
        the numbers are not known to be counts.
    sigma : array_like, shape (n,), optional
        Standard deviation of the intensity.
    radiation : Radiation, optional
        The file's own; the caller's goes before it.
    metadata : mapping
        ``"format"``, and as far as the file tells ``"title"``, ``"sample id"``, ``"date"``, ``"scan axis"``,
        ``"anode"``, ``"counting time (s)"`` per point, ``"temperature (°C)"`` and others with their unit in
        the name.
    history : tuple of Step
        What the reader did to the numbers.
    """

    x: ArrayLike
    intensity: ArrayLike
    axis: Axis = "2theta"
    per_count: ArrayLike | None = None
    sigma: ArrayLike | None = None
    radiation: Radiation | None = None
    metadata: Mapping[str, str | float] = field(default_factory=dict)
    history: tuple[Step, ...] = ()


#: Reads one scan when called. A file's scans are listed without reading them all, so that one that is
#: broken does not stand in the way of another.
Load = Callable[[], Scan]


def select_scan(loads: Sequence[Load], request: Request) -> Load:
    """Choose the scan that the caller asked for.

    Raises
    ------
    FileError
        If the file holds none, several and none was named, or not the one that was.
    """
    n = len(loads)
    if n == 0:
        raise FileError(request.source, "holds no scan; export the measurement again")
    if request.scan is None and n > 1:
        raise FileError(request.source, f"holds {n} scans; choose one with --scan 1 … {n}")
    wanted = 1 if request.scan is None else request.scan
    if not 1 <= wanted <= n:
        holds = "one scan" if n == 1 else f"{n} scans, counted from 1"
        raise FileError(request.source, f"scan {wanted} does not exist; the file holds {holds}")
    return loads[wanted - 1]


def to_pattern(scan: Scan, request: Request) -> Pattern:
    """Check a scan and make a pattern of it, sorted by its axis.

    Parameters
    ----------
    scan : Scan
        As read.
    request : Request
        What the caller says of it.

    Raises
    ------
    FileError
        If the angles, intensities or lengths cannot be those of a scan, or the wavelength is not known.
    """
    source = request.source
    x, intensity = _column(scan.x), _column(scan.intensity)
    per_count = None if scan.per_count is None else np.broadcast_to(_column(scan.per_count), x.shape)
    name = "q" if scan.axis == "q" else "2θ"
    columns = {name: x, "intensity": intensity}
    if per_count is not None:
        columns["attenuation factor"] = per_count
    if scan.sigma is not None:
        columns["σ"] = _column(scan.sigma)
    _check(columns, source)
    if scan.axis == "2theta":
        _check_angles(x, source)
    if per_count is not None and intensity.min() < 0.0:
        raise FileError(
            source, f"intensity {intensity.min():g} is negative, which counts cannot be; export it again"
        )
    radiation = request.radiation or scan.radiation
    if radiation is None and scan.axis == "2theta":
        raise FileError(source, "does not tell its wavelength: use --wavelength CuKa, or a number of Å")
    kind = {} if radiation is None else {"wavelength from": "the user" if request.radiation else "the file"}
    history = scan.history
    order = slice(None)
    if x[0] > x[-1]:
        order = slice(None, None, -1)
        history = (*history, Step(f"sorted by {name}", {"in the file": "descending"}))
    return Pattern(
        x=x[order],
        intensity=intensity[order],
        axis=scan.axis,
        sigma=columns["σ"][order] if "σ" in columns else None,
        wavelength=None if radiation is None else radiation.wavelength,
        second_line=None if radiation is None else radiation.second,
        per_count=None if per_count is None else per_count[order],
        source=source,
        metadata={**scan.metadata, **kind},
        history=history,
    )


def _column(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64).reshape(-1)


def _check(columns: Mapping[str, FloatArray], source: str) -> None:
    sizes = {name: column.size for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{size} of {name}" for name, size in sizes.items())
        raise FileError(source, f"its columns differ in length ({told}); export it again")
    n = min(sizes.values())
    if n < MIN_POINTS:
        raise FileError(source, f"the scan has only {n} points, and at least {MIN_POINTS} are needed")
    for name, column in columns.items():
        bad = ~np.isfinite(column) | (np.abs(column) > LARGEST)
        if bad.any():
            where = int(np.flatnonzero(bad)[0])
            raise FileError(source, f"the {name} of point {where + 1} is {column[where]:g}; export it again")
        if name in ("attenuation factor", "σ") and column.min() <= 0.0:
            raise FileError(source, f"{name} {column.min():g} is not positive; export it again")
    steps = np.diff(next(iter(columns.values())))
    if not (np.all(steps > 0.0) or np.all(steps < 0.0)):
        raise FileError(
            source,
            "its axis goes neither up nor down all the way: it is damaged or no plain scan; export it again",
        )


def _check_angles(x: FloatArray, source: str) -> None:
    if x.min() <= 0.0 or x.max() >= 180.0:
        raise FileError(
            source, f"2θ from {x.min():g} to {x.max():g}° is not between 0 and 180°; cut the scan"
        )
