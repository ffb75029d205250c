"""Backgrounds of a region: functions of q that return the columns of a linear model.

The coefficients of the columns are fitted. Installed packages add backgrounds by entry points of the group
``slxrd.backgrounds``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from slxrd._registry import Registry
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: From increasing scattering vectors in Å⁻¹, shape (n,), to the columns of the background, shape (n, k).
Background = Callable[[FloatArray], FloatArray]

#: All backgrounds by name.
BACKGROUNDS: Registry[Background] = Registry("background", "slxrd.backgrounds", accepts=callable)


def legendre(x: FloatArray, degree: int, low: float | None = None, high: float | None = None) -> FloatArray:
    """Polynomial background, Legendre columns.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Increasing.
    degree : int
        Highest degree; -1 for no column.
    low, high : float, optional
        Values mapped to -1 and 1; by default, the ends of ``x``.

    Returns
    -------
    ndarray, shape (n, degree + 1)
    """
    low, high = float(x[0]) if low is None else low, float(x[-1]) if high is None else high
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    place = (x - middle) / (half or 1.0)
    return np.asarray(np.polynomial.legendre.legvander(place, max(degree, 0)), np.float64)[:, : degree + 1]


def none(q: FloatArray) -> FloatArray:
    """No background."""
    return legendre(q, -1)


def constant(q: FloatArray) -> FloatArray:
    """A constant."""
    return legendre(q, 0)


def linear(q: FloatArray) -> FloatArray:
    """A straight line."""
    return legendre(q, 1)


def quadratic(q: FloatArray) -> FloatArray:
    """A parabola."""
    return legendre(q, 2)


def cubic(q: FloatArray) -> FloatArray:
    """A polynomial of third degree."""
    return legendre(q, 3)


#: Degrees of the polynomials that are not negative; the same with any sign are named signed-linear and so on.
POLYNOMIALS: dict[str, int] = {"constant": 0, "linear": 1, "quadratic": 2, "cubic": 3}
SIGNED = "signed-"

for _background in (none, constant, linear, quadratic, cubic):
    BACKGROUNDS.register(_background.__name__, _background)
for _background in (constant, linear, quadratic, cubic):
    BACKGROUNDS.register(SIGNED + _background.__name__, _background)


def background_columns(name: str, q: FloatArray) -> FloatArray:
    """Evaluate a background by its name.

    Parameters
    ----------
    name : str
        Name in :data:`BACKGROUNDS`.
    q : ndarray, shape (n,)
        Å⁻¹.

    Returns
    -------
    ndarray, shape (n, k)

    Raises
    ------
    SlxrdError
        If the name is unknown, or the function does not return k finite columns.
    """
    columns = np.asarray(BACKGROUNDS[name](q.copy()), dtype=np.float64)
    if columns.ndim != 2 or len(columns) != q.size or not np.all(np.isfinite(columns)):
        raise SlxrdError(
            f"background {name!r} gives an array of shape {columns.shape} for {q.size} points, where finite "
            f"columns of shape ({q.size}, k) are needed; correct its function"
        )
    return columns


@lru_cache
def bernstein_of_legendre(degree: int) -> FloatArray:
    """Matrix from coefficients of Legendre polynomials to those of Bernstein polynomials, both over [-1, 1].

    A polynomial whose Bernstein coefficients are not negative is not negative over the interval. For
    constants and straight lines the converse holds too.

    Parameters
    ----------
    degree : int
        Highest degree.

    Returns
    -------
    ndarray, shape (degree + 1, degree + 1)
        Read-only.
    """
    place = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    powers = np.arange(degree + 1)
    up, down = (1.0 + place[:, None]) / 2.0, (1.0 - place[:, None]) / 2.0
    columns = _binomial(degree) * up**powers * down ** powers[::-1]
    matrix = np.linalg.solve(columns, np.polynomial.legendre.legvander(place, degree))
    matrix.flags.writeable = False
    return np.asarray(matrix, dtype=np.float64)


def _binomial(degree: int) -> FloatArray:
    row = np.ones(1)
    for _ in range(degree):
        row = np.append(row, 0.0) + np.append(0.0, row)
    return row


def positive_form(name: str) -> FloatArray | None:
    """Matrix from the coefficients of a background to coefficients that are positive where it is.

    Parameters
    ----------
    name : str
        Name in :data:`BACKGROUNDS`.

    Returns
    -------
    ndarray, shape (k, k), or None
        None if there is none, or the background may have any sign.
    """
    return bernstein_of_legendre(POLYNOMIALS[name]) if name in POLYNOMIALS else None


def is_signed(name: str) -> bool:
    """Whether a background is a polynomial that may be negative, for data from which too much was subtracted.

    Parameters
    ----------
    name : str
        Name in :data:`BACKGROUNDS`.
    """
    return name.startswith(SIGNED)
