"""Whether a region shows one peak without fringes: tests without a model of the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from slxrd.units import FloatArray, SecondLine

#: Imperfection of the shape of a measured peak, relative to the intensity.
SHAPE_ERROR = 0.03
#: Points of a grid along centre and width, number of grids, and the size of each relative to the one before.
GRID, ZOOMS, CLOSER = 15, 6, 0.3
#: Most points that are searched with.
MOST_SEARCHED = 1000


@dataclass(frozen=True)
class ShapeTest:
    """Comparison of a region with curves that have no fringes, made when it is needed.

    Parameters
    ----------
    q, intensity, sigma : ndarray, shape (n,)
        Points around one Bragg peak, at least eight, and their noise.
    width : float
        Full width at half maximum of the peak, Å⁻¹.
    lines : tuple of float and SecondLine, optional
        Wavelength in Å, and second line of a doublet.
    """

    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    width: float
    lines: tuple[float, SecondLine] | None = None

    @cached_property
    def one_maximum(self) -> bool:
        """Whether a curve that rises to one maximum and then falls describes the region."""
        return _unimodal(self.intensity, self._error) < self._limit

    @cached_property
    def one_peak(self) -> bool:
        """Whether a single pseudo-Voigt peak with a linear background describes the region."""
        return _single(self.q, self.intensity, self._error, self.width, self.lines) < self._limit

    @property
    def _limit(self) -> float:
        """Value of χ² per point that noise alone hardly exceeds, 1 + 4√(2/n)."""
        return 1.0 + 4.0 * math.sqrt(2.0 / self.q.size)

    @property
    def _error(self) -> FloatArray:
        return np.hypot(self.sigma, SHAPE_ERROR * np.maximum(self.intensity, 0.0))


def _unimodal(intensity: FloatArray, sigma: FloatArray) -> float:
    """Return χ² per point of the best curve with one maximum (isotonic regression on either side)."""
    from scipy.optimize import isotonic_regression

    weights = sigma**-2
    top = int(np.argmax(intensity))
    best = np.inf
    for centre in {max(top - 1, 0), top, min(top + 1, intensity.size - 1)}:
        left = isotonic_regression(intensity[: centre + 1], weights=weights[: centre + 1]).x
        right = isotonic_regression(intensity[centre:], weights=weights[centre:], increasing=False).x
        curve = np.concatenate((left[:-1], [max(left[-1], right[0])], right[1:]))
        best = min(best, float(np.mean(((intensity - curve) / sigma) ** 2)))
    return best


def _single(
    q: FloatArray,
    intensity: FloatArray,
    sigma: FloatArray,
    width: float,
    lines: tuple[float, SecondLine] | None,
) -> float:
    """Return χ² per degree of freedom of one pseudo-Voigt peak with a linear background.

    Centre and width are searched on a grid, again and again around its best point, and among very many points
    with some of them only. All else is linear.
    """
    shifts = [(1.0, 1.0)]
    if lines is not None:
        length, second = lines
        shifts.append((second.wavelength / length, second.ratio))
    centre, fwhm = float(q[int(np.argmax(intensity))]), math.log(max(width, 1e-6))
    reach = (width + 1e-6, math.log(5.0))
    bounds = np.array([[centre - reach[0], fwhm - reach[1]], [centre + reach[0], fwhm + reach[1]]])
    some = slice(None, None, math.ceil(q.size / MOST_SEARCHED))
    for _ in range(ZOOMS):
        around = np.linspace(-1.0, 1.0, GRID)
        places, sizes = np.meshgrid(centre + reach[0] * around, fwhm + reach[1] * around)
        tried = np.clip(np.column_stack((places.ravel(), sizes.ravel())), *bounds)
        chi2 = _lowest(_peaks(tried, q[some], shifts), q[some], intensity[some], sigma[some])
        centre, fwhm = tried[int(np.argmin(chi2))].tolist()
        reach = (reach[0] * CLOSER, reach[1] * CLOSER)
    found = _lowest(_peaks(np.array([[centre, fwhm]]), q, shifts), q, intensity, sigma)
    return float(found[0]) / max(q.size - 6, 1)


def _peaks(tried: FloatArray, q: FloatArray, shifts: list[tuple[float, float]]) -> FloatArray:
    """Gaussians and Lorentzians of some centres and logarithms of widths, shape (k, 2) → (2, k, n)."""
    peaks = np.zeros((2, len(tried), q.size))
    for shift, share in shifts:
        u2 = (2.0 * (q - shift * tried[:, :1]) / np.exp(tried[:, 1:])) ** 2
        peaks += share * np.stack((np.exp(-math.log(2.0) * u2), 1.0 / (1.0 + u2)))
    return peaks


def _lowest(peaks: FloatArray, q: FloatArray, intensity: FloatArray, sigma: FloatArray) -> FloatArray:
    """Lowest χ² of sums of two shapes, (2, k, n), of heights of one sign, and a line; shape (k,)."""
    line, _ = np.linalg.qr(np.column_stack((np.ones_like(q), q - q.mean())) / sigma[:, None])
    target = intensity / sigma
    target = target - line @ (line.T @ target)
    a, b = peaks / sigma - (peaks / sigma @ line) @ line.T
    aa, bb, ab = np.sum(a * a, axis=1), np.sum(b * b, axis=1), np.sum(a * b, axis=1)
    at, bt = a @ target, b @ target
    tiny = np.finfo(float).tiny
    fall = np.maximum(at**2 / np.maximum(aa, tiny), bt**2 / np.maximum(bb, tiny))
    # Both at once, where neither is a multiple of the other and the heights have the same sign.
    determinant = aa * bb - ab**2
    first, second = bb * at - ab * bt, aa * bt - ab * at
    both = (determinant > 1e-12 * aa * bb) & (first * second >= 0.0)
    together = (first * at + second * bt) / np.where(both, determinant, 1.0)
    return np.asarray(target @ target - np.where(both, np.maximum(together, fall), fall))
