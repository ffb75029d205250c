"""Bounded least squares with an exact Jacobian, and the covariance at the minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slxrd._interruption import check_interruption

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Why a parameter has no variance.
NO_EFFECT = "χ² does not depend on it"
NOT_SEPARABLE = "it cannot be separated from the other parameters"


class Evaluated(Protocol):
    """Residuals at one vector of p parameters: ``residual`` of shape (n,), ``jacobian`` of shape (n, p)."""

    @property
    def residual(self) -> FloatArray:
        """Weighted residuals, shape (n,)."""

    @property
    def jacobian(self) -> FloatArray:
        """Derivatives of the residuals, shape (n, p)."""


State = TypeVar("State", bound=Evaluated)


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals and Jacobian, where nothing else of an evaluation is needed.

    Parameters
    ----------
    residual : ndarray, shape (n,)
        Weighted residuals.
    jacobian : ndarray, shape (n, p)
        Their derivatives.
    """

    residual: FloatArray
    jacobian: FloatArray


class LastEvaluation(Generic[State]):
    """A function that remembers its last value: SciPy calls for residual and Jacobian in turn.

    Parameters
    ----------
    evaluate : callable
        From a vector of shape (p,) to an object with ``residual`` and ``jacobian``.

    Attributes
    ----------
    count : int
        How often the function was evaluated.
    """

    def __init__(self, evaluate: Callable[[FloatArray], State]) -> None:
        self._evaluate = evaluate
        self._last: tuple[bytes, State] | None = None
        self.count = 0

    def __call__(self, x: FloatArray) -> State:
        """Evaluate at x, or return the last value if it was for the same x."""
        key = x.tobytes()
        if self._last is None or self._last[0] != key:
            check_interruption()
            self._last = key, self._evaluate(x.copy())
            self.count += 1
        return self._last[1]


@dataclass(frozen=True, eq=False)
class Solution(Generic[State]):
    """Where a refinement ended.

    Parameters
    ----------
    x : ndarray, shape (p,)
        Parameters.
    state : State
        The function there.
    chi2 : float
        Sum of squared residuals.
    at_bound : ndarray of bool, shape (p,)
        Which parameters lie on a bound.
    status : int
        Why it ended, as in :func:`scipy.optimize.least_squares`: 0 if the limit of evaluations was reached,
        1 to 4 if it converged; -1 if its time had passed.
    n_evaluations : int
        How often the function was evaluated.
    """

    x: FloatArray
    state: State
    chi2: float
    at_bound: BoolArray
    status: int
    n_evaluations: int


def minimise(
    evaluate: Callable[[FloatArray], State],
    start: FloatArray,
    lower: ArrayLike = -np.inf,
    upper: ArrayLike = np.inf,
    *,
    scale: ArrayLike | str = "jac",
    ftol: float = 1e-8,
    xtol: float = 1e-8,
    gtol: float = 1e-8,
    most_evaluations: int = 200,
    difference: float | None = None,
    expired: Callable[[], bool] | None = None,
) -> Solution[State]:
    """Minimise a sum of squares within bounds by the trust-region reflective method of SciPy.

    Parameters
    ----------
    evaluate : callable
        From a vector of shape (p,) to an object with ``residual`` of shape (n,) and ``jacobian`` of
        shape (n, p); it is called once for each vector.
    start : ndarray, shape (p,)
        Inside the bounds.
    lower, upper : array_like, shape (p,), or float
        Bounds.
    scale : array_like, shape (p,), or "jac"
        Sizes of typical steps, or that they follow from the Jacobian.
    ftol, xtol, gtol : float
        Relative changes of χ² and of the parameters, and size of the gradient, at which to end.
    most_evaluations : int
        Limit of evaluations.
    difference : float, optional
        Relative step of finite differences, which then replace ``jacobian``.
    expired : callable, optional
        Called before each evaluation after the first; the refinement ends at the lowest χ² so far if it
        returns True.
    """
    from scipy.optimize import least_squares

    best: tuple[float, FloatArray, State] | None = None

    def evaluate_in_time(x: FloatArray) -> State:
        nonlocal best
        if best is not None and expired is not None and expired():
            raise _Expired
        state = evaluate(x)
        chi2 = float(state.residual @ state.residual)
        if best is None or chi2 < best[0]:
            best = chi2, x, state
        return state

    evaluated = LastEvaluation(evaluate_in_time)
    try:
        done: Any = least_squares(
            lambda x: evaluated(x).residual,
            start,
            "2-point" if difference is not None else lambda x: evaluated(x).jacobian,
            diff_step=difference,
            bounds=(lower, upper),
            method="trf",
            x_scale=scale,
            ftol=ftol,
            xtol=xtol,
            gtol=gtol,
            max_nfev=most_evaluations,
        )
        x = np.asarray(done.x)
        state = evaluated(x)
    except _Expired:
        assert best is not None
        chi2, x, state = best
        return Solution(
            x, state, chi2, (x <= np.asarray(lower)) | (x >= np.asarray(upper)), -1, evaluated.count
        )
    at_bound: BoolArray = np.asarray(done.active_mask) != 0
    return Solution(x, state, 2.0 * float(done.cost), at_bound, int(done.status), evaluated.count)


