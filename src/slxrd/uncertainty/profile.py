"""Profile likelihood: χ² along one parameter with all others refined, over every solution of the fit.

Where χ² is that of measured points with weights of 1, it rises by 1 above its minimum at the ends of
the 68 % interval and by 3.84 at those of the 95 % interval. With other weights it does not: a region of
weight w has its share of χ² multiplied by w, not its noise. The rises are then those of the estimates'
true scatter: each is multiplied with C_ii/(H⁻¹)_ii at the minimum, C being the covariance of
:mod:`slxrd.estimates` and H⁻¹ what it would be if the weights were inverse variances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.errors import SlxrdError
from slxrd.estimates import covariance, on_bound
from slxrd.leastsquares import Minimum
from slxrd.limits import ONE_SIDED_95, without_fringes
from slxrd.model import REFINABLE
from slxrd.result import Estimate, Fit
from slxrd.table import STACKING, info
from slxrd.uncertainty.ridge import Ridge, check_axis, shows_fringes
from slxrd.units import FloatArray

#: Ends of intervals are found to this fraction of their half-width.
PRECISION = 0.005
#: χ² lower than the fit's by more than this is a solution that the fit has missed.
MISSED = 0.05

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Profile:
    """χ² along a parameter, the others refined.

    Parameters
    ----------
    name : str
        The parameter.
    values, chi2 : ndarray, shape (m,)
        Its values, increasing, in the table's unit, and the lowest χ² with each of them.
    solution : ndarray of int, shape (m,)
        Which solution of the fit, counted from 0, that was reached from.
    all_values : mapping of str to ndarray, shape (m,)
        Values of every parameter along the way.
    best : int
        Index of the lowest χ².
    """

    name: str
    values: FloatArray
    chi2: FloatArray
    solution: NDArray[np.int64]
    all_values: Mapping[str, FloatArray]
    best: int


@dataclass(frozen=True)
class Interval:
    """Where the profile of χ² stays below a rise.

    Parameters
    ----------
    name : str
        The parameter.
    level : float
        Probability, such as 0.68.
    rise : float
        Rise of χ² at the ends, scaled for the weights.
    value : float
        Where χ² is lowest.
    lower, upper : float or None
        Outermost ends in the table's unit; None where χ² does not rise so far before the bound.
    pieces : tuple of (float or None, float or None)
        The interval around each solution, increasing, those that touch as one.
    refinements : int
        How many it took.
    note : str
        What else is to be known.
    """

    name: str
    level: float
    rise: float
    value: float
    lower: float | None
    upper: float | None
    pieces: tuple[tuple[float | None, float | None], ...]
    refinements: int
    note: str = ""


def profile(fit: Fit, name: str, values: ArrayLike, report: Progress | None = None) -> Profile:
    """Go along one parameter with all others refined.

    Every value is refined to from all solutions of the fit with Δχ² < 40 and from its neighbours,
    outward from the solutions first and then across, and the lowest χ² is kept.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name : str
        A refined parameter.
    values : array_like, shape (m,)
        At least 3, within its bounds; they are put in order.
    report : callable, optional
        Called with values done and values in all.

    Raises
    ------
    SlxrdError
        If the parameter was not refined or the values are not such.
    """
    axis = check_axis(fit, name, values)
    ridge = Ridge(fit, name)
    column = REFINABLE.index(name)
    centres = np.array([point.values[column] for point in ridge.solutions])
    outward = np.argsort(np.abs(axis[:, None] - centres).min(axis=1), kind="stable")
    for done, i in enumerate(outward.tolist()):
        ridge.along(float(axis[i]))
        if report is not None:
            report(done + 1, axis.size)
    places = axis.tolist()
    for way in (places, places[::-1]):
        for neighbour, value in pairwise(way):
            ridge.improve(value, neighbour)
    points = [ridge.along(value) for value in places]
    chi2 = np.array([point.chi2 for point in points])
    columns = np.array([point.values for point in points]).T
    return Profile(
        name,
        axis,
        chi2,
        np.array([point.solution for point in points]),
        dict(zip(REFINABLE, columns, strict=True)),
        int(chi2.argmin()),
    )


def rise_at(level: float) -> float:
    """Rise of χ² at the ends of a two-sided interval, with weights of 1; 0.68 stands for one standard error.

    Raises
    ------
    SlxrdError
        If the level is not between 0 and 1.
    """
    from scipy.stats import chi2

    if not 0.0 < level < 1.0:
        raise SlxrdError(f"level {level!r}: must be between 0 and 1, such as 0.68 or 0.95")
    return 1.0 if level == 0.68 else float(chi2.ppf(level, 1))


def interval(fit: Fit, name: str, level: float = 0.68) -> Interval:
    """Find the interval of a parameter from its profile, around every solution.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name : str
        A refined parameter.
    level : float
        Probability.

    Raises
    ------
    SlxrdError
        If the parameter was not refined or the level is not a probability.
    """
    rise = rise_at(level) * noise_scale(fit.minima[0], name)
    ridge = Ridge(fit, name)
    pieces = _pieces(ridge, fit.chi2, rise)
    return Interval(
        name,
        level,
        rise,
        fit.minima[0].values[name],
        pieces[0][0],
        pieces[-1][1],
        pieces,
        ridge.refinements,
        _note(fit, ridge),
    )


def _note(fit: Fit, ridge: Ridge) -> str:
    name, least = ridge.names[0], ridge.least
    if fit.chi2 - least.chi2 > MISSED:
        value = float(least.values[REFINABLE.index(name)])
        return (
            f"χ² falls {fit.chi2 - least.chi2:.2g} below that of the fit at {name} = {value:.6g}: the fit has "
            "missed a solution there; start it there"
        )
    if name in STACKING and not shows_fringes(fit):
        return "the pattern shows no fringes, so that one L among many fits best by chance"
    return ""


def noise_scale(minimum: Minimum, *names: str) -> float:
    """How much more, or less, χ² rises than it would if all weights were inverse variances.

    Parameters
    ----------
    minimum : Minimum
        Where.
    *names : str
        One parameter, C_ii/(H⁻¹)_ii; or several, the same of the volumes of their covariances.

    Returns
    -------
    float
        1 if all weights are 1. Where the parameters are not determined, the mean weight.
    """
    noise, steepness = minimum.evaluation.noise, np.linalg.norm(minimum.jacobian, axis=0)
    known = [
        i
        for i, name in enumerate(minimum.names)
        if steepness[i] > 0.0 and (name in names or on_bound(minimum, name) is None)
    ]
    J = minimum.jacobian[:, known] / steepness[known]
    H = J.T @ J
    chosen = [k for k, i in enumerate(known) if minimum.names[i] in names]
    if len(chosen) < len(names) or np.linalg.cond(H) > 1e12:
        return float(np.sum(noise**2)) / noise.shape[0]
    shaken = noise[:, None] * J if noise.ndim == 1 else noise.T @ J
    naive = np.linalg.inv(H)
    sandwich = naive @ (shaken.T @ shaken) @ naive
    volumes = [float(np.linalg.det(matrix[np.ix_(chosen, chosen)])) for matrix in (sandwich, naive)]
    return (volumes[0] / volumes[1]) ** (1.0 / len(names))
