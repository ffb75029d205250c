"""Whether a region shows one peak without fringes: tests without a model of the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from slxrd.units import FloatArray, SecondLine

#: Imperfection of the shape of a measured peak, relative to the intensity.
SHAPE_ERROR = 0.03


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
    """Return χ² per degree of freedom of one pseudo-Voigt peak with a linear background."""
    from scipy.optimize import least_squares

    top = float(q[int(np.argmax(intensity))])
    place = (q - q.mean()) / np.ptp(q)

    def shape(centre: float, fwhm: float, share: float) -> FloatArray:
        u = 2.0 * (q - centre) / fwhm
        return np.asarray(share / (1.0 + u * u) + (1.0 - share) * np.exp(-np.log(2.0) * u * u))

    def residuals(p: FloatArray) -> FloatArray:
        centre, fwhm, share = float(p[0]), float(p[1]), float(p[2])
        peak = shape(centre, fwhm, share)
        if lines is not None:
            length, second = lines
            peak = peak + second.ratio * shape(centre * second.wavelength / length, fwhm, share)
        columns = np.column_stack((peak, np.ones_like(q), place)) / sigma[:, None]
        solution, *_ = np.linalg.lstsq(columns, intensity / sigma, rcond=None)
        return np.asarray(intensity / sigma - columns @ solution)

    found = least_squares(
        residuals,
        (top, max(width, 1e-6), 0.4),
        bounds=((top - width - 1e-6, 0.2 * width, 0.0), (top + width + 1e-6, 5.0 * width + 1e-6, 1.0)),
        x_scale=(max(width, 1e-4), max(width, 1e-4), 1.0),
        max_nfev=60,
    )
    return float(2.0 * found.cost / max(q.size - 6, 1))
