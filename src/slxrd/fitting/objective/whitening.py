r"""Residuals of points whose errors are correlated, from those of independent ones.

The errors of the points have the covariance diag(σ²) + BᵀB: independent noise, and the rows B of systematic
effects and of the model's discrepancy. With B/σ = P·diag(s)·U, U orthonormal rows, residuals over σ have the
covariance 1 + Uᵀs²U. Multiplied by its inverse square root

    W = 1 − VᵀV,   V = diag(√(1 − 1/√(1 + s²)))·U,

they are independent with variance 1, so that χ² is again a sum of squares (generalised least squares).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.data.regions import RegionData
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Rows whose largest contribution to the covariance is below this share of the noise are left out.
_NEGLIGIBLE = 1e-10


def whitening_rows(correlated: FloatArray | None, sigma: FloatArray) -> FloatArray:
    """Return the rows V of W = 1 − VᵀV.

    Parameters
    ----------
    correlated : ndarray, shape (k, n), or None
        The rows B in units of the intensity.
    sigma : ndarray, shape (n,)
        Standard deviations of the independent noise.

    Returns
    -------
    ndarray, shape (m, n)
        Mutually orthogonal rows; m is 0 without correlated errors.
    """
    if correlated is None or not len(correlated):
        return np.zeros((0, sigma.size))
    _, s, U = np.linalg.svd(correlated / sigma, full_matrices=False)
    kept = s**2 > _NEGLIGIBLE
    shrunk = 1.0 - 1.0 / np.sqrt(1.0 + s[kept] ** 2)
    return np.ascontiguousarray(np.sqrt(shrunk)[:, None] * U[kept])


def whiten(rows: FloatArray, V: FloatArray) -> FloatArray:
    """Multiply rows over σ, shape (..., n), by W = 1 − VᵀV."""
    if not len(V):
        return rows
    return np.asarray(rows - (rows @ V.T) @ V)


def joint_whitening(data: Sequence[RegionData]) -> FloatArray:
    """Return the rows V of all regions together, with σ divided by the root of the weight.

    Raises
    ------
    SlxrdError
        If only some regions have correlated errors, or they have different numbers of rows.
    """
    points = sum(region.q.size for region in data)
    rows = [region.correlated for region in data if region.correlated is not None]
    if not rows:
        return np.zeros((0, points))
    if len(rows) < len(data) or len({len(each) for each in rows}) > 1:
        raise SlxrdError("correlated errors: every region needs the same number of rows")
    return whitening_rows(np.concatenate(rows, axis=1), np.concatenate([weighted_sigma(r) for r in data]))


def weighted_sigma(region: RegionData) -> FloatArray:
    """σ of the points of a region over the root of its weight, shape (n,)."""
    return np.asarray(region.sigma / np.sqrt(region.region.weight))
