"""The number of coherent crystals of a stack, where the pattern only gives an estimate."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import TOLERANCE, Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.minima import SearchResult, refine_all, search
from slxrd.fitting.search.scan import filled
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import MOST_COHERENT

#: Steps of the search, relative to the number; the last ones are 1.
STEPS = (0.2, 0.1, 0.0)
#: Relative change of χ² and number of evaluations of a refinement.
ROUGHLY, EVALUATIONS = 1e-4, 30
#: Largest number of refinements on the way to a minimum.
MOST_TRIED = 16
#: Reduced χ² above which all numbers up to the second are compared, and the best of them refined.
POOR, MOST_COMPARED, MOST_REFINED = 1.2, 60, 4
#: σ_L with which they are compared, relative to that of the best minimum, and turns of the phase at the
#: interface.
SPREADS, TURNS = (0.5, 0.7, 0.85, 1.0, 1.2), (-0.5, -0.25, 0.0, 0.25)
#: Reduced χ² above which the structure is searched with the least number of crystals too.
REJECTED, FEWEST = 10.0, 2


class _Numbers:
    """Refinements of a stack with different numbers of crystals."""

    def __init__(self, objective: Objective, best: Minimum, budget: Budget) -> None:
        self.budget = budget
        self.tried = {objective.model.stack.coherent: (objective, best)}

    @property
    def lowest(self) -> int:
        """Number with the lowest χ² so far."""
        return min(self.tried, key=lambda number: self.tried[number][1].chi2)

    def worse_than(self, reduced: float) -> bool:
        """Whether the lowest χ² is above this value for each point."""
        objective, best = self.tried[self.lowest]
        return best.chi2 > reduced * objective.n_points

    def add(self, objective: Objective, found: Minimum) -> None:
        """Add a minimum that was found in another way, if it is lower than that with the same number."""
        number = objective.model.stack.coherent
        if number not in self.tried or found.chi2 < self.tried[number][1].chi2:
            self.tried[number] = objective, found

    def refine(self, number: int, starts: Iterable[Parameters]) -> None:
        """Refine with a number of crystals that was not tried yet, and keep the lowest minimum."""
        if number in self.tried or not 2 <= number <= MOST_COHERENT:
            return
        if self.budget.spent():
            self.budget.leave_out("other numbers of repetitions")
            return
        try:
            other = _with_number(self.tried[self.lowest][0], number)
            for start in starts:
                self.add(other, minimise(other, start, ROUGHLY, EVALUATIONS, expired=self.budget.expired))
        except SlxrdError:
            return

    def beside(self, number: int, best: Parameters) -> Iterator[Parameters]:
        """Starts with a number of crystals: the structure of another number, and the best with other gaps."""
        yield best
        if self.worse_than(POOR):
            other = _with_number(self.tried[self.lowest][0], number)
            start = _lowest(other, _starts(other, best))[1]
            if not np.allclose(start.vector(), best.vector(), rtol=1e-9):
                yield start

    def climb(self) -> None:
        """Go from the best number to better ones beside it, in steps that become smaller."""
        most = len(self.tried) + MOST_TRIED
        chosen = self.lowest
        for share in STEPS:
            while True:
                step = max(round(share * chosen), 1)
                for number in (chosen - step, chosen + step):
                    if len(self.tried) < most:
                        self.refine(number, self.beside(number, self.tried[chosen][1].parameters))
                if self.lowest == chosen:
                    break
                chosen = self.lowest

    def compare(self) -> None:
        """Refine with the best of all numbers, which are compared at the structure of the best one."""
        objective, best = self.tried[self.lowest]
        starts = _starts(objective, best.parameters)

        def lowest(number: int) -> tuple[float, Parameters]:
            return _lowest(_with_number(objective, number), starts)

        numbers = [number for number in range(2, MOST_COMPARED + 1) if number not in self.tried]
        compared = in_parallel(lowest, numbers, self.budget)
        for k in sorted(range(len(compared)), key=lambda k: compared[k][0])[:MOST_REFINED]:
            self.refine(numbers[k], [compared[k][1]])


def choose_repetitions(
    objective: Objective,
    best: Minimum,
    budget: Budget,
    search_few: Callable[[Objective], Minimum] | None = None,
) -> tuple[Objective, Minimum]:
    """Choose the number of coherent crystals with the lowest χ².

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack with an estimated number.
    best : Minimum
        Its best minimum, at which each refinement begins.
    budget : Budget
        Time budget.
    search_few : callable, optional
        Searches the structure with the least number, if no number near the estimate describes the pattern.

    Returns
    -------
    Objective
        With the chosen number.
    Minimum
        The best one that was found with it.
    """
    numbers = _Numbers(objective, best, budget)
    numbers.climb()
    if search_few is not None and numbers.worse_than(REJECTED) and not budget.spent():
        few = _with_number(objective, FEWEST)
        with contextlib.suppress(SlxrdError):  # no start may lead to a fit
            numbers.add(few, search_few(few))
        numbers.climb()
    if numbers.worse_than(POOR) and not budget.spent():
        numbers.compare()
        numbers.climb()
    return numbers.tried[numbers.lowest]


def nearby_repetitions(objective: Objective, best: Minimum, budget: Budget) -> tuple[Objective, Minimum]:
    """Choose the number of coherent crystals near an estimate, with the lowest χ².

    Parameters
    ----------
    objective, best, budget
        As for :func:`choose_repetitions`.
    """
    numbers = _Numbers(objective, best, budget)
    numbers.climb()
    return numbers.tried[numbers.lowest]


def search_repetitions(
    objective: Objective,
    parameters: Parameters,
    found: SearchResult,
    budget: Budget,
    tolerance: float = TOLERANCE,
) -> tuple[Objective, SearchResult]:
    """Choose the number of coherent crystals, and refine the minima with it.

    The fringes of two crystals are unlike those of more, so that a search with more finds other structures:
    if no number describes the pattern, it is searched with two crystals too.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack with an estimated number.
    parameters : Parameters
        Its parameters, as for :func:`slxrd.fitting.search.minima.search`.
    found : SearchResult
        Its minima.
    budget : Budget
        Time budget.
    tolerance : float
        Relative change of χ² at which the refinement of the minima ends.

    Returns
    -------
    Objective
        With the chosen number.
    SearchResult
        Its minima, the best first.
    """

    def search_few(few: Objective) -> Minimum:
        return search(few, parameters, budget=budget).minima[0]

    chosen, best = choose_repetitions(objective, found.minima[0], budget, search_few)
    minima = refine_all(chosen, found.parameters, (best, *found.minima), budget, tolerance)
    return chosen, replace(found, minima=minima)


def _with_number(objective: Objective, number: int) -> Objective:
    stack = replace(objective.model.stack, coherent=number)
    return Objective(replace(objective.model, stack=stack), objective.data, objective.settings)


def _starts(objective: Objective, parameters: Parameters) -> list[Parameters]:
    """Return the parameters with other values of σ_L and L_S, as far as these are free.

    With a wrong number of crystals both are wrong too.
    """
    values = parameters.resolve(parameters.vector())[0]
    tried: dict[str, list[float]] = {}
    if parameters["sigma_L"].free:
        tried["sigma_L"] = [share * values["sigma_L"] for share in SPREADS]
    if "L_S" in parameters and parameters["L_S"].free:
        turn = 2.0 * math.pi / float(np.mean([points.q.mean() for points in objective.data]))
        row = parameters["L_S"]
        for part in TURNS:
            place = values["L_S"] + part * turn
            tried.setdefault("L_S", []).append(place + turn if place < row.lower else place)
    return [filled(parameters, dict(zip(tried, each, strict=True))) for each in product(*tried.values())]


def _lowest(objective: Objective, starts: Iterable[Parameters]) -> tuple[float, Parameters]:
    """χ² of the best starting point, and that point."""
    return min(((_chi2(objective, start), start) for start in starts), key=lambda each: each[0])


def _chi2(objective: Objective, parameters: Parameters) -> float:
    try:
        return objective.chi2(parameters.resolve(parameters.vector())[0])
    except SlxrdError:
        return math.inf
