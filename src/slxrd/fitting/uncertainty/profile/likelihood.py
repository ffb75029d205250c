"""Profile likelihood: χ² along one parameter, the others refined from all solutions of the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._arguments import check_arguments
from slxrd._short_repr import short_repr
from slxrd.fitting.result.fit import AMBIGUOUS, Fit
from slxrd.fitting.uncertainty.profile.constrained import (
    REACHED,
    ProfiledChi2,
    check_axis,
    check_refined,
    shows_fringes,
)
from slxrd.units import FloatArray

#: Half-width of a map of one and of two parameters in standard errors, and for L in units of d, so that
#: it includes other minima.
REACH_ERRORS, REACH_JOINT, REACH_PERIODS = 8.0, 4.5, 3.6
#: Margin beyond the outermost solutions, as a share of their distance.
MARGIN = 0.05
#: Without fringes σ_L is shown up to here, in Å.
DISORDER_SHOWN = 4.0
#: An even value closer than this to a chosen one, as a share of the axis, is the same.
SAME = 1e-6
#: Points close to a solution, in its standard errors.
_CLOSE, _CLOSE_JOINT = np.linspace(-3.0, 3.0, 9), np.linspace(-3.0, 3.0, 7)


def default_axis(
    fit: Fit,
    name: str,
    points: int,
    more: Sequence[float] = (),
    *,
    joint: bool = False,
    ends: tuple[float, float] | None = None,
) -> FloatArray:
    """Choose values of a parameter that include its minima, within its bounds.

    Parameters
    ----------
    fit : Fit
        The fit.
    name : str
        A refined parameter.
    points : int
        Number of evenly spaced values, in addition to those close to each solution.
    more : sequence of float
        Further values.
    joint : bool
        For a map of two parameters, which is narrower around each solution, but includes all solutions with
        Δχ² below :data:`slxrd.fitting.uncertainty.profile.constrained.REACHED`.
    ends : (float, float), optional
        First and last value; by default they follow from the solutions.

    Returns
    -------
    ndarray, shape (m,)
        Increasing.
    """
    check_refined(fit, name)
    near = [m for m in fit.minima if m.chi2 - fit.chi2 < AMBIGUOUS]
    if ends is None:
        ends = _ends(fit, name, joint)
    around = _CLOSE_JOINT if joint else _CLOSE
    close = [m.values[name] + (m.covariance.error(name) or 0.0) * around for m in near]
    chosen = np.concatenate([*close, list(more)])
    even = np.linspace(*ends, points)
    apart = np.all(np.abs(even[:, None] - chosen) > SAME * (ends[1] - ends[0]), axis=1)
    axis = np.concatenate([even[apart], chosen])
    return np.unique(axis[(axis >= ends[0]) & (axis <= ends[1])])


def _ends(fit: Fit, name: str, joint: bool) -> tuple[float, float]:
    """Ends of an axis that includes the solutions."""
    best, row = fit.minima[0], fit.minima[0].parameters[name]
    most = REACHED if joint else AMBIGUOUS
    centres = [m.values[name] for m in fit.minima if m.chi2 - fit.chi2 < most]
    error = best.covariance.error(name)
    size = max(abs(best.values[name]), 0.05 * (row.upper - row.lower))
    reach = min((REACH_JOINT if joint else REACH_ERRORS) * (error or size), size)
    reach = max(reach, MARGIN * (max(centres) - min(centres)))
    if name == "L" and not joint:
        reach = REACH_PERIODS * best.values["d"]
    if name == "sigma_L" and not shows_fringes(fit):
        reach = max(size, DISORDER_SHOWN - best.values[name])
    return max(min(centres) - reach, row.lower), min(max(centres) + reach, row.upper)


Progress = Callable[[int, int], None]


@short_repr
@dataclass(frozen=True)
class Profile:
    """χ² along a parameter, the others refined.

    Parameters
    ----------
    name : str
        The parameter.
    values, chi2 : ndarray, shape (m,)
        Its values, increasing, in the unit of the table, and the lowest χ² at each.
    solution : ndarray of int, shape (m,)
        The solution of the fit, counted from 0, from which that was reached.
    all_values : mapping of str to ndarray, shape (m,)
        Values of every parameter at these points.
    best : int
        Index of the lowest χ².
    """

    name: str
    values: FloatArray
    chi2: FloatArray
    solution: NDArray[np.int64]
    all_values: Mapping[str, FloatArray]
    best: int


@check_arguments
def profile(fit: Fit, name: str, values: ArrayLike, report: Progress | None = None) -> Profile:
    """Calculate the profile of χ² along one parameter.

    At each value the other parameters are refined, starting from all solutions of the fit with Δχ² < 40 and
    from the neighbouring values, first outward from the solutions and then across; the lowest χ² is taken.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name : str
        A refined parameter.
    values : array_like, shape (m,)
        At least 3 values within its bounds, in any order.
    report : callable, optional
        Called with values done and values in all.

    Raises
    ------
    SlxrdError
        If the parameter was not refined or the values are invalid.
    """
    axis = check_axis(fit, name, values)
    profiled = ProfiledChi2(fit, name)
    column = profiled.columns.index(name)
    centres = np.array([point.values[column] for point in profiled.solutions])
    outward = np.argsort(np.abs(axis[:, None] - centres).min(axis=1), kind="stable")
    for done, i in enumerate(outward.tolist()):
        profiled.along(float(axis[i]))
        if report is not None:
            report(done + 1, axis.size)
    places = axis.tolist()
    for way in (places, places[::-1]):
        for neighbour, value in pairwise(way):
            profiled.improve(value, neighbour)
    points = [profiled.along(value) for value in places]
    chi2 = np.array([point.chi2 for point in points])
    columns = np.array([point.values for point in points]).T
    return Profile(
        name,
        axis,
        chi2,
        np.array([point.solution for point in points]),
        dict(zip(profiled.columns, columns, strict=True)),
        int(chi2.argmin()),
    )
