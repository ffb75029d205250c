"""Compiled Levenberg–Marquardt refinement of one model to many sets of intensities.

It has bounds and linear residuals; scale and background are eliminated from every region by variable
projection. Grids, weights and model are the same for all sets, as a bootstrap needs it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from slxrd.fitting.minimise.damped_step import damped_step
from slxrd.fitting.minimise.positive_background import free_background
from slxrd.model.kernel.compiled.kernels import reach
from slxrd.model.kernel.compiled.smearing import smear

FloatArray = NDArray[np.float64]

_compile = njit(cache=True, nogil=True, error_model="numpy")

# Literals in a call would be types of their own for numba, each with its own compilation.
_NEVER, _ONE = np.bool_(False), np.int64(1)

#: How a refinement ended.
CONVERGED, OUT_OF_STEPS, NOT_FINITE = 0, 1, 2


class Layout(NamedTuple):
    """All regions one after another, as arrays for the compiled code.

    Attributes
    ----------
    grid : ndarray, shape (m,)
        Auxiliary scattering vectors in Å⁻¹.
    shift : ndarray, shape (m,)
        Derivative of each with respect to q_zero.
    first, band : ndarray, shapes (n,) and (n, width)
        First auxiliary point and weights of each measured point, as for ``compiled.smear``.
    root : ndarray, shape (n,)
        Square root of the region's weight over σ.
    basis : ndarray, shape (b, n)
        Orthonormal background shapes of each region, each times ``root``; b may be 0.
    shapes : ndarray, shape (b, n)
        Shapes of the same span, times ``root``, whose coefficients may be bounded.
    inverse : ndarray, shape (regions, b, b)
        Matrix from coefficients of ``basis`` to those of ``shapes``.
    positive : bool
        Whether the coefficients of ``shapes`` may not be negative.
    ends : ndarray of int64, shape (regions + 1,)
        Index of the first point of each region, and the number of points.
    prior_mean, prior_weight : ndarray, shape (p,)
        Means of the Gaussian priors, and inverse variances; 0 without a prior.
    whitening : ndarray, shape (m, n)
        Orthogonal rows V that make correlated errors independent by 1 − VᵀV; m may be 0.
    """

    grid: FloatArray
    shift: FloatArray
    first: NDArray[np.int64]
    band: FloatArray
    root: FloatArray
    basis: FloatArray
    shapes: FloatArray
    inverse: FloatArray
    positive: bool
    ends: NDArray[np.int64]
    prior_mean: FloatArray
    prior_weight: FloatArray
    whitening: FloatArray


@_compile
def _project(rows, basis):  # type: ignore[no-untyped-def]
    """Subtract from every row its projection onto the background shapes, in place."""
    for k in range(rows.shape[0]):
        for b in range(basis.shape[0]):
            overlap = 0.0
            for i in range(rows.shape[1]):
                overlap += basis[b, i] * rows[k, i]
            for i in range(rows.shape[1]):
                rows[k, i] -= overlap * basis[b, i]


@_compile
def _curves(p, layout, sample, longest, count):  # type: ignore[no-untyped-def]
    """The first ``count`` rows of intensity and derivatives on the auxiliary grid."""
    structure, kernel = sample  # the kernel second: numba warns of tuples that begin with a function
    delta = p[5] * layout.shift
    _, pairs = reach(p, structure, longest)
    return kernel(p, layout.grid + delta, delta, structure, pairs, count > 1)[:count]


@_compile
def _smeared(p, layout, sample, longest, count):  # type: ignore[no-untyped-def]
    """The first ``count`` rows of intensity and derivatives at the measured points, times ``root``."""
    rows = _curves(p, layout, sample, longest, count)
    if count > 1:
        rows[6] *= layout.shift
    if layout.band.shape[1] > 1:
        rows = smear(rows, layout.first, layout.band)
    for k in range(count):
        for i in range(layout.root.size):
            rows[k, i] *= layout.root[i]
    return rows


@_compile
def _total(rows, p, layout, target, H, g):  # type: ignore[no-untyped-def]
    """Calculate curvature and gradient of χ²/2 in place, and return χ² including the priors."""
    H[:] = 0.0
    g[:] = 0.0
    chi2 = 0.0
    if layout.whitening.shape[0] > 0:
        chi2 += _add_correlated(rows, target, layout, H, g)
    else:
        for r in range(layout.ends.size - 1):
            a, b = layout.ends[r], layout.ends[r + 1]
            own = rows[:, a:b].copy()
            left = _without_background(own, target[a:b], layout, r)
            chi2 += _add_region(own, left, H, g)
    for k in range(p.size):
        away = p[k] - layout.prior_mean[k]
        H[k, k] += layout.prior_weight[k]
        g[k] += layout.prior_weight[k] * away
        chi2 += layout.prior_weight[k] * away * away
    return chi2


@_compile
def _independent(rows, V):  # type: ignore[no-untyped-def]
    """Rows with independent errors."""
    return rows - np.dot(np.dot(rows, V.T), V)


@_compile
def _linear_columns(model, target, layout):  # type: ignore[no-untyped-def]
    """Curves of all regions and free shapes of their backgrounds, as independent rows; their norms."""
    regions, width = layout.ends.size - 1, layout.basis.shape[0]
    columns = np.zeros((regions * (1 + width), model.size))
    count = regions
    for r in range(regions):
        a, b = layout.ends[r], layout.ends[r + 1]
        columns[r, a:b] = model[a:b]
        if width == 0:
            continue
        basis = layout.basis[:, a:b].copy()
        if layout.positive:
            shapes = layout.shapes[:, a:b].copy()
            basis = free_background(model[a:b].copy(), target[a:b].copy(), basis, shapes, layout.inverse[r])
        for k in range(basis.shape[0]):
            columns[count, a:b] = basis[k]
            count += 1
    columns = _independent(columns[:count].copy(), layout.whitening)
    norms = np.empty(count)
    for k in range(count):
        norms[k] = math.sqrt(np.dot(columns[k], columns[k]))
        columns[k] /= norms[k]
    return columns, norms


@_compile
def _correlated_residual(model, target, layout):  # type: ignore[no-untyped-def]
    """Residual with all linear coefficients at the minimum, the columns, their products, the coefficients."""
    columns, norms = _linear_columns(model, target, layout)
    independent = _independent(target.reshape(1, target.size).copy(), layout.whitening)[0].copy()
    products = np.dot(columns, columns.T)
    found = np.linalg.solve(products, np.dot(columns, independent))
    return independent - np.dot(found, columns), columns, products, found / norms


@_compile
def _add_correlated(rows, target, layout, H, g):  # type: ignore[no-untyped-def]
    """Add curvature and gradient of all regions with correlated errors, and return their χ²."""
    residual, columns, products, found = _correlated_residual(rows[0, : target.size].copy(), target, layout)
    slopes = rows[1:, : target.size].copy()
    for r in range(layout.ends.size - 1):
        slopes[:, layout.ends[r] : layout.ends[r + 1]] *= found[r]
    slopes = _independent(slopes, layout.whitening)
    slopes -= np.dot(np.linalg.solve(products, np.dot(columns, slopes.T)).T, columns)
    g -= np.dot(slopes, residual)
    H += np.dot(slopes, slopes.T)
    return np.dot(residual, residual)


@_compile
def _without_background(rows, target, layout, region):  # type: ignore[no-untyped-def]
    """Project the background out of rows, in place, and out of the target, which is returned."""
    left = target.reshape(1, target.size).copy()
    if layout.basis.shape[0] > 0:
        a, b = layout.ends[region], layout.ends[region + 1]
        basis = layout.basis[:, a:b].copy()
        if layout.positive:
            shapes = layout.shapes[:, a:b].copy()
            basis = free_background(rows[0], left[0], basis, shapes, layout.inverse[region])
        _project(left, basis)
        _project(rows, basis)
    return left[0]


@_compile
def _add_region(rows, target, H, g):  # type: ignore[no-untyped-def]
    """Add a region's curvature and gradient, and return its χ²."""
    model = rows[0]
    norm2 = np.dot(model, model)
    scale = np.dot(model, target) / norm2
    residual = target - scale * model
    for k in range(1, rows.shape[0]):
        rows[k] = scale * (rows[k] - model * (np.dot(model, rows[k]) / norm2))
    for k in range(g.size):
        g[k] -= np.dot(rows[k + 1], residual)
        for j in range(k + 1):
            H[k, j] += np.dot(rows[k + 1], rows[j + 1])
    return np.dot(residual, residual)


