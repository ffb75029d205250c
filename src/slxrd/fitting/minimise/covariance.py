"""Covariance of the parameters at a minimum, standard deviations, expected χ².

With the residuals r, their Jacobian J, and the response n = ∂r/∂y·σ_y of the residuals to the noise, the
estimates have the covariance

    C = H⁻¹ (Jᵀ n nᵀ J) H⁻¹,   H = JᵀJ,

the sandwich estimator, which is H⁻¹ when all weights are 1, and correct also when a region's weight is not
an inverse variance. The χ² expected from noise alone is tr[(1−P) n nᵀ], where P projects onto the derivatives
of all fitted parameters and coefficients; it is (points − parameters) when all weights are 1. The reduced χ²
is χ² divided by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slxrd import _least_squares
from slxrd.fitting.objective.evaluation import Evaluation
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: A parameter closer than this fraction of its range to a bound lies on it.
ON_BOUND = 1e-4
#: Directions in which χ² is flatter than this, relative to the steepest, are not determined.
_FLAT = 1e-12
#: Largest relative component along such a direction of the gradient of a quantity that is determined.
_ALONG_FLAT = 1e-3


class Minimum(Protocol):
    """The attributes of :class:`slxrd.fitting.minimise.least_squares.Minimum` that are used here."""

    @property
    def parameters(self) -> Parameters:
        """Parameters of the refinement, with bounds and ties."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the refined parameters."""

    @property
    def vector(self) -> FloatArray:
        """Values of the refined parameters, shape (f,)."""

    @property
    def values(self) -> Mapping[str, float]:
        """Values of all parameters."""

    @property
    def evaluation(self) -> Evaluation:
        """Residuals and derivatives at the minimum."""

    @property
    def jacobian(self) -> FloatArray:
        """Derivatives of the weighted residuals, shape (r + k, f)."""


@dataclass(frozen=True)
class Spanned:
    """Covariance of parameters some of which can be determined only together.

    With N and σ_N of a narrow distribution, for example, only the mean size is determined.

    Parameters
    ----------
    matrix : ndarray, shape (f, f)
        Covariance from the pseudoinverse; 0 for parameters on a bound.
    flat : ndarray, shape (f, k)
        Directions in which χ² is flat, in units of the inverse steepness, and those of parameters on a bound.
    steepness : ndarray, shape (f,)
        Norms of the derivatives of the residuals; 1 where they vanish.
    """

    matrix: FloatArray
    flat: FloatArray
    steepness: FloatArray

    def error(self, gradient: FloatArray) -> float | None:
        """Standard deviation of a quantity, None if it changes along a flat direction; shape (f,)."""
        scaled = gradient / self.steepness
        along = float(np.linalg.norm(scaled @ self.flat))
        if along > _ALONG_FLAT * float(np.linalg.norm(scaled)):
            return None
        return float(np.sqrt(gradient @ self.matrix @ gradient))