class _Expired(Exception):
    """The time of a refinement has passed."""


def undetermined(
    information: FloatArray, free: BoolArray, *, flat: float = 1e-12, share: float = 0.1
) -> dict[int, str]:
    """Find the parameters that have no variance, with the reasons.

    Parameters
    ----------
    information : ndarray, shape (p, p)
        JᵀJ, or another inverse covariance.
    free : ndarray of bool, shape (p,)
        Which parameters are refined and lie on no bound; the others are left out.
    flat : float
        An eigenvector of the scaled matrix with a smaller eigenvalue than this, relative to the largest, is a
        direction in which χ² is flat.
    share : float
        Size of a parameter's component in such a vector from which on the parameter cannot be separated.

    Returns
    -------
    dict of int to str
        By the parameter's index.
    """
    steepness = np.sqrt(np.diag(information))
    why_not = {int(i): NO_EFFECT for i in np.flatnonzero(free & ~(steepness > 0.0))}
    known = np.flatnonzero(free & (steepness > 0.0))
    if known.size:
        values, vectors = np.linalg.eigh(_scaled(information, known))
        along = np.abs(vectors[:, values <= flat * values[-1]]) > share
        why_not |= {int(i): NOT_SEPARABLE for i in known[along.any(axis=1)]}
    return why_not


def covariance(information: FloatArray, free: BoolArray, *, flat: float = 1e-12) -> FloatArray:
    """Invert JᵀJ in scaled units, leaving out the directions in which χ² is flat.

    Parameters
    ----------
    information : ndarray, shape (p, p)
        JᵀJ, or another inverse covariance.
    free : ndarray of bool, shape (p,)
        Which parameters are refined and lie on no bound.
    flat : float
        As in :func:`undetermined`.

    Returns
    -------
    ndarray, shape (p, p)
        0 for parameters that are not free or on which χ² does not depend.
    """
    steepness = np.sqrt(np.diag(information))
    known = np.flatnonzero(free & (steepness > 0.0))
    matrix = np.zeros(information.shape)
    if known.size:
        values, vectors = np.linalg.eigh(_scaled(information, known))
        good = values > flat * values[-1]
        inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T
        matrix[np.ix_(known, known)] = inverse / np.outer(steepness[known], steepness[known])
    return matrix


def _scaled(information: FloatArray, known: NDArray[np.intp]) -> FloatArray:
    """JᵀJ of columns of unit length."""
    steepness = np.sqrt(np.diag(information)[known])
    return np.asarray(information[np.ix_(known, known)] / np.outer(steepness, steepness))
