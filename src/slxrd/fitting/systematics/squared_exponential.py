"""The squared-exponential covariance on an interval, in a low-rank form.

A function that varies over a length ℓ is given almost to rounding by its values at about 3 W/ℓ Chebyshev
nodes of an interval of width W, so that exp(−½((x−y)/ℓ)²) = P(x)·K·P(y)ᵀ, with P the matrix of barycentric
interpolation (Berrut and Trefethen, SIAM Rev. 2004, 46, 501) and K the covariance of the nodes. P depends
only on the points, K only on ℓ. Where the points are fewer than the nodes, they are the nodes themselves.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg.lapack import dpstrf

from slxrd.units import FloatArray

#: Variance of a node that may be missing from the root of the covariance, relative to the variance of 1.
TRUNCATION = 1e-11


class Interval:
    """The points of a region and the nodes that represent functions of them.

    Parameters
    ----------
    points : ndarray, shape (n,)
        Positions, at least two of them different.
    shortest : float
        Shortest correlation length to be represented, in the same unit.
    """

    def __init__(self, points: FloatArray, shortest: float) -> None:
        low, high = float(points.min()), float(points.max())
        count = math.ceil(3.2 * (high - low) / shortest) + 16
        self._points, self._interpolated = points, count < points.size
        angles = np.pi * (np.arange(count) + 0.5) / count
        chebyshev = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(angles)
        self.nodes = np.asarray(chebyshev) if self._interpolated else points
        self._weights = np.where(np.arange(count) % 2, -1.0, 1.0) * np.sin(angles)

    def at_points(self, values: FloatArray) -> FloatArray:
        """Return functions at the points from their values at the nodes; shapes (m, k) and (n, k)."""
        return self.matrix() @ values if self._interpolated else values

    def matrix(self) -> FloatArray:
        """Return the matrix from values at the nodes to values at the points, shape (n, m)."""
        if not self._interpolated:
            return np.eye(self._points.size)
        distance = self._points[:, None] - self.nodes
        on_node = distance == 0.0
        distance[on_node] = 1.0
        shares = self._weights / distance
        hit = on_node.any(axis=1)
        shares[hit] = on_node[hit]
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def root(self, length: float) -> FloatArray:
        """Return V, shape (m, k), with V·Vᵀ the covariance of the nodes for a correlation length."""
        kernel = np.exp(-0.5 * ((self.nodes[:, None] - self.nodes) / length) ** 2)
        factor, pivots, rank, _ = dpstrf(kernel, tol=TRUNCATION, lower=1)
        root = np.empty((self.nodes.size, rank))
        root[pivots - 1] = np.tril(factor)[:, :rank]
        return root
