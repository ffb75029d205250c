"""Weighted sums over an auxiliary grid, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def smear(rows, first, weights):  # type: ignore[no-untyped-def]
    """Weighted sums over an auxiliary grid; parameters as in ``reference.smearing.smear``."""
    out = np.empty((rows.shape[0], first.size))
    width = weights.shape[1]
    for i in range(first.size):
        for k in range(rows.shape[0]):
            # A slice, as a sum with an index that may be negative is not vectorised.
            part = rows[k, first[i] : first[i] + width]
            total = 0.0
            for j in range(width):
                total += weights[i, j] * part[j]
            out[k, i] = total
    return out
