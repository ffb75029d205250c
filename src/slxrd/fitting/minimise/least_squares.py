"""Bounded least squares from one start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from slxrd import _least_squares
from slxrd._cached import cached_property
from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.covariance import Covariance, covariance
from slxrd.fitting.minimise.problem import correlated, is_compiled, prepare_problem, steps_at_once
from slxrd.fitting.objective.evaluation import Evaluation
from slxrd.fitting.objective.residuals import Objective
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Relative change of χ², of the parameters, and of the gradient at which a refinement stops.
TOLERANCE = 1e-10
#: The same for a refinement that is followed by another one, with other noise or background.
INTERMEDIATE_TOLERANCE = 1e-6

#: Largest number of extensions of the auxiliary grid, if a refinement needs a longer one.
_GRIDS = 4

_STOPS = {
    -1: "the time budget ended before the fit converged",
    0: "the largest number of evaluations was reached before the fit converged",
    1: "converged: the gradient is zero",
    2: "converged: χ² no longer changes",
    3: "converged: the parameters no longer change",
    4: "converged: neither χ² nor the parameters change",
}


@dataclass(frozen=True)
class Minimum:
    """A local minimum of χ².

    Parameters
    ----------
    parameters : Parameters
        Parameters of the refinement, with bounds and ties.
    names : tuple of str
        The refined parameters.
    vector : ndarray, shape (f,)
        Their values.
    values : mapping
        Values of all parameters.
    evaluation : Evaluation
        Residuals and derivatives at the minimum.
    jacobian : ndarray, shape (r + k, f)
        Derivatives of the weighted residuals with respect to the vector, and of the k residuals of the
        Gaussian priors, (value − mean)/σ.
    penalty : float
        χ² of the priors.
    converged : bool
        Whether the refinement ended at a minimum.
    why : str
        Why the refinement stopped.
    n_evaluations : int
        Number of evaluations of the model.
    """

    parameters: Parameters
    names: tuple[str, ...]
    vector: FloatArray
    values: Mapping[str, float]
    evaluation: Evaluation
    jacobian: FloatArray
    penalty: float
    converged: bool
    why: str
    n_evaluations: int

    @property
    def chi2(self) -> float:
        """Weighted sum of squared residuals, including those of the priors."""
        return self.evaluation.chi2 + self.penalty

    @cached_property
    def covariance(self) -> Covariance:
        """Covariance of the refined parameters."""
        return covariance(self)


def prior_residuals(parameters: Parameters, values: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
    """Residuals of the Gaussian priors, shape (k,), and their derivatives, shape (k, f)."""
    names, priors = parameters.free_names, parameters.priors
    slopes = np.zeros((len(priors), len(names)))
    for row, (name, (_, spread)) in zip(slopes, priors.items(), strict=True):
        row[names.index(name)] = 1.0 / spread
    return np.array([(values[n] - mean) / spread for n, (mean, spread) in priors.items()]), slopes


def prior_chi2(parameters: Parameters, values: Mapping[str, float]) -> float:
    """χ² of the Gaussian priors of the free parameters."""
    known, _ = prior_residuals(parameters, values)
    return float(known @ known)


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """Evaluation at one vector of free parameters, with the residuals of the priors."""

    evaluation: Evaluation
    residual: FloatArray
    jacobian: FloatArray


def _evaluate(objective: Objective, parameters: Parameters, vector: FloatArray) -> _Evaluated:
    values, chain = parameters.resolve(vector)
    evaluation = objective.evaluate(values)
    known, slopes = prior_residuals(parameters, values)
    residual = np.concatenate((evaluation.residual, known))
    return _Evaluated(evaluation, residual, np.vstack((evaluation.jacobian @ chain, slopes)))


def reevaluated(minimum: Minimum, objective: Objective) -> Minimum:
    """Return a minimum with the residuals and derivatives of another objective at the same parameters."""
    at = _evaluate(objective, minimum.parameters, minimum.vector)
    return replace(minimum, evaluation=at.evaluation, jacobian=at.jacobian)


def minimise(
    objective: Objective,
    parameters: Parameters,
    tolerance: float = TOLERANCE,
    most_evaluations: int = 200,
    expired: Callable[[], bool] | None = None,
) -> Minimum:
    """Refine the free parameters within their bounds, with the exact Jacobian.

    Parameters
    ----------
    objective : Objective
        The function to minimise.
    parameters : Parameters
        Parameters with a starting value for every free one.
    tolerance : float
        See :data:`TOLERANCE`.
    most_evaluations : int
        Largest number of evaluations.
    expired : callable, optional
        Called several times a second; the refinement ends where it is if it returns True, and with an
        exception that it raises.

    Raises
    ------
    SlxrdError
        If a starting value is missing, or there are fewer points than free parameters.
    """
    names = parameters.free_names
    if objective.n_points < len(names):
        raise SlxrdError(f"{objective.n_points} points cannot determine {len(names)} free parameters")
    start = parameters.vector()
    if not names:
        at = _evaluate(objective, parameters, start)
        return Minimum(
            parameters, names, start, parameters.resolve(start)[0], at.evaluation, at.jacobian, 0.0, True,
            "nothing to refine: every parameter is fixed", 1,
        )  # fmt: skip
    if is_compiled(objective, parameters):
        return _compiled(objective, parameters, tolerance, most_evaluations, expired)
    return _by_scipy(objective, parameters, start, tolerance, most_evaluations, expired)


def _by_scipy(
    objective: Objective,
    parameters: Parameters,
    start: FloatArray,
    tolerance: float,
    most_evaluations: int,
    expired: Callable[[], bool] | None,
) -> Minimum:
    """Refine with the trust-region algorithm of SciPy, for any objective and ties."""
    names = parameters.free_names
    lower, upper = parameters.limits()

    found = _least_squares.minimise(
        lambda vector: _evaluate(objective, parameters, vector),
        _inside(start, lower, upper),
        lower,
        upper,
        scale=np.array([info(name).step for name in names]),
        ftol=tolerance,
        xtol=tolerance,
        gtol=tolerance,
        most_evaluations=most_evaluations,
        expired=expired,
    )
    at = found.state
    values = FrozenDict(parameters.resolve(found.x)[0])
    return Minimum(
        parameters.start(**{name: values[name] for name in names}),
        names,
        found.x,
        values,
        at.evaluation,
        at.jacobian,
        float(at.residual @ at.residual) - at.evaluation.chi2,
        found.status > 0,
        _STOPS[found.status],
        found.n_evaluations,
    )


def _compiled(
    objective: Objective,
    parameters: Parameters,
    tolerance: float,
    most_evaluations: int,
    expired: Callable[[], bool] | None,
) -> Minimum:
    """Refine in compiled code: linear residuals with a free scale."""
    from slxrd.fitting.minimise import compiled as refit

    resolved, _ = parameters.resolve(parameters.vector())
    columns_of = objective.model.names
    found = np.array([resolved[name] for name in columns_of])
    measured = [points.intensity[None, :] for points in objective.data]
    steps = 0
    for _ in range(_GRIDS):
        problem = prepare_problem(objective, parameters, found[None, :])
        portion = most_evaluations if expired is None else steps_at_once(problem, found[None, :])
        for done in range(0, most_evaluations, portion):
            if expired is not None and expired() and steps:
                break
            values_, _, how, _, taken = refit.refine_many(
                problem, found[None, :], problem.targets(measured), tolerance,
                min(portion, most_evaluations - done),
            )  # fmt: skip
            found = values_[0]
            steps += int(taken[0])
            if how[0] != refit.OUT_OF_STEPS:
                break
        if correlated(objective, found[None, :])[0] <= problem.reach or (expired is not None and expired()):
            break
    values = FrozenDict(zip(columns_of, found.tolist(), strict=True))
    evaluation = objective.evaluate(values)
    names = parameters.free_names
    columns = [columns_of.index(name) for name in names]
    refined = parameters.start(**{name: values[name] for name in names})
    converged = bool(how[0] == refit.CONVERGED)
    over = expired is not None and expired()
    why = _STOPS[2 if converged else -1 if over else 0]
    known, slopes = prior_residuals(parameters, values)
    jacobian = np.vstack((evaluation.jacobian[:, columns], slopes))
    penalty = float(known @ known)
    return Minimum(
        refined, names, found[columns], values, evaluation, jacobian, penalty, converged, why, steps
    )


def _inside(start: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Move starts off the bounds, where the first step of the optimiser would have length zero."""
    margin = 1e-4 * np.minimum(upper - lower, 1.0)
    return np.clip(start, lower + margin, upper - margin)
