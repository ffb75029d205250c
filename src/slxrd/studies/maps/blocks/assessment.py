"""Errors of the parameters of each pattern, and whether the model describes it.

The tests are those of :mod:`slxrd.fitting.assessment` in a form that costs little for each pattern: the
distributions of the statistics of structure are simulated once, at the mean pattern.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slxrd.data.backgrounds import is_signed
from slxrd.fitting.assessment.correlated_noise import THIRD
from slxrd.fitting.assessment.goodness_of_fit import UNLIKELY, chi2_scatter, correlation_time
from slxrd.fitting.assessment.grade import LARGEST_DIFFERENCE, LEAST_OF_LOGARITHMS, LEAST_OF_ROOTS
from slxrd.fitting.assessment.misfit import BELOW_ZERO, SIGNIFICANT
from slxrd.fitting.assessment.scatter import (
    KEPT,
    KNOWN,
    LEAST,
    MEAN_SQUARE,
    PRECISION,
)
from slxrd.fitting.assessment.structure import (
    NoiseStructure,
    difference_of_logarithms,
    explained_structure,
    structure_of_noise,
    structure_of_residuals,
)
from slxrd.fitting.minimise.covariance import ON_BOUND
from slxrd.fitting.result.fit import AMBIGUOUS
from slxrd.fitting.uncertainty.limits import FRINGES_DETECTED
from slxrd.studies.maps.blocks.curvature import RegionCurves, curves
from slxrd.studies.maps.blocks.refinement import KEPT as MOST_SOLUTIONS
from slxrd.studies.maps.blocks.refinement import SIGNAL, TOLERANCE, Solutions
from slxrd.studies.maps.plan import Plan
from slxrd.units import FloatArray

#: Grades of a pattern: as :data:`slxrd.fitting.result.assessment.Grade`; not converged; without a fit.
DESCRIBES, SYSTEMATIC, REJECTED, FAILED, NOT_FITTED = 0, 1, 2, 3, 4
#: Status of a parameter in a pattern.
FIXED, DETERMINED, AMBIGUOUS_VALUE, UNDETERMINED, AT_BOUND, WITHOUT = 0, 1, 2, 3, 4, 5
#: Simulated residuals for the statistics of structure.
_DRAWS = 2000
#: Largest predicted decrease of χ², over the squared noise, of a refinement that has ended at its minimum.
_AT_MINIMUM = 1e-2
#: Largest error of L over d/2π with which fringes are significant without a further refinement.
_CLEAR = 0.05
#: Relative eigenvalue below which χ² is flat.
_FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class Assessed:
    """What is known of k patterns.

    Parameters
    ----------
    values, errors : ndarray, shape (k, p)
        Best solution, and standard deviations; NaN where there is none.
    status : ndarray of uint8, shape (k, p)
        Of each parameter, such as :data:`DETERMINED`.
    grade : ndarray of uint8, shape (k,)
        :data:`DESCRIBES`, :data:`SYSTEMATIC`, :data:`REJECTED`, :data:`FAILED` or :data:`NOT_FITTED`.
    chi2, reduced_chi2, widening : ndarray, shape (k,)
        χ² and reduced χ² against the noise of the pattern, and the factor of its errors.
    rises : ndarray, shape (k, KEPT)
        Δχ² of the solutions against the noise of the pattern; infinite where there are fewer.
    competing : ndarray of uint8, shape (k,)
        Number of solutions that compete with the best.
    """

    values: FloatArray
    errors: FloatArray
    status: NDArray[np.uint8]
    grade: NDArray[np.uint8]
    chi2: FloatArray
    reduced_chi2: FloatArray
    widening: FloatArray
    rises: FloatArray
    competing: NDArray[np.uint8]

    @classmethod
    def empty(cls, k: int, p: int) -> Self:
        """Return k patterns of p parameters that were not fitted."""
        each, row = np.full((k, p), np.nan), np.full(k, np.nan)
        return cls(
            each, each.copy(), np.full((k, p), WITHOUT, dtype=np.uint8),
            np.full(k, NOT_FITTED, dtype=np.uint8), row, row.copy(), row.copy(),
            np.full((k, MOST_SOLUTIONS), np.inf), np.zeros(k, dtype=np.uint8),
        )  # fmt: skip


def assess_rows(plan: Plan, rows: FloatArray, found: Solutions) -> Assessed:
    """Assess patterns at their best solutions.

    Parameters
    ----------
    plan : Plan
        Of the map.
    rows : ndarray, shape (k, n)
        Intensities.
    found : Solutions
        Their solutions.
    """
    found = replace(found, values=found.values.copy(), chi2=found.chi2.copy())
    fitted = np.flatnonzero(np.isfinite(found.chi2[:, 0]))
    result = Assessed.empty(len(rows), len(plan.names))
    result.grade[found.kind == SIGNAL] = FAILED
    if fitted.size:
        _assess_fitted(plan, rows[fitted], found, fitted, result)
    return result


def _assess_fitted(
    plan: Plan, rows: FloatArray, found: Solutions, fitted: NDArray[np.intp], result: Assessed,
    *, again: bool = True,
) -> None:  # fmt: skip
    """Fill in the results of fitted patterns, in place; those that are not at a minimum are refined again."""
    values = found.values[fitted, 0].copy()
    regions = curves(plan, rows, values)
    free = np.flatnonzero(plan.free)
    roots = [math.sqrt(points.region.weight) for points in plan.data]
    J = np.concatenate([root * each.slopes for root, each in zip(roots, regions, strict=True)], axis=2)
    residual = np.concatenate(
        [root * each.residual for root, each in zip(roots, regions, strict=True)], axis=1
    )
    bound = _at_bound(plan, values)
    active = ~bound[:, free]
    H = np.where(active[:, :, None] & active[:, None, :], J @ J.transpose(0, 2, 1), 0.0)
    g = np.einsum("kfn,kn->kf", J, residual) * active
    half, flat = _half_inverse(H, active)
    inverse = half @ half.transpose(0, 2, 1)
    step = np.einsum("kij,kj->ki", inverse, g)
    decrease = np.einsum("ki,ki->k", step, g)
    own = [_own_sigma(plan, i, each) for i, each in enumerate(regions)]
    ratios = [_noise_ratio(plan, i, each, own[i]) for i, each in enumerate(regions)]
    # Against the scatter of the points the model is tested; errors are never smaller than those of the noise.
    tested = [ratio[:, None] * each for ratio, each in zip(ratios, own, strict=True)]
    noise = np.concatenate(
        [
            root * np.maximum(ratio, 1.0)[:, None] * each / points.sigma
            for root, ratio, each, points in zip(roots, ratios, own, plan.data, strict=True)
        ],
        axis=1,
    )
    Jn = J * noise[:, None, :]
    covariance = inverse @ (Jn @ Jn.transpose(0, 2, 1)) @ inverse
    scale2 = np.mean(noise**2, axis=1)
    settled = np.abs(decrease) <= _AT_MINIMUM * scale2
    moved = values.copy()
    moved[:, free] += np.where(settled[:, None], step, 0.0)
    inside = _inside(plan, moved)
    values[inside] = moved[inside]
    grade, reduced, widening = _grades(plan, regions, tested, J, half, roots)
    grade[~settled] = FAILED
    errors = np.full(values.shape, np.nan)
    errors[:, free] = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0)) * widening[:, None]
    rises = (found.chi2[fitted] - found.chi2[fitted, :1]) / scale2[:, None]
    limit = AMBIGUOUS * widening**2
    near = rises < limit[:, None]
    status = _status(plan, values, errors, bound, flat)
    _without_fringes(plan, rows, found.chi2[fitted, 0], scale2, values, errors, status)
    _compare(values, errors, found.values[fitted], near, status)
    errors[status != DETERMINED] = np.where(status == AMBIGUOUS_VALUE, errors, np.nan)[status != DETERMINED]
    result.values[fitted], result.errors[fitted], result.status[fitted] = values, errors, status
    result.grade[fitted], result.reduced_chi2[fitted], result.widening[fitted] = grade, reduced, widening
    result.chi2[fitted] = found.chi2[fitted, 0] / scale2
    result.rises[fitted], result.competing[fitted] = rises, near.sum(axis=1).astype(np.uint8) - 1
    if again and not settled.all():
        rest = np.flatnonzero(~settled)
        for j in rest.tolist():
            refined = plan.batch(values[j : j + 1]).refine(plan.sets(rows[j : j + 1]))
            found.values[fitted[j], 0], found.chi2[fitted[j], 0] = refined.values[0], refined.chi2[0]
        _assess_fitted(plan, rows[rest], found, fitted[rest], result, again=False)


def _own_sigma(plan: Plan, region: int, each: RegionCurves) -> FloatArray:
    """Noise of the points of patterns from their calculated curves, shape (k, n)."""
    return plan.noise.sigma(np.maximum(each.calculated, 0.0), plan.places[region])


def _at_bound(plan: Plan, values: FloatArray) -> NDArray[np.bool_]:
    rows = [plan.parameters[name] for name in plan.names]
    lower, upper = np.array([row.lower for row in rows]), np.array([row.upper for row in rows])
    margin = ON_BOUND * np.minimum(upper - lower, 10.0)
    return np.asarray(plan.free & ((values <= lower + margin) | (values >= upper - margin)))


def _inside(plan: Plan, values: FloatArray) -> NDArray[np.bool_]:
    rows = [plan.parameters[name] for name in plan.names]
    low = np.array([row.lower if row.free else -np.inf for row in rows])
    high = np.array([row.upper if row.free else np.inf for row in rows])
    return np.asarray(np.all((values >= low) & (values <= high), axis=1))


def _half_inverse(H: FloatArray, active: NDArray[np.bool_]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Root R of the inverse RRᵀ of the curvature, shape (k, f, f), and which parameters are flat.

    Rows of parameters on a bound, and of flat ones, are zero.
    """
    f = H.shape[1]
    steepness = np.sqrt(np.diagonal(H, axis1=1, axis2=2))
    flat = active & ~(steepness > 0.0)
    off = ~active | flat
    steepness = np.where(steepness > 0.0, steepness, 1.0)
    scaled = H / (steepness[:, :, None] * steepness[:, None, :])
    scaled[:, np.arange(f), np.arange(f)] = 1.0
    w, V = np.linalg.eigh(scaled)
    small = w <= _FLAT * w[:, -1:]
    flat = flat | (np.any((np.abs(V) > 0.1) & small[:, None, :], axis=2) & active)
    half = V / np.sqrt(np.where(small, np.inf, w))[:, None, :] / steepness[:, :, None]
    half[off] = 0.0
    return half, flat


