"""Average low-angle refinements over shapes of the background and critical scattering vectors.

Background and refraction shift the dips, and the data hardly determine either. So w is the mean over all
combinations, weighted by exp(−χ²/2), and its error includes their differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.studies.lowangle.model import NAMES, BackgroundShape, LowAngleModel
from slxrd.studies.lowangle.refinement import (
    LOWER,
    UPPER,
    Refinement,
    refine,
    refine_over_refraction,
    smooth_bic,
)
from slxrd.studies.lowangle.search import (
    MIN_PERIODS,
    different,
    refine_both_backgrounds,
    search,
    search_fringes,
    superlattice_periods,
)
from slxrd.units import FloatArray

#: Number of steps from 0 to the largest critical scattering vector.
CRITICAL_STEPS = 12
#: Σ weight² over the critical scattering vectors above which their steps are too large.
MAX_CONCENTRATION = 0.4
#: Decrease of BIC that a gap, or fringes, must give.
EVIDENT = 20.0
#: Largest misfit, as a fraction of the curve, at which a gap counts as visible.
MAX_MISFIT = 0.15
#: Largest difference of w, in Å, between refinements of the same minimum with different backgrounds.
SAME_MINIMUM = 2.0
#: Signal-to-noise ratio above which all points have the same weight in the misfit.
HIGH_SIGNAL = 10.0


@dataclass(frozen=True, eq=False)
class Average:
    """Refinements of one region, with weights.

    Parameters
    ----------
    data : RegionData
        Points and σ; for counts, σ of the fitted curve.
    minima : tuple of Refinement
        The different minima for the background that fits best, best first.
    refined : tuple of Refinement
        The best minimum for every background at every critical scattering vector.
    weights : ndarray, shape (len(refined),)
        Their weights; the sum is 1.
    evidence : float
        BIC of a smooth curve minus BIC of the curve with a gap.
    scatter : float
        Reduced χ², but at least 1.
    """

    data: RegionData
    minima: tuple[Refinement, ...]
    refined: tuple[Refinement, ...]
    weights: FloatArray
    evidence: float
    scatter: float

    @property
    def best(self) -> Refinement:
        """The refinement of the largest weight."""
        return self.refined[int(np.argmax(self.weights))]

    @property
    def misfit(self) -> float:
        """Relative root-mean-square deviation of the points from the curve, beyond the noise.

        Points with a signal-to-noise ratio below :data:`HIGH_SIGNAL` have smaller weights.
        """
        curve, sigma = self.best.curve, self.data.sigma
        deviation = ((self.data.intensity - curve) ** 2 - sigma**2) / curve**2
        weights = np.minimum((curve / sigma) ** 2, HIGH_SIGNAL**2)
        return math.sqrt(max(float(weights @ deviation / weights.sum()), 0.0))

    @property
    def visible(self) -> bool:
        """Whether the data show a gap.

        BIC must favour the gap, the region must span a period of the dips, w must be inside its bounds, and
        the misfit small.
        """
        w = self.best.value("w")
        periods = w * float(self.data.q[-1] - self.data.q[0]) / (2.0 * math.pi)
        inside = LOWER[0] + 1e-3 < w < UPPER[0] - 1e-3
        return self.evidence > EVIDENT and periods >= MIN_PERIODS and inside and self.misfit < MAX_MISFIT

    def rivals(self, increase: float) -> list[float]:
        """Return other gaps in Å whose χ² is higher by less than ``increase``, from minima and refraction."""
        gaps = [self.best.value("w")]
        for group in (self.minima, sorted(self.refined, key=lambda each: each.chi2)):
            for each in group:
                near = (each.chi2 - group[0].chi2) / self.scatter < increase
                if near and all(abs(each.value("w") - other) > SAME_MINIMUM / 2.0 for other in gaps):
                    gaps.append(each.value("w"))
        return gaps[1:]

    def critical(self) -> tuple[FloatArray, FloatArray]:
        """Return the critical scattering vectors in Å⁻¹, ascending, and their total weights."""
        values = np.array([each.model.critical for each in self.refined])
        critical, index = np.unique(values, return_inverse=True)
        return critical, np.bincount(index, weights=self.weights).astype(np.float64)

    def by_background(self) -> dict[BackgroundShape, tuple[float, float]]:
        """Return the weight of every background, and w with it in Å."""
        result: dict[BackgroundShape, tuple[float, float]] = {}
        for kind in dict.fromkeys(each.model.background for each in self.refined):
            selected = np.array([each.model.background == kind for each in self.refined])
            weight = float(self.weights[selected].sum())
            gaps = np.array([each.value("w") for each in self.refined])[selected]
            own = self.weights[selected] / weight if weight > 0.0 else np.full(gaps.size, 1.0 / gaps.size)
            result[kind] = weight, float(own @ gaps)
        return result

    def combination(self, coefficients: dict[str, float]) -> tuple[float, float]:
        """Return the mean of a linear combination of parameters, and its standard deviation.

        The standard deviation is infinite where χ² is flat.

        Parameters
        ----------
        coefficients : dict
            Coefficients by the names of the parameters.
        """
        factors = np.array([coefficients.get(name, 0.0) for name in NAMES])
        fringes = self.best.model.fringes
        selected = np.array([each.model.fringes or not fringes for each in self.refined])
        weights = np.where(selected, self.weights, 0.0)
        weights = weights / weights.sum()
        values = np.array([float(factors @ each.values) for each in self.refined])
        used = np.flatnonzero(factors)  # other parameters may have an infinite variance
        variances = np.array(
            [
                float(factors[used] @ each.covariance[np.ix_(used, used)] @ factors[used])
                for each in self.refined
            ]
        )
        if not np.isfinite(variances[np.argmax(weights)]):
            return float(factors @ self.best.values), math.inf
        variances = np.where(np.isfinite(variances), variances, 0.0) * self.scatter
        mean = float(weights @ values)
        return mean, math.sqrt(float(weights @ (variances + (values - mean) ** 2)))


def average(models: Sequence[LowAngleModel], data: RegionData, critical: FloatArray) -> Average:
    """Refine a region with every background at every critical scattering vector.

    Parameters
    ----------
    models : sequence of LowAngleModel
        Models without fringes, one for each shape of the background.
    data : RegionData
        Points and σ.
    critical : ndarray
        Critical scattering vectors in Å⁻¹, ascending; a single one if it is known.

    Returns
    -------
    Average
        The refinements with their weights.
    """
    single = [model for model in models if model.background != "both"]
    first = single or [replace(models[0], background="power"), replace(models[0], background="exponential")]
    periods = superlattice_periods(data)
    found = _minima(first, data, periods, critical)
    if data.per_count is not None:
        data, found = _recounted(data, found)
    found = [_cross_refined(found, k, data) for k in range(len(found))]
    if len(single) < len(models):
        begin = [each for minima in found for each in minima]
        both = sorted((refine_both_backgrounds(each, data) for each in begin), key=lambda each: each.chi2)
        found = [*(found if single else []), different(both)]
    found.sort(key=lambda each: each[0].bic())
    minima = found[0]
    scatter = max(1.0, minima[0].chi2 / max(data.q.size - int(minima[0].free.sum()), 1))
    # Average over refinements of the same minimum only; other minima are rivals.
    gap = minima[0].value("w")
    starts = [min(each, key=lambda other: abs(other.value("w") - gap)) for each in found]
    starts = [each for each in starts if abs(each.value("w") - gap) < SAME_MINIMUM]
    refined, weights = _refine_all(starts, data, critical, scatter)
    # Reduce the steps of q_c around the best where the data determine it better than they resolve.
    step = float(critical[1] - critical[0]) if critical.size > 1 else 0.0
    most = float(critical[-1])
    while step > 1e-6 and _concentration(refined, weights) > MAX_CONCENTRATION:
        middle = refined[int(np.argmax(weights))].model.critical
        values = np.linspace(max(middle - step, 0.0), min(middle + step, most), CRITICAL_STEPS + 1)
        step = float(values[1] - values[0])
        refined, weights = _refine_all(starts, data, values, scatter)
    evidence = smooth_bic(data) - minima[0].bic()
    return Average(data, tuple(minima), tuple(refined), weights, evidence, scatter)


def _minima(
    models: Sequence[LowAngleModel], data: RegionData, periods: Sequence[float], critical: FloatArray
) -> list[list[Refinement]]:
    """Return the different minima of each model, best first, with fringes where BIC favours them.

    Fringes must be evident against every background and every refraction without them: they can make up for a
    wrong one.
    """
    plain = [search(model, data) for model in models]
    fringed = [
        search_fringes(replace(model, fringes=True), data, minima[:3], periods)
        for model, minima in zip(models, plain, strict=True)
    ]
    evident = _least_bic(fringed) < _least_bic(plain) - EVIDENT
    if evident:
        refracted = [
            [refine_over_refraction(minima[0], data, critical) for minima in each]
            for each in (fringed, plain)
        ]
        evident = _least_bic(refracted[0]) < _least_bic(refracted[1]) - EVIDENT
    found = [
        others if evident and others[0].bic() < own[0].bic() - EVIDENT else own
        for own, others in zip(plain, fringed, strict=True)
    ]
    return sorted(found, key=lambda minima: minima[0].bic())


def _least_bic(found: Sequence[Sequence[Refinement]]) -> float:
    return min(each.bic() for minima in found for each in minima)


def _cross_refined(found: Sequence[list[Refinement]], k: int, data: RegionData) -> list[Refinement]:
    """Return the minima with one background, refined also from those with the others; best first."""
    own = found[k]
    others = [
        refine(replace(each.model, background=own[0].model.background), data, each.values)
        for minima in found
        for each in minima
        if minima is not own
    ]
    return different(sorted([*own, *others], key=lambda each: each.bic()))


def _recounted(data: RegionData, found: list[list[Refinement]]) -> tuple[RegionData, list[list[Refinement]]]:
    """Refine again with σ of the expected counts of the best curve."""
    for _ in range(2):
        data = data.recounted(found[0][0].curve)
        again = [[refine(each.model, data, each.values) for each in minima] for minima in found]
        found = [sorted(minima, key=lambda each: each.chi2) for minima in again]
        found.sort(key=lambda each: each[0].bic())
    return data, found


def _refine_all(
    starts: Sequence[Refinement], data: RegionData, critical: FloatArray, scatter: float
) -> tuple[list[Refinement], FloatArray]:
    refined = [each for start in starts for each in refine_over_refraction(start, data, critical)]
    # Fringes and a second background add two parameters each.
    penalty = 2.0 * math.log(data.q.size)
    more = [each.model.fringes + (each.model.background == "both") for each in refined]
    criterion = np.array([each.chi2 / scatter + penalty * n for each, n in zip(refined, more, strict=True)])
    weights = np.exp(-0.5 * (criterion - criterion.min()))
    return refined, weights / weights.sum()


def _concentration(refined: Sequence[Refinement], weights: FloatArray) -> float:
    """Return Σ weight² over the critical scattering vectors."""
    _, index = np.unique([each.model.critical for each in refined], return_inverse=True)
    return float(np.sum(np.bincount(index, weights=weights) ** 2))