@_compile
def refine(start, free, lower, upper, layout, sample, target, longest, tolerance, most):  # type: ignore[no-untyped-def]
    """Refine one set of intensities from one start.

    Parameters
    ----------
    start, lower, upper : ndarray, shape (p,)
        Values and bounds of the parameters, of which d, L, σ_L, N, σ_N and q_zero are the first.
    free : ndarray of bool, shape (p,)
        Whether each is refined.
    layout : Layout
        The regions.
    sample : tuple of (Sample, Pointer)
        The structure as arrays on the layout's grid, and the address of its kernel.
    target : ndarray, shape (n,)
        Intensity times ``root``.
    longest : float
        Longest fringe in Å that is resolved.
    tolerance : float
        Relative change of χ² at which the refinement ends.
    most : int
        The largest number of evaluations.

    Returns
    -------
    values : ndarray, shape (p,)
    chi2 : float
    how : int
        :data:`CONVERGED`, :data:`OUT_OF_STEPS` or :data:`NOT_FINITE`.
    count : int
        Number of evaluations of the model.
    """
    rows = _smeared(start, layout, sample, longest, 1 + start.size)
    return _refine(start, rows, free, lower, upper, layout, sample, target, longest, tolerance, most, _NEVER)


@_compile
def _refine(  # type: ignore[no-untyped-def]
    start, rows, free, lower, upper, layout, sample, target, longest, tolerance, most, leap
):
    """Refine from a start whose curves are given; with ``leap`` the last step is not evaluated."""
    p = start.copy()
    width = p.size
    H, g = np.zeros((width, width)), np.zeros(width)
    H_new, g_new = np.zeros((width, width)), np.zeros(width)
    step, active = np.zeros(width), np.zeros(width, np.bool_)
    chi2 = _total(rows, p, layout, target, H, g)
    if not chi2 < math.inf:
        return p, chi2, NOT_FINITE, 1
    damping, count = 1e-4, 1
    for _ in range(most):
        for k in range(width):
            outward = (p[k] <= lower[k] and g[k] > 0.0) or (p[k] >= upper[k] and g[k] < 0.0)
            active[k] = free[k] and not outward
        if not damped_step(H, g, active, damping, step):
            damping = max(damping, 1e-8) * 10.0
            continue
        trial = np.minimum(np.maximum(p + step, lower), upper)
        expected = 0.0
        for k in range(width):
            moved = trial[k] - p[k]
            expected -= moved * g[k]
            for j in range(width):
                expected -= 0.5 * moved * (H[k, j] if j <= k else H[j, k]) * (trial[j] - p[j])
        if expected <= tolerance * chi2:
            # A step shortened by a bound may predict no decrease although a smaller step would.
            if np.any(trial != p + step) and damping < 1e8:
                damping = max(damping, 1e-8) * 10.0
                continue
            if leap and expected > 0.0:
                return trial, chi2 - 2.0 * expected, CONVERGED, count
            return p, chi2, CONVERGED, count
        count += 1
        rows = _smeared(trial, layout, sample, longest, 1 + width)
        new = _total(rows, trial, layout, target, H_new, g_new)
        if new < chi2:
            damping *= 0.1 if chi2 - new > expected else 0.3
            p, chi2 = trial, new
            H[:], g[:] = H_new, g_new
        else:
            damping = max(damping, 1e-8) * 10.0
            if damping > 1e10:
                return p, chi2, CONVERGED, count
    return p, chi2, OUT_OF_STEPS, count


