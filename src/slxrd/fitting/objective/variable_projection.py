"""Variable projection: elimination of scale and background from a region, with exact derivatives.

The calculated curve is f = base + A·c with the model in ``base`` or in the first column of A and the
coefficients c (scale, background) at the minimum of the region's own χ². For linear residuals this is
the variable projection of Golub and Pereyra (SIAM J. Numer. Anal. 1973, 10, 413), with its full
derivative; for logarithmic ones c is found by Newton steps and differentiated implicitly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.objective.whitening import whiten
from slxrd.units import FloatArray

_MOST_STEPS = 100
#: Relative size of coefficients that are zero but for rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Design:
    """The curve of a region as a function of its linear coefficients.

    Parameters
    ----------
    base : ndarray, shape (n,)
        The part that does not depend on the coefficients.
    d_base : ndarray, shape (p, n)
        Its derivatives.
    columns : ndarray, shape (n, k)
        The columns that the coefficients multiply; k may be 0.
    d_first : ndarray, shape (p, n) or (m, p, n)
        Derivatives of the first column, or of the first m columns; the others are constant.
    positive : ndarray, shape (k - 1, k - 1), optional
        Matrix from the coefficients of the other columns to others that may not be negative.
    whitening : ndarray, shape (w, n), optional
        Rows V by which residuals with correlated errors are made independent; see ``whitening``.
    start : ndarray, shape (k,), optional
        Coefficients from which those of logarithmic residuals are refined.
    """

    base: FloatArray
    d_base: FloatArray
    columns: FloatArray
    d_first: FloatArray
    positive: FloatArray | None = None
    whitening: FloatArray | None = None
    start: FloatArray | None = None

    @property
    def d_models(self) -> FloatArray:
        """Derivatives of the first columns, shape (m, p, n)."""
        return self.d_first if self.d_first.ndim == 3 else self.d_first[None]

    def whiten(self, rows: FloatArray) -> FloatArray:
        """Make rows over σ, shape (..., n), independent."""
        return rows if self.whitening is None else whiten(rows, self.whitening)


@dataclass(frozen=True)
class Projection:
    """A region at the best linear coefficients.

    Parameters
    ----------
    curve : ndarray, shape (n,)
        The calculated intensity on the measured scale.
    residual : ndarray, shape (n,)
        (measured − calculated)/σ, or the same of the logarithms, made independent.
    jacobian : ndarray, shape (n, p)
        Exact derivatives of the residual.
    coefficients : ndarray, shape (k,)
        Of the columns.
    columns : ndarray, shape (n, f)
        The residual's derivatives with respect to the free coefficients, up to sign; f is k unless
        coefficients are zero that may not be negative.
    """

    curve: FloatArray
    residual: FloatArray
    jacobian: FloatArray
    coefficients: FloatArray
    columns: FloatArray


def project_linear(y: FloatArray, sigma: FloatArray, design: Design) -> Projection:
    """Find the best coefficients for residuals (y − f)/σ."""
    if design.positive is None or design.whitening is not None:
        return _bounded(_linear, y, sigma, design)
    back: FloatArray = np.asarray(np.linalg.inv(design.positive))
    m = len(design.d_models)
    shapes = np.column_stack([design.columns[:, :m], design.columns[:, m:] @ back])
    free = _free_coefficients(shapes / sigma[:, None], (y - design.base) / sigma, m)
    if free is None:
        return _linear(y, sigma, design)
    found = _linear(y, sigma, replace(design, columns=shapes[:, free]))
    bounded = np.zeros(shapes.shape[1])
    bounded[free] = found.coefficients
    return replace(found, coefficients=np.concatenate((bounded[:m], back @ bounded[m:])))


def _free_coefficients(A: FloatArray, target: FloatArray, m: int) -> list[int] | None:
    """Choose the columns whose coefficients are not zero, of which the last ones may not be negative.

    Parameters
    ----------
    A : ndarray, shape (n, k)
        Columns over σ.
    target : ndarray, shape (n,)
        Data over σ.
    m : int
        Number of the first columns, whose coefficients have any sign.

    Returns
    -------
    list of int or None
        Those of the lowest χ²; None if no coefficient is negative without a bound.
    """
    Q, inverse = _orthonormal(A)
    along = target @ Q
    if np.all((inverse @ along)[m:] >= 0.0):
        return None
    # Least squares with a part of the columns of R have the same coefficients as those with these of A.
    R = np.linalg.inv(inverse)
    bounded = range(m, A.shape[1])
    best, chosen = np.inf, list(range(m))
    for free in (list(which) for count in range(len(bounded)) for which in combinations(bounded, count)):
        columns = [*range(m), *free]
        coefficients = np.linalg.lstsq(R[:, columns], along, rcond=None)[0]
        missed = along - R[:, columns] @ coefficients
        if np.all(coefficients[m:] >= 0.0) and missed @ missed < best:
            best, chosen = missed @ missed, columns
    return chosen


def _bounded(
    project: Callable[[FloatArray, FloatArray, Design], Projection],
    y: FloatArray,
    sigma: FloatArray,
    design: Design,
) -> Projection:
    """Find the best coefficients of which some may not be negative.

    At the minimum some are zero and the others free. The derivatives are those at fixed zeros.
    """
    found = project(y, sigma, replace(design, positive=None))
    m = len(design.d_models)
    if design.positive is None:
        return found
    positive = design.positive @ found.coefficients[m:]
    if np.all(positive >= 0.0):
        return found
    back: FloatArray = np.asarray(np.linalg.inv(design.positive))
    shapes = design.columns[:, m:] @ back

    def tried(free: list[int]) -> Projection:
        start = np.maximum(positive, 0.0)
        chosen = replace(
            design,
            columns=np.column_stack([design.columns[:, :m], shapes[:, free]]),
            positive=None,
            start=None if design.start is None else np.concatenate((found.coefficients[:m], start[free])),
        )
        return project(y, sigma, chosen)

    choose = _lowest if design.whitening is None else _from_linearised
    found, free = choose(tried, found, back)
    return replace(
        found, coefficients=np.concatenate((found.coefficients[:m], back[:, free] @ found.coefficients[m:]))
    )


def _lowest(
    tried: Callable[[list[int]], Projection], found: Projection, back: FloatArray
) -> tuple[Projection, list[int]]:
    """Return the lowest χ² of all choices of free coefficients without a negative one."""
    width = len(back)
    best: tuple[Projection, list[int]] | None = None
    for free in (list(which) for count in range(width) for which in combinations(range(width), count)):
        one = tried(free)
        lower = best is None or one.residual @ one.residual < best[0].residual @ best[0].residual
        if lower and np.all(one.coefficients[len(one.coefficients) - len(free) :] >= 0.0):
            best = one, free
    assert best is not None  # without a background there is no negative coefficient
    return best


def _from_linearised(
    tried: Callable[[list[int]], Projection], found: Projection, back: FloatArray
) -> tuple[Projection, list[int]]:
    """Return the choice of free coefficients at the minimum for residuals that are linear in them.

    Of logarithmic residuals, those that are negative are then left out too.
    """
    from scipy.optimize import nnls

    m = found.columns.shape[1] - len(back)
    target = found.residual + found.columns @ found.coefficients
    Q, _ = _orthonormal(found.columns[:, :m])
    columns = found.columns[:, m:] @ back
    columns, target = columns - Q @ (Q.T @ columns), target - Q @ (Q.T @ target)
    free = np.flatnonzero(nnls(columns / np.linalg.norm(columns, axis=0), target)[0] > 0.0)
    while True:
        one = tried(free.tolist())
        own = one.coefficients[m:]
        negative = own < -_ROUNDING * np.abs(one.coefficients).max()
        if not negative.any():
            return one, free.tolist()
        free = free[~negative]


def _linear(y: FloatArray, sigma: FloatArray, design: Design) -> Projection:
    A = design.whiten(design.columns.T / sigma).T
    target = design.whiten((y - design.base) / sigma)
    d_base = design.whiten(design.d_base / sigma)
    if A.shape[1] == 0:
        return Projection(design.base, target, -d_base.T, np.zeros(0), A)
    Q, inverse = _orthonormal(A)
    c = inverse @ (target @ Q)
    residual = target - A @ c
    d_models = design.whiten(design.d_models / sigma)
    m = len(d_models)
    G = d_base + np.tensordot(c[:m], d_models, 1)
    # G is the derivative of the curve at fixed coefficients. Those at the minimum compensate its projection
    # onto the columns Q, and change with the first columns, which have a component along the residual.
    along = G @ Q - (d_models @ residual).T @ inverse[:m]
    rows = along @ Q.T - G
    return Projection(design.base + design.columns @ c, residual, rows.T, c, A)


def project_logarithmic(y: FloatArray, sigma: FloatArray, design: Design) -> Projection:
    """Find the best coefficients for residuals (ln y − ln f)·y/σ; every y must be positive.

    Raises
    ------
    SlxrdError
        If the calculated curve is not positive everywhere, or no coefficients can be found.
    """
    return _bounded(_logarithmic, y, sigma, design)


def _logarithmic(y: FloatArray, sigma: FloatArray, design: Design) -> Projection:
    precision = y / sigma
    c = _start_logarithmic(y, precision, design)
    k = len(c)
    cost = _log_cost(c, y, precision, design)
    if k:  # the rank does not depend on the coefficients
        _orthonormal(_log_curvature(c, y, precision, design)[2])
    for _ in range(_MOST_STEPS if k else 0):
        _, twice, K, H = _log_curvature(c, y, precision, design)
        gradient = -K.T @ twice
        try:
            np.linalg.cholesky(H)
        except np.linalg.LinAlgError:
            whitened = design.whiten(K.T)
            H = whitened @ whitened.T
        step = -_solved(H, gradient)
        if np.all(np.abs(step) <= 1e-13 * np.abs(c)):
            break
        length = 1.0
        while length > 1e-10:
            lower = _log_cost(c + length * step, y, precision, design)
            if lower <= cost * (1.0 + 1e-12):
                break
            length /= 2.0
        else:
            break
        c, cost = c + length * step, lower
    curve = design.base + design.columns @ c
    if np.any(curve <= 0.0):
        raise SlxrdError(
            "logarithmic residuals need a calculated curve above zero everywhere; "
            "add a background, or a resolution"
        )
    residual, twice, K, H = _log_curvature(c, y, precision, design)
    per_curve = precision / curve
    m = len(design.d_models) if k else 0
    G = (design.d_base + np.tensordot(c[:m], design.d_models[:m], 1)) * per_curve
    jacobian = -G.T
    if k:
        # dc/dp = −H⁻¹ ∂²(½|Wr|²)/∂c∂p, of which the last two terms are the curvature of ln f.
        mixed = K.T @ design.whiten(design.whiten(G)).T + K.T @ (G / precision * twice).T
        mixed[:m] -= (design.d_models * per_curve) @ twice
        jacobian = jacobian + K @ _solved(H, mixed)
    return Projection(curve, residual, design.whiten(jacobian.T).T, c, design.whiten(K.T).T)


def _solved(H: FloatArray, right: FloatArray) -> FloatArray:
    """Solve H·x = right for shapes (k, k) and (k,) or (k, m); the shortest scaled x where H is singular.

    Raises
    ------
    SlxrdError
        If a value is not finite.
    """
    if not (np.all(np.isfinite(H)) and np.all(np.isfinite(right))):
        raise SlxrdError(
            "logarithmic residuals are not finite for this calculated curve; add a background, or take "
            "linear residuals (--objective linear)"
        )
    scale = np.sqrt(np.abs(np.diag(H)))
    scale[scale == 0.0] = 1.0
    scaled, known = H / np.outer(scale, scale), (right.T / scale).T
    try:
        found = np.linalg.solve(scaled, known)
    except np.linalg.LinAlgError:
        found = np.linalg.lstsq(scaled, known, rcond=1e-12)[0]
    return np.asarray((found.T / scale).T)


def _log_cost(c: FloatArray, y: FloatArray, precision: FloatArray, design: Design) -> float:
    curve = design.base + design.columns @ c
    if np.any(curve <= 0.0):
        return np.inf
    return float(np.sum(design.whiten(precision * (np.log(y) - np.log(curve))) ** 2))


def _log_curvature(
    c: FloatArray, y: FloatArray, precision: FloatArray, design: Design
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """W·r, W²·r, K = −∂r/∂c, and the exact Hessian of ½|Wr|² in the coefficients."""
    curve = design.base + design.columns @ c
    residual = design.whiten(precision * (np.log(y) - np.log(curve)))
    twice = design.whiten(residual)
    K = design.columns * (precision / curve)[:, None]
    H = K.T @ (design.whiten(design.whiten(K.T)).T + K * (twice / precision)[:, None])
    return residual, twice, K, H


def _start_logarithmic(y: FloatArray, precision: FloatArray, design: Design) -> FloatArray:
    """Coefficients to start from: the best scale in logarithms, and no background if none is needed."""
    k = design.columns.shape[1]
    c = np.zeros(k)
    if design.start is not None:
        return design.start
    if k and not design.base.any():
        model = design.columns[:, 0]
        above = model > 0.0
        if not above.all():
            c[1:] = y.min()
            if not above.any() or np.any((design.columns @ c)[~above] <= 0.0):
                raise SlxrdError(
                    "logarithmic residuals need a model above zero everywhere; add a resolution, or a "
                    "background"
                )
        weights = precision[above] ** 2
        c[0] = np.exp(weights @ np.log(y[above] / model[above]) / weights.sum())
    return c


def _orthonormal(A: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Q and R⁻¹ of A = QR, A of shape (n, k) and full rank."""
    if A.shape[1] == 1:
        norm = np.linalg.norm(A)
        if norm > 0.0:
            return A / norm, np.array([[1.0 / norm]])
    Q, R = np.linalg.qr(A)
    diagonal = np.abs(np.diag(R))
    if not diagonal.min() > 1e-12 * diagonal.max():
        raise SlxrdError(
            "scale and background of a region cannot be separated; use --background none or a wider region"
        )
    return Q, np.linalg.inv(R)
