"""Error budget from the covariance of the points.

With the Jacobian J of the whitened residuals and the whitening W, errors e of the points over σ move the
parameters by (JᵀJ)⁻¹·Jᵀ·W·e. Their covariance is the sum of what the noise and each row of the correlated
errors contribute by this.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.whitening import weighted_sigma, whiten
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.error_budget import Contribution, ErrorBudget
from slxrd.fitting.systematics.covariance import SystematicErrors, independent_regions
from slxrd.fitting.systematics.settings import DISCREPANCY
from slxrd.units import FloatArray

#: Difference of a parameter for the derivatives of derived quantities, in its standard deviations.
_STEP = 1e-3
#: Name of the contribution of systematic residuals by which errors are widened, and what makes it smaller.
WIDENING, _BETTER_MODEL = "systematic_residuals", "find a model that describes the residuals"


def error_budget(
    objective: Objective, minimum: Minimum, errors: SystematicErrors, widening: float = 1.0
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

    def spread(moved: FloatArray) -> dict[str, float]:
        return {name: float(np.linalg.norm(slope @ moved)) for name, slope in slopes.items()}

    def contributed(rows: Sequence[FloatArray]) -> dict[str, float]:
        return spread(gain @ np.concatenate(rows, axis=1).T)

    statistical = spread(gain * np.concatenate([points.sigma for points in objective.data]))
    parts = [
        Contribution(
            each.effect.name,
            each.effect.label,
            each.prior,
            each.effect.unit,
            contributed(each.rows),
            each.effect.remedy,
        )
        for each in errors.effects
    ]
    if errors.discrepancy is not None:
        of_model = contributed(independent_regions(errors.discrepancy.rows))
        label = "discrepancy of the model"
        parts.append(Contribution(DISCREPANCY, label, math.nan, "", of_model, _BETTER_MODEL))
    if widening > 1.0 and not parts:
        excess = math.sqrt(widening**2 - 1.0)
        widened = {name: excess * error for name, error in statistical.items()}
        parts.append(Contribution(WIDENING, "systematic residuals", math.nan, "", widened, _BETTER_MODEL))
    total = {
        name: math.hypot(statistical[name], *(part.errors[name] for part in parts)) for name in statistical
    }
    return ErrorBudget(statistical, tuple(parts), total)


def _slopes(
    minimum: Minimum, names: Sequence[str], spreads: FloatArray, objective: Objective
) -> Mapping[str, FloatArray]:
    """Derivatives of parameters and derived quantities with respect to the parameters that have errors."""
    of_stack = objective.model.names
    values = np.array([minimum.values[name] for name in of_stack])
    points = np.tile(values, (2 * len(names), 1))
    for k, (name, spread) in enumerate(zip(names, spreads.tolist(), strict=True)):
        points[2 * k, of_stack.index(name)] -= _STEP * spread
        points[2 * k + 1, of_stack.index(name)] += _STEP * spread
    return {
        name: (column[1::2] - column[::2]) / (2.0 * _STEP * spreads)
        for name, column in with_derived(points, objective.model.stack).items()
        if np.ptp(column) > 0.0
    }