@_compile
def chi2_of(points, layout, sample, target, longest):  # type: ignore[no-untyped-def]
    """χ² of one set of intensities at many parameter values, shape (k, p) → (k,)."""
    chi2 = np.zeros(points.shape[0])
    for k in range(points.shape[0]):
        rows = _smeared(points[k], layout, sample, longest, _ONE)
        if layout.whitening.shape[0] > 0:
            residual, _, _, _ = _correlated_residual(rows[0, : target.size].copy(), target, layout)
            chi2[k] = np.dot(residual, residual) + np.sum(
                layout.prior_weight * (points[k] - layout.prior_mean) ** 2
            )
            continue
        for r in range(layout.ends.size - 1):
            a, b = layout.ends[r], layout.ends[r + 1]
            model = rows[:, a:b].copy()
            left = _without_background(model, target[a:b], layout, r)
            along = np.dot(model[0], left)
            chi2[k] += np.dot(left, left) - along * along / np.dot(model[0], model[0])
        chi2[k] += np.sum(layout.prior_weight * (points[k] - layout.prior_mean) ** 2)
    return chi2


@_compile
def refine_many(  # type: ignore[no-untyped-def]
    starts, free, lower, upper, layout, sample, targets, longest, tolerance, most, hopeless, leap
):
    """Refine many sets of intensities, each from every start, and keep the best of each.

    Parameters
    ----------
    starts : ndarray, shape (s, p)
        Where the refinements begin.
    targets : ndarray, shape (n_sets, n)
        As in :func:`refine`, a row for each set.
    hopeless : float
        A start is not refined if its χ² exceeds the lowest χ² found from another start by more than this.
    leap : bool
        Take the last step, whose predicted decrease is within the tolerance, without evaluating the model
        there. Near a quadratic minimum this is as accurate as another evaluation.

    Returns
    -------
    values : ndarray, shape (n_sets, p)
    chi2 : ndarray, shape (n_sets,)
    how : ndarray of int, shape (n_sets,)
        As in :func:`refine`, where the other parameters are described.
    start : ndarray of int, shape (n_sets,)
        Index of the start that led to each minimum.
    """
    count, width = targets.shape[0], starts.shape[1]
    values, chi2, how = np.empty((count, width)), np.full(count, np.inf), np.full(count, NOT_FINITE)
    start = np.zeros(count, np.int64)
    known = [_smeared(starts[k], layout, sample, longest, 1 + width) for k in range(starts.shape[0])]
    heights = np.empty(starts.shape[0])
    H, g = np.zeros((width, width)), np.zeros(width)
    for s in range(count):
        for k in range(starts.shape[0]):
            heights[k] = _total(known[k], starts[k], layout, targets[s], H, g)
        for k in np.argsort(heights):
            if heights[k] > chi2[s] + hopeless:
                break
            found, least, ending, _ = _refine(
                starts[k], known[k], free, lower, upper, layout, sample, targets[s],
                longest, tolerance, most, leap,
            )  # fmt: skip
            if least < chi2[s]:
                values[s], chi2[s], how[s], start[s] = found, least, ending, k
    return values, chi2, how, start
