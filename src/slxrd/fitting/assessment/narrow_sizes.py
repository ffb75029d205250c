"""The error of N where sizes are so narrow that χ² hardly depends on it within one plane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.result.derived import NARROW, ONE_STEP, derived_quantities
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.length_terms import length_terms
from slxrd.fitting.search.budget import Budget
from slxrd.parameters.definitions import info

#: σ_N in planes from which on χ² depends smoothly on N.
SMOOTH = 0.6
#: Standard deviation of a number that may lie anywhere within half a plane of another.
WITHIN_ONE_STEP = 12.0**-0.5


def with_estimates(fit: Fit, estimates: Mapping[str, Estimate], minimum: Minimum) -> Fit:
    """Replace the estimates of the parameters, and the derived quantities by those that follow from them."""
    terms = length_terms(fit.objective, minimum)
    derived = derived_quantities(estimates, minimum.values, minimum.covariance, fit.stack, terms)
    return replace(fit, parameters=estimates, derived=derived)


def with_smooth_sizes(fit: Fit, budget: Budget) -> Fit:
    """Take the error of N of a film on a substrate from a wider σ_N that describes the data as well.

    Below half a plane N and σ_N cannot be separated, and the profiles of such a film take long.
    """
    best = fit.minima[0]
    row = best.parameters["sigma_N"]
    if fit.stack.substrate is None or fit.stack.coherent > 1 or not {"N", "sigma_N"} <= set(fit.names):
        return fit
    if fit.parameters["N"].status != "undetermined" or not row.lower < SMOOTH < row.upper:
        return fit
    smooth = minimise(fit.objective, best.parameters.fix(sigma_N=SMOOTH), expired=budget.expired)
    error = smooth.covariance.error("N")
    if smooth.chi2 - best.chi2 > 1.0 or not error:
        return fit
    why = f"error at σ_N = {SMOOTH:g}, which describes the data as well"
    N = Estimate(best.values["N"], error, info("N").unit, "determined", why)
    return with_estimates(fit, {**fit.parameters, "N": N}, best)


def with_other_sizes(fit: Fit, budget: Budget) -> Fit:
    """Take the error of N of a stack on a substrate from χ² one plane away, if the sizes are narrow.

    Within half a plane of a whole number the mean size, and χ², hardly depend on N: the curvature of χ² gives
    an error of many planes, or none.
    """
    best, N = fit.minima[0], fit.parameters["N"]
    if fit.stack.substrate is None or fit.stack.coherent == 1 or "N" not in fit.names:
        return fit
    known = N.error if N.status == "determined" else math.inf if N.status == "undetermined" else None
    if best.values["sigma_N"] >= NARROW or fit.parameters["L"].status == "undetermined":
        return fit
    if known is None or known <= ONE_STEP:
        return fit
    row = best.parameters["N"]
    places = [place for step in (-1.0, 1.0) if row.lower <= (place := best.values["N"] + step) <= row.upper]
    rises = [
        minimise(fit.objective, best.parameters.fix(N=place), expired=budget.expired).chi2 - best.chi2
        for place in places
    ]
    if not rises or min(rises) <= 0.0:
        return fit
    error = max(min(rises) ** -0.5, WITHIN_ONE_STEP)
    if error >= known:
        return fit
    why = "error from χ² of one plane more and fewer"
    N = Estimate(best.values["N"], error, info("N").unit, "determined", why)
    return with_estimates(fit, {**fit.parameters, "N": N}, best)