def _noise_ratio(plan: Plan, region: int, each: RegionCurves, sigma: FloatArray) -> FloatArray:
    """Scatter of neighbouring points over the noise where it contradicts that, otherwise 1; shape (k,)."""
    n = sigma.shape[1]
    if n - 3 < LEAST:
        return np.ones(len(sigma))
    expected = np.sqrt(np.lib.stride_tricks.sliding_window_view(sigma**2, 4, axis=1) @ THIRD**2)
    found = np.full(len(sigma), np.inf)
    for y in (each.measured, each.measured - each.calculated):
        squares = np.sort(
            (np.lib.stride_tricks.sliding_window_view(y, 4, axis=1) @ THIRD / expected) ** 2,
            axis=1,
        )
        kept = squares[:, : max(1, round(KEPT * squares.shape[1]))]
        found = np.minimum(found, np.sqrt(kept.mean(axis=1) / MEAN_SQUARE))
    few = np.zeros(len(sigma), dtype=bool)
    counts = plan.noise.counts(np.maximum(each.calculated, 0.0), plan.places[region])
    if counts is not None:  # σ of few counts, at least one count, is larger than their scatter
        few = (found < 1.0) & (np.median(counts, axis=1) < 2.0)
    with np.errstate(divide="ignore"):
        away = np.abs(np.log(found)) > KNOWN * PRECISION / math.sqrt(n - 3)
    return np.where(away & ~few & (found > 0.0), found, 1.0)