@dataclass(frozen=True)
class Covariance:
    """Covariance of the refined parameters.

    Parameters
    ----------
    names : tuple of str
        The refined parameters.
    matrix : ndarray, shape (f, f)
        Covariance; NaN in the rows of parameters without an error bar.
    why_not : mapping of str to str
        Reason for each parameter without an error bar.
    expected_chi2 : float
        χ² expected from noise alone.
    chain : mapping of str to ndarray, shape (f,)
        Derivatives of every parameter with respect to the refined ones, including ties.
    spanned : Spanned or None
        Covariance in the directions in which χ² is not flat, if there are flat ones.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    why_not: dict[str, str]
    expected_chi2: float
    chain: Mapping[str, FloatArray]
    spanned: Spanned | None = None

    def error(self, name: str) -> float | None:
        """Return the standard deviation of a parameter, None where there is none."""
        if name not in self.names or name in self.why_not:
            return None
        i = self.names.index(name)
        return float(np.sqrt(self.matrix[i, i]))

    def varies(self, name: str) -> bool:
        """Whether a parameter is refined and lies on no bound, whether or not it has an error bar."""
        if name not in self.names:
            return False
        i = self.names.index(name)
        return name not in self.why_not or (self.spanned is not None and self.spanned.matrix[i, i] > 0.0)

    def correlation(self) -> FloatArray:
        """Return the correlations, shape (f, f), NaN where there is no error bar."""
        spread = np.sqrt(np.diag(self.matrix))
        return np.asarray(self.matrix / np.outer(spread, spread))

    def of(self, gradient: Mapping[str, float]) -> float | None:
        """Return the standard deviation of a quantity from its derivatives, None where there is none.

        Parameters
        ----------
        gradient : mapping of str to float
            Derivatives with respect to any parameters, refined, tied or fixed.
        """
        g = sum((slope * self.chain[name] for name, slope in gradient.items()), np.zeros(len(self.names)))
        if not g.any():
            return None
        if any(g[self.names.index(name)] for name in self.why_not):
            return None if self.spanned is None else self.spanned.error(g)
        known = [i for i, name in enumerate(self.names) if name not in self.why_not]
        return float(np.sqrt(g[known] @ self.matrix[np.ix_(known, known)] @ g[known]))


def on_bound(minimum: Minimum, name: str) -> str | None:
    """Return the bound on which a refined parameter lies, "lower" or "upper", None if on neither."""
    row = minimum.parameters[name]
    margin = ON_BOUND * min(row.upper - row.lower, 10.0)
    value = minimum.values[name]
    if value <= row.lower + margin:
        return "lower"
    if value >= row.upper - margin:
        return "upper"
    return None


def covariance(minimum: Minimum) -> Covariance:
    """Calculate the covariance at a minimum.

    Parameters
    ----------
    minimum : Minimum
        A minimum of χ².

    Returns
    -------
    Covariance
        Parameters on a bound, and those along which χ² is flat, have no error bar.
    """
    names, J = minimum.names, minimum.jacobian
    why_not: dict[str, str] = {}
    for name in names:
        side = on_bound(minimum, name)
        if side is not None:
            why_not[name] = f"it lies on its {side} bound"
    free = np.array([name not in why_not for name in names], dtype=bool)
    why_not |= {names[i]: why for i, why in _least_squares.undetermined(J.T @ J, free, flat=_FLAT).items()}
    known = [i for i, name in enumerate(names) if name not in why_not]
    matrix = np.full((len(names), len(names)), np.nan)
    priors = len(J) - len(minimum.evaluation.residual)
    noise = _with_priors(minimum.evaluation.noise, priors)
    if known:
        steepness = np.linalg.norm(J[:, known], axis=0)
        scaled = J[:, known] / steepness
        inverse = np.linalg.inv(scaled.T @ scaled)
        response = _through(noise, scaled)
        sandwich = inverse @ (response.T @ response) @ inverse
        matrix[np.ix_(known, known)] = sandwich / np.outer(steepness, steepness)
    spanned = _spanned(J, noise, free) if len(known) < np.count_nonzero(free) else None
    nuisance = np.pad(minimum.evaluation.nuisance, ((0, priors), (0, 0)))
    fitted = np.hstack([J[:, known], nuisance])
    _, chain = minimum.parameters.resolve(minimum.vector)
    slopes = dict(zip(minimum.parameters, chain, strict=True))
    return Covariance(names, matrix, why_not, _expected(noise, fitted), slopes, spanned)


def _spanned(J: FloatArray, noise: FloatArray, free: NDArray[np.bool_]) -> Spanned:
    """Covariance in the directions of the free parameters, shape (f,), in which χ² is not flat."""
    steepness = np.linalg.norm(J, axis=0)
    steepness[steepness == 0.0] = 1.0
    U, s, Vt = np.linalg.svd(np.where(free, J / steepness, 0.0), full_matrices=False)
    steep = s**2 > _FLAT * s[0] ** 2
    answer = Vt[steep].T @ (_through(noise, U[:, steep]).T / s[steep, None])
    matrix = (answer @ answer.T) / np.outer(steepness, steepness)
    return Spanned(matrix, Vt[~steep].T, steepness)


def noise_scale(minimum: Minimum, *names: str) -> float:
    """Ratio of the variances of the sandwich estimator to those of the inverse Hessian.

    Thresholds of the rise of χ² are multiplied by it, as weights need not be inverse variances.

    Parameters
    ----------
    minimum : Minimum
        The minimum.
    *names : str
        For one parameter, C_ii/(H⁻¹)_ii; for several, the geometric mean ratio, from the determinants.

    Returns
    -------
    float
        1 if all weights are 1. Where the parameters are not determined, the mean weight.
    """
    noise, steepness = (
        _with_priors(minimum.evaluation.noise, len(minimum.jacobian) - len(minimum.evaluation.residual)),
        np.linalg.norm(minimum.jacobian, axis=0),
    )
    known = [
        i
        for i, name in enumerate(minimum.names)
        if steepness[i] > 0.0 and (name in names or on_bound(minimum, name) is None)
    ]
    J = minimum.jacobian[:, known] / steepness[known]
    H = J.T @ J
    chosen = [k for k, i in enumerate(known) if minimum.names[i] in names]
    if len(chosen) < len(names) or np.linalg.cond(H) > 1e12:
        return float(np.sum(noise**2) / len(noise))
    response = _through(noise, J)
    naive = np.linalg.inv(H)
    sandwich = naive @ (response.T @ response) @ naive
    volumes = [float(np.linalg.det(matrix[np.ix_(chosen, chosen)])) for matrix in (sandwich, naive)]
    return float((volumes[0] / volumes[1]) ** (1.0 / len(names)))


def _with_priors(noise: FloatArray, count: int) -> FloatArray:
    """Append unit noise for the residuals of the priors."""
    if noise.ndim == 1:
        return np.concatenate((noise, np.ones(count)))
    wider = np.pad(noise, ((0, count), (0, count)))
    if count:
        wider[-count:, -count:] = np.eye(count)
    return wider


def _through(noise: FloatArray, J: FloatArray) -> FloatArray:
    """Calculate nᵀJ; a vector is the diagonal of n."""
    return noise[:, None] * J if noise.ndim == 1 else noise.T @ J


def _expected(noise: FloatArray, fitted: FloatArray) -> float:
    norms = np.linalg.norm(fitted, axis=0)
    total = float(np.sum(noise**2))
    if not norms.any():
        return total
    U, s, _ = np.linalg.svd(fitted[:, norms > 0.0] / norms[norms > 0.0], full_matrices=False)
    basis = U[:, s > 1e-10 * s[0]]
    return total - float(np.sum(_through(noise, basis) ** 2))
