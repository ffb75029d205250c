"""A simulated raster: d and L vary smoothly, L jumps by one d at a boundary, some patterns are useless."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import slxrd

Q = np.round(np.arange(0.9, 1.3, 0.0025), 6)
SHAPE = (6, 12)
#: First column of the domain in which L is larger by one d.
BOUNDARY = 8
OPTIONS: dict[str, Any] = {"regions": [(0.9, 1.3)], "fix": {"q_zero": 0.0}, "background": "constant"}
#: Patterns without a peak, of a saturated detector, with a point that is no number, of another structure.
EMPTY, SATURATED, BROKEN, OTHER = (0, 0), (1, 0), (2, 0), (3, 0)


@dataclass(frozen=True, eq=False)
class Raster:
    """Intensities of shape (rows, columns, n), and the true d and L of shape (rows, columns)."""

    intensity: np.ndarray
    d: np.ndarray
    L: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """Patterns of the structure that is fitted."""
        good = np.ones(SHAPE, dtype=bool)
        for place in (EMPTY, SATURATED, BROKEN, OTHER):
            good[place] = False
        return good


@cache
def raster(peak: float = 3000.0) -> Raster:
    """Simulate the raster."""
    random = np.random.default_rng(1)
    d, L = np.empty(SHAPE), np.empty(SHAPE)
    intensity = np.empty((*SHAPE, Q.size))
    for row, column in np.ndindex(SHAPE):
        d[row, column] = 5.84 + 0.002 * row
        L[row, column] = 36.5 + 0.05 * column + (d[row, column] if column >= BOUNDARY else 0.0)
        truth = {"d": d[row, column], "L": L[row, column], "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.3}
        clean = slxrd.simulate(Q, truth, peak=peak * (0.6 + 0.1 * row), background=30.0).intensity
        intensity[row, column] = random.poisson(clean)
    intensity[EMPTY] = random.poisson(np.full(Q.size, 30.0))
    flat = intensity[SATURATED]
    intensity[SATURATED] = np.minimum(flat, np.sort(flat)[-12])
    intensity[BROKEN][17] = np.nan
    hills = 200.0 + 1500.0 * np.exp(-(((Q - 0.97) / 0.02) ** 2)) + 2500.0 * np.exp(-(((Q - 1.2) / 0.05) ** 2))
    intensity[OTHER] = random.poisson(hills)
    return Raster(intensity, d, L)


@cache
def fitted() -> slxrd.MapFit:
    """The raster, fitted."""
    return slxrd.fit_map(Q, raster().intensity, check=8, workers=2, source="simulated raster", **OPTIONS)