def _grades(
    plan: Plan, regions: list[RegionCurves], sigmas: list[FloatArray],
    J: FloatArray, half: FloatArray, roots: list[float],
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:  # fmt: skip
    """Grade, reduced χ² and widening of each pattern, shape (k,)."""
    k, at, points = len(J), 0, 0
    total, dof_all = np.zeros(k), np.zeros(k)
    good, negative = np.ones(k, dtype=bool), np.zeros(k, dtype=bool)
    standardised = []
    for i, (each, sigma) in enumerate(zip(regions, sigmas, strict=True)):
        n = sigma.shape[1]
        width = sigma / plan.data[i].sigma
        basis = np.concatenate((J[:, :, at : at + n].transpose(0, 2, 1) @ half, each.nuisance), axis=2)
        u = each.residual / _expected(basis, width)
        dof = np.maximum(n - np.sum(basis**2, axis=(1, 2)), 1.0)
        counts = plan.noise.counts(np.maximum(each.calculated, 0.0), plan.places[i])
        excess = np.zeros(k) if counts is None else np.mean(np.minimum(1.0 / counts, 20.0), axis=1)
        precision = 0.0 if plan.noise.known else PRECISION / math.sqrt(n)
        limit = 1.0 + np.array([chi2_scatter(x, precision) for x in (dof * 2.0 / (2.0 + excess)).tolist()])
        probability = structure_of_residuals(u, noise_of_fits(plan)[i])[1]
        good &= (np.mean(u**2, axis=1) <= limit) & (probability >= UNLIKELY / len(regions))
        error = each.background_error * np.sqrt(np.mean(width**2, axis=1))[:, None]
        least = BELOW_ZERO * each.calculated.max(axis=1)[:, None]
        negative |= np.any(each.background < np.minimum(least, -SIGNIFICANT * error), axis=1)
        standardised.append(u)
        total, dof_all, points, at = total + np.sum(u**2, axis=1), dof_all + dof, points + n, at + n
    reduced = total / points
    if is_signed(plan.objective.settings.background):  # for data from which too much was subtracted
        negative[:] = False
    grade = np.where(good & ~negative, DESCRIBES, SYSTEMATIC).astype(np.uint8)
    grade[negative] = REJECTED
    widening = np.ones(k)
    for j in np.flatnonzero(~good & ~negative).tolist():
        pairs = [
            (each.measured[j], each.calculated[j], sigma[j])
            for each, sigma in zip(regions, sigmas, strict=True)
        ]
        if _is_unlike(pairs):
            grade[j] = REJECTED
        else:
            time = float(np.mean([correlation_time(u[j]) for u in standardised]))
            widening[j] = max(1.0, math.sqrt(reduced[j]) * time)
    return grade, reduced, widening


def _is_unlike(regions: list[tuple[FloatArray, FloatArray, FloatArray]]) -> bool:
    """Whether a model leaves much of the structure unexplained: measured, calculated, σ of each region."""
    for measured, calculated, sigma in regions:
        roots = explained_structure(measured, calculated, sigma, logarithmic=False).share
        logarithms = explained_structure(measured, calculated, sigma, logarithmic=True).share
        if roots < LEAST_OF_ROOTS or logarithms < LEAST_OF_LOGARITHMS:
            return True
        if difference_of_logarithms(measured, calculated, sigma) > LARGEST_DIFFERENCE:
            return True
    return False


def _expected(basis: FloatArray, width: FloatArray) -> FloatArray:
    """Expected standard deviations of residuals, shape (k, n), of which fitted columns follow a part."""
    inner = (basis * width[:, :, None] ** 2).transpose(0, 2, 1) @ basis
    variance = width**2 * (1.0 - 2.0 * np.sum(basis**2, axis=2)) + np.sum((basis @ inner) * basis, axis=2)
    return np.asarray(np.sqrt(np.maximum(variance, 0.05 * width**2)))


@lru_cache(maxsize=2)
def noise_of_fits(plan: Plan) -> list[NoiseStructure]:
    """Distributions of the statistics of structure in each region by noise alone, at the mean pattern."""
    mean = np.zeros((1, 1 + max(int(place.max()) for place in plan.places)))
    for points, place in zip(plan.data, plan.places, strict=True):
        mean[0, place] = points.intensity
    regions = curves(plan, mean, plan.starts[:1])
    roots = [math.sqrt(points.region.weight) for points in plan.data]
    J = np.concatenate([root * each.slopes for root, each in zip(roots, regions, strict=True)], axis=2)
    half, _ = _half_inverse(J @ J.transpose(0, 2, 1), np.ones(J.shape[:2], dtype=bool))
    found, at = [], 0
    for i, each in enumerate(regions):
        n = each.residual.shape[1]
        basis = np.concatenate((J[:, :, at : at + n].transpose(0, 2, 1) @ half, each.nuisance), axis=2)
        draws = np.random.default_rng(i).normal(size=(_DRAWS, n))
        left = draws - (draws @ basis[0]) @ basis[0].T
        found.append(structure_of_noise(left / _expected(basis, np.ones((1, n)))))
        at += n
    return found


def _status(
    plan: Plan, values: FloatArray, errors: FloatArray, bound: NDArray[np.bool_], flat: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Status of each parameter from its bounds and its error, shape (k, p)."""
    status = np.where(plan.free, DETERMINED, FIXED).astype(np.uint8) * np.ones(
        (len(values), 1), dtype=np.uint8
    )
    rows = [plan.parameters[name] for name in plan.names]
    wide = np.array([(row.upper - row.lower) / 2.0 for row in rows])
    # Solutions are about d apart in L: with a larger error they cannot be separated.
    names = plan.names
    wide = np.tile(wide, (len(values), 1))
    wide[:, names.index("L")] = np.minimum(wide[:, names.index("L")], values[:, names.index("d")] / 2.0)
    of_flat = np.zeros_like(bound)
    of_flat[:, np.flatnonzero(plan.free)] = flat
    status[plan.free & (of_flat | ~(errors <= wide))] = UNDETERMINED
    # A parameter that cannot be negative, and is not known to differ from zero, has no value.
    for name in ("sigma_L", "sigma_N"):
        i = names.index(name)
        lost = plan.free[i] & (errors[:, i] > np.abs(values[:, i]))
        status[lost, i] = UNDETERMINED
    status[bound] = AT_BOUND
    return status


def _without_fringes(
    plan: Plan, rows: FloatArray, chi2: FloatArray, scale2: FloatArray, values: FloatArray,
    errors: FloatArray, status: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Call L and σ_L undetermined, in place, where fringes do not improve χ² significantly.

    Fringes of amplitude A and noise σ_A determine L to about d/2π·σ_A/A, and improve χ² by (A/σ_A)². Only
    where the error of L does not show that this is far above the threshold, the pattern is refined without
    them.
    """
    if not plan.stacked:
        return
    d, L = plan.names.index("d"), plan.names.index("L")
    clear = plan.free[L] & (errors[:, L] < _CLEAR * values[:, d] / (2.0 * np.pi))
    doubtful = np.flatnonzero(~clear)
    if not doubtful.size:
        return
    without = plan.batch_without_fringes().refine(
        plan.sets(rows[doubtful]), 1, tolerance=TOLERANCE, leap=True
    )
    gain = np.where(np.isfinite(without.chi2), without.chi2, np.inf) - chi2[doubtful]
    lost = doubtful[~(gain > FRINGES_DETECTED * scale2[doubtful])]
    for name in ("L", "sigma_L"):
        i = plan.names.index(name)
        if plan.free[i]:
            status[lost, i] = UNDETERMINED


def _compare(
    values: FloatArray,
    errors: FloatArray,
    solutions: FloatArray,
    near: NDArray[np.bool_],
    status: NDArray[np.uint8],
) -> None:
    """Call values ambiguous, in place, from which a competing solution is more than two errors away."""
    for j in range(1, solutions.shape[1]):
        away = np.abs(solutions[:, j] - values) > 2.0 * np.where(np.isfinite(errors), errors, np.inf)
        status[near[:, j, None] & away & (status == DETERMINED)] = AMBIGUOUS_VALUE
