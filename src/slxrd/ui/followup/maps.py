"""χ² maps after a fit: along every parameter, and over pairs of parameters."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from slxrd._escape import CsvWriter
from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.profile.constrained import check_axis
from slxrd.fitting.uncertainty.profile.interval import MISSED
from slxrd.fitting.uncertainty.profile.likelihood import default_axis
from slxrd.fitting.uncertainty.profile.map1d import chi2_maps
from slxrd.fitting.uncertainty.profile.map2d import POINTS, RISES, Kind, Map2D, chi2_map_2d
from slxrd.parameters.definitions import info
from slxrd.units import FloatArray

Bar = Callable[[str], AbstractContextManager[Progress]]
#: Smallest and largest number of evenly spaced values along an axis.
MIN_POINTS, MAX_POINTS = 3, 200


@dataclass(frozen=True)
class Axis:
    """One axis of a map.

    Parameters
    ----------
    name : str
        Name of the parameter.
    ends : (float, float) or None
        Range; by default one that shows the solutions.
    points : int
        Number of evenly spaced values; more are added close to the solutions.

    Raises
    ------
    SlxrdError
        If the parameter is unknown, the ends are reversed, or the points too few or too many.
    """

    name: str
    ends: tuple[float, float] | None = None
    points: int = POINTS

    def __post_init__(self) -> None:
        info(self.name)
        if self.ends is not None and not self.ends[0] < self.ends[1]:
            low, high = self.ends
            raise SlxrdError(f"--map {self.name}={low:g}:{high:g}: the lower end must come first")
        if not MIN_POINTS <= self.points <= MAX_POINTS:
            raise SlxrdError(f"--map {self.name}: {self.points} points; give {MIN_POINTS} to {MAX_POINTS}")

    def __str__(self) -> str:
        if self.ends is None:
            return self.name
        return f"{self.name}={self.ends[0]:g}:{self.ends[1]:g}"


@dataclass(frozen=True)
class Pair:
    """Two parameters over which χ² is mapped.

    Parameters
    ----------
    x, y : Axis
        The axes.

    Raises
    ------
    SlxrdError
        If both parameters are the same.
    """

    x: Axis
    y: Axis

    def __post_init__(self) -> None:
        if self.x.name == self.y.name:
            raise SlxrdError(f"--map {self}: choose two different parameters")

    def __str__(self) -> str:
        return f"{self.x},{self.y}"


def read_map_pair(text: str) -> Pair:
    """Read ``L,N`` or ``L=30:45,N=11:15``.

    Raises
    ------
    SlxrdError
        If the text does not contain two parameters, or a range is invalid.
    """
    x, y = (
        Axis(name, ends, POINTS if points is None else points) for name, ends, points in parsing.sides(text)
    )
    return Pair(x, y)


def map_axes(fit: Fit, pair: Pair) -> tuple[FloatArray, FloatArray]:
    """Return the values along both axes of a map.

    Parameters
    ----------
    fit : Fit
        The fit.
    pair : Pair
        Requested axes.

    Raises
    ------
    SlxrdError
        If a parameter was not refined, or its range exceeds the bounds.
    """
    axes = []
    for axis in (pair.x, pair.y):
        try:
            if axis.ends is not None:
                check_axis(fit, axis.name, np.linspace(*axis.ends, MIN_POINTS))
            axes.append(default_axis(fit, axis.name, axis.points, joint=True, ends=axis.ends))
        except SlxrdError as error:
            raise SlxrdError(f"--map {pair}: {error}") from None
    return axes[0], axes[1]


def run_maps(fit: Fit, bar: Bar) -> tuple[str, list[bytes | str], bool]:
    """Map χ² along all refined parameters, as sections and profiles.

    Returns
    -------
    text : str
        Printed text; empty unless interrupted.
    contents : list
        The figure and its caption.
    interrupted : bool
        Whether some parameters are missing.
    """
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.maps import chi2_maps_figure
    from slxrd.ui.plotting.style import caption

    with bar("χ² maps") as report:
        maps = chi2_maps(fit, report=report)
    done, total = len(maps), len(fit.names)
    text = f"! --maps: interrupted after {done} of {total} parameters" if done < total else ""
    picture = chi2_maps_figure(maps)
    return text, [figure_bytes(picture), f"{caption(picture)}\n"], done < total


def run_map(fit: Fit, pair: Pair, kind: Kind, bar: Bar) -> tuple[str, list[bytes | str], bool]:
    """Map χ² over two parameters.

    Parameters
    ----------
    fit : Fit
        The fit.
    pair : Pair
        Parameters of the map.
    kind : {"profile", "section"}
        Whether the other parameters are refined or fixed.
    bar : callable
        Makes a progress bar.

    Returns
    -------
    text : str
        Printed text.
    contents : list
        Table, figure and its caption.
    interrupted : bool
        Whether points are missing.
    """
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.maps import chi2_map_2d_figure
    from slxrd.ui.plotting.style import caption

    x, y = map_axes(fit, pair)
    with bar(f"χ² map {pair.x.name}, {pair.y.name}") as report:
        done = chi2_map_2d(fit, pair.x.name, pair.y.name, x, y, kind=kind, report=report)
    picture = chi2_map_2d_figure(done)
    contents: list[bytes | str] = [_table(done), figure_bytes(picture), f"{caption(picture)}\n"]
    return "\n".join(_text(done)), contents, done.done < done.chi2.size


def _text(done: Map2D) -> list[str]:
    x, y = (info(name) for name in done.names)
    lines = [
        f"χ² over {x.symbol} and {y.symbol}, the others {'refined' if done.kind == 'profile' else 'fixed'}: "
        f"{done.x.size} × {done.y.size} points"
    ]
    for level, rise in zip(("68 %", "95 %"), RISES, strict=True):
        inside = done.rise <= rise
        if not inside.any():
            lines.append(f"  {level}: no point of the map is that low; use a narrower range or more points")
            continue
        ranges = [
            f"{row.symbol} "
            f"{_runs(axis, np.nanmin(np.where(np.isnan(done.rise), np.inf, done.rise), axis=across), rise)} "
            f"{row.unit}"
            for row, axis, across in ((x, done.x, 0), (y, done.y, 1))
        ]
        lines.append(f"  {level}: {', '.join(ranges)}")
    if done.done < done.chi2.size:
        lines.append(f"! interrupted after {done.done} of {done.chi2.size} points")
    decrease = min(minimum.chi2 for minimum in done.fit.minima) - float(np.nanmin(done.chi2))
    if decrease > MISSED:
        j, i = np.unravel_index(int(np.nanargmin(done.chi2)), done.chi2.shape)
        lines.append(
            f"! χ² is {decrease:.2g} below that of the fit at {x.symbol} = {done.x[i]:.6g}, {y.symbol} = "
            f"{done.y[j]:.6g}: the fit missed this solution; start it there (--start)"
        )
    return lines


def _runs(values: FloatArray, lowest: FloatArray, level: float) -> str:
    """Format the ranges in which χ² is below a level, ``"25.36 to 25.49 or 31.13 to 31.25"``.

    The ends are where the contour crosses, interpolated between the points; a range that reaches the end of
    the map is marked, as it continues outside.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values along the axis.
    lowest : ndarray, shape (n,)
        Lowest rise of χ² at each of them.
    level : float
        Rise of χ² at the contour.
    """
    inside = lowest <= level
    ends = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])))).reshape(-1, 2)
    found = []
    for first, beyond in ends.tolist():
        low, below = _crossing(values, lowest, level, first, first - 1)
        high, above = _crossing(values, lowest, level, beyond - 1, beyond)
        digits = max(0, 2 - math.floor(math.log10(high - low))) if high > low else 6
        found.append(f"{'≤ ' if below else ''}{low:.{digits}f} to {'≥ ' if above else ''}{high:.{digits}f}")
    return " or ".join(found)


def _crossing(
    values: FloatArray, lowest: FloatArray, level: float, inside: int, outside: int
) -> tuple[float, bool]:
    """Return where χ² crosses a level between two points, and whether that is outside of the map."""
    if not 0 <= outside < values.size:
        return float(values[inside]), True
    if not math.isfinite(lowest[outside]):
        return float(values[outside]), True
    share = (level - lowest[inside]) / (lowest[outside] - lowest[inside])
    return float(values[inside] + share * (values[outside] - values[inside])), False


def _table(done: Map2D) -> str:
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow([*done.names, "chi2", "rise"])
    for j, i in np.argwhere(np.isfinite(done.chi2)).tolist():
        row = (done.x[i], done.y[j], done.chi2[j, i], done.rise[j, i])
        table.writerow([f"{value:.10g}" for value in row])
    return text.getvalue()
