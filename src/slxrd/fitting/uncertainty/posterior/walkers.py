"""Walkers of a Markov chain: starting points, and the proposal of jumps between solutions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.posterior.importance import Mixture
from slxrd.fitting.uncertainty.posterior.target import Target
from slxrd.units import FloatArray

#: Solutions with Δχ² below the first have starting points, each at least as many as the second.
_REACHED, _A_FEW = 20.0, 3
#: A prior farther off than this, in σ, excludes a solution.
_EXCLUDED = 6.0


class Proposal:
    """Proposal of jumps: a mixture of t distributions, one for each solution.

    Parameters
    ----------
    centres : ndarray, shape (s, f)
        Solutions.
    precisions : ndarray, shape (s, f, f)
        Inverses of their covariances.
    shares : ndarray, shape (s,)
        Approximate probabilities, on any scale.
    lower, upper : ndarray, shape (f,)
        Bounds.
    open_ : ndarray of bool, shape (f,), optional
        Parameters that the data do not determine; drawn uniformly within the bounds.
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
        """Index of the nearest solution for each of ``vectors``, shape (n, f)."""
        away = (vectors[:, None, :] - self.centres) @ self._metric
        return np.asarray(np.argmin(np.sum(away**2, axis=2), axis=1))

    def draw(self, chosen: NDArray[np.int64], random: np.random.RandomState) -> FloatArray:
        """Draw a point near each of the ``chosen`` solutions, shape (n, f)."""
        points = random.uniform(self.lower, self.upper, (len(chosen), len(self.lower)))
        points[:, ~self._open] = self._mixture.draw(chosen, random)
        return points

    def jump(self, vectors: FloatArray, random: np.random.RandomState) -> tuple[FloatArray, FloatArray]:
        """Propose points that do not depend on ``vectors``; also the log ratio of the proposal densities."""
        new = self.draw(self._mixture.choose(len(vectors), random), random)
        densities = [self._mixture.log_density(points[:, ~self._open]) for points in (vectors, new)]
        return new, densities[0] - densities[1]


def proposal_of_fit(fit: Fit, target: Target) -> Proposal:
    """Set up the proposal from the curvature of χ² at each minimum, the priors and the bounds."""
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
    return Proposal(centres, precisions, shares, target.lower, target.upper, np.array(unknown))


def starting_points(
    target: Target, proposal: Proposal, walkers: int, random: np.random.RandomState
) -> FloatArray:
    """Draw starting points near the solutions, in proportion to their probabilities, shape (walkers, f)."""
    heights = target(proposal.centres)
    if not np.isfinite(heights.max()):
        raise SlxrdError("the priors leave no solution within the bounds")
    order = np.array([i for i in np.argsort(-heights) if heights[i] > heights.max() - 0.5 * _REACHED])
    order = order[: walkers // _A_FEW]
    chances = proposal.shares[order] / proposal.shares[order].sum()
    rest = random.choice(order, walkers - _A_FEW * len(order), p=chances)
    chosen = np.concatenate([np.repeat(order, _A_FEW), rest])
    starts = proposal.centres[chosen].copy()
    width, bad = 1.0, np.arange(walkers)
    while bad.size and width > 1e-6:  # narrower where the density is low at the points drawn
        centres = proposal.centres[chosen[bad]]
        starts[bad] = centres + width * (proposal.draw(chosen[bad], random) - centres)
        bad = bad[target(starts[bad]) < heights[chosen[bad]] - _REACHED]
        width *= 0.8
    return np.asarray(starts)
