"""Pictures of the solutions of a fit: where walkers begin, and jumps from one solution to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.posterior.importance import Mixture
from slxrd.fitting.uncertainty.posterior.target import Target
from slxrd.units import FloatArray

#: Solutions with Δχ² below the first are started from, each by as many walkers as the second.
_REACHED, _A_FEW = 20.0, 3
#: A prior farther off than this, in σ, excludes a solution.
_EXCLUDED = 6.0


class Solutions:
    """Jumps into the pictures of the solutions.

    Parameters
    ----------
    centres : ndarray, shape (s, f)
        Where they are.
    precisions : ndarray, shape (s, f, f)
        Inverses of their covariances.
    shares : ndarray, shape (s,)
        About how probable they are; any positive numbers will do.
    lower, upper : ndarray, shape (f,)
        Bounds.
    open_ : ndarray of bool, shape (f,), optional
        What the data leave open: it is drawn anywhere within the bounds.
    """

    def __init__(
        self,
        centres: FloatArray,
        precisions: FloatArray,
        shares: FloatArray,
        lower: FloatArray,
        upper: FloatArray,
        open_: NDArray[np.bool_] | None = None,
    ) -> None:
        self.centres, self.lower, self.upper = centres, lower, upper
        self.shares = 0.9 * shares / shares.sum() + 0.1 / len(shares)
        self._open = np.zeros(len(lower), dtype=bool) if open_ is None else open_
        closed = np.where(self._open[:, None] | self._open, np.eye(len(lower)), precisions)
        self._metric = np.linalg.cholesky(closed.mean(axis=0))
        inner = ~self._open
        covariances = np.linalg.inv(closed[:, inner][:, :, inner])
        self._mixture = Mixture(centres[:, inner], covariances, self.shares)

    def nearest(self, vectors: FloatArray) -> NDArray[np.int64]:
        """Solution to which each of ``vectors``, shape (n, f), belongs."""
        away = (vectors[:, None, :] - self.centres) @ self._metric
        return np.asarray(np.argmin(np.sum(away**2, axis=2), axis=1))

    def draw(self, chosen: NDArray[np.int64], random: np.random.RandomState) -> FloatArray:
        """Draw a point from each of the ``chosen`` solutions, shape (n, f)."""
        points = random.uniform(self.lower, self.upper, (len(chosen), len(self.lower)))
        points[:, ~self._open] = self._mixture.draw(chosen, random)
        return points

    def jump(self, vectors: FloatArray, random: np.random.RandomState) -> tuple[FloatArray, FloatArray]:
        """Propose points drawn anew; returns them, and the logarithm of the ratio of the densities."""
        new = self.draw(self._mixture.choose(len(vectors), random), random)
        densities = [self._mixture.log_density(points[:, ~self._open]) for points in (vectors, new)]
        return new, densities[0] - densities[1]


def pictured(fit: Fit, target: Target) -> Solutions:
    """Picture every solution from the curvature of χ², the priors, and the width of the bounds."""
    centres = np.array([minimum.vector for minimum in fit.minima])
    precisions = np.array([minimum.jacobian.T @ minimum.jacobian for minimum in fit.minima])
    precisions += np.diag(12.0 / (target.upper - target.lower) ** 2)
    shares = np.array([solution.probability for solution in fit.solutions])
    for name, (centre, spread) in target.added.items():  # those of the fit are in its Jacobian
        i = fit.names.index(name)
        along = np.linalg.inv(precisions)[:, :, i]
        total = np.sqrt(spread**2 + along[:, i])
        away = (centre - centres[:, i]) / total
        nearest = int(np.abs(away).argmin())
        if abs(away[nearest]) > _EXCLUDED:
            raise SlxrdError(
                f"prior {name} = {centre:g} ± {spread:g} excludes all solutions: the nearest, "
                f"{centres[nearest, i]:.5g}, is {abs(away[nearest]):.0f} standard deviations away"
            )
        centres += along * (away / total)[:, None]
        precisions[:, i, i] += spread**-2
        shares *= np.exp(0.5 * (away[nearest] ** 2 - away**2))
    unknown = [
        fit.parameters[name].status in ("undetermined", "lower bound") and name not in target.priors
        for name in fit.names
    ]
    centres = np.clip(centres, target.lower, target.upper)
    return Solutions(centres, precisions, shares, target.lower, target.upper, np.array(unknown))


def distributed(
    target: Target, solutions: Solutions, walkers: int, random: np.random.RandomState
) -> FloatArray:
    """Distribute the walkers over the solutions as these are probable, and within each as it is wide."""
    heights = target(solutions.centres)
    if not np.isfinite(heights.max()):
        raise SlxrdError("the priors leave no solution within the bounds")
    order = np.array([i for i in np.argsort(-heights) if heights[i] > heights.max() - 0.5 * _REACHED])
    order = order[: walkers // _A_FEW]
    chances = solutions.shares[order] / solutions.shares[order].sum()
    rest = random.choice(order, walkers - _A_FEW * len(order), p=chances)
    chosen = np.concatenate([np.repeat(order, _A_FEW), rest])
    starts = solutions.centres[chosen].copy()
    width, bad = 1.0, np.arange(walkers)
    while bad.size and width > 1e-6:  # narrower and narrower where the picture is a poor one
        centres = solutions.centres[chosen[bad]]
        starts[bad] = centres + width * (solutions.draw(chosen[bad], random) - centres)
        bad = bad[target(starts[bad]) < heights[chosen[bad]] - _REACHED]
        width *= 0.8
    return np.asarray(starts)
