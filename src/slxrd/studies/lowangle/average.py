"""Low-angle curves on every background and at every critical scattering vector, weighed by their χ².

Neither the shape of what lies under the dips nor refraction is known beforehand, both move the dips, and
the dips hardly tell them. So w is the mean over all that fit, and its error holds how much they differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.studies.lowangle.model import NAMES, Edges, Smooth
from slxrd.studies.lowangle.refinement import (
    LEAST_PERIODS,
    LOWER,
    UPPER,
    Refined,
    different,
    on_both,
    over_refraction,
    refine,
    search,
    search_fringes,
    smooth_bic,
)
from slxrd.units import FloatArray

#: Steps to the largest critical scattering vector.
CRITICAL_STEPS = 12
#: Σ weight² above which too few critical scattering vectors share the probability.
FEWEST_SHARES = 0.4
#: A gap, or fringes, are believed where BIC falls by this much against a curve without.
EVIDENT = 20.0
#: Beyond this misfit, as a fraction of the curve, nothing is believed.
MOST_MISFIT = 0.15
#: Minima on different backgrounds are the same where w differs by less than this, in Å.
SAME_MINIMUM = 2.0
#: Points of this many σ, or more, count alike for it.
CLEAR = 10.0


@dataclass(frozen=True, eq=False)
class Average:
    """Refinements of one region, and how much each counts.

    Parameters
    ----------
    data : RegionData
        Points and σ; of counts, σ is that of the curve.
    minima : tuple of Refined
        The different minima of the background that fits best, the best first.
    refined : tuple of Refined
        The best minimum of every background at every critical scattering vector.
    weights : ndarray, shape (len(refined),)
        Their shares; the sum is 1.
    evidence : float
        By how much BIC prefers the gap to a smooth curve.
    scatter : float
        Reduced χ², 1 at least.
    """

    data: RegionData
    minima: tuple[Refined, ...]
    refined: tuple[Refined, ...]
    weights: FloatArray
    evidence: float
    scatter: float

    @property
    def best(self) -> Refined:
        """The one that counts most."""
        return self.refined[int(np.argmax(self.weights))]

    @property
    def misfit(self) -> float:
        """Root mean square of what the curve lacks, beyond the noise, as a fraction of it.

        Points that are noise themselves, as few counts are, say the less of it.
        """
        curve, sigma = self.best.curve, self.data.sigma
        lacking = ((self.data.intensity - curve) ** 2 - sigma**2) / curve**2
        weights = np.minimum((curve / sigma) ** 2, CLEAR**2)
        return math.sqrt(max(float(weights @ lacking / weights.sum()), 0.0))

    @property
    def seen(self) -> bool:
        """Whether the curve with a gap is so much better than a smooth one, and its period in the region."""
        w = self.best.value("w")
        turns = w * float(self.data.q[-1] - self.data.q[0]) / (2.0 * math.pi)
        inside = LOWER[0] + 1e-3 < w < UPPER[0] - 1e-3
        return self.evidence > EVIDENT and turns >= LEAST_PERIODS and inside and self.misfit < MOST_MISFIT

    def rivals(self, most: float) -> list[float]:
        """Other gaps in Å that raise χ² by less than ``most``: other minima, and where refraction leads."""
        told = [self.best.value("w")]
        for group in (self.minima, sorted(self.refined, key=lambda each: each.chi2)):
            for each in group:
                near = (each.chi2 - group[0].chi2) / self.scatter < most
                if near and all(abs(each.value("w") - other) > SAME_MINIMUM / 2.0 for other in told):
                    told.append(each.value("w"))
        return told[1:]

    def critical(self) -> tuple[FloatArray, FloatArray]:
        """Critical scattering vectors in Å⁻¹, ascending, and the share of each, backgrounds together."""
        values = np.array([each.edges.critical for each in self.refined])
        places, index = np.unique(values, return_inverse=True)
        return places, np.bincount(index, weights=self.weights).astype(np.float64)

    def of_backgrounds(self) -> dict[Smooth, tuple[float, float]]:
        """Share of every background, and w on it in Å."""
        told: dict[Smooth, tuple[float, float]] = {}
        for kind in dict.fromkeys(each.edges.smooth for each in self.refined):
            chosen = np.array([each.edges.smooth == kind for each in self.refined])
            share = float(self.weights[chosen].sum())
            gaps = np.array([each.value("w") for each in self.refined])[chosen]
            own = self.weights[chosen] / share if share > 0.0 else np.full(gaps.size, 1.0 / gaps.size)
            told[kind] = share, float(own @ gaps)
        return told

    def of(self, slopes: dict[str, float]) -> tuple[float, float]:
        """Mean of a sum of parameters, and its standard deviation; infinite where χ² is flat.

        Parameters
        ----------
        slopes : dict
            Of the parameters in it.
        """
        along = np.array([slopes.get(name, 0.0) for name in NAMES])
        fringes = self.best.edges.fringes
        chosen = np.array([each.edges.fringes or not fringes for each in self.refined])
        weights = np.where(chosen, self.weights, 0.0)
        weights = weights / weights.sum()
        values = np.array([float(along @ each.values) for each in self.refined])
        used = np.flatnonzero(along)  # what is flat beside it has an infinite variance
        variances = np.array(
            [float(along[used] @ each.covariance[np.ix_(used, used)] @ along[used]) for each in self.refined]
        )
        if not np.isfinite(variances[np.argmax(weights)]):
            return float(along @ self.best.values), math.inf
        variances = np.where(np.isfinite(variances), variances, 0.0) * self.scatter
        mean = float(weights @ values)
        return mean, math.sqrt(float(weights @ (variances + (values - mean) ** 2)))


def average(kinds: Sequence[Edges], data: RegionData, critical: FloatArray) -> Average:
    """Fit a region with every background at every critical scattering vector.

    Parameters
    ----------
    kinds : sequence of Edges
        Curves without fringes, one for each shape of the background.
    data : RegionData
        Points and σ.
    critical : ndarray
        Critical scattering vectors in Å⁻¹, ascending; one if it is known.
    """
    single = [edges for edges in kinds if edges.smooth != "both"]
    sought = single or [replace(kinds[0], smooth="power"), replace(kinds[0], smooth="exponential")]
    found = sorted((_minima(edges, data) for edges in sought), key=lambda each: each[0].bic())
    if data.per_count is not None:
        data, found = _recounted(data, found)
    found = [_from_each_other(found, k, data) for k in range(len(found))]
    if len(single) < len(kinds):
        both = sorted((on_both(each, data) for minima in found for each in minima), key=lambda m: m.chi2)
        found = [*(found if single else []), different(both)]
    found.sort(key=lambda each: each[0].bic())
    minima = found[0]
    scatter = max(1.0, minima[0].chi2 / max(data.q.size - int(minima[0].free.sum()), 1))
    # An average is one over refinements of the same minimum; other minima are rivals of it.
    gap = minima[0].value("w")
    starts = [min(each, key=lambda other: abs(other.value("w") - gap)) for each in found]
    starts = [each for each in starts if abs(each.value("w") - gap) < SAME_MINIMUM]
    refined, weights = _weighed(starts, data, critical, scatter)
    # Where refraction is told better than the steps, they are made smaller around the best.
    step = float(critical[1] - critical[0]) if critical.size > 1 else 0.0
    most = float(critical[-1])
    while step > 1e-6 and _concentration(refined, weights) > FEWEST_SHARES:
        middle = refined[int(np.argmax(weights))].edges.critical
        places = np.linspace(max(middle - step, 0.0), min(middle + step, most), CRITICAL_STEPS + 1)
        step = float(places[1] - places[0])
        refined, weights = _weighed(starts, data, places, scatter)
    evidence = smooth_bic(data) - minima[0].bic()
    return Average(data, tuple(minima), tuple(refined), weights, evidence, scatter)


def _minima(edges: Edges, data: RegionData) -> list[Refined]:
    """Different minima, best first, with fringes where the data ask for them."""
    plain = search(edges, data)
    decorated = search_fringes(replace(edges, fringes=True), data, plain[:3])
    return decorated if decorated[0].bic() < plain[0].bic() - EVIDENT else plain


def _from_each_other(found: Sequence[list[Refined]], k: int, data: RegionData) -> list[Refined]:
    """Minima on one background, those that were found on the others tried too; best first."""
    own = found[k]
    others = [
        refine(replace(each.edges, smooth=own[0].edges.smooth), data, each.values)
        for minima in found
        for each in minima
        if minima is not own
    ]
    return different(sorted([*own, *others], key=lambda each: each.bic()))


def _recounted(data: RegionData, found: list[list[Refined]]) -> tuple[RegionData, list[list[Refined]]]:
    """Refine again with σ of the counts that the best curve expects."""
    for _ in range(2):
        data = data.recounted(found[0][0].curve)
        again = [[refine(each.edges, data, each.values) for each in minima] for minima in found]
        found = [sorted(minima, key=lambda each: each.chi2) for minima in again]
        found.sort(key=lambda each: each[0].bic())
    return data, found


def _weighed(
    starts: Sequence[Refined], data: RegionData, critical: FloatArray, scatter: float
) -> tuple[list[Refined], FloatArray]:
    refined = [each for start in starts for each in over_refraction(start, data, critical)]
    # Fringes cost two parameters more, and so does a second background.
    price = 2.0 * math.log(data.q.size)
    more = [each.edges.fringes + (each.edges.smooth == "both") for each in refined]
    badness = np.array([each.chi2 / scatter + price * n for each, n in zip(refined, more, strict=True)])
    weights = np.exp(-0.5 * (badness - badness.min()))
    return refined, weights / weights.sum()


def _concentration(refined: Sequence[Refined], weights: FloatArray) -> float:
    """Σ share² over the critical scattering vectors."""
    _, index = np.unique([each.edges.critical for each in refined], return_inverse=True)
    return float(np.sum(np.bincount(index, weights=weights) ** 2))
