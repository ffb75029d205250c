"""Discrepancy between model and data as a Gaussian process in q (Kennedy and O'Hagan 2001).

The covariance of the points of a region is

    C = s² diag(σ²) + BᵀB + (a² g_i g_j + b² g_max²) exp(−½ ((q_i − q_j)/ℓ)²)

with g the fitted curve and B the rows of the known systematic effects. All regions of a fit share
a, b, ℓ and s: the amplitudes are relative to the curve, and one region alone seldom determines them. They are
found by restricted maximum likelihood, so that what the refined parameters can absorb is not counted as
agreement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from slxrd._cached import cached_property
from slxrd.errors import SlxrdError
from slxrd.fitting.systematics.restricted_likelihood import (
    LikelihoodAtLength,
    RestrictedLikelihood,
    WhitenedRegion,
)
from slxrd.units import FloatArray

#: Prior of ln ℓ: ℓ in Å⁻¹ and the standard deviation.
_LENGTH, _SPREAD = 0.02, 0.8
#: Standard deviations of ln s below and above zero: σ of a point is rarely too large.
_NOISE_BELOW, _NOISE_ABOVE = 0.1, 1.0
#: ℓ is at least this number of point distances, and this part of the widest region.
_LEAST_POINTS, _LEAST_PART = 2.0, 1.0 / 60.0
#: Smallest amplitude at the maximum of the curve over σ, and largest over the largest residual.
_NEGLIGIBLE, _LARGEST = 1e-3, 30.0
#: Gain of the logarithm of the likelihood from which there is a discrepancy: exceeded by 2 of 440 simulated
#: patterns of white noise (80 to 600 points, 10² to 10⁶ counts), 3.0 by 7.
LEAST_GAIN = 3.5
#: What a finer choice of the length may add to it.
_GRID_ERROR = 3.0
#: Largest derivative with respect to a logarithm at an optimum, and step of ln ℓ that ends the search.
_GRADIENT, _STEP = 0.02, 0.05
#: Degrees of freedom below which a discrepancy and noise cannot be separated.
_LEAST_FREEDOM = 12
#: Rows with a smaller variance, relative to that of the noise, are left out.
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class Discrepancy:
    """Covariance of the discrepancy between a model and the data.

    Parameters
    ----------
    relative : float
        Standard deviation relative to the fitted curve, a.
    floor : float
        Standard deviation relative to the highest intensity of a region, b.
    length : float
        Correlation length ℓ in Å⁻¹.
    noise : float
        Factor s of the standard deviations of the points.
    log_likelihood_gain : float
        Gain of the logarithm of the restricted likelihood over the best without discrepancy.
    rows : tuple of ndarray, shape (k, n)
        For each region rows B with BᵀB the covariance, in the unit of the intensity.
    """

    relative: float
    floor: float
    length: float
    noise: float
    log_likelihood_gain: float
    rows: tuple[FloatArray, ...]


@dataclass(frozen=True)
class RegionResiduals:
    """Residuals of one region and what the model can compensate there.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Scattering vectors in Å⁻¹.
    difference, sigma, curve : ndarray, shape (n,)
        Measured minus calculated intensity, its standard deviation, and the calculated intensity.
    slopes : ndarray, shape (n, f)
        Derivatives of the curve with respect to the refined parameters, the same f in all regions.
    linear : ndarray, shape (n, k)
        Columns of the scale and the background.
    known : ndarray, shape (m, n)
        Rows that are in the covariance already, in the unit of the intensity; m may be 0.
    """

    q: FloatArray
    difference: FloatArray
    sigma: FloatArray
    curve: FloatArray
    slopes: FloatArray
    linear: FloatArray
    known: FloatArray


def estimate_discrepancy(regions: Sequence[RegionResiduals]) -> Discrepancy | None:
    """Estimate the model discrepancy from the residuals of a fit.

    Parameters
    ----------
    regions : sequence of RegionResiduals
        The regions of the fit.

    Returns
    -------
    Discrepancy or None
        None if the residuals are those of noise, or too few.

    Raises
    ------
    SlxrdError
        If a value is not finite, or a σ is not positive.

    Notes
    -----
    Hyperparameters are those of the largest restricted likelihood times weak priors: ln ℓ is ln 0.02 Å⁻¹ ±
    0.8, ln s is 0 ± 0.1 below and ± 1 above.
    """
    whitened = [_whitened(region) for region in regions]
    several = any(region.q.size > 1 for region in whitened)
    if not several or not any(np.any(region.flat) for region in whitened):
        return None
    width = max(float(np.ptp(region.q)) for region in whitened)
    spacing = max(float(np.median(np.diff(np.sort(region.q)))) for region in whitened if region.q.size > 1)
    shortest = max(_LEAST_POINTS * spacing, _LEAST_PART * width)
    if shortest >= width:
        return None
    likelihood = RestrictedLikelihood(whitened, shortest)
    if likelihood.freedom < _LEAST_FREEDOM:
        return None
    search = _Search(likelihood, whitened)
    best = search.best(shortest, width, search.without - LEAST_GAIN)
    if best is None:
        return None
    gain = search.without - best.value
    a, b, s = best.amplitudes
    lowest_a, lowest_b, _ = np.exp(search.lower)
    a, b = (0.0 if x < 1.1 * low else x for x, low in ((a, lowest_a), (b, lowest_b)))
    rows = tuple(
        _rows(region, likelihood.features(i, best.length), a, b, s) for i, region in enumerate(regions)
    )
    return Discrepancy(a, b, best.length, s, gain, rows)


def _whitened(region: RegionResiduals) -> WhitenedRegion:
    arrays = (region.q, region.difference, region.sigma, region.curve, region.slopes, region.linear)
    if not all(np.all(np.isfinite(array)) for array in (*arrays, region.known)) or np.any(
        region.sigma <= 0.0
    ):
        raise SlxrdError(
            "the model discrepancy cannot be estimated from residuals that are not finite or have a σ "
            "of zero; mask such points"
        )
    over = 1.0 / region.sigma
    highest = float(np.abs(region.curve).max())
    return WhitenedRegion(
        region.q,
        region.difference * over,
        region.curve * over,
        highest * over,
        region.slopes * over[:, None],
        region.linear * over[:, None],
        region.known * over,
    )


@dataclass(frozen=True)
class _Optimum:
    """Best amplitudes (a, b, s) at one length, and −ln of the posterior density there."""

    value: float
    length: float
    amplitudes: tuple[float, float, float]


class _Search:
    """Search for the hyperparameters: amplitudes and noise at each length by gradients, then the length."""

    def __init__(self, likelihood: RestrictedLikelihood, regions: Sequence[WhitenedRegion]) -> None:
        self._likelihood = likelihood
        curve = np.concatenate([region.curve for region in regions])
        flat = np.concatenate([region.flat for region in regions])
        residual = np.concatenate([region.residual for region in regions])
        largest = [max(float(np.abs(x).max()), 1e-300) for x in (curve, flat)]
        upper = max(_LARGEST * float(np.abs(residual).max()), 1.0)
        self.lower = np.log([*(_NEGLIGIBLE / x for x in largest), 1e-2])
        self._upper = np.log([*(upper / x for x in largest), 1e2])
        # Variance of the residuals in equal parts from both amplitudes.
        part = 0.3 * float(residual @ residual) / residual.size
        sizes = [math.sqrt(part / max(float(np.mean(x**2)), 1e-300)) for x in (curve, flat)]
        start = np.log([*np.maximum(sizes, 1e-300), 1.0])
        self._start = np.clip(start, self.lower, self._upper)

    @cached_property
    def without(self) -> float:
        """Minimum of −ln of the posterior density without a discrepancy."""
        likelihood = self._likelihood.without

        def value(log_noise: float) -> float:
            return likelihood(0.0, 0.0, math.exp(log_noise))[0] + _noise_prior(log_noise)[0]

        found = minimize_scalar(
            value, bounds=(self.lower[2], self._upper[2]), method="bounded", options={"xatol": 1e-6}
        )
        return float(found.fun)

    def best(self, shortest: float, longest: float, highest: float) -> _Optimum | None:
        """Optimum over all lengths; None if its value is above ``highest``."""
        steps = max(3, math.ceil(math.log(longest / shortest) / math.log(2.0)) + 1)
        grid = np.linspace(math.log(shortest), math.log(longest), steps)
        tried: list[_Optimum] = []
        for x in grid.tolist()[::-1]:
            tried.append(self._at(x, self._near(tried[-1]) if tried else self._start))
        tried.reverse()
        index = min(range(steps), key=lambda i: tried[i].value)
        near = tried[index]
        if near.value > highest + _GRID_ERROR:
            return None
        start = self._near(near)
        refined: list[_Optimum] = [near]

        def value(log_length: float) -> float:
            refined.append(self._at(log_length, start))
            return refined[-1].value

        ends = (float(grid[max(index - 1, 0)]), float(grid[min(index + 1, steps - 1)]))
        minimize_scalar(value, bounds=ends, method="bounded", options={"xatol": _STEP, "maxiter": 6})
        best = min(refined, key=lambda optimum: optimum.value)
        return best if best.value <= highest else None

    def _near(self, optimum: _Optimum) -> FloatArray:
        """Return a start near another optimum; amplitudes of nearly zero would stay there."""
        return np.clip(np.log(optimum.amplitudes), self._start - 1.5, self._upper)

    def _at(self, log_length: float, start: FloatArray) -> _Optimum:
        likelihood = self._likelihood.at(math.exp(log_length))
        prior = 0.5 * ((log_length - math.log(_LENGTH)) / _SPREAD) ** 2

        def objective(x: FloatArray) -> tuple[float, FloatArray]:
            return _with_priors(likelihood, x, prior)

        bounds = list(zip(self.lower, self._upper, strict=True))
        found = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-8, "gtol": _GRADIENT},
        )
        a, b, s = np.exp(found.x).tolist()
        return _Optimum(float(found.fun), math.exp(log_length), (a, b, s))


def _with_priors(likelihood: LikelihoodAtLength, x: FloatArray, prior: float) -> tuple[float, FloatArray]:
    a, b, s = np.exp(x).tolist()
    value, gradient = likelihood(a, b, s)
    of_noise, slope = _noise_prior(float(x[2]))
    gradient[2] += slope
    return value + of_noise + prior, gradient


def _noise_prior(log_noise: float) -> tuple[float, float]:
    """−ln of the prior of ln s, and its derivative."""
    width = _NOISE_BELOW if log_noise < 0.0 else _NOISE_ABOVE
    return 0.5 * (log_noise / width) ** 2, log_noise / width**2


def _rows(region: RegionResiduals, features: FloatArray, a: float, b: float, s: float) -> FloatArray:
    """Rows of the covariance along its principal directions over σ, as many as matter beside the noise."""
    highest = float(np.abs(region.curve).max())
    parts = [a * region.curve[:, None] * features] if a else []
    parts += [b * highest * features] if b else []
    rows = np.hstack(parts) / region.sigma[:, None] if parts else np.zeros((region.q.size, 0))
    values, vectors = np.linalg.eigh(rows.T @ rows)
    kept = values > _LEAST_VARIANCE * s**2
    return np.asarray((rows @ vectors[:, kept]).T * region.sigma)
