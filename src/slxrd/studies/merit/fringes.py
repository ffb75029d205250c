"""Linear test of a Bragg peak for superlattice fringes, on top of the curve of single crystals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd._least_squares import Residuals, minimise
from slxrd.data.backgrounds import legendre
from slxrd.data.regions import RegionData
from slxrd.instrument.diffractometer import Band
from slxrd.model.intensity import apply_resolution
from slxrd.model.sizes import size_weights
from slxrd.units import FloatArray

#: Step of the period in Å, and largest gap in Å; the phase at the peak is free, so only slopes matter.
PERIOD_STEP, MAX_GAP = 2.5, 100.0
#: One-sided 95 % quantile of the normal distribution.
ONE_SIDED = 1.645


class Peak:
    """Curves of one region with the resolution: single crystals, and stacks of them."""

    def __init__(self, data: RegionData, band: Band) -> None:
        self.data, self.band = data, band
        self.lines = legendre(data.q, 1).T

    def rows(self, shape: FloatArray, period: float | None = None) -> FloatArray:
        """Return the curve of single crystals, (1, n), and with a period those of the fringes, (3, n)."""
        d, N, sigma_N = shape.tolist()
        q = self.band.q
        sizes = size_weights(max(N, 1.0), abs(sigma_N))
        single, waves = np.zeros(q.size), np.zeros(q.size, dtype=np.complex128)
        half = np.sin(q * d / 2.0)
        half = np.where(np.abs(half) < 1e-9, 1e-9, half)
        for n, share in zip(sizes.sizes.tolist(), sizes.weights.tolist(), strict=True):
            squared = share * (np.sin(n * q * d / 2.0) / half) ** 2
            single += squared
            if period is not None:
                waves += squared * np.exp(1j * q * (period + (n - N) * d))
        rows = single[None] if period is None else np.vstack((single, waves.real, waves.imag))
        return apply_resolution(self.band, np.ascontiguousarray(rows))

    def solve(self, rows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the best coefficients of rows and background, residuals in σ, and weighted columns."""
        columns = (np.vstack((rows, self.lines)) / self.data.sigma).T
        target = self.data.intensity / self.data.sigma
        solution = np.linalg.lstsq(columns, target, rcond=None)[0]
        return np.asarray(solution), np.asarray(target - columns @ solution), columns

    def curve(self, rows: FloatArray) -> FloatArray:
        """Return the best intensity, shape (n,)."""
        solution, _, columns = self.solve(rows)
        return np.asarray(columns @ solution * self.data.sigma)


def single_crystals(peak: Peak) -> FloatArray:
    """Return the shape d, N and σ_N of the best single crystals."""
    q, y = peak.data.q, peak.data.intensity
    high = y > 0.5 * y.max()
    centre = float(np.sum(q[high] * y[high]) / np.sum(y[high]))
    spread = float(q[-1] - q[0])

    def evaluate(shape: FloatArray) -> Residuals:
        return Residuals(peak.solve(peak.rows(shape))[1], np.zeros((0, 0)))

    found = []
    for width in (0.15, 0.3, 0.5):
        d = 2.0 * math.pi / centre
        N = max(0.886 * 2.0 * math.pi / (width * spread) / d, 2.0)
        lower, upper = [2.0 * math.pi / q[-1], 1.5, 0.3], [2.0 * math.pi / q[0], 500.0, 100.0]
        done = minimise(
            evaluate,
            np.array([d, N, max(0.15 * N, 0.5)]),
            lower,
            upper,
            scale=[0.01 * d, 0.1 * N, 0.5],
            most_evaluations=60,
            difference=1e-5,
        )
        found.append((done.chi2, done.x))
    return np.asarray(min(found, key=lambda pair: pair[0])[1])


@dataclass(frozen=True)
class LinearTest:
    """Fringes added to the curve of single crystals: number of periods tried, and the best result.

    Parameters
    ----------
    n_periods : int
        Number of periods tried.
    gain : float
        Decrease of χ² at the best period, divided by ``scatter``.
    limit : float
        Upper 95 % limit of the visibility.
    scatter : float
        Reduced χ² with fringes, but at least 1.
    """

    n_periods: int
    gain: float
    limit: float
    scatter: float


def linear_test(peak: Peak, shape: FloatArray, single: FloatArray, coherent: int) -> LinearTest:
    """Add waves of each period to the curve of single crystals.

    Parameters
    ----------
    peak : Peak
        Curves of the region.
    shape : ndarray, shape (3,)
        d, N and σ_N of the best single crystals.
    single : ndarray, shape (1, n)
        Their curve.
    coherent : int
        Number M of coherent crystals.

    Returns
    -------
    LinearTest
        Decrease of χ² at the best period, and limit of the visibility.
    """
    coefficients, residual, columns = peak.solve(single)
    # The derivatives by the shape are columns too, so that fringes explain only what no shape explains.
    sigma = peak.data.sigma
    steps = 1e-4 * np.maximum(np.abs(shape), 0.1)
    moved = [peak.rows(shape + step * np.eye(3)[i]) for i, step in enumerate(steps)]
    slopes = [
        (coefficients[0] * (each - single)[0] / step / sigma) for each, step in zip(moved, steps, strict=True)
    ]
    nuisance = np.column_stack((columns, *slopes))
    basis = np.linalg.qr(nuisance / np.linalg.norm(nuisance, axis=0))[0]
    residual = residual - basis @ (basis.T @ residual)
    thickness = float(shape[0] * (shape[1] - 1.0))
    periods = np.arange(thickness + 5.0, thickness + MAX_GAP, PERIOD_STEP)
    gains, limits = np.zeros(periods.size), np.zeros(periods.size)
    for i, period in enumerate(periods.tolist()):
        waves = (peak.rows(shape, period)[1:] / sigma).T
        waves = waves - basis @ (basis.T @ waves)
        covariance = np.linalg.pinv(waves.T @ waves)
        amplitude = covariance @ (waves.T @ residual)
        gains[i] = float(amplitude @ (waves.T @ residual))
        widest = math.sqrt(float(np.linalg.eigvalsh(covariance)[-1]))
        limits[i] = float(np.hypot(*amplitude)) + ONE_SIDED * widest
    best = float(gains.max())
    n, k = peak.data.q.size, nuisance.shape[1] + 2
    scatter = max(1.0, (float(residual @ residual) - best) / max(n - k, 1))
    pairs = 2.0 * (1.0 - 1.0 / coherent) * abs(float(coefficients[0]))
    limit = float(limits.max()) * math.sqrt(scatter) / pairs if pairs > 0.0 else math.inf
    return LinearTest(periods.size, best / scatter, limit, scatter)
