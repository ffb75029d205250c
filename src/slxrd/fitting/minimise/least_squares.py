"""Bounded least squares from one start: Objective and Parameters → Minimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slxrd._frozen import FrozenDict
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.problem import correlated, is_compiled, lay_out
from slxrd.fitting.objective.evaluation import Evaluation
from slxrd.fitting.objective.residuals import Objective
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Relative change of χ², of the parameters, and of the gradient at which a refinement stops.
TOLERANCE = 1e-10

#: How often the auxiliary grid is laid anew when a refinement has outgrown it.
_GRIDS = 4

_STOPS = {
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
        The set that was refined.
    names : tuple of str
        The refined parameters.
    vector : ndarray, shape (f,)
        Their values.
    values : mapping
        Values of all parameters.
    evaluation : Evaluation
        The objective there.
    jacobian : ndarray, shape (r + k, f)
        Derivatives of the weighted residuals with respect to the vector, and of the k residuals of
        what is known beforehand, (value − mean)/σ.
    penalty : float
        What the latter add to χ².
    converged : bool
        Whether the refinement ended at a minimum.
    why : str
        Why it stopped.
    n_evaluations : int
        How often the model was calculated.
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
        """Weighted sum of squared residuals, those of what is known beforehand included."""
        return self.evaluation.chi2 + self.penalty


def prior_residuals(parameters: Parameters, values: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
    """Residuals of what is known beforehand, shape (k,), and their derivatives, shape (k, f)."""
    names, priors = parameters.free_names, parameters.priors
    slopes = np.zeros((len(priors), len(names)))
    for row, (name, (_, spread)) in zip(slopes, priors.items(), strict=True):
        row[names.index(name)] = 1.0 / spread
    return np.array([(values[n] - mean) / spread for n, (mean, spread) in priors.items()]), slopes


def prior_chi2(parameters: Parameters, values: Mapping[str, float]) -> float:
    """What is known beforehand of the free parameters adds this to χ²."""
    known, _ = prior_residuals(parameters, values)
    return float(known @ known)


class _Memory:
    """Remembers the last evaluation: the optimiser asks for residual and Jacobian in turn."""

    def __init__(self, objective: Objective, parameters: Parameters) -> None:
        self._objective = objective
        self._parameters = parameters
        self._last: tuple[bytes, Evaluation, FloatArray, FloatArray] | None = None
        self.count = 0

    def at(self, vector: FloatArray) -> tuple[Evaluation, FloatArray, FloatArray]:
        """Return the evaluation, and all residuals and their Jacobian with respect to the vector."""
        key = vector.tobytes()
        if self._last is None or self._last[0] != key:
            values, chain = self._parameters.resolve(vector)
            evaluation = self._objective.evaluate(values)
            known, slopes = prior_residuals(self._parameters, values)
            residual = np.concatenate((evaluation.residual, known))
            self._last = (key, evaluation, residual, np.vstack((evaluation.jacobian @ chain, slopes)))
            self.count += 1
        return self._last[1:]


def minimise(
    objective: Objective, parameters: Parameters, tolerance: float = TOLERANCE, most_evaluations: int = 200
) -> Minimum:
    """Refine the free parameters within their bounds, with the exact Jacobian.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    parameters : Parameters
        With a starting value for every free parameter.
    tolerance : float
        See :data:`TOLERANCE`.
    most_evaluations : int
        The refinement gives up after so many.

    Raises
    ------
    SlxrdError
        If a starting value is missing, or there are fewer points than free parameters.
    """
    names = parameters.free_names
    if objective.n_points < len(names):
        raise SlxrdError(f"{objective.n_points} points cannot determine {len(names)} free parameters")
    memory = _Memory(objective, parameters)
    start = parameters.vector()
    if not names:
        evaluation, _, jacobian = memory.at(start)
        return Minimum(
            parameters, names, start, parameters.resolve(start)[0], evaluation, jacobian, 0.0, True,
            "nothing to refine: every parameter is fixed", memory.count,
        )  # fmt: skip
    if is_compiled(objective, parameters):
        return _compiled(objective, parameters, tolerance, most_evaluations)
    return _by_scipy(parameters, start, memory, tolerance, most_evaluations)


def _by_scipy(
    parameters: Parameters, start: FloatArray, memory: _Memory, tolerance: float, most_evaluations: int
) -> Minimum:
    """Refine by SciPy's trust region: any objective, ties included."""
    from scipy.optimize import least_squares

    names = parameters.free_names
    lower, upper = parameters.limits()
    found = least_squares(
        lambda v: memory.at(v)[1],
        _inside(start, lower, upper),
        jac=lambda v: memory.at(v)[2],
        bounds=(lower, upper),
        x_scale=np.array([info(name).step for name in names]),
        ftol=tolerance,
        xtol=tolerance,
        gtol=tolerance,
        max_nfev=most_evaluations,
    )
    vector = np.asarray(found.x)
    evaluation, residual, jacobian = memory.at(vector)
    penalty = float(residual @ residual) - evaluation.chi2
    values = FrozenDict(parameters.resolve(vector)[0])
    refined = parameters.start(**{name: values[name] for name in names})
    return Minimum(
        refined,
        names,
        vector,
        values,
        evaluation,
        jacobian,
        penalty,
        found.status > 0,
        _STOPS[found.status],
        memory.count,
    )


def _compiled(
    objective: Objective, parameters: Parameters, tolerance: float, most_evaluations: int
) -> Minimum:
    """Refine in compiled code: linear residuals with a free scale."""
    from slxrd.fitting.minimise import compiled as refit

    resolved, _ = parameters.resolve(parameters.vector())
    columns_of = objective.model.names
    found = np.array([resolved[name] for name in columns_of])
    measured = [points.intensity[None, :] for points in objective.data]
    steps = 0
    for _ in range(_GRIDS):
        problem = lay_out(objective, parameters, found[None, :])
        found, _, how, taken = refit.refine(
            found, problem.free, problem.lower, problem.upper, problem.layout, problem.sample,
            problem.targets(measured)[0], *problem.stack, tolerance, most_evaluations,
        )  # fmt: skip
        steps += taken
        if correlated(objective, found.tolist()) <= problem.reach:
            break
    values = FrozenDict(zip(columns_of, found.tolist(), strict=True))
    evaluation = objective.evaluate(values)
    names = parameters.free_names
    columns = [columns_of.index(name) for name in names]
    refined = parameters.start(**{name: values[name] for name in names})
    converged = how == refit.CONVERGED
    why = _STOPS[2 if converged else 0]
    known, slopes = prior_residuals(parameters, values)
    jacobian = np.vstack((evaluation.jacobian[:, columns], slopes))
    penalty = float(known @ known)
    return Minimum(
        refined, names, found[columns], values, evaluation, jacobian, penalty, converged, why, steps
    )


def _inside(start: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Step off the bounds, where the optimiser's first step would be of length zero."""
    margin = 1e-4 * np.minimum(upper - lower, 1.0)
    return np.clip(start, lower + margin, upper - margin)
