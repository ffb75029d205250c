"""Skewness of the distribution of sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, of_one_crystal
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.model.intensity import RegionModel
from slxrd.model.kernel.size_shares import size_shares
from slxrd.units import FloatArray

#: Standard deviation of the skewness: log-normal sizes of a relative width of 0.15 have 0.45.
PRIOR = 0.5
#: Below this width in planes, no more than three sizes have a share that matters.
LEAST_WIDTH = 0.2


def prior(objective: Objective) -> float:
    """Standard deviation of the skewness; 0 where two crystals alternate."""
    return 0.0 if objective.model.stack.alternating else PRIOR


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the Gram-Charlier factor 1 + γ/6 (x³ − 3x) on the shares, x = (n − N)/σ_N.

    The interference of stacks of mixed sizes with a substrate is kept as it is.
    """
    stack = objective.model.stack
    by_cells = of_one_crystal(stack) and (stack.mixed or stack.substrate is None)
    return tuple((_by_cells if by_cells else _by_sizes)(region, values) for region in objective.region_models)


def _by_cells(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    cells = cells_of(region, values)
    return cells.smeared(cells.by_shares(change_of_shares(cells.sizes, cells.shares)))


def _by_sizes(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    """Sum over samples of one size each, whose intensities are averaged."""
    s = region.on_grid(values).sample
    sizes, shares, _, _ = size_shares(
        values["N"], values["sigma_N"], s.window, s.power, max(1, int(s.closing[0]))
    )
    total = np.zeros(region.q.size)
    for size, change in zip(sizes.tolist(), change_of_shares(sizes, shares).tolist(), strict=True):
        if change != 0.0:
            one = {**values, "N": float(size), "sigma_N": 0.0}
            total += change * region.evaluate(one, derivatives=False)[0]
    return total


def change_of_shares(sizes: NDArray[np.int64], shares: FloatArray) -> FloatArray:
    """Derivative of shares with respect to their skewness, at constant mean and width.

    Parameters
    ----------
    sizes, shares : ndarray, shape (s,) or (s, 1)
        Numbers of planes and their shares.

    Returns
    -------
    ndarray of the same shape
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
    return np.asarray(np.sqrt(P) * left / 6.0).reshape(shares.shape)


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
