"""Search of stacks whose gaps are not Gaussian: first as if they were, in compiled code, then refined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.scan import Progress, main_region
from slxrd.fitting.search.stages import lowest, refine_fully, refine_roughly, simplified
from slxrd.parameters.parameter_set import Parameters

#: Minima with Gaussian gaps from which each trial of the distribution is refined.
MOST_STARTS = 6
#: Distances in d from the best L that are tried too: the best Gaussian can be a wrong one.
NEIGHBOURS = (-2, -1, 1, 2)
#: Share of the time budget after which the neighbours of the best solution are left out.
SHARE_OF_TRIALS = 0.8


def with_gaussian_gaps(objective: Objective, parameters: Parameters) -> tuple[Objective, Parameters] | None:
    """Return objective and parameters of the same stack with Gaussian gaps; see :func:`simplified`."""
    stack = objective.model.stack
    own = stack.gap_distribution.names
    extras = tuple(name for name in stack.extras if name not in own)
    return simplified(objective, parameters, replace(stack, extras=extras))


def refine_distribution(
    objective: Objective,
    parameters: Parameters,
    found: tuple[Minimum, ...],
    budget: Budget,
    report: Progress | None = None,
) -> tuple[Minimum, ...]:
    """Refine minima of Gaussian gaps with the distribution.

    Each trial of the distribution begins where its mean phase factor in the strongest region is as before,
    since a skewness moves L. The neighbours of the best solution, about d away in L, are tried after it.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack with the distribution.
    parameters : Parameters
        Its parameters; q_zero is fixed or free.
    found : tuple of Minimum
        Minima with Gaussian gaps, the best first.
    budget : Budget
        Time budget.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    tuple of Minimum
        Distinct minima, the best first.

    Raises
    ------
    SlxrdError
        If no start leads to a fit.
    """
    gap = found[0].parameters["L"]
    parameters = parameters.bound(L=(gap.lower, gap.upper)) if parameters["L"].free else parameters
    places = [*(dict(one.values) for one in found[:MOST_STARTS]), *_neighbours(parameters, found[0].values)]
    starts = [start for values in places for start in _trials(objective, parameters, values)]
    roughly = refine_roughly(objective, parameters, starts, budget, "of the distribution of gaps", report)
    if budget.spent(SHARE_OF_TRIALS):
        budget.leave_out("neighbours of the best solution", starts=True)
    else:
        best = lowest(roughly)
        roughly += refine_roughly(
            objective, parameters, _neighbours(parameters, best.values), budget, "beside the best solution"
        )
    return refine_fully(objective, roughly, budget)


def _neighbours(parameters: Parameters, best: Mapping[str, float]) -> list[dict[str, float]]:
    """Starts some d away from the best L."""
    row = parameters["L"]
    moved = [{**best, "L": best["L"] + step * best["d"]} for step in NEIGHBOURS] if row.free else []
    return [values for values in moved if row.lower <= values["L"] <= row.upper]


def _trials(
    objective: Objective, parameters: Parameters, values: Mapping[str, float]
) -> list[dict[str, float]]:
    """Starts with the trial values of the distribution that the parameters allow."""
    distribution = objective.model.stack.gap_distribution
    q = np.array([float(main_region(objective.data).q.mean()) + values["q_zero"]])
    given = {
        row.name: parameters[row.name].value
        for row in distribution.parameters
        if not parameters[row.name].free or parameters[row.name].value != row.default
    }
    starts: list[dict[str, float]] = []
    for trial in distribution.trials or ({},):
        own = {**trial, **{name: value for name, value in given.items() if value is not None}}
        w = 1.0 + distribution.characteristic(q, 0.0, values["sigma_L"], distribution.values(own)).less_one
        start = {**values, **own}
        if parameters["L"].free:
            start["L"] = values["L"] - float(np.angle(w[0]) / q[0])
        if start not in starts:
            starts.append(start)
    return starts
