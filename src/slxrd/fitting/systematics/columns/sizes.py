"""Changes of the intensity with the shape of the distribution of sizes, at constant mean and width."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, of_one_crystal
from slxrd.model.intensity import RegionModel
from slxrd.model.kernel.size_shares import size_shares
from slxrd.units import FloatArray

#: Below this width in planes, no more than three sizes have a share that matters.
LEAST_WIDTH = 0.2


def columns_by_moment(
    objective: Objective, values: Mapping[str, float], order: int
) -> tuple[FloatArray, ...]:
    """Calculate the derivatives of the intensity with respect to a standardised moment of the sizes.

    The interference of stacks of mixed sizes with a substrate is kept as it is.

    Parameters
    ----------
    objective : Objective
        Regions and model.
    values : mapping of str to float
        Values of all parameters.
    order : int
        3 for the skewness, 4 for the excess kurtosis. Moments of lower order stay.

    Returns
    -------
    tuple of ndarray, shape (n,)
        One column for each region.
    """
    stack = objective.model.stack
    by_cells = of_one_crystal(stack) and (stack.mixed or stack.substrate is None)
    calculate = _by_cells if by_cells else _by_sizes
    return tuple(calculate(region, values, order) for region in objective.region_models)


def _by_cells(region: RegionModel, values: Mapping[str, float], order: int) -> FloatArray:
    cells = cells_of(region, values)
    return cells.smeared(cells.by_shares(change_of_shares(cells.sizes, cells.shares, order)))


def _by_sizes(region: RegionModel, values: Mapping[str, float], order: int) -> FloatArray:
    """Sum over samples of one size each, whose intensities are averaged."""
    s = region.on_grid(values).sample
    sizes, shares, _, _ = size_shares(
        values["N"], values["sigma_N"], s.window, s.power, max(1, int(s.closing[0]))
    )
    total = np.zeros(region.q.size)
    changes = change_of_shares(sizes, shares, order).tolist()
    for size, change in zip(sizes.tolist(), changes, strict=True):
        if change != 0.0:
            one = {**values, "N": float(size), "sigma_N": 0.0}
            total += change * region.evaluate(one, derivatives=False)[0]
    return total


def change_of_shares(sizes: NDArray[np.int64], shares: FloatArray, order: int) -> FloatArray:
    """Calculate the derivative of shares with respect to a standardised moment.

    Parameters
    ----------
    sizes, shares : ndarray, shape (s,) or (s, 1)
        Numbers of planes and their shares.
    order : int
        3 for the skewness, 4 for the excess kurtosis.

    Returns
    -------
    ndarray of the same shape
        The shares times the polynomial of this degree that is orthogonal to those of lower degrees over
        whole sizes; for broad distributions the Hermite polynomial. 0 where there are too few sizes.
    """
    n, P = np.asarray(sizes, dtype=np.float64).ravel(), shares.ravel()
    mean = P @ n
    width = np.sqrt(P @ (n - mean) ** 2)
    if width < LEAST_WIDTH or n.size <= order:
        return np.zeros(shares.shape)
    x = (n - mean) / width
    lower = np.sqrt(P)[:, None] * np.vander(x, order)
    highest = np.sqrt(P) * x**order
    left = highest - lower @ np.linalg.lstsq(lower, highest, rcond=None)[0]
    return np.asarray(np.sqrt(P) * left / math.factorial(order)).reshape(shares.shape)
