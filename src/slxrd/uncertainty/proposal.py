"""Pictures of the solutions by multivariate t distributions, from which points are drawn."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from slxrd.units import FloatArray

#: Degrees of freedom: heavy tails, so that no part of a solution is missed.
TAILS = 5.0

Random = np.random.Generator | np.random.RandomState


class Mixture:
    """A weighted sum of multivariate t distributions.

    Parameters
    ----------
    centres : ndarray, shape (s, f)
        Where they are.
    covariances : ndarray, shape (s, f, f)
        Of their cores.
    shares : ndarray, shape (s,)
        Weights; any positive numbers will do.
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
        """Of the cores, shape (s, f, f)."""
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
