"""Curves, residuals and curvature of χ² of many patterns at their solutions, region by region."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from slxrd.studies.maps.plan import Plan
from slxrd.units import FloatArray

#: Condition of the products of columns up to which these are used in place of an orthogonal decomposition.
_WELL = 1e8
#: Singular values below this part of the largest are those of directions that are not determined.
_FLAT = 1e-10


@dataclass(frozen=True, eq=False)
class RegionCurves:
    """Curves of k patterns in one region, over the σ of the plan.

    Parameters
    ----------
    measured, calculated : ndarray, shape (k, n)
        Intensities, in the measured unit.
    residual : ndarray, shape (k, n)
        (measured − calculated)/σ.
    slopes : ndarray, shape (k, f, n)
        Derivatives of the residual with respect to the refined parameters, at the best scale and background,
        up to sign.
    nuisance : ndarray, shape (k, n, c)
        Orthonormal columns that scale and background span; 0 for those that are not free.
    background, background_error : ndarray, shape (k, n)
        Of the calculated intensity, and its standard error by the σ of the plan, in this region alone; 0 for
        a background that may not be negative.
    """

    measured: FloatArray
    calculated: FloatArray
    residual: FloatArray
    slopes: FloatArray
    nuisance: FloatArray
    background: FloatArray
    background_error: FloatArray


def curves(plan: Plan, rows: FloatArray, values: FloatArray) -> list[RegionCurves]:
    """Calculate the curves of patterns at given parameters.

    Parameters
    ----------
    plan : Plan
        Of the map.
    rows : ndarray, shape (k, n)
        Intensities.
    values : ndarray, shape (k, p)
        Values of all parameters.
    """
    objective, free = plan.objective, np.flatnonzero(plan.free)
    named = [dict(zip(plan.names, row, strict=True)) for row in values.tolist()]
    found = []
    for region, (model, points, place) in enumerate(
        zip(objective.region_models, plan.data, plan.places, strict=True)
    ):
        evaluated = [model.evaluate(each) for each in named]
        shapes = np.array([curve for curve, _ in evaluated])
        slopes = np.array([derivatives[free] for _, derivatives in evaluated])
        size = np.abs(shapes).max(axis=1)
        shapes, slopes = shapes / size[:, None] / points.sigma, slopes / size[:, None, None] / points.sigma
        background = objective.backgrounds[region] / points.sigma[:, None]
        if objective.positive is not None:
            background = background @ np.linalg.inv(objective.positive)
        found.append(
            _projected(
                rows[:, place], points.sigma, shapes, slopes, background, objective.positive is not None
            )
        )
    return found


def _projected(
    y: FloatArray,
    sigma: FloatArray,
    shapes: FloatArray,
    slopes: FloatArray,
    background: FloatArray,
    positive: bool,
) -> RegionCurves:
    """Eliminate scale and background: the curves over σ, shape (k, n), and background columns, (n, b)."""
    target = y / sigma
    k = len(target)
    columns = np.concatenate(
        (shapes[:, :, None], np.broadcast_to(background, (k, *background.shape))), axis=2
    )
    width = background.shape[1]
    coefficients, residual, Q = _solved(columns, target)
    if positive and width:
        bad = np.flatnonzero(np.any(coefficients[:, 1:] < 0.0, axis=1))
        if bad.size:
            _bounded(columns, target, bad, coefficients, residual, Q)
    scaled = slopes * coefficients[:, 0, None, None]
    error = np.zeros_like(target)
    if not positive and width:
        error = sigma * _background_error(np.concatenate((columns, scaled.transpose(0, 2, 1)), axis=2), width)
    scaled = scaled - (scaled @ Q) @ Q.transpose(0, 2, 1)
    of_background = (coefficients[:, 1:] @ background.T) * sigma
    return RegionCurves(y, (target - residual) * sigma, residual, scaled, Q, of_background, error)


def _background_error(columns: FloatArray, width: int) -> FloatArray:
    """Standard error of the background over σ, shape (k, n), from the columns of everything, (k, n, c).

    Those of the background are the ``width`` columns after the first.
    """
    size = np.sqrt(np.einsum("knc,knc->kc", columns, columns))
    size[size == 0.0] = 1.0
    answer = np.linalg.pinv(columns / size[:, None, :], rcond=_FLAT) / size[:, :, None]
    own = slice(1, 1 + width)
    return np.asarray(np.linalg.norm(columns[:, :, own] @ answer[:, own], axis=2))


def _solved(columns: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Least squares of many rows: coefficients (k, c), residuals (k, n), orthonormal columns (k, n, c)."""
    size = np.sqrt(np.einsum("knc,knc->kc", columns, columns))
    scaled = columns / size[:, None, :]
    products = scaled.transpose(0, 2, 1) @ scaled
    if np.linalg.cond(products).max() < _WELL:  # several times faster than QR
        inverse = np.linalg.inv(np.linalg.cholesky(products)).transpose(0, 2, 1)
        Q = scaled @ inverse
    else:
        Q, R = np.linalg.qr(scaled)
        inverse = np.linalg.inv(R)
    along = (target[:, None, :] @ Q)[:, 0]
    coefficients = (inverse @ along[:, :, None])[:, :, 0] / size
    return coefficients, target - (Q @ along[:, :, None])[:, :, 0], Q


def _bounded(
    columns: FloatArray, target: FloatArray, bad: NDArray[np.intp],
    coefficients: FloatArray, residual: FloatArray, Q: FloatArray,
) -> None:  # fmt: skip
    """Solve again, in place, where a coefficient of the background is negative that may not be.

    At the minimum some are zero and the others free; all choices are tried, as in the refinement.
    """
    width = columns.shape[2] - 1
    lowest = np.full(bad.size, np.inf)
    for count in range(width):
        for chosen in combinations(range(1, width + 1), count):
            used = [0, *chosen]
            c, r, q = _solved(columns[bad][:, :, used], target[bad])
            chi2 = np.where(np.all(c[:, 1:] >= 0.0, axis=1), np.sum(r**2, axis=1), np.inf)
            better = chi2 < lowest
            which = bad[better]
            lowest[better] = chi2[better]
            coefficients[which] = 0.0
            coefficients[which[:, None], np.array(used)] = c[better]
            residual[which] = r[better]
            Q[which] = 0.0
            Q[which[:, None], :, np.array(used)[None, :]] = q[better].transpose(0, 2, 1)
