"""Evidence of free heights: no height is negative, and their scale and its decrease are not known.

The prior of each height is a half of a normal distribution. A fixed scale would decide between lattices with
different numbers of spots; the evidence is therefore added up over scales and decreases, which all profiles
have in common.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls
from scipy.special import log_ndtr, logsumexp

from slxrd.units import FloatArray

#: Standard deviations of the heights over the typical one, and decreases of their logarithm to the end of a
#: profile.
SCALES, DECREASES = (0.25, 0.6, 1.5), (0.0, 2.0)


class Heights:
    """Heights of the spots of one profile, reduced to as many rows as there are spots.

    Parameters
    ----------
    columns : ndarray, shape (n, m)
        Weighted shapes of the spots.
    data : ndarray, shape (n,)
        Weighted data.
    """

    def __init__(self, columns: FloatArray, data: FloatArray) -> None:
        q, self._columns = np.linalg.qr(columns)
        self._data = q.T @ data
        self._rest = float(data @ data - self._data @ self._data)

    def log_evidence(self, scale: FloatArray) -> float:
        """Return the logarithm of the integral over the heights, for the scale of each, shape (m,)."""
        columns, count = self._columns * scale, scale.size
        if not count:
            return -0.5 * self._rest
        x = nnls(np.vstack([columns, np.eye(count)]), np.concatenate([self._data, np.zeros(count)]))[0]
        miss = self._data - columns @ x
        matrix = columns.T @ columns + np.eye(count)
        seen = x > 0.0
        inner = matrix[np.ix_(seen, seen)]
        inverse = np.linalg.inv(inner)
        total = -0.5 * (self._rest + float(miss @ miss + x @ x)) + count * np.log(2.0)
        total += float(
            log_ndtr(x[seen] / np.sqrt(np.diag(inverse))).sum() - 0.5 * np.linalg.slogdet(inner)[1]
        )
        # At zero, the probability decreases from there.
        across = matrix[np.ix_(~seen, seen)]
        curvature = np.diag(matrix)[~seen] - np.einsum("ij,jk,ik->i", across, inverse, across)
        slope = np.maximum(-(columns.T @ miss)[~seen], 0.0)
        root = np.sqrt(np.maximum(curvature, 1.0))
        return float(total) + float(
            (log_ndtr(-slope / root) + 0.5 * (slope / root) ** 2 - np.log(root)).sum()
        )


def mean_log_evidence(profiles: list[tuple[Heights, FloatArray, FloatArray]]) -> float:
    """Return the logarithm of the mean evidence over scales and decreases.

    Parameters
    ----------
    profiles : list of (Heights, ndarray, ndarray)
        Heights of each profile, their typical scale, and their positions squared over that of the end.
    """
    logs = [
        sum(
            each.log_evidence(scale * typical * np.exp(-decrease * square))
            for each, typical, square in profiles
        )
        for scale in SCALES
        for decrease in DECREASES
    ]
    return float(logsumexp(logs) - np.log(len(logs)))
