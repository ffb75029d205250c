"""A fit with Student-t residuals, which few outlying points hardly influence, beside the fit itself.

With residuals u over σ, −2 ln of the likelihood is Σ (ν + 1) ln(1 + u²/ν). Its minimum is that of weighted
least squares with the weights (ν + 1)/(ν + u²), which are calculated again after each refinement (Lange,
Little and Taylor, J. Am. Stat. Assoc. 1989, 84, 881).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._escape import on_one_line
from slxrd._short_repr import short_repr
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.evaluation import Fitted
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.derived import with_derived
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.parameters.definitions import info
from slxrd.units import FloatArray

#: Usual degrees of freedom, the smallest and the largest; the larger they are, the more normal the residuals.
USUAL, FEWEST, MOST = 4.0, 1.0, 100.0
#: Points below this weight are called outlying.
OUTLYING = 0.25
#: Change in errors from which on a few points decide a value. That of normal noise is 0.3 (root mean square).
DECISIVE = 0.8
#: Change in errors at which the weights have converged, and the largest number of refinements.
_CONVERGED, _MOST_REFINEMENTS = 1e-3, 100
#: Solutions of a rejected fit from which it starts.
_STARTS = 8
#: Derived quantities in the table, with their symbols.
_DERIVED = {"period": "Λ", "thickness": "t"}


@dataclass(frozen=True)
class RobustChange:
    """One quantity in both fits.

    Parameters
    ----------
    name, symbol, unit : str
        Name, symbol and unit of the quantity.
    estimate : Estimate
        Of the fit.
    robust : float
        Value with Student-t residuals.
    change : float or None
        Their difference in errors of the fit; None where the fit has no error.
    """

    name: str
    symbol: str
    unit: str
    estimate: Estimate
    robust: float
    change: float | None


@dataclass(frozen=True)
class OutlyingPoints:
    """Neighbouring points of small weight.

    Parameters
    ----------
    low, high : float
        Range in Å⁻¹.
    count : int
        Number of points.
    above : bool
        Whether most of them lie above the curve.
    """

    low: float
    high: float
    count: int
    above: bool


@short_repr
@dataclass(frozen=True, eq=False)
class RobustComparison:
    """A fit, and its solution with Student-t residuals.

    Parameters
    ----------
    fit : Fit
        The fit.
    degrees_of_freedom : float
        ν of the distribution.
    rows : tuple of RobustChange
        Refined parameters, thickness and period.
    regions : tuple of Fitted
        Curves with Student-t residuals, and residuals over the σ of the fit.
    weights : tuple of ndarray, shape (n,)
        Weight of each point of each region, over that of a point on the curve.
    converged : bool
        Whether the weights have converged.
    """

    fit: Fit
    degrees_of_freedom: float
    rows: tuple[RobustChange, ...]
    regions: tuple[Fitted, ...]
    weights: tuple[FloatArray, ...]
    converged: bool

    @property
    def outlying(self) -> tuple[OutlyingPoints, ...]:
        """Runs of points whose weight is below 0.25."""
        found = []
        for fitted, weights in zip(self.regions, self.weights, strict=True):
            (places,) = np.nonzero(weights < OUTLYING)
            for run in np.split(places, np.nonzero(np.diff(places) > 1)[0] + 1):
                if run.size:
                    q, above = fitted.q[run], float(np.mean(fitted.residual[run] > 0.0)) > 0.5
                    found.append(OutlyingPoints(float(q[0]), float(q[-1]), run.size, above))
        return tuple(found)

    @property
    def largest(self) -> RobustChange | None:
        """The quantity with the largest change in errors; None if none has an error."""
        known = [row for row in self.rows if row.change is not None]
        return max(known, key=lambda row: abs(row.change or 0.0), default=None)

    def __str__(self) -> str:
        pattern = self.fit.pattern
        label = "  [simulated]" if is_simulated(pattern) else ""
        cells = [("", "fit", "Student-t", "change in errors")]
        for row in self.rows:
            estimate, unit = row.estimate, row.unit
            value = "no result" if self.fit.rejected else format_estimate(estimate)
            change = "" if row.change is None else f"{row.change:+.2g}"
            cells.append((row.symbol, value, f"{_rounded(row)} {unit}".rstrip(), change))
        widths = [max(len(cell[i]) for cell in cells) for i in range(4)]
        table = [
            "  " + "  ".join(f"{text:<{wide}}" for text, wide in zip(cell, widths, strict=True)).rstrip()
            for cell in cells
        ]
        lines = [
            f"{on_one_line(pattern.source)}{label}",
            f"Student-t residuals with {self.degrees_of_freedom:g} degrees of freedom, beside the fit",
            "",
            *table,
            "",
            *self._conclusion(),
        ]
        return "\n".join(lines)

    def _conclusion(self) -> list[str]:
        largest, outlying = self.largest, self.outlying
        count, points = sum(run.count for run in outlying), sum(weights.size for weights in self.weights)
        lines = [f"Points with a weight below {OUTLYING:g}: {count} of {points}."]
        for run in sorted(outlying, key=lambda run: -run.count)[:5]:
            side = "above" if run.above else "below"
            place = f"{run.low:.4f}" if run.count == 1 else f"{run.low:.4f} to {run.high:.4f}"
            lines.append(f"  {place} Å⁻¹: {run.count}, {side} the curve")
        advice = "Find out what these points are, and mask them if they are no part of the sample (--mask)."
        if self.fit.rejected:
            lines.append("The fit was rejected, so that no change of a value can be judged.")
            if outlying:
                lines.append(advice)
        elif largest is not None and largest.change is not None:
            size = f"{largest.symbol} changes most, by {abs(largest.change):.2g} of its error"
            few = abs(largest.change) >= DECISIVE
            lines.append(f"{size}: {'few points decide it' if few else 'no few points decide the values'}.")
            if few:
                lines.append(advice)
        if not self.converged:
            lines.append("! the weights have not converged; the values are those of the last refinement")
        return lines

    def as_dictionary(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "file": self.fit.pattern.source,
            "degrees_of_freedom": self.degrees_of_freedom,
            "rows": [
                {
                    "name": row.name, "unit": row.unit, "value": row.estimate.value,
                    "error": row.estimate.error, "status": row.estimate.status, "robust": row.robust,
                    "change": row.change,
                }
                for row in self.rows
            ],
            "outlying": [vars(run) for run in self.outlying],
            "converged": self.converged,
        }  # fmt: skip


def _rounded(row: RobustChange) -> str:
    """Value with Student-t residuals, with two digits of the error of the fit."""
    if not row.estimate.error:
        return f"{row.robust:.5g}"
    decimals = max(1 - math.floor(math.log10(row.estimate.error)), 0)
    return f"{round(row.robust, decimals) + 0.0:.{decimals}f}"


@check_arguments
def compare_robust(fit: Fit, degrees_of_freedom: float = USUAL) -> RobustComparison:
    """Refine a fit again with Student-t residuals, to find out whether few points decide it.

    The refinement starts at the best solution; of a rejected fit at the best eight, among which outlying
    points may have favoured a wrong one. The values are for comparison: they have no errors of their own.
    Systematic effects, the discrepancy of the model and priors are those of the fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    degrees_of_freedom : float
        ν of the distribution, 1 to 100. Points farther from the curve than √ν σ count less and less.

    Raises
    ------
    SlxrdError
        If the degrees of freedom are out of range, nothing was refined, or the residuals are those of the
        2021 program.
    """
    nu = degrees_of_freedom
    if not FEWEST <= nu <= MOST:
        raise SlxrdError(f"degrees of freedom {nu:g}: must be {FEWEST:g} to {MOST:g}; 4 are usual")
    if not fit.names:
        raise SlxrdError("nothing was refined, so there is nothing to compare")
    if fit.settings.objective == "paper2021":
        raise SlxrdError("the residuals of the 2021 program have no distribution; take the linear objective")
    objective = fit.objective
    starts = fit.minima[: _STARTS if fit.rejected else 1]
    refined = [_refined(objective, start, nu) for start in starts]
    minimum, converged = min(refined, key=lambda each: _likelihood(objective, each[0], nu))
    values = np.array([[minimum.values[name] for name in objective.model.names]])
    columns = with_derived(values, fit.stack)
    rows = [
        _row(name, info(name).symbol, info(name).unit, fit.parameters[name], columns)
        for name in fit.names
        if fit.parameters[name].status != "fixed"
    ]
    rows += [
        _row(name, symbol, "Å", fit.derived[name], columns)
        for name, symbol in _DERIVED.items()
        if fit.derived[name].value is not None
    ]
    weights = _weights(objective, minimum, nu)
    highest = (nu + 1.0) / nu
    return RobustComparison(
        fit,
        nu,
        tuple(rows),
        _curves(objective, minimum),
        tuple(each / highest for each in weights),
        converged,
    )


def _refined(objective: Objective, start: Minimum, nu: float) -> tuple[Minimum, bool]:
    """Refine until the weights no longer change, and return whether they do not."""
    minimum = start
    for _ in range(_MOST_REFINEMENTS):
        again = minimise(_weighted(objective, _weights(objective, minimum, nu)), minimum.parameters)
        errors = [again.covariance.error(name) or info(name).step for name in again.names]
        steps = np.abs(again.vector - minimum.vector) / np.array(errors)
        minimum = again
        if np.all(steps < _CONVERGED):
            return minimum, True
    return minimum, False


def _likelihood(objective: Objective, minimum: Minimum, nu: float) -> float:
    """−2 ln of the likelihood of Student-t residuals, up to a constant."""
    return sum(
        float(np.sum((nu + 1.0) * np.log1p(curve.residual**2 / nu))) for curve in _curves(objective, minimum)
    )


def _curves(objective: Objective, minimum: Minimum) -> tuple[Fitted, ...]:
    """Curves of a minimum, with residuals over the σ of the fit."""
    return tuple(
        replace(curve, sigma=points.sigma, residual=curve.residual * (curve.sigma / points.sigma))
        for curve, points in zip(minimum.evaluation.regions, objective.data, strict=True)
    )


def _weights(objective: Objective, minimum: Minimum, nu: float) -> list[FloatArray]:
    return [(nu + 1.0) / (nu + curve.residual**2) for curve in _curves(objective, minimum)]


def _weighted(objective: Objective, weights: list[FloatArray]) -> Objective:
    data = [
        replace(points, sigma=points.sigma / np.sqrt(each), per_count=None, relative=0.0, base=None)
        for points, each in zip(objective.data, weights, strict=True)
    ]
    return Objective(objective.model, data, objective.settings, objective.lengths)


def _row(
    name: str, symbol: str, unit: str, estimate: Estimate, columns: Mapping[str, FloatArray]
) -> RobustChange:
    robust = float(columns[name][0])
    change = None
    if estimate.error and estimate.value is not None:
        change = (robust - estimate.value) / estimate.error
    return RobustChange(name, symbol, unit, estimate, robust, change)
