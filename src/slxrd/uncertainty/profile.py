"""Profile likelihood: χ² along one parameter with all others refined, over every solution of the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd.result import Fit
from slxrd.uncertainty.ridge import Ridge, check_axis
from slxrd.units import FloatArray

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
    column = ridge.columns.index(name)
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
        dict(zip(ridge.columns, columns, strict=True)),
        int(chi2.argmin()),
    )
