"""Importance sampling of the posterior: a few thousand weighted samples over all solutions.

Points are drawn from a mixture of t distributions, one around every solution, and weighted by the ratio of
the posterior density to that of the mixture. The mixture is fitted to the weighted points for the next
round, and all rounds are weighted together (adaptive multiple importance sampling: Cornuet et
al., Scand. J. Stat. 2012, 39, 798). The effective number of samples, 1/Σw², is that of independent samples of
the same precision.

If σ_N is below about half a plane, only one or two sizes exist, and N and σ_N are correlated along a short
curved valley of χ² that an ellipsoid does not describe. Further distributions are placed along it.

With region weights other than 1, exp(−χ²/2) is not the likelihood, and its curvature does not give the
covariance of the estimates. The samples of each solution are then scaled so that their covariance at the
minimum is that of :mod:`slxrd.fitting.minimise.covariance` (Shaby, Electron. J. Stat. 2014, 8, 1887).

"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.ensemble import Ensemble
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.posterior.sampler import SAMPLERS, Sampler
from slxrd.fitting.uncertainty.posterior.target import Target
from slxrd.parameters.definitions import info
from slxrd.units import FloatArray

#: Degrees of freedom: heavy tails, so that no part of a solution is missed.
TAILS = 5.0

Random = np.random.Generator | np.random.RandomState


class Mixture:
    """Weighted sum of multivariate t distributions.

    Parameters
    ----------
    centres : ndarray, shape (s, f)
        Centres of the distributions.
    covariances : ndarray, shape (s, f, f)
        Covariances of their cores.
    shares : ndarray, shape (s,)
        Positive weights on any scale.
    """

    def __init__(self, centres: FloatArray, covariances: FloatArray, shares: FloatArray) -> None:
        self.centres, self.shares = centres, shares / shares.sum()
        self._roots = np.linalg.cholesky(covariances)
        self._inverses = np.linalg.inv(self._roots)
        f = centres.shape[1]
        norm = math.lgamma((TAILS + f) / 2.0) - math.lgamma(TAILS / 2.0) - f / 2.0 * math.log(TAILS * math.pi)
        self._volumes = norm + np.log(np.diagonal(self._inverses, axis1=1, axis2=2)).sum(axis=1)

    @property
    def covariances(self) -> FloatArray:
        """Covariances of the cores, shape (s, f, f)."""
        return np.asarray(self._roots @ self._roots.transpose(0, 2, 1))

    def choose(self, n: int, random: Random) -> NDArray[np.int64]:
        """Choose ``n`` of the distributions by their weights."""
        return np.asarray(random.choice(len(self.shares), n, p=self.shares))

    def draw(self, chosen: NDArray[np.int64], random: Random) -> FloatArray:
        """Draw a point from each of the chosen distributions, shape (n, f)."""
        size = (len(chosen), self.centres.shape[1])
        inner = random.normal(size=size) / np.sqrt(random.chisquare(TAILS, (size[0], 1)) / TAILS)
        return np.asarray(self.centres[chosen] + np.einsum("nij,nj->ni", self._roots[chosen], inner))

    def log_parts(self, points: FloatArray) -> FloatArray:
        """Logarithm of each distribution's weighted density, shape (n, s)."""
        inner = np.einsum("sij,nsj->nsi", self._inverses, points[:, None, :] - self.centres)
        f = points.shape[1]
        tails = np.log1p(np.sum(inner**2, axis=2) / TAILS)
        return np.asarray(np.log(self.shares) + self._volumes - 0.5 * (TAILS + f) * tails)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Logarithm of the density, shape (n,)."""
        return np.asarray(np.logaddexp.reduce(self.log_parts(points), axis=1))


#: Samples of a round; least and largest number of rounds; effective samples that end the sampling, and
#: that are needed.
ROUND, FEWEST_ROUNDS, MOST_ROUNDS = 1000, 3, 10
ENOUGH, TOO_FEW = 800.0, 150.0
#: Largest Δχ² of the solutions that are sampled, and their largest number.
_REACHED, _MOST = 30.0, 40
#: Largest width of a solution, whatever the curvature of χ²; beyond it there is another solution.
_WIDEST = {"d": 0.05, "L": 1.5, "sigma_L": 0.6, "N": 0.5, "sigma_N": 0.6, "q_zero": 0.01}
#: The valley at small σ_N: below which σ_N, at which σ_N, for how many minima, up to which Δχ².
_SMALL, _SIGMA_N, _MINIMA, _HIGH = 0.8, (0.25, 0.4, 0.6, 0.85, 1.2, 1.7), 8, 15.0
#: Widening of the initial distributions, and effective samples at which an adapted one counts half.
_WIDENED, _HALF = 1.3, 20.0


@dataclass(frozen=True)
class ImportanceSampling(Sampler):
    """Adaptive multiple importance sampling.

    Parameters
    ----------
    fewest_rounds, most_rounds : int
        Smallest and largest number of rounds.
    enough : float
        Effective number of samples that ends the sampling.
    """

    fewest_rounds: int = FEWEST_ROUNDS
    most_rounds: int = MOST_ROUNDS
    enough: float = ENOUGH

    def sample(self, target: Target, random: np.random.Generator, report: Progress | None = None) -> Ensemble:
        """Draw weighted samples over all solutions.

        Raises
        ------
        SlxrdError
            If the effective number of samples is too small.
        """
        found = self.sample_if_possible(target, random, report)
        if found is None:
            raise SlxrdError(
                "importance sampling found fewer than "
                f"{TOO_FEW:.0f} effective samples; take the sampler mcmc instead"
            )
        return found

    def sample_if_possible(
        self, target: Target, random: np.random.Generator, report: Progress | None = None
    ) -> Ensemble | None:
        """Draw weighted samples; None if their effective number is too small."""
        objective, minima = target.objective, target.minima
        near = [m for m in minima if m.chi2 - minima[0].chi2 < _REACHED][:_MOST]
        mixture, parents = _initial_mixture(objective, near)
        target.prepare(mixture.centres)
        mixtures: list[Mixture] = []
        points, heights = np.empty((0, len(target.names))), np.empty(0)
        densities = np.empty((0, 0))  # of each round's mixture at all points
        effective = 0.0
        for _ in range(self.most_rounds):
            drawn = mixture.draw(mixture.choose(ROUND, random), random)
            before = [each.log_density(drawn) for each in mixtures]
            points, heights = np.concatenate((points, drawn)), np.concatenate((heights, target(drawn)))
            if before:
                densities = np.hstack((densities, np.array(before)))
            mixtures.append(mixture)
            densities = np.vstack((densities.reshape(-1, len(points)), mixture.log_density(points)))
            if not np.isfinite(heights).any():
                continue  # every point so far lies outside the bounds
            weights, log_integral = _weights(heights, densities)
            effective = 1.0 / float(weights @ weights)
            if report is not None:
                report(len(mixtures), self.most_rounds)
            if len(mixtures) >= self.fewest_rounds and effective >= self.enough:
                break
            mixture = _adapted(mixture, points, weights)
        if effective < TOO_FEW:
            return None
        least = int(np.argmax(heights))
        lowest = dict(zip(objective.model.names, target.full(points[[least]])[0].tolist(), strict=True))
        inside = weights > 0.0
        points, weights = points[inside], weights[inside]
        solution = parents[np.argmax(mixtures[-1].log_parts(points), axis=1)]
        if any(data.region.weight != 1.0 for data in objective.data):
            points = _stretched(points, solution, near, target)
        bounds = zip(target.lower.tolist(), target.upper.tolist(), strict=True)
        return Ensemble(
            target.names,
            target.quantities(points, random),
            weights,
            solution,
            dict(zip(target.names, bounds, strict=True)),
            effective,
            log_integral,
            -2.0 * float(heights[least]),
            lowest,
        )


SAMPLERS.register("importance", ImportanceSampling)


def importance_samples(objective: Objective, minima: Sequence[Minimum], seed: int = 0) -> Ensemble | None:
    """Sample the posterior over all minima.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minima : sequence of Minimum
        All minima, the best first, with the same free parameters.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    Ensemble or None
        None if the effective number of samples is too small.
    """
    target = Target(objective, minima, {})
    return ImportanceSampling().sample_if_possible(target, np.random.default_rng(seed))


def _weights(heights: FloatArray, densities: FloatArray) -> tuple[FloatArray, float]:
    """Ratios of posterior to mean density of all rounds, normalised, and the logarithm of the integral."""
    logarithms = heights - np.logaddexp.reduce(densities, axis=0) + np.log(len(densities))
    highest = logarithms.max()
    weights = np.exp(logarithms - highest)
    return np.asarray(weights / weights.sum()), float(highest + np.log(weights.mean()))


def _initial_mixture(objective: Objective, minima: Sequence[Minimum]) -> tuple[Mixture, NDArray[np.int64]]:
    """Distributions at every minimum and along the curve to small σ_N, and the minimum of each."""
    names = minima[0].names
    centres = [minimum.vector for minimum in minima]
    covariances = [_core(minimum) for minimum in minima]
    chi2 = [minimum.chi2 for minimum in minima]
    parents = list(range(len(minima)))
    if "sigma_N" in names:
        i = names.index("sigma_N")
        others = [k for k in range(len(names)) if k != i]
        for parent, minimum in enumerate(minima[:_MINIMA]):
            if minimum.values["sigma_N"] > _SMALL or minimum.chi2 - chi2[0] > _HIGH:
                continue
            row = minimum.parameters["sigma_N"]
            for place in (p for p in _SIGMA_N if row.lower <= p <= row.upper):
                along = minimise(objective, minimum.parameters.fix(sigma_N=place), tolerance=1e-5)
                if along.chi2 - chi2[0] > _HIGH:
                    continue
                core = np.diag(np.full(len(names), (0.3 * place) ** 2))
                core[np.ix_(others, others)] = _core(along)
                centres.append(np.insert(along.vector, i, place))
                covariances.append(core)
                chi2.append(along.chi2)
                parents.append(parent)
    cores = np.array(covariances)
    logarithms = 0.5 * np.linalg.slogdet(cores)[1] - 0.5 * np.array(chi2)
    shares = np.exp(logarithms - logarithms.max())
    shares = 0.8 * shares / shares.sum() + 0.2 / len(shares)
    return Mixture(np.array(centres), _WIDENED * cores, shares), np.array(parents)


def _core(minimum: Minimum) -> FloatArray:
    """Covariance from the curvature, limited to the largest width of a solution and that of its bounds."""
    lower, upper = minimum.parameters.limits()
    widest = np.array([_WIDEST.get(name, 10.0 * info(name).step) for name in minimum.names])
    narrow = upper - lower < widest
    widest[narrow] = (upper - lower)[narrow] / 2.0
    curvature = minimum.jacobian.T @ minimum.jacobian
    return np.asarray(np.linalg.inv(curvature + np.diag(widest**-2.0)))


def _adapted(mixture: Mixture, points: FloatArray, weights: FloatArray) -> Mixture:
    """Adapt every distribution to the weighted points, which are shared among them by density."""
    parts = mixture.log_parts(points)
    shared = np.exp(parts - np.logaddexp.reduce(parts, axis=1)[:, None]) * weights[:, None]
    totals = shared.sum(axis=0)
    centres, covariances = mixture.centres.copy(), mixture.covariances
    for k, total in enumerate(totals.tolist()):
        effective = total**2 / float(np.sum(shared[:, k] ** 2)) if total > 0.0 else 0.0
        if effective < 4.0 * points.shape[1]:
            continue
        mean = shared[:, k] @ points / total
        away = points - mean
        spread = (shared[:, k, None] * away).T @ away / total
        trust = effective / (effective + _HALF)
        centres[k] += trust * (mean - centres[k])
        covariances[k] += trust * (1.2 * spread - covariances[k])
    return Mixture(centres, covariances, 0.9 * totals / totals.sum() + 0.1 / len(totals))


def _stretched(
    points: FloatArray, solution: NDArray[np.int64], minima: Sequence[Minimum], target: Target
) -> FloatArray:
    """Stretch each solution's samples about its minimum to the covariance of the estimates."""
    stretched = points.copy()
    for k, minimum in enumerate(minima):
        errors = minimum.covariance
        known = np.flatnonzero([name not in errors.why_not for name in errors.names])
        inside = np.flatnonzero(solution == k)
        if not known.size or not inside.size:
            continue
        J = minimum.jacobian[:, known]
        curved = np.linalg.cholesky(np.linalg.inv(J.T @ J))
        true = np.linalg.cholesky(errors.matrix[np.ix_(known, known)])
        centre = minimum.vector[known]
        stretched[np.ix_(inside, known)] = (
            centre + (points[np.ix_(inside, known)] - centre) @ np.linalg.inv(curved).T @ true.T
        )
    return np.clip(stretched, target.lower, target.upper)
