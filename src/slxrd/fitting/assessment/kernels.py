"""Autocorrelation of noise that was smoothed, or interpolated onto a finer grid.

White noise that passed a filter h with Σ h = 1 has the autocorrelation Σ h_i h_{i+k} / Σ h², and the
correlation time (Σ h)²/Σ h²: a quantity that varies slowly over the filter has the error that independent
points with this many times the variance of a point would give (Priestley, Spectral Analysis and Time Series,
1981, chapter 5).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from slxrd.units import FloatArray

#: Points of boxcars, and points and orders of Savitzky–Golay filters.
BOXCARS = (2, 3, 4, 5, 7, 9, 11, 15, 21)
POLYNOMIALS = tuple((w, 2) for w in (5, 7, 9, 11, 13, 15, 17, 21, 25)) + tuple(
    (w, 4) for w in (7, 9, 11, 13, 15, 17, 21, 25)
)
#: Standard deviations of Gaussian filters in points, and factors by which a grid was made finer.
GAUSSIANS = (0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0)
FINER = (1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0)
#: Largest lag.
LAGS = 40
#: Points on either side over which the impulse response of an interpolation is calculated.
_REACH = 12
#: White noise added after the filter, such as that of rounding, as shares of the variance.
ROUNDING = (1e-5, 1e-3)


@dataclass(frozen=True, eq=False)
class Kernel:
    """A filter that noise has passed.

    Parameters
    ----------
    name : str
        Of the filter.
    autocorrelation : ndarray, shape (LAGS + 1,)
        From lag 0 on, where it is 1.
    time : float
        Correlation time in points, 1 + 2 Σ of the autocorrelation.
    variance : float
        Second moment of the filter in squared steps, by which it broadens peaks.
    interpolation : bool
        Whether it is an interpolation, whose points are exact at the original ones.
    """

    name: str
    autocorrelation: FloatArray
    time: float
    variance: float
    interpolation: bool


@cache
def kernels() -> tuple[Kernel, ...]:
    """Return the usual filters, the one that changes nothing not among them."""
    return tuple(_kernels())


def _kernels() -> Iterator[Kernel]:
    for k in BOXCARS:
        yield _of_filter(f"average over {k} points", np.full(k, 1.0 / k))
    for points, order in POLYNOMIALS:
        yield _of_filter(f"Savitzky–Golay filter {points}/{order}", _savitzky_golay(points, order))
    for sigma in GAUSSIANS:
        x = np.arange(-int(5 * sigma) - 1, int(5 * sigma) + 2)
        h = np.exp(-0.5 * (x / sigma) ** 2)
        yield _of_filter(f"Gaussian of {sigma:g} points", h / h.sum())
    for factor in FINER:
        yield _of_interpolation(f"linear interpolation, grid {factor:g} times as fine", factor, linear=True)
        yield _of_interpolation(f"spline, grid {factor:g} times as fine", factor, linear=False)


def _of_filter(name: str, h: FloatArray) -> Kernel:
    x = np.arange(h.size) - 0.5 * (h.size - 1)
    full = np.correlate(h, h, "full")[h.size - 1 :]
    lags = np.zeros(LAGS + 1)
    lags[: min(full.size, LAGS + 1)] = full[: LAGS + 1]
    return Kernel(name, lags / lags[0], float(1.0 / full[0]), max(float(h @ x**2), 0.0), False)


def _savitzky_golay(points: int, order: int) -> FloatArray:
    """Weights of the points whose sum is the fitted polynomial in the middle (Anal. Chem. 1964, 36, 1627)."""
    x = np.arange(points) - 0.5 * (points - 1)
    return np.asarray(np.linalg.pinv(np.vander(x / x[-1], order + 1, increasing=True))[0])


def _cubic_spline(x: FloatArray) -> FloatArray:
    """Return the cubic spline through a one at 0 and zeros at all other whole numbers.

    It is √3 Σ_k z^|k| B(x − k), with z = √3 − 2 and B the cubic B-spline (M. Unser, IEEE Signal Process. Mag.
    1999, 16, 22, box 2).
    """
    k = np.arange(-_REACH - 2, _REACH + 3)
    apart = np.abs(x[:, None] - k)
    near, far = 2.0 / 3.0 - apart**2 * (1.0 - 0.5 * apart), np.maximum(2.0 - apart, 0.0) ** 3 / 6.0
    return np.asarray(
        np.where(apart < 1.0, near, far) @ (math.sqrt(3.0) * (math.sqrt(3.0) - 2.0) ** np.abs(k))
    )


def _of_interpolation(name: str, factor: float, *, linear: bool) -> Kernel:
    """Autocorrelation averaged over the positions of the new points between the old ones."""
    fine = 40
    x = np.arange(-_REACH * fine, _REACH * fine + 1) / fine
    h = np.maximum(1.0 - np.abs(x), 0.0) if linear else _cubic_spline(x)
    full = np.correlate(h, h, "full")[h.size - 1 :] / fine
    at = np.arange(LAGS + 1) / factor
    lags = np.interp(at, np.arange(full.size) / fine, full, right=0.0)
    return Kernel(name, lags / lags[0], float(factor / full[0]), 0.0, True)
