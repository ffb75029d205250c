"""Weighted samples of the posterior, and credible intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.result.samples import Samples
from slxrd.units import FloatArray

#: Number of places at which a density is calculated per solution, and its range beyond the samples in units
#: of the kernel width.
_PLACES, _BEYOND = 400, 4.0
#: Solutions with a smaller share of the weight are left out of intervals.
_NEGLIGIBLE = 1e-4
#: No solution is narrower than this, as a fraction of the spread over all of them.
_NARROWEST = 1e-4

Pieces = tuple[tuple[float, float], ...]


@short_repr
@dataclass(frozen=True, eq=False)
class Ensemble(Samples):
    """Samples of the posterior over all solutions of a fit.

    Parameters
    ----------
    names : tuple of str
        The refined parameters.
    values : mapping of str to ndarray, shape (n,)
        Samples of every parameter and derived quantity, in Å, Å⁻¹ and planes.
    weights : ndarray, shape (n,)
        Their sum is 1.
    solution : ndarray of int, shape (n,)
        The solution of the fit, counted from 0, that each sample belongs to.
    limits : mapping of str to (float, float)
        Bounds of the refined parameters.
    effective : float
        Effective number of samples, 1/Σw².
    log_integral : float
        Logarithm of the integral of exp(−χ²/2), Gaussian priors included, over the refined parameters: the
        evidence up to their flat priors' density.
    least_chi2 : float
        Lowest χ² of a sample, Gaussian priors included.
    lowest : mapping of str to float
        Values of all parameters of that sample.
    """

    names: tuple[str, ...]
    values: Mapping[str, FloatArray]
    weights: FloatArray
    solution: NDArray[np.int64]
    limits: Mapping[str, tuple[float, float]]
    effective: float
    log_integral: float
    least_chi2: float = math.inf
    lowest: Mapping[str, float] = field(default_factory=dict)

    def share(self, solution: int) -> float:
        """Probability of a solution, counted from 0."""
        return float(self.weights[self.solution == solution].sum())

    def with_shares(self, shares: FloatArray) -> Ensemble:
        """Return the ensemble with other probabilities of its solutions.

        Parameters
        ----------
        shares : ndarray, shape (s,)
            Probabilities of the solutions, in their order; those without samples are left out.
        """
        own = np.array([self.share(k) for k in range(int(self.solution.max()) + 1)])
        factors = np.divide(shares[: own.size], own, out=np.zeros_like(own), where=own > 0.0)
        weights = self.weights * factors[self.solution]
        weights /= weights.sum()
        return replace(self, weights=weights, effective=1.0 / float(weights @ weights))

    def with_first(self, solution: int) -> Ensemble:
        """Return the ensemble with one solution, counted from 0, before the others."""
        order = np.where(self.solution < solution, self.solution + 1, self.solution)
        return replace(self, solution=np.where(self.solution == solution, 0, order))

    @property
    def all_values(self) -> Mapping[str, FloatArray]:  # type: ignore[override]
        """Samples of every parameter and derived quantity; the same as ``values``."""
        return self.values

    def interval(self, name: str, level: float) -> Pieces:
        """Calculate the highest-density interval of a parameter or derived quantity.

        It is the smallest set with a given probability (Hyndman, Am. Stat. 1996, 50, 120), and has several
        pieces if solutions are separate. The density is a Gaussian kernel estimate whose bandwidth follows
        from the spread within each solution.

        Parameters
        ----------
        name : str
            A parameter or derived quantity.
        level : float
            Probability, between 0 and 1.

        Returns
        -------
        tuple of (float, float)
            The ends of each piece, increasing.

        Raises
        ------
        SlxrdError
            If the name is unknown or the level is not a probability.
        """
        if not 0.0 < level < 1.0:
            raise SlxrdError(f"level {level!r}: must be between 0 and 1, such as 0.68 or 0.95")
        values, whole = self._of(name), self.std(name)
        if not whole > 1e-9 * abs(self.mean(name)):
            return ((self.mean(name), self.mean(name)),)
        limits = self.limits.get(name, (-np.inf, np.inf))
        curves = [
            _density(values[inside], self.weights[inside], limits, _NARROWEST * whole)
            for inside in (self.solution == k for k in range(int(self.solution.max()) + 1))
            if self.weights[inside].sum() > _NEGLIGIBLE
        ]
        place = np.unique(np.concatenate([x for x, _ in curves]))
        density = sum((np.interp(place, x, y, 0.0, 0.0) for x, y in curves), np.zeros(place.size))
        at_samples = np.interp(values, place, density)
        order = np.argsort(-at_samples)
        enough = int(np.searchsorted(np.cumsum(self.weights[order]), level))
        return _pieces(place, density, float(at_samples[order][min(enough, order.size - 1)]))


def _density(
    values: FloatArray, weights: FloatArray, limits: tuple[float, float], narrowest: float
) -> tuple[FloatArray, FloatArray]:
    """Kernel density of weighted samples at evenly spaced places, reflected at the limits."""
    total = float(weights.sum())
    mean = float(weights @ values) / total
    spread = max(float(np.sqrt(weights @ (values - mean) ** 2 / total)), narrowest)
    width = 1.06 * spread * (total**2 / float(weights @ weights)) ** -0.2
    low = max(mean - 6.0 * spread, float(values.min()))
    high = min(mean + 6.0 * spread, float(values.max()))
    edges = np.linspace(low - _BEYOND * width, high + _BEYOND * width, _PLACES + 1)
    step = edges[1] - edges[0]
    if edges[0] < limits[0] < edges[-1]:
        edges = limits[0] + step * np.arange(int((edges[-1] - limits[0]) / step) + 2)
    elif edges[0] < limits[1] < edges[-1]:
        edges = limits[1] - step * np.arange(int((limits[1] - edges[0]) / step) + 2)[::-1]
    counts = np.histogram(values, edges, weights=weights)[0]
    half = int(4.0 * width / step + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) * step / width) ** 2)
    reflected = np.pad(counts / step, half, mode="symmetric")
    return (edges[1:] + edges[:-1]) / 2.0, np.convolve(reflected, kernel / kernel.sum(), mode="valid")


def _pieces(place: FloatArray, density: FloatArray, height: float) -> Pieces:
    """Ranges in which a curve reaches at least this height, with interpolated ends."""
    above = np.concatenate(([False], density >= height, [False]))
    starts = np.flatnonzero(above[1:] & ~above[:-1])
    ends = np.flatnonzero(~above[1:] & above[:-1]) - 1
    pieces = []
    for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
        low = _interpolate(place, density, height, a - 1, a) if a > 0 else float(place[0])
        high = _interpolate(place, density, height, b + 1, b) if b + 1 < place.size else float(place[-1])
        pieces.append((low, high))
    return tuple(pieces)


def _interpolate(place: FloatArray, density: FloatArray, height: float, outside: int, inside: int) -> float:
    rise = float(density[inside] - density[outside])
    part = (height - float(density[outside])) / rise if rise > 0.0 else 1.0
    return float(place[outside] + part * (place[inside] - place[outside]))
