"""Refinement from starting points in two stages: all of them roughly, then the best to full precision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.identity import distinct, exchangeable
from slxrd.fitting.search.scan import Progress, filled
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack

#: Relative change of χ² and number of evaluations of the first stage; minima of the second stage.
ROUGHLY, EVALUATIONS, MOST_POLISHED = 1e-4, 30, 4


def simplified(
    objective: Objective, parameters: Parameters, stack: Stack
) -> tuple[Objective, Parameters] | None:
    """Return the objective and the parameters of a simpler stack, whose minima are starting points.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the stack.
    parameters : Parameters
        Its parameters.
    stack : Stack
        The simpler one, with a part of the parameters.

    Returns
    -------
    tuple or None
        None if a tie or an option needs a parameter that the simpler stack does not have.
    """
    simple = Objective(replace(objective.model, stack=stack), objective.data, objective.settings)
    try:
        rows = {name: row for name, row in parameters.items() if name in stack.table}
        return simple, Parameters(rows, stack.table)
    except SlxrdError:
        return None


def best_starts(
    objective: Objective,
    parameters: Parameters,
    starts: Sequence[dict[str, float]],
    most: int,
    budget: Budget,
) -> list[dict[str, float]]:
    """Return the starting points with the lowest χ², at most so many, the best first.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Fixed values and bounds.
    starts : sequence of dict of str to float
        Values of parameters.
    most : int
        Largest number of starting points.
    budget : Budget
        Time budget.
    """

    def chi2_of(values: dict[str, float]) -> float:
        full = filled(parameters, values)
        try:
            return objective.chi2(full.resolve(full.vector())[0])
        except SlxrdError:
            return math.inf

    chi2 = in_parallel(chi2_of, starts, budget, 0.8)
    order = sorted(range(len(chi2)), key=lambda k: chi2[k])
    return [starts[k] for k in order[:most]]


def refine_roughly(
    objective: Objective,
    parameters: Parameters,
    starts: Sequence[Mapping[str, float]],
    budget: Budget,
    where: str,
    report: Progress | None = None,
) -> list[Minimum]:
    """Refine from every starting point, as far as the budget allows.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Fixed values and bounds.
    starts : sequence of mapping of str to float
        Values of parameters.
    budget : Budget
        Time budget.
    where : str
        Description of the starting points, for what the budget leaves out.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    list of Minimum
        One for each start that led to a fit.
    """

    def rough(values: Mapping[str, float]) -> Minimum | None:
        try:
            begin = filled(parameters, dict(values))
            return minimise(objective, begin, ROUGHLY, EVALUATIONS, expired=budget.expired)
        except SlxrdError:
            return None

    def done(count: int) -> None:
        if report is not None:
            report(count, len(starts))

    tried = in_parallel(rough, starts, budget, report=done)
    if len(tried) < len(starts):
        budget.leave_out(f"{len(starts) - len(tried)} of {len(starts)} starting points {where}", starts=True)
    return [one for one in tried if one is not None]


def lowest(roughly: Sequence[Minimum]) -> Minimum:
    """Return the minimum with the lowest χ².

    Raises
    ------
    SlxrdError
        If there is none.
    """
    return distinct(list(roughly))[0]


def refine_fully(objective: Objective, roughly: Sequence[Minimum], budget: Budget) -> tuple[Minimum, ...]:
    """Refine the best of rough minima to full precision; distinct ones, the best first.

    The others are rivals too; they are refined with the final noise and background.

    Raises
    ------
    SlxrdError
        If there is none.
    """
    exchange = exchangeable(objective.model.stack)
    roughly = distinct(list(roughly), exchange)
    polished = in_parallel(
        lambda one: minimise(objective, one.parameters, expired=budget.expired),
        roughly[:MOST_POLISHED],
        budget,
    )
    return distinct([*polished, *roughly[len(polished) :]], exchange)
