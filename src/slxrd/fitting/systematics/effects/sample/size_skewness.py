"""Skewness of the distribution of sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.cells import cells_of, of_one_crystal
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the skewness: log-normal sizes of a relative width of 0.15 have 0.45.
PRIOR = 0.5
#: Below this width in planes, no more than three sizes have a share that matters.
LEAST_WIDTH = 0.2


def prior(objective: Objective) -> float:
    """Standard deviation of the skewness."""
    return PRIOR if of_one_crystal(objective.model.stack) else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the Gram-Charlier factor 1 + γ/6 (x³ − 3x) on the shares, x = (n − N)/σ_N."""
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        made.append(cells.smeared(cells.by_shares(change_of_shares(cells.sizes, cells.shares))))
    return tuple(made)


def change_of_shares(sizes: NDArray[np.int64], shares: FloatArray) -> FloatArray:
    """Derivative of shares with respect to their skewness, at constant mean and width.

    Parameters
    ----------
    sizes, shares : ndarray, shape (s, 1)
        Numbers of planes and their shares.

    Returns
    -------
    ndarray, shape (s, 1)
        The polynomial of third degree that is orthogonal to those of lower degrees over whole sizes; for
        broad distributions the Hermite polynomial. 0 where there are no more than three sizes.
    """
    n, P = np.asarray(sizes, dtype=np.float64).ravel(), shares.ravel()
    mean = P @ n
    width = np.sqrt(P @ (n - mean) ** 2)
    if width < LEAST_WIDTH or n.size < 4:
        return np.zeros(shares.shape)
    x = (n - mean) / width
    lower = np.sqrt(P)[:, None] * np.vander(x, 3)
    cube = np.sqrt(P) * x**3
    left = cube - lower @ np.linalg.lstsq(lower, cube, rcond=None)[0]
    return np.asarray((np.sqrt(P) * left / 6.0)[:, None])


EFFECTS.register(
    "size_skewness",
    SystematicEffect(
        "size_skewness",
        "skewness of the sizes",
        "",
        prior,
        columns,
        remedy="compare with sizes measured by electron microscopy",
        reference="docs/systematic-effects.md",
    ),
)
