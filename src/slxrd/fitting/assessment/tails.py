"""Tails of the gamma and normal distributions.

SciPy has them too, but its import takes longer than a whole assessment.
"""

from __future__ import annotations

import math

import numpy as np

from slxrd.units import FloatArray

#: Relative size of terms that are left out, and the largest number of terms.
_PRECISION, _MOST = 1e-15, 10_000


def gamma_tail(shape: float, x: FloatArray) -> FloatArray:
    """Probability that a gamma variable of unit scale exceeds x, the regularised incomplete gamma function Q.

    By the power series below the mean, and the continued fraction above (Abramowitz and Stegun, 6.5.29 and
    6.5.31).

    Parameters
    ----------
    shape : float
        Positive shape parameter.
    x : ndarray, shape (k,)
        Non-negative values.
    """
    tail = np.where(np.isnan(x), np.nan, np.where(x > 0.0, 0.0, 1.0))
    for below in (True, False):
        which = np.flatnonzero((x > 0.0) & np.isfinite(x) & ((x < shape + 1.0) == below))
        if which.size:
            part = x[which]
            front = np.exp(shape * np.log(part) - part - math.lgamma(shape))
            tail[which] = 1.0 - front * _series(shape, part) if below else front * _fraction(shape, part)
    return tail


def _series(shape: float, x: FloatArray) -> FloatArray:
    term = total = np.full(x.shape, 1.0 / shape)
    for n in range(1, _MOST):
        term = term * x / (shape + n)
        total = total + term
        if np.all(term <= _PRECISION * total):
            break
    return total


def _fraction(shape: float, x: FloatArray) -> FloatArray:
    """Continued fraction by Lentz's method."""
    b = x + 1.0 - shape
    c, d = np.full(x.shape, np.inf), 1.0 / b
    found = d
    for n in range(1, _MOST):
        a, b = n * (shape - n), b + 2.0
        c, d = b + a / c, 1.0 / (b + a * d)
        found = found * c * d
        if np.all(np.abs(c * d - 1.0) <= _PRECISION):
            break
    return found


def normal_probability(z: FloatArray) -> FloatArray:
    """Probability that a standard normal variable is below z, shape (k,)."""
    return np.array([0.5 * math.erfc(-value) for value in (z / math.sqrt(2.0)).tolist()])
