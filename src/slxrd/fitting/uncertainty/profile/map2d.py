"""Maps of χ² over two parameters, the others fixed or refined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.covariance import noise_scale
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.profile.constrained import ProfiledChi2, check_axis
from slxrd.fitting.uncertainty.profile.grid import ProfileGrid
from slxrd.fitting.uncertainty.profile.likelihood import default_axis
from slxrd.fitting.uncertainty.profile.map1d import section_chi2
from slxrd.units import FloatArray

#: Evenly spaced values along each side, in addition to those close to the solutions.
POINTS = 25
#: Rises of χ² for two parameters at 68 % (as for one standard error) and 95 %.
RISES = (2.30, 5.99)

Kind = Literal["section", "profile"]
Progress = Callable[[int, int], None]


@short_repr
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
        χ²; NaN at points that were not calculated before an interruption.
    kind : {"section", "profile"}
        Whether the other parameters were fixed or refined.
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

    @property
    def done(self) -> int:
        """Number of calculated points; fewer than all if the map was interrupted."""
        return int(np.isfinite(self.chi2).sum())

    @property
    def rise(self) -> FloatArray:
        """χ² above the best, scaled so that :data:`RISES` are the contours, shape (ny, nx)."""
        return (self.chi2 - self.fit.chi2) * RISES[0] / (self.levels[0] - self.fit.chi2)


@check_arguments
def chi2_map_2d(
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
        At least 3 values of each, within the bounds. By default a range that includes the solutions.
    kind : {"profile", "section"}
        Whether the others are refined, from all solutions, or fixed.
    report : callable, optional
        Called with points done and points in all. A KeyboardInterrupt ends the map; the finished points
        are returned. A profile begins with those next to the solutions.

    Raises
    ------
    SlxrdError
        If a parameter was not refined, both are the same, the kind is unknown, or the values are
        invalid.
    """
    if kind not in ("section", "profile"):
        raise SlxrdError(f"map {kind!r} is neither section nor profile")
    if name_x == name_y:
        raise SlxrdError(f"a map over {name_x} and {name_x}: choose two different parameters")
    xs, ys = (
        default_axis(fit, name, POINTS, joint=True) if axis is None else check_axis(fit, name, axis)
        for name, axis in ((name_x, x), (name_y, y))
    )
    progress = report or (lambda done, of: None)
    if kind == "section":
        chi2 = _section_grid(fit, (name_x, name_y), xs, ys, progress)
    else:
        chi2 = _profile_grid(fit, (name_x, name_y), xs, ys, progress)
    scale = noise_scale(fit.minima[0], name_x, name_y)
    low, high = (fit.chi2 + rise * scale for rise in RISES)
    return Map2D(fit, (name_x, name_y), xs, ys, chi2, kind, (low, high))


def _section_grid(
    fit: Fit, names: tuple[str, str], xs: FloatArray, ys: FloatArray, progress: Progress
) -> FloatArray:
    at = section_chi2(fit, *names)
    chi2 = np.full((ys.size, xs.size), np.nan)
    try:
        for done, y in enumerate(ys.tolist()):
            chi2[done] = [at(x, y) for x in xs.tolist()]
            progress((done + 1) * xs.size, chi2.size)
    except KeyboardInterrupt:
        if np.all(np.isnan(chi2)):
            raise
    return chi2


def _profile_grid(
    fit: Fit, names: tuple[str, str], xs: FloatArray, ys: FloatArray, progress: Progress
) -> FloatArray:
    grid = ProfileGrid(ProfiledChi2(fit, *names), xs, ys)
    try:
        grid.fill(progress)
    except KeyboardInterrupt:
        if np.all(np.isnan(grid.chi2)):
            raise
    return grid.chi2
