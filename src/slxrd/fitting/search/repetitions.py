"""The number of coherent crystals of a stack, where the pattern only gives an estimate."""

from __future__ import annotations

from dataclasses import replace

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget
from slxrd.sample.stack import MOST_COHERENT

#: Steps of the search, relative to the number; the last ones are 1.
STEPS = (0.2, 0.1, 0.0)
#: Relative change of χ² and number of evaluations of a refinement.
ROUGHLY, EVALUATIONS = 1e-4, 30
#: Largest number of refinements.
MOST_TRIED = 16


def choose_repetitions(objective: Objective, best: Minimum, budget: Budget) -> Objective:
    """Choose the number of coherent crystals with the lowest χ².

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack with an estimated number.
    best : Minimum
        Its best minimum, at which each refinement begins.
    budget : Budget
        Time budget.

    Returns
    -------
    Objective
        With the chosen number.
    """
    begin = objective.model.stack.coherent
    tried: dict[int, tuple[float, Objective]] = {begin: (best.chi2, objective)}
    parameters = {begin: best.parameters}

    def refine(number: int, start: int) -> None:
        if number in tried or not 2 <= number <= MOST_COHERENT or len(tried) == MOST_TRIED:
            return
        if budget.spent():
            budget.leave_out("other numbers of repetitions")
            return
        try:
            stack = replace(objective.model.stack, coherent=number)
            other = Objective(replace(objective.model, stack=stack), objective.data, objective.settings)
            found = minimise(other, parameters[start], ROUGHLY, EVALUATIONS, expired=budget.expired)
        except SlxrdError:
            return
        tried[number], parameters[number] = (found.chi2, other), found.parameters

    chosen = begin
    for share in STEPS:
        while True:
            step = max(round(share * chosen), 1)
            for number in (chosen - step, chosen + step):
                refine(number, chosen)
            lowest = min(tried, key=lambda number: tried[number][0])
            if lowest == chosen:
                break
            chosen = lowest
    return tried[chosen][1]
