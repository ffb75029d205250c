"""Error budget from the covariance of the points.

With the Jacobian J of the whitened residuals and the whitening W, errors e of the points over σ move the
parameters by (JᵀJ)⁻¹·Jᵀ·W·e. Their covariance is the sum of what the noise and each row of the correlated
errors contribute by this.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.whitening import weighted_sigma, whiten
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.error_budget import Contribution, ErrorBudget
from slxrd.fitting.systematics.covariance import SystematicErrors, independent_regions
from slxrd.fitting.systematics.settings import DISCREPANCY, ZERO_ERROR
from slxrd.parameters.definitions import info
from slxrd.units import FloatArray

#: Difference of a parameter for the derivatives of derived quantities, in its standard deviations.
_STEP = 1e-3
#: Name of the contribution of systematic residuals by which errors are widened, and what makes it smaller.
WIDENING, _BETTER_MODEL = "systematic_residuals", "find a model that describes the residuals"


def error_budget(
    objective: Objective,
    minimum: Minimum,
    errors: SystematicErrors,
    widening: float = 1.0,
    *,
    noise: float = 1.0,
) -> ErrorBudget | None:
    """Divide the errors of a fit among noise and systematic effects.

    Parameters
    ----------
    objective : Objective
        Residuals with the correlated errors.
    minimum : Minimum
        The best minimum of its χ².
    errors : SystematicErrors
        The correlated errors.
    widening : float
        Factor by which all errors are multiplied; without correlated errors it is a contribution by itself.
    noise : float
        Factor of σ in the objective, for systematic residuals, which are a contribution.

    Returns
    -------
    ErrorBudget or None
        None if no parameter has an error.
    """
    covariance = minimum.covariance
    known = [i for i, name in enumerate(covariance.names) if name not in covariance.why_not]
    if not known:
        return None
    names = [covariance.names[i] for i in known]
    slopes = _slopes(minimum, names, np.sqrt(np.diag(covariance.matrix)[known]), objective)
    steep = np.linalg.norm(minimum.jacobian[:, known], axis=0)
    scaled = minimum.jacobian[:, known] / steep
    inverse = np.linalg.pinv(scaled.T @ scaled, hermitian=True) / np.outer(steep, steep)
    sigma = np.concatenate([weighted_sigma(points) for points in objective.data])
    gain = inverse @ whiten(minimum.jacobian[: sigma.size, known].T, objective.whitening) / sigma

    def spread(moved: FloatArray, direct: Mapping[str, float] | None = None) -> dict[str, float]:
        """Errors by errors of the points and changes of the lengths themselves (residuals are −f)."""
        return {
            name: float(np.linalg.norm(slope @ moved + (direct or {}).get(name, 0.0)))
            for name, slope in slopes.items()
        }

    statistical = spread(gain * np.concatenate([points.sigma for points in objective.data]))
    rows = [np.concatenate(each.rows, axis=1) for each in errors.effects]
    if errors.discrepancy is not None:
        rows.append(np.concatenate(independent_regions(errors.discrepancy.rows), axis=1))
    priors = {names.index(name): name for name in minimum.parameters.priors if name in names}
    own: list[Mapping[str, float]] = [each.lengths for each in errors.effects]
    own += [{}] * (len(rows) - len(own))
    contributed = [spread(gain @ each.T, direct) for each, direct in zip(rows, own, strict=True)]
    contributed += [spread(inverse[:, [i]] * steepness) for i, steepness in _prior_slopes(minimum, priors)]
    total = {
        name: math.hypot(error, *(part[name] for part in contributed)) for name, error in statistical.items()
    }
    without = [
        {name: factor * total[name] for name, factor in factors.items()}
        for factors in _factors_without(
            objective, minimum, known, slopes, [each / sigma for each in rows], own, list(priors)
        )
    ]
    effects = [each.effect for each in errors.effects]
    parts = [
        Contribution(effect.name, effect.label, each.prior, effect.unit, part, rest, effect.remedy)
        for effect, each, part, rest in zip(effects, errors.effects, contributed, without, strict=False)
    ]
    if errors.discrepancy is not None:
        label = "discrepancy of the model"
        i = len(errors.effects)
        parts.append(
            Contribution(DISCREPANCY, label, math.nan, "", contributed[i], without[i], _BETTER_MODEL)
        )
    for part, rest, name in zip(contributed[len(rows) :], without[len(rows) :], priors.values(), strict=True):
        parts.append(_of_prior(name, minimum.parameters.priors[name][1], part, rest))
    if noise > 1.0:  # which is part of σ
        parts.append(_of_residuals(statistical, total, noise))
        statistical = {name: error / noise for name, error in statistical.items()}
    elif widening > 1.0 and not parts:
        total = {name: widening * error for name, error in statistical.items()}
        parts.append(_of_residuals(total, total, widening))
    return ErrorBudget(statistical, tuple(parts), total)


def _of_residuals(widened: Mapping[str, float], total: Mapping[str, float], factor: float) -> Contribution:
    """Contribution of systematic residuals, by which the errors of the noise are multiplied by a factor."""
    share = math.sqrt(1.0 - factor**-2)
    errors = {name: share * error for name, error in widened.items()}
    rest = {name: math.sqrt(max(total[name] ** 2 - error**2, 0.0)) for name, error in errors.items()}
    return Contribution(WIDENING, "systematic residuals", math.nan, "", errors, rest, _BETTER_MODEL)


def _prior_slopes(minimum: Minimum, priors: Mapping[int, str]) -> list[tuple[int, float]]:
    """Columns of the parameters with priors, and the derivatives of their residuals."""
    return [(i, 1.0 / minimum.parameters.priors[name][1]) for i, name in priors.items()]


def _of_prior(
    name: str, spread: float, errors: Mapping[str, float], without: Mapping[str, float]
) -> Contribution:
    """Contribution of the prior of a parameter."""
    row = info(name)
    if name == "q_zero":
        remedy = "measure a second order, or a standard, which determine q₀"
        return Contribution(ZERO_ERROR, "zero error q₀", spread, row.unit, errors, without, remedy)
    return Contribution(f"prior_{name}", f"prior of {row.symbol}", spread, row.unit, errors, without)


def _factors_without(
    objective: Objective,
    minimum: Minimum,
    known: Sequence[int],
    slopes: Mapping[str, FloatArray],
    rows: Sequence[FloatArray],
    lengths: Sequence[Mapping[str, float]],
    exact: Sequence[int],
) -> list[dict[str, float]]:
    """Factors of the errors if one set of rows over σ were left out, or a parameter known, and fitted again.

    The sizes of all effects are explicit parameters here, with priors of 1, by which ``lengths`` change as
    well. ``exact`` are the columns of the parameters that become known one by one.
    """
    if not rows and not exact:
        return []
    plain = objective.with_correlated([None] * len(objective.data)).evaluate(minimum.values)
    columns = [objective.model.names.index(minimum.names[i]) for i in known]
    linear = np.linalg.qr(plain.nuisance)[0]
    sizes = np.concatenate([*rows, np.zeros((0, len(plain.residual)))])
    sizes = sizes - (sizes @ linear) @ linear.T
    priors = minimum.jacobian[len(plain.residual) :, known]
    J = np.vstack([plain.jacobian[:, columns], priors])
    J = np.hstack([J, np.vstack([-sizes.T, np.zeros((len(priors), len(sizes)))])])
    steep = np.linalg.norm(J, axis=0)
    steep[len(known) :] = 1.0
    H = (J / steep).T @ (J / steep)
    H[len(known) :, len(known) :] += np.eye(len(sizes))
    ends = np.cumsum([len(known), *(len(each) for each in rows)])
    joint = {name: np.concatenate([slope, np.zeros(len(sizes))]) for name, slope in slopes.items()}
    for first, direct in zip(ends.tolist(), lengths, strict=False):
        for name, change in direct.items():
            if name in joint:
                joint[name][first] = change

    def spreads(left: NDArray[np.bool_]) -> dict[str, float]:
        C = np.zeros((len(H), len(H)))
        C[np.ix_(left, left)] = np.linalg.pinv(H[np.ix_(left, left)], hermitian=True)
        C = C / np.outer(steep, steep)
        return {name: math.sqrt(max(float(slope @ C @ slope), 0.0)) for name, slope in joint.items()}

    everything = np.ones(len(H), dtype=np.bool_)
    whole, found = spreads(everything), []
    for first, end in [*pairwise(ends.tolist()), *((i, i + 1) for i in exact)]:
        left = everything.copy()
        left[first:end] = False
        rest = spreads(left)
        found.append({name: rest[name] / whole[name] for name in slopes})
    return found


def _slopes(
    minimum: Minimum, names: Sequence[str], spreads: FloatArray, objective: Objective
) -> Mapping[str, FloatArray]:
    """Derivatives of parameters and derived quantities with respect to the parameters that have errors."""
    of_stack = objective.model.names
    values = np.array([minimum.values[name] for name in of_stack])
    points = np.tile(values, (2 * len(names), 1))
    steps = np.empty(len(names))
    for k, (name, spread) in enumerate(zip(names, spreads.tolist(), strict=True)):
        # The error of what the data do not determine may be far larger than what is physically possible.
        row, i = minimum.parameters[name], of_stack.index(name)
        points[2 * k, i] = max(values[i] - _STEP * spread, min(row.lower, values[i]))
        points[2 * k + 1, i] = min(values[i] + _STEP * spread, max(row.upper, values[i]))
        steps[k] = points[2 * k + 1, i] - points[2 * k, i]
    return {
        name: (column[1::2] - column[::2]) / steps
        for name, column in with_derived(points, objective.model.stack).items()
        if np.ptp(column) > 0.0
    }
