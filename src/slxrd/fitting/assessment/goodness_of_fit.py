"""Goodness of fit: reduced χ² against the noise of the data, and structure in the residuals.

Fitted parameters make residuals smaller and their autocorrelation negative. With the weighted residuals
r = (1 − P) W e of a correct model, where P projects onto the derivatives of everything that was fitted,
W is the noise of the data over the σ of the fit and e standard normal noise, the distribution of each
statistic is found by simulation of e. The statistics are the sum of squares, the autocorrelation at
several lags (Ljung and Box, Biometrika 1978, 65, 297), and the number of runs of one sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.assessment.correlated_noise import Correlation, draw_noise, find_correlation
from slxrd.fitting.assessment.scatter import MeasuredNoise, measured_noise, scatter_ratio
from slxrd.fitting.assessment.structure import structure_of_noise, structure_of_residuals
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.units import FloatArray

#: Largest deviation of a reduced χ² from 1, in its standard deviations √(2/ν).
DEVIATIONS = 4.0
#: Residuals of a smaller mean square over the noise, as of data without noise, have no relevant structure.
NEGLIGIBLE = 1e-3
#: Residuals are structured if noise alone gives as much with a smaller probability than this.
UNLIKELY = 1e-3
#: Least scatter of neighbouring points over a known σ with which they are taken to be independent.
LEAST_SCATTER = 0.8
#: Largest noise of slow variations over the σ of the fit that a correlation of the noise may explain:
#: smoothing leaves them as they are, and a larger ratio is an error of the model.
LARGEST_SLOW = 5.0
#: Simulated sets of residuals.
_DRAWS = 300
#: Least number of points for tests of structure.
_LEAST = 12


def chi2_scatter(dof: float, precision: float = 0.0) -> float:
    """Return the largest deviation of a reduced χ² from 1 by noise, 4√(2/ν).

    Parameters
    ----------
    dof : float
        Degrees of freedom ν.
    precision : float
        Relative standard deviation of σ, if it was estimated.
    """
    return DEVIATIONS * math.sqrt(2.0 / max(dof, 1.0) + (2.0 * precision) ** 2)


@dataclass(frozen=True, eq=False)
class RegionFit:
    """Goodness of fit of one region.

    Parameters
    ----------
    name : str
        Of the region.
    noise : MeasuredNoise
        Noise of its points.
    standardised : ndarray, shape (n,)
        Residuals over their expected standard deviations: those of the noise, smaller where fitted
        parameters follow it.
    reduced_chi2 : float
        Mean square of these.
    limit : float
        Largest value of it for a correct model.
    autocorrelation : float
        At lag 1, less the value expected for a correct model.
    correlation_time : float
        1 + 2 Σ of the autocorrelation up to its first zero, in points; at least 1.
    probability : float
        Of an autocorrelation as large, or as few runs, by noise alone.
    correlation : Correlation, optional
        Of the noise of neighbouring points.
    slow : float
        Noise of slow variations over the σ of the fit, from the residuals; 1 without such a correlation.
    """

    name: str
    noise: MeasuredNoise
    standardised: FloatArray
    reduced_chi2: float
    limit: float
    autocorrelation: float
    correlation_time: float
    probability: float
    correlation: Correlation | None = None
    slow: float = 1.0

    @property
    def good(self) -> bool:
        """Whether noise alone explains these residuals."""
        return self.reduced_chi2 <= self.limit and self.probability >= UNLIKELY


@dataclass(frozen=True, eq=False)
class GoodnessOfFit:
    """Goodness of fit of all regions.

    Parameters
    ----------
    regions : tuple of RegionFit
        In the order of the fit.
    reduced_chi2 : float
        Against the noise of the data.
    limit : float
        Largest value of it for a correct model.
    correlation_time : float
        Mean over the points.
    """

    regions: tuple[RegionFit, ...]
    reduced_chi2: float
    limit: float
    correlation_time: float

    @property
    def good(self) -> bool:
        """Whether noise alone explains the residuals of all regions."""
        alone = UNLIKELY / len(self.regions)
        return self.reduced_chi2 <= self.limit and all(
            region.reduced_chi2 <= region.limit and region.probability >= alone for region in self.regions
        )


def goodness_of_fit(objective: Objective, minimum: Minimum, *, known: bool, seed: int = 0) -> GoodnessOfFit:
    """Test the residuals of a fit against noise.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minimum : Minimum
        The best minimum.
    known : bool
        Whether σ is from counting statistics or from the file, not an assumed fraction.
    seed : int
        Of the simulated noise.
    """
    correlations = _correlations(objective, minimum, known=known)
    found = _tested(objective, minimum, correlations, known=known, seed=seed)
    if correlations and max(region.slow for region in found.regions) > LARGEST_SLOW:
        return _tested(objective, minimum, {}, known=known, seed=seed)
    return found


def _tested(
    objective: Objective, minimum: Minimum, correlations: dict[int, Correlation], *, known: bool, seed: int
) -> GoodnessOfFit:
    """Test the residuals, given the correlations of the noise of each scan."""
    evaluation = minimum.evaluation
    random = np.random.default_rng(seed)
    noises = [
        measured_noise(
            region,
            points.sigma if points.base is None else points.base,
            known=known,
            correlation=correlations.get(points.scan),
        )
        for region, points in zip(evaluation.regions, objective.data, strict=True)
    ]
    basis = _basis(minimum)
    found, at = [], 0
    for region, points, noise in zip(evaluation.regions, objective.data, noises, strict=True):
        n = region.q.size
        rows = basis[at : at + n] if basis.shape[0] == objective.n_points else np.zeros((n, 0))
        at += n
        found.append(assess_region(region.region.name, _difference(region), noise, region.sigma, rows, random,
                             _counts(points.per_count, region.calculated),
                             correlations.get(points.scan)))  # fmt: skip
    size = np.array([region.standardised.size for region in found], dtype=float)
    dof = max(float(size.sum()) - basis.shape[1], 1.0)
    precision = math.sqrt(float(size**2 @ np.array([n.precision for n in noises]) ** 2)) / size.sum()
    return GoodnessOfFit(
        tuple(found),
        float(size @ np.array([region.reduced_chi2 for region in found]) / size.sum()),
        1.0 + chi2_scatter(dof, precision),
        float(size @ np.array([region.correlation_time for region in found]) / size.sum()),
    )


def _correlations(objective: Objective, minimum: Minimum, *, known: bool) -> dict[int, Correlation]:
    """Correlation of the noise of each scan in which there is one.

    Neighbouring points of smoothed data scatter less than the σ that is known; where they scatter as much,
    what looks like it is an error of the model.
    """
    series: dict[int, list[tuple[FloatArray, FloatArray, FloatArray]]] = {}
    for region, points in zip(minimum.evaluation.regions, objective.data, strict=True):
        declared = points.sigma if points.base is None else points.base
        if not known or scatter_ratio(region, declared) < LEAST_SCATTER:
            sigma = measured_noise(region, declared, known=known).sigma
            curves = ((region.measured - region.calculated) / sigma, region.calculated / sigma)
            series.setdefault(points.scan, []).append((*curves, region.measured))
    found = {scan: find_correlation(*zip(*curves, strict=True)) for scan, curves in series.items()}
    return {scan: correlation for scan, correlation in found.items() if correlation is not None}


def _difference(region: object) -> FloatArray:
    return np.asarray((region.measured - region.calculated) / region.sigma)  # type: ignore[attr-defined]


def _counts(per_count: FloatArray | None, calculated: FloatArray) -> FloatArray | None:
    return None if per_count is None else np.maximum(calculated / per_count, 0.05)


def _basis(minimum: Minimum) -> FloatArray:
    """Orthonormal basis of the derivatives of the residuals by everything fitted, shape (n, k)."""
    evaluation = minimum.evaluation
    n = evaluation.residual.size
    errors = minimum.covariance
    free = [i for i, name in enumerate(minimum.names) if name not in errors.why_not]
    columns = np.hstack([minimum.jacobian[:n, free], evaluation.nuisance])
    norms = np.linalg.norm(columns, axis=0)
    if not norms.any():
        return np.zeros((n, 0))
    U, s, _ = np.linalg.svd(columns[:, norms > 0.0] / norms[norms > 0.0], full_matrices=False)
    return np.asarray(U[:, s > 1e-10 * s[0]])


def assess_region(
    name: str,
    residual: FloatArray,
    noise: MeasuredNoise,
    sigma: FloatArray,
    basis: FloatArray,
    random: np.random.Generator,
    counts: FloatArray | None,
    correlation: Correlation | None = None,
) -> RegionFit:
    """Test the residuals of one region against noise.

    Parameters
    ----------
    name : str
        Of the region.
    residual : ndarray, shape (n,)
        (measured − calculated)/σ.
    noise : MeasuredNoise
        Noise of the data.
    sigma : ndarray, shape (n,)
        σ of the fit.
    basis : ndarray, shape (n, k)
        Orthonormal basis of the derivatives of the residuals by everything that was fitted.
    random : numpy.random.Generator
        For simulated residuals.
    counts : ndarray, shape (n,), or None
        Expected counts, if known: few counts scatter more than normal noise.
    correlation : Correlation, optional
        Of the noise of neighbouring points. The residuals are then tested at every few points.
    """
    n = residual.size
    width = noise.sigma / sigma
    if correlation is not None:
        return _assess_correlated(name, residual, noise, width, basis, random, correlation)
    inner = (basis * width[:, None] ** 2).T @ basis
    variance = width**2 * (1.0 - 2.0 * np.sum(basis**2, axis=1)) + np.sum((basis @ inner) * basis, axis=1)
    expected = np.sqrt(np.maximum(variance, 0.05 * width**2))
    u = residual / expected
    dof = max(n - float(np.sum(basis**2)), 1.0)
    excess = 0.0 if counts is None else float(np.mean(np.minimum(1.0 / counts, 20.0)))
    limit = 1.0 + chi2_scatter(dof * 2.0 / (2.0 + excess), noise.precision)
    chi2 = float(np.mean(u**2))
    if n < _LEAST or chi2 < NEGLIGIBLE:
        return RegionFit(name, noise, u, chi2, limit, 0.0, 1.0, 1.0)
    draws = random.normal(size=(_DRAWS, n)) * width
    simulated = (draws - (draws @ basis) @ basis.T) / expected
    first, probability = _structure(u, simulated)
    return RegionFit(name, noise, u, chi2, limit, first, correlation_time(u), probability)


def _assess_correlated(
    name: str,
    residual: FloatArray,
    noise: MeasuredNoise,
    width: FloatArray,
    basis: FloatArray,
    random: np.random.Generator,
    correlation: Correlation,
) -> RegionFit:
    n = residual.size
    draws = draw_noise(correlation.kernel.autocorrelation, (_DRAWS, n), random) * width
    simulated = draws - (draws @ basis) @ basis.T
    left = np.mean(simulated**2, axis=0)
    expected = np.sqrt(np.maximum(left, 0.05 * width**2))
    u = residual / expected
    # Residuals over the σ of the fit that would be 1 on average if its σ were right for slow variations.
    slow = float(residual @ residual) / float(np.sum(left / (width**2 * correlation.time)))
    dof = max(n / correlation.time - float(np.sum(basis**2)), 1.0)
    chi2, limit = float(np.mean(u**2)), 1.0 + chi2_scatter(dof, noise.precision)
    apart = math.ceil(correlation.time)
    first, probability = 0.0, 1.0
    if n // apart >= _LEAST and chi2 >= NEGLIGIBLE:
        first, probability = _structure(u[::apart], (simulated / expected)[:, ::apart])
    return RegionFit(name, noise, u, chi2, limit, first, correlation_time(u), probability, correlation,
                     math.sqrt(slow))  # fmt: skip


def _structure(u: FloatArray, simulated: FloatArray) -> tuple[float, float]:
    """Autocorrelation at lag 1, and the probability of an autocorrelation as large or of as few runs."""
    first, probability = structure_of_residuals(u[None, :], structure_of_noise(simulated))
    return float(first[0]), float(probability[0])


def correlation_time(u: FloatArray) -> float:
    """1 + 2 Σ ρ_k up to the first negative sum of two (Geyer, Stat. Sci. 1992, 7, 473), in points."""
    n = u.size
    total = float(u @ u)
    if total == 0.0 or n < _LEAST:
        return 1.0
    size = 1 << (2 * n - 1).bit_length()
    transform = np.fft.rfft(u, size)
    rho = np.fft.irfft(transform * np.conj(transform), size)[: n // 2] / total
    pairs = rho[: 2 * (rho.size // 2)].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0.0)
    kept = pairs[: ends[0]] if ends.size else pairs
    return max(1.0, float(2.0 * kept.sum() - 1.0))
