"""Intervals of weakly determined parameters from the profile of χ²."""

from __future__ import annotations

import math
from dataclasses import replace

from slxrd.fitting.minimise.covariance import noise_scale
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.fit import Estimate

#: Parameters whose value is less than so many errors have intervals from the profile.
WEAK = 8.0
#: Rise of χ² at the ends of intervals of 68 and 95 %.
RISE_68, RISE_95 = 1.0, 3.84
#: Precision of an end, and the farthest one that is tried, in errors.
_PRECISION, _FARTHEST = 0.03, 30.0


def with_intervals(objective: Objective, best: Minimum, name: str, estimate: Estimate) -> Estimate:
    """Add intervals of 68 and 95 % to an estimate that is determined, but weakly.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    best : Minimum
        The best minimum.
    name : str
        The parameter.
    estimate : Estimate
        Its value and error.
    """
    value, error = estimate.value, estimate.error
    if estimate.status != "determined" or value is None or not error or value > WEAK * error:
        return estimate
    narrow, wide = (
        (
            profile_end(objective, best, name, -error, rise),
            profile_end(objective, best, name, error, rise),
        )
        for rise in (RISE_68, RISE_95)
    )
    return replace(estimate, interval_68=(narrow,), interval_95=(wide,))


def profile_end(objective: Objective, best: Minimum, name: str, step: float, rise: float) -> float:
    """Find where χ², with everything else refined, has risen by this much; at most the bound.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    best : Minimum
        The best minimum.
    name : str
        The parameter.
    step : float
        Its error, negative to go down.
    rise : float
        Rise of χ².
    """
    from scipy.optimize import brentq

    row, value = best.parameters[name], best.values[name]
    bound = row.upper if step > 0.0 else row.lower
    target = math.sqrt(rise * noise_scale(best, name))

    def above(x: float) -> float:
        if x == value:
            return -target
        chi2 = minimise(objective, best.parameters.fix(**{name: x}), tolerance=1e-6).chi2
        return math.sqrt(max(chi2 - best.chi2, 0.0)) - target

    inner, outer = value, value
    for count in (1.2, 2.5, 5.0, 10.0, _FARTHEST):
        inner, outer = outer, value + count * step * math.sqrt(rise)
        outer = min(outer, bound) if step > 0.0 else max(outer, bound)
        if above(outer) > 0.0:
            return float(brentq(above, inner, outer, xtol=_PRECISION * abs(step)))
        if outer == bound:
            break
    return outer
