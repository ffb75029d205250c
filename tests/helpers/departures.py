"""Patterns of films by a plain kinematic sum, exact or with a departure from the model of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import slxrd

FloatArray = NDArray[np.float64]
D, N, SPREAD, RESOLUTION = 3.0, 40.0, 0.8, 0.003
REGION = (1.85, 2.34)
OPTIONS: dict[str, Any] = {
    "coherent": 1,
    "regions": [REGION],
    "resolution": RESOLUTION,
    "background": "constant",
    "start": {"d": D, "N": N, "sigma_N": SPREAD},
}


def film_counts(
    seed: int, counts: float = 3e4, *, rod: float = 0.0, resolution: float = RESOLUTION, slope: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """q and counts of films of about 40 planes.

    ``rod`` is the amplitude of a substrate whose peak is above the region, ``slope`` a background that rises
    towards low q, relative to the peak.
    """
    q = np.arange(REGION[0] - 0.03, REGION[1] + 0.03, 0.0006)
    planes = np.arange(int(N) + 8)
    total = np.zeros(q.size)
    rods = rod / (1.0 - np.exp(-1j * q * 2.62 - 1e-4)) * np.exp(-1j * q * 2.62) if rod else 0.0
    sizes = np.arange(int(N) - 5, int(N) + 6)
    weights = np.exp(-0.5 * ((sizes - N) / SPREAD) ** 2)
    for size, weight in zip(sizes.tolist(), (weights / weights.sum()).tolist(), strict=True):
        amplitude = np.exp(1j * np.outer(q, planes[:size] * D)).sum(axis=1)
        total += weight * np.abs(amplitude + rods) ** 2
    reach = int(5.0 * resolution / 0.0006) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * 0.0006 / resolution) ** 2)
    total = np.convolve(total, kernel / kernel.sum(), "same")
    inside = (q >= REGION[0] - 0.001) & (q <= REGION[1] + 0.001)
    q, total = q[inside][::3], total[inside][::3]
    expected = counts * (total / total.max() + 0.002 + slope * (q[-1] - q) / (q[-1] - q[0]))
    return q, np.random.default_rng(seed).poisson(expected).astype(float)


def film_pattern(seed: int, counts: float = 3e4, **departure: float) -> slxrd.Pattern:
    """The same as a pattern."""
    q, y = film_counts(seed, counts, **departure)
    return slxrd.Pattern(q, y, source=f"film {seed}")
