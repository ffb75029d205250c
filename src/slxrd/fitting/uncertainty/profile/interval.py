"""Confidence intervals and limits of a parameter from its profile likelihood.

Where χ² is that of measured points with weights of 1, it rises by 1 above its minimum at the ends of
the 68 % interval and by 3.84 at those of the 95 % interval. A weight w of a region multiplies its part of χ²,
but does not change its noise. The rise is then multiplied by C_ii/(H⁻¹)_ii at the minimum, where C is the
covariance of :mod:`slxrd.fitting.minimise.covariance`, and H⁻¹ that for weights that are inverse variances.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.covariance import noise_scale, on_bound
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.scan import NO_FRINGES
from slxrd.fitting.uncertainty.limits import ONE_SIDED_95
from slxrd.fitting.uncertainty.profile.constrained import ProfiledChi2, shows_fringes
from slxrd.parameters.definitions import STACKING, info

#: Ends of intervals are found to this fraction of their half-width.
PRECISION = 0.005
#: If χ² is lower than that of the fit by more than this, the fit has missed a solution.
MISSED = 0.05
#: If it is lower by more than this, relative to the rise at one standard deviation, the fit is repeated.
WORTH_REPEATING = 0.5
NO_FRINGES_DETECTED = "the pattern shows no fringes"


class MissedSolutionError(Exception):
    """The profile of a fit, or its posterior, contains a lower χ² than the fit.

    Parameters
    ----------
    values : mapping of str to float
        Values of all parameters where it is lowest.
    """

    def __init__(self, values: Mapping[str, float]) -> None:
        super().__init__("the fit has missed a solution")
        self.values = dict(values)


@dataclass(frozen=True)
class Interval:
    """Interval of a parameter in which the profile of χ² stays below a threshold.

    Parameters
    ----------
    name : str
        The parameter.
    level : float
        Probability, such as 0.68.
    rise : float
        Rise of χ² at the ends, scaled for the weights.
    value : float
        Value at the minimum.
    lower, upper : float or None
        Outermost ends in the unit of the parameter; None if χ² stays below the threshold up to the bound.
    pieces : tuple of (float or None, float or None)
        Intervals around the solutions, increasing; those that touch are joined.
    refinements : int
        Number of refinements.
    note : str
        Remark on the interval.
    """

    name: str
    level: float
    rise: float
    value: float
    lower: float | None
    upper: float | None
    pieces: tuple[tuple[float | None, float | None], ...]
    refinements: int
    note: str = ""


def rise_at(level: float) -> float:
    """Rise of χ² at the ends of a two-sided interval, with weights of 1; 1 for level 0.68.

    Raises
    ------
    SlxrdError
        If the level is not between 0 and 1.
    """
    from scipy.special import chdtri

    if not 0.0 < level < 1.0:
        raise SlxrdError(f"level {level!r}: must be between 0 and 1, such as 0.68 or 0.95")
    return 1.0 if level == 0.68 else float(chdtri(1, 1.0 - level))


def interval(fit: Fit, name: str, level: float = 0.68) -> Interval:
    """Calculate the interval of a parameter from its profile likelihood, around every solution.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name : str
        A refined parameter.
    level : float
        Probability.

    Raises
    ------
    SlxrdError
        If the parameter was not refined or the level is not a probability.
    """
    rise, scale = rise_at(level), noise_scale(fit.minima[0], name)
    profiled, value = ProfiledChi2(fit, name), fit.minima[0].values[name]
    if name in STACKING and not shows_fringes(fit):
        least = None if name == "L" else _least_disorder(profiled, rise, scale)
        pieces: tuple[tuple[float | None, float | None], ...] = ((least, None),)
        note = NO_FRINGES_DETECTED
    else:
        pieces = _pieces(profiled, rise, scale)
        note = _note(profiled)
    lower, upper = pieces[0][0], pieces[-1][1]
    return Interval(name, level, rise * scale, value, lower, upper, pieces, profiled.refinements, note)


def estimate_from_profile(
    fit: Fit, name: str, budget: Budget | None = None, *, repeatable: bool = False
) -> Estimate:
    """Estimate a parameter from its profile likelihood.

    Parameters
    ----------
    fit : Fit
        The fit, with all its solutions.
    name : str
        A refined parameter.
    budget : Budget, optional
        Time budget; none by default.
    repeatable : bool
        Whether an error is raised if the profile contains a lower χ² than the fit; otherwise the estimate
        states where.

    Returns
    -------
    Estimate
        Determined if χ² rises by 2.71 on both sides of all solutions before the bounds: the best value,
        half the width of its 68 % interval as the error, and in ``why`` this interval and those of other
        solutions. A lower or upper bound at 95 % if χ² rises on one side only; undetermined if on neither.
        Without fringes, σ_L has a lower bound relative to χ² of the fit without fringes, and L is
        undetermined.

    Raises
    ------
    SlxrdError
        If the parameter was not refined.
    OutOfTime
        If the budget is spent.
    MissedSolutionError
        If the profile contains a lower χ² than a fit that is repeatable.
    """
    profiled, best, unit = ProfiledChi2(fit, name, budget=budget), fit.minima[0], info(name).unit
    scale, value = noise_scale(best, name), best.values[name]
    if name in STACKING and not shows_fringes(fit):
        least = None if name == "L" else _least_disorder(profiled, ONE_SIDED_95, scale)
        if least is None:
            return Estimate(None, None, unit, "undetermined", NO_FRINGES_DETECTED)
        return Estimate(least, None, unit, "lower bound", "95 % limit")
    side = on_bound(best, name)
    if side is not None and name not in ("sigma_L", "sigma_N"):
        return Estimate(value, None, unit, "at bound", f"no error bar: it lies on its {side} bound")
    pieces = _pieces(profiled, ONE_SIDED_95, scale)
    if repeatable and profiled.lowest - profiled.least.chi2 > WORTH_REPEATING * scale:
        raise MissedSolutionError(dict(zip(profiled.columns, profiled.least.values.tolist(), strict=True)))
    lower, upper = pieces[0][0], pieces[-1][1]
    if lower is None and upper is None:
        return Estimate(None, None, unit, "undetermined", "χ² rises on neither side before the bounds")
    if lower is None:
        return Estimate(upper, None, unit, "upper bound", "95 % limit")
    if upper is None:
        return Estimate(lower, None, unit, "lower bound", "95 % limit")
    ends = [_end(profiled, value, way, 1.0, scale, fit.chi2) for way in (-1, 1)]
    assert ends[0] is not None
    assert ends[1] is not None
    others = [
        f"{low:.6g} to {high:.6g}"
        for low, high in pieces
        if low is not None and high is not None and not low <= value <= high
    ]
    remarks = [f"68 % interval {ends[0]:.6g} to {ends[1]:.6g}"]
    remarks += [f"also {' and '.join(others)}"] if others else []
    remarks += [note] if (note := _note(profiled)) else []
    return Estimate(value, (ends[1] - ends[0]) / 2.0, unit, "determined", "; ".join(remarks))


def _pieces(
    profiled: ProfiledChi2, rise: float, scale: float
) -> tuple[tuple[float | None, float | None], ...]:
    """Ends of the intervals around every solution below the threshold; None for a bound."""
    reference, column = profiled.fit.chi2, profiled.columns.index(profiled.names[0])
    below = [point for point in profiled.solutions if point.chi2 < reference + rise * scale]
    seeds = [float(point.values[column]) for point in below]
    found: list[tuple[float, float]] = []
    for seed in seeds:
        if not any(low <= seed <= high for low, high in found):
            profiled.along(seed)  # is below the reference if the fit was not at a minimum
            low, high = (_end(profiled, seed, way, rise, scale, reference) for way in (-1, 1))
            low, high = -math.inf if low is None else low, math.inf if high is None else high
            touching = [piece for piece in found if piece[0] <= high and low <= piece[1]]
            found = [piece for piece in found if piece not in touching]
            found.append((min([low, *(a for a, _ in touching)]), max([high, *(b for _, b in touching)])))
    return tuple(
        (low if low > -math.inf else None, high if high < math.inf else None) for low, high in sorted(found)
    )


def _end(
    profiled: ProfiledChi2, start: float, way: int, rise: float, scale: float, reference: float
) -> float | None:
    """Find where the profile is ``rise·scale`` above a reference, None if nowhere before the bound."""
    from scipy.optimize import brentq

    minimum, name = profiled.fit.minima[0], profiled.names[0]
    row, error = minimum.parameters[name], minimum.covariance.error(name)
    bound, width = (row.lower, row.upper)[way > 0], row.upper - row.lower
    top = math.sqrt(rise * scale)

    def height(value: float) -> float:
        return math.sqrt(max(profiled.along(value).chi2 - reference, 0.0)) - top

    step = min(1.1 * error * math.sqrt(rise), width / 8.0) if error else width / 50.0
    inside = start
    while True:
        outside = min(start + step, bound) if way > 0 else max(start - step, bound)
        above = height(outside)
        if above > 0.0:
            break
        if outside == bound:
            return None
        inside, step = outside, 2.0 * step
    half = abs(outside - start) * top / (above + top)
    return float(brentq(height, inside, outside, xtol=PRECISION * half, rtol=1e-12))


def _least_disorder(profiled: ProfiledChi2, rise: float, scale: float) -> float | None:
    """Lower limit of σ_L without fringes; the reference is χ² without fringes, not that at the best L."""
    start = min(NO_FRINGES, profiled.fit.minima[0].parameters["sigma_L"].upper)
    return _end(profiled, start, -1, rise, scale, profiled.along(start).chi2)


def _note(profiled: ProfiledChi2) -> str:
    name, least, lowest = profiled.names[0], profiled.least, profiled.lowest
    if lowest - least.chi2 <= MISSED:
        return ""
    value = float(least.values[profiled.columns.index(name)])
    return (
        f"χ² falls {lowest - least.chi2:.2g} below that of the fit at {name} = {value:.6g}: "
        "the fit has missed a solution there; start it there"
    )
