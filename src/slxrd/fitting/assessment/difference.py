"""Difference from another fit as a part of the errors.

Where a model does not describe the data to their noise, the effects and the discrepancy can follow what they
do not stand for, and move the parameters with them; an effect of unusual size is more than its derivative
describes. Which of the two fits is nearer to the sample is not known, so that their difference is a standard
deviation by itself. The same holds for the distance of planes where single crystals describe a pattern as
well as stacks: the peaks of a stack are beside 2π/d.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd.fitting.assessment.determination import TWO_SIDED_95
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.ensemble import Pieces
from slxrd.fitting.result.error_budget import Contribution, ErrorBudget
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.parameters.definitions import info

#: Name of the contribution to the error budget.
DIFFERENCE = "without_effects"
_LABEL = "difference from the fit without effects"
_REMEDY = "find a model that describes the residuals"
#: The same for the distance of planes of stacks and of single crystals.
OTHER_LATTICE = "single_crystals"
_LABEL_OF_LATTICE = "difference between stacks and single crystals"
_REMEDY_OF_LATTICE = "a pattern that shows whether the crystals are stacked"


def with_difference(fit: Fit, plain: Sequence[Minimum]) -> Fit:
    """Add the difference from the nearest solution without systematic effects to the errors of a fit.

    Intervals become wider by the same factor, within the bounds of a parameter.

    Parameters
    ----------
    fit : Fit
        A fit with systematic effects.
    plain : sequence of Minimum
        The solutions without them.
    """
    best = fit.minima[0]
    names = fit.stack.names
    nearest = min(plain, key=lambda minimum: _distance(fit, minimum))
    rows = np.array([[minimum.values[name] for name in names] for minimum in (best, nearest)])
    columns = with_derived(rows, fit.stack)
    columns["period_of_most_probable"] = (round(best.values["N"]) - 1.0) * columns["d"] + columns["L"]
    differences = {name: float(np.ptp(column)) for name, column in columns.items()}
    budget = fit.budget
    if budget is not None:
        budget = _with_contribution(budget, differences, DIFFERENCE, _LABEL, _REMEDY)
    own, other = (np.array([minimum.values[name] for name in fit.names]) for minimum in (best, nearest))
    covariance = fit.covariance + np.outer(other - own, other - own)
    spread = np.sqrt(np.diag(covariance))
    return replace(
        fit,
        parameters=_wider(fit.parameters, differences, best),
        derived=_wider(fit.derived, differences, best),
        covariance=covariance,
        correlation=covariance / np.outer(spread, spread),
        budget=budget,
    )


def with_other_lattices(fit: Fit, distances: Sequence[float]) -> Fit:
    """Add the distances of planes of other structures that describe the pattern as well to the error of d.

    Parameters
    ----------
    fit : Fit
        A fit of a stack that may be single crystals.
    distances : sequence of float
        Values of d, of stacks and of single crystals, in Å.
    """
    estimate = fit.parameters["d"]
    if estimate.value is None or not estimate.error or "d" not in fit.names:
        return fit
    differences = {"d": max(abs(d - estimate.value) for d in distances)}
    covariance = fit.covariance.copy()
    column = fit.names.index("d")
    covariance[column, column] += differences["d"] ** 2
    spread = np.sqrt(np.diag(covariance))
    budget = fit.budget
    if budget is not None:
        budget = _with_contribution(budget, differences, OTHER_LATTICE, _LABEL_OF_LATTICE, _REMEDY_OF_LATTICE)
    return replace(
        fit,
        parameters={**fit.parameters, **_wider({"d": estimate}, differences, fit.minima[0])},
        covariance=covariance,
        correlation=covariance / np.outer(spread, spread),
        budget=budget,
    )


def _distance(fit: Fit, minimum: Minimum) -> float:
    """Distance from the best solution of the fit, in errors."""
    scales = {name: fit.parameters[name].error or info(name).step for name in fit.names}
    return math.hypot(
        *((minimum.values[name] - fit.minima[0].values[name]) / scale for name, scale in scales.items())
    )


def _wider(
    estimates: Mapping[str, Estimate], differences: Mapping[str, float], best: Minimum
) -> dict[str, Estimate]:
    wider = {}
    for name, estimate in estimates.items():
        wider[name] = estimate
        difference = differences.get(name)
        if estimate.status not in ("determined", "ambiguous") or not estimate.error or not difference:
            continue
        error = math.hypot(estimate.error, difference)
        ends = (-math.inf, math.inf)
        if name in best.parameters:
            ends = (best.parameters[name].lower, best.parameters[name].upper)
        value, statistical = estimate.value or 0.0, estimate.statistical
        if estimate.status == "determined":
            factor = error / estimate.error
            intervals = [
                _stretched(pieces, value, factor, ends)
                for pieces in (estimate.interval_68, estimate.interval_95)
            ]
        else:  # the values of the other solutions are as uncertain
            intervals = [
                _enlarged(estimate.interval_68, difference, ends),
                _enlarged(estimate.interval_95, TWO_SIDED_95 * difference, ends),
            ]
        wider[name] = replace(
            estimate,
            error=error,
            interval_68=intervals[0],
            interval_95=intervals[1],
            systematic=None if statistical is None else math.sqrt(max(error**2 - statistical**2, 0.0)),
        )
    return wider


def _stretched(pieces: Pieces, value: float, factor: float, ends: tuple[float, float]) -> Pieces:
    """Stretch intervals about the value, within the bounds."""
    return tuple(
        (max(value + factor * (low - value), ends[0]), min(value + factor * (high - value), ends[1]))
        for low, high in pieces
    )


def _enlarged(pieces: Pieces, margin: float, ends: tuple[float, float]) -> Pieces:
    """Enlarge the half width of each piece by a margin, in squares, and join those that then overlap."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(pieces):
        middle, half = 0.5 * (low + high), math.hypot(0.5 * (high - low), margin)
        low, high = max(middle - half, ends[0]), min(middle + half, ends[1])
        if joined and low <= joined[-1][1]:
            low, high = joined[-1][0], max(high, joined.pop()[1])
        joined.append((low, high))
    return tuple(joined)


def _with_contribution(
    budget: ErrorBudget, differences: Mapping[str, float], name: str, label: str, remedy: str
) -> ErrorBudget:
    def together(errors: Mapping[str, float]) -> dict[str, float]:
        return {name: math.hypot(error, differences.get(name, 0.0)) for name, error in errors.items()}

    own = {name: differences.get(name, 0.0) for name in budget.total}
    parts = [replace(part, without=together(part.without)) for part in budget.contributions]
    parts.append(Contribution(name, label, math.nan, "", own, budget.total, remedy))
    return ErrorBudget(budget.statistical, tuple(parts), together(budget.total))
