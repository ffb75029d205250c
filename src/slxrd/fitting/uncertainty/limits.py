"""One-sided limits of parameters that are not determined, from the profile likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.batch import Batch
from slxrd.fitting.minimise.covariance import noise_scale
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.scan import NO_FRINGES
from slxrd.parameters.parameter_set import Parameters

#: Rise of χ² at a one-sided limit of 95 %.
ONE_SIDED_95 = 2.71
#: Fringes are significant if they improve χ² by this much: they have two more parameters, and L has many
#: trial values (in 260 patterns without fringes the improvement by noise was 22 at most).
FRINGES_DETECTED = 25.0
_HALVINGS = 12


def without_fringes(objective: Objective, best: Minimum) -> Minimum:
    """Refine with σ_L fixed at a value so large that there are no fringes."""
    start = best.parameters
    start = start.fix(sigma_L=NO_FRINGES)
    if start["L"].free:
        start = start.fix(L=best.values["L"])
    return minimise(objective, start)


def fringes_detected(objective: Objective, best: Minimum) -> tuple[bool, float]:
    """Return whether fringes improve χ² significantly, and by how much.

    Systematic effects are left out: those of gaps and stacks change fringes, so that they would explain weak
    ones, but have no effect on a curve without fringes.
    """
    if any(points.described for points in objective.data):
        objective = objective.without_effects()
        best = minimise(objective, best.parameters)
    gain = max(without_fringes(objective, best).chi2 - best.chi2, 0.0)
    return gain > FRINGES_DETECTED * noise_scale(best, "L"), gain


def limit(objective: Objective, best: Minimum, name: str, towards: float) -> float:
    """Find where the profile of χ² along one parameter has risen by :data:`ONE_SIDED_95`.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    best : Minimum
        The best minimum, with ``name`` on a bound.
    name : str
        The parameter.
    towards : float
        The opposite bound, up to which the limit is searched.

    Returns
    -------
    float
        The 95 % limit; ``towards`` if χ² never rises so far.
    """

    def rise(value: float) -> float:
        return minimise(objective, best.parameters.fix(**{name: value}), tolerance=1e-6).chi2 - best.chi2

    return _bisect(rise, best.values[name], towards, ONE_SIDED_95 * noise_scale(best, name))


def least_disorder(objective: Objective, fringeless: Minimum, parameters: Parameters) -> float:
    """Find the 95 % lower limit of σ_L in Å, from a fit without fringes and all allowed L.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    fringeless : Minimum
        The fit without fringes.
    parameters : Parameters
        Parameters that were given to the fit; L is varied if it is free in them.
    """
    row, d = fringeless.parameters["L"], fringeless.values["d"]
    open_L = bool(parameters["L"].free)
    gaps = np.arange(row.lower, row.upper, d / 4.0) if open_L else np.array([fringeless.values["L"]])

    names = objective.model.names
    points = np.tile([fringeless.values[name] for name in names], (gaps.size, 1))
    points[:, names.index("L")] = gaps
    batch = Batch(objective, fringeless.parameters, points)

    threshold = ONE_SIDED_95 * noise_scale(fringeless, "sigma_L")
    best: list[int] = []  # gaps of the lowest χ² so far, the last one first

    def rise_from(sigma_L: float, rows: NDArray[np.intp]) -> float:
        chi2 = batch.chi2(points[rows])
        lowest = int(rows[np.argmin(chi2)])
        best[:] = dict.fromkeys([lowest, *best])
        increase = float(chi2.min()) - fringeless.chi2
        if increase <= threshold:
            return increase
        start = fringeless.parameters.fix(sigma_L=sigma_L, L=float(gaps[lowest]))
        if open_L:
            start = start.release("L")
        return min(minimise(objective, start, tolerance=1e-6).chi2 - fringeless.chi2, increase)

    def rise(sigma_L: float) -> float:
        points[:, names.index("sigma_L")] = sigma_L
        # Only a rise above the threshold needs all gaps; one gap is enough to be below it.
        known = rise_from(sigma_L, np.array(best)) if best else math.inf
        return known if known <= threshold else rise_from(sigma_L, np.arange(gaps.size))

    return _bisect(rise, fringeless.values["sigma_L"], 0.0, threshold)


def _bisect(rise: Callable[[float], float], low: float, high: float, threshold: float) -> float:
    """Find by bisection where ``rise`` reaches the threshold; at ``low`` it is below it."""
    if rise(high) < threshold:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if rise(middle) > threshold else (middle, high)
    return (low + high) / 2.0
