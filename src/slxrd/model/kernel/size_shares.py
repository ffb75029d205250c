"""Shares of the crystal sizes, in NumPy; native/sizes.c has the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Below this width (in planes) the nearest integer size has all the weight.
SHARP_SIGMA_N = 1e-6


def size_shares(
    N: float, sigma_N: float, window: float, power: int = 0, smallest: int = 1
) -> tuple[Any, Any, Any, Any]:
    """Return sizes, shares, and the shares' derivatives with respect to N and σ_N.

    Parameters
    ----------
    N, sigma_N, window, power, smallest
        As for ``model.sizes.size_weights``, which describes and checks them.
    """
    first = max(smallest, min(math.floor(N), math.ceil(N - window * sigma_N)))
    last = max(math.ceil(N), math.floor(N + window * sigma_N), first)
    sizes = np.arange(first, last + 1)
    away = sizes - N
    nearest = min(N - math.floor(N), math.ceil(N) - N)
    excess = away * away - nearest * nearest
    if sigma_N < SHARP_SIGMA_N:
        weights = np.where(excess == np.min(excess), 1.0 * sizes**power, 0.0)
        return sizes, weights / weights.sum(), np.zeros_like(weights), np.zeros_like(weights)
    inverse = 1.0 / (sigma_N * sigma_N)
    weights = np.exp((-0.5 * inverse) * (excess - np.min(excess))) * (sizes / sizes[-1]) ** power
    weights /= weights.sum()
    by_N = (weights * inverse) * (away - np.sum(weights * away))
    by_sigma_N = (weights * (inverse / sigma_N)) * (excess - np.sum(weights * excess))
    return sizes, weights, by_N, by_sigma_N
