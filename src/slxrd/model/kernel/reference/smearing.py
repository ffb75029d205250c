"""Weighted sums over an auxiliary grid."""

from __future__ import annotations

import numpy as np

from slxrd.model.kernel.arrays import FloatArray, IntArray


def smear(rows: FloatArray, first: IntArray, weights: FloatArray) -> FloatArray:
    """Weighted sums over an auxiliary grid: out[k, i] = Σ_j weights[i, j] · rows[k, first[i] + j].

    Parameters
    ----------
    rows : ndarray, shape (k, m)
        Values on the auxiliary grid.
    first : ndarray of int64, shape (n,)
        Index of the first weighted value of each point.
    weights : ndarray, shape (n, width)
        Weights of each point; first[i] + width ≤ m.

    Returns
    -------
    ndarray, shape (k, n)
    """
    columns = first[:, None] + np.arange(weights.shape[1])
    return np.asarray(np.einsum("knw,nw->kn", rows[:, columns], weights))
