"""Maps of χ² over two parameters, the others kept or refined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from slxrd.errors import SlxrdError
from slxrd.estimates import noise_scale
from slxrd.model import REFINABLE
from slxrd.result import Fit
from slxrd.uncertainty.chi2map import default_axis, section_chi2
from slxrd.uncertainty.ridge import Point, Ridge, check_axis
from slxrd.units import FloatArray

#: Evenly spaced values along each side, besides those close to the solutions.
POINTS = 21
#: Solutions that a point is refined from.
NEAREST = 2
#: Rises of χ² for two parameters at 68 % (as for one standard error) and 95 %.
RISES = (2.30, 5.99)

Kind = Literal["section", "profile"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Map2D:
    """χ² over two parameters.

    Parameters
    ----------
    fit : Fit
        The fit.
    names : (str, str)
        Parameter along x and along y.
    x, y : ndarray, shapes (nx,) and (ny,)
        Their values, increasing, in the table's units.
    chi2 : ndarray, shape (ny, nx)
        χ².
    kind : {"section", "profile"}
        Whether the others were kept or refined.
    levels : (float, float)
        χ² at the joint 68 % and 95 % contours: 2.30 and 5.99 above the minimum, scaled for the weights
        by the ratio of the areas of the two covariances' ellipses.
    """

    fit: Fit = field(repr=False)
    names: tuple[str, str]
    x: FloatArray
    y: FloatArray
    chi2: FloatArray
    kind: Kind
    levels: tuple[float, float]


def map2d(
    fit: Fit,
    name_x: str,
    name_y: str,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    kind: Kind = "profile",
    report: Progress | None = None,
) -> Map2D:
    """Map χ² over two parameters.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name_x, name_y : str
        Two refined parameters.
    x, y : array_like, optional
        At least 3 values of each, within the bounds. By default those that show the solutions.
    kind : {"profile", "section"}
        Whether the others are refined, over all solutions, or kept.
    report : callable, optional
        Called with points done and points in all. An interruption ends the map and leaves nothing.

    Raises
    ------
    SlxrdError
        If a parameter was not refined, both are the same, the kind is unknown, or the values are not
        such.
    """
    if kind not in ("section", "profile"):
        raise SlxrdError(f"map {kind!r} is neither section nor profile")
    if name_x == name_y:
        raise SlxrdError(f"a map over {name_x} and {name_x}: choose two different parameters")
    xs, ys = (
        default_axis(fit, name, POINTS, joint=True) if axis is None else check_axis(fit, name, axis)
        for name, axis in ((name_x, x), (name_y, y))
    )
    say = report or (lambda done, of: None)
    if kind == "section":
        chi2 = _section_grid(fit, (name_x, name_y), xs, ys, say)
    else:
        chi2 = _profile_grid(fit, (name_x, name_y), xs, ys, say)
    scale = noise_scale(fit.minima[0], name_x, name_y)
    low, high = (fit.chi2 + rise * scale for rise in RISES)
    return Map2D(fit, (name_x, name_y), xs, ys, chi2, kind, (low, high))


def _section_grid(
    fit: Fit, names: tuple[str, str], xs: FloatArray, ys: FloatArray, say: Progress
) -> FloatArray:
    at = section_chi2(fit, *names)
    rows = []
    for done, y in enumerate(ys.tolist()):
        rows.append([at(x, y) for x in xs.tolist()])
        say((done + 1) * xs.size, ys.size * xs.size)
    return np.array(rows)


def _profile_grid(
    fit: Fit, names: tuple[str, str], xs: FloatArray, ys: FloatArray, say: Progress
) -> FloatArray:
    """Outward from the solutions, each point started from the nearest and from neighbours; then across."""
    ridge = Ridge(fit, *names)
    columns = [REFINABLE.index(name) for name in names]
    u, v = np.meshgrid(np.arange(xs.size), np.arange(ys.size))
    away = np.array(
        [
            np.hypot(u - np.interp(x, xs, u[0]), v - np.interp(y, ys, v[:, 0]))
            for x, y in (point.values[columns] for point in ridge.solutions)
        ]
    )
    known: dict[tuple[int, int], Point] = {}
    outward = [divmod(int(k), xs.size) for k in np.argsort(away.min(axis=0), axis=None, kind="stable")]
    for done, (j, i) in enumerate(outward):
        warm = sorted(_beside(known, j, i), key=lambda point: point.chi2)[:2]
        nearest = [ridge.solutions[k] for k in np.argsort(away[:, j, i])[:NEAREST]]
        known[j, i] = ridge.at((float(xs[i]), float(ys[j])), [*nearest, *warm], cold=ridge.scans_gaps)
        say(done + 1, len(outward))
    for j, i in (*outward, *outward[::-1]):
        strangers = [p for p in _beside(known, j, i) if p.solution != known[j, i].solution]
        if strangers:
            point = ridge.at((float(xs[i]), float(ys[j])), strangers[:1], cold=False)
            known[j, i] = min(point, known[j, i], key=lambda point: point.chi2)
    return np.array([[known[j, i].chi2 for i in range(xs.size)] for j in range(ys.size)])


def _beside(known: dict[tuple[int, int], Point], j: int, i: int) -> list[Point]:
    around = ((j - 1, i), (j + 1, i), (j, i - 1), (j, i + 1))
    return [known[place] for place in around if place in known]
