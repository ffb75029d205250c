"""Damped step of a compiled Levenberg–Marquardt refinement."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def damped_step(H, g, active, damping, step):  # type: ignore[no-untyped-def]
    """Solve (H + damping·diag H)·step = −g over the active parameters by Cholesky; False if singular."""
    n = 0
    index = np.empty(g.size, np.int64)
    for k in range(g.size):
        step[k] = 0.0
        if active[k] and H[k, k] > 0.0:
            index[n] = k
            n += 1
    U = np.zeros((n, n))
    x = np.empty(n)
    for a in range(n):
        for b in range(a + 1):
            i, j = max(index[a], index[b]), min(index[a], index[b])
            total = H[i, j] * (1.0 + damping if a == b else 1.0)
            for c in range(b):
                total -= U[a, c] * U[b, c]
            if a == b:
                if not total > 0.0:
                    return False
                U[a, a] = math.sqrt(total)
            else:
                U[a, b] = total / U[b, b]
    for a in range(n):
        total = -g[index[a]]
        for c in range(a):
            total -= U[a, c] * x[c]
        x[a] = total / U[a, a]
    for a in range(n - 1, -1, -1):
        total = x[a]
        for c in range(a + 1, n):
            total -= U[c, a] * x[c]
        x[a] = total / U[a, a]
    for a in range(n):
        step[index[a]] = x[a]
    return True
