"""Search for all minima of χ² of several cuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.identity import distinct, same, worst_listed
from slxrd.model.directions.model import DirectionsModel
from slxrd.parameters.parameter_set import Parameters
from slxrd.studies.directions.starts import starts

#: Starting points that are refined roughly; minima that are refined fully.
REFINED, POLISHED = 8, 12
#: Distances in units of d from the best L that are tried.
NEIGHBOURS = (-2, -1, 1, 2)
#: Relative change of χ² at which a rough refinement ends, and its largest number of evaluations.
ROUGH, ROUGH_EVALUATIONS = 1e-3, 30
#: Rounds of neighbours of a new best minimum.
ROUNDS = 3
#: σ and amplitudes below this, in Å, are raised to it where a refinement begins.
LEAST_DISORDER = 0.3

Report = Callable[[int, int], None]


def search_directions(
    objective: Objective,
    model: DirectionsModel,
    parameters: Parameters,
    budget: Budget,
    report: Report | None,
) -> tuple[Minimum, ...]:
    """Find the minima of χ², the best first.

    Parameters
    ----------
    objective : Objective
        Residuals of all cuts.
    model : DirectionsModel
        Their model.
    parameters : Parameters
        Fixed values, starts and bounds.
    budget : Budget
        Time budget.
    report : callable, optional
        Called with steps done and steps in all.
    """
    steps, total = 0, 4 + REFINED + ROUNDS * 8

    def step(count: int = 1) -> None:
        nonlocal steps
        steps = min(steps + count, total)
        if report is not None:
            report(steps, total)

    tried = starts(model, objective.data, parameters, budget)
    step(4)
    ordered = sorted(tried, key=lambda values: _chi2(objective, values))
    rough: list[Minimum] = []
    for values in ordered[:REFINED]:
        rough.append(_refined(objective, parameters, values, budget))
        step()
    looked: list[Mapping[str, float]] = []
    for _ in range(ROUNDS):
        best = min(rough, key=lambda minimum: minimum.chi2)
        if any(same(best.values, other) for other in looked):
            break
        if budget.spent():
            budget.leave_out("neighbours of the best solution")
            break
        looked.append(best.values)
        around = [
            values
            for values in neighbours(model, parameters, best.values)
            if not any(same(values, other.values) for other in rough)
        ]
        # χ² of the neighbours that differ in L alone orders them.
        around.sort(key=lambda values: _chi2(objective, values))
        for values in around[:REFINED]:
            rough.append(_refined(objective, parameters, values, budget))
            step()
    rough.sort(key=lambda minimum: minimum.chi2)
    limit = 1.1 * worst_listed(rough[0].chi2)
    different: list[Minimum] = []
    for minimum in rough:
        if minimum.chi2 <= limit and not any(same(minimum.values, other.values) for other in different):
            different.append(minimum)
    polished = [
        minimise(objective, minimum.parameters, expired=budget.expired) for minimum in different[:POLISHED]
    ]
    step(total)
    return distinct(polished)


def _refined(
    objective: Objective, parameters: Parameters, values: Mapping[str, float], budget: Budget
) -> Minimum:
    begun = parameters.start(**{name: _moved(name, values[name]) for name in parameters.free_names})
    return minimise(objective, begun, ROUGH, ROUGH_EVALUATIONS, budget.expired)


def _moved(name: str, value: float) -> float:
    """χ² is stationary where there is no disorder: begin above."""
    return max(value, LEAST_DISORDER) if name.startswith(("sigma_", "A_")) else value


def _chi2(objective: Objective, values: Mapping[str, float]) -> float:
    try:
        return objective.chi2(values)
    except SlxrdError:
        return np.inf


def neighbours(
    model: DirectionsModel, parameters: Parameters, best: Mapping[str, float]
) -> Iterator[dict[str, float]]:
    """Starts a few d away from the best L of each axis, and with amplitudes along and across exchanged."""
    for name in (name for name in parameters.free_names if name.startswith("L")):
        axis = model.axes.axes_of(name)[-1]
        d, N = (model.axes.name(base, axis) for base in ("d", "N"))
        for count in NEIGHBOURS:
            L = best[name] + count * best[d]
            if not parameters[name].lower <= L <= parameters[name].upper:
                continue
            yield {**best, name: L}
            if parameters[N].free and parameters[N].lower <= best[N] - count <= parameters[N].upper:
                yield {**best, name: L, N: best[N] - count}
    along, across = ("A_L", "A_T") if model.axes.disorder == "sinusoidal" else ("sigma_L", "sigma_T")
    for name in parameters.free_names:
        other = across + name.removeprefix(along)
        if name.startswith(along) and other in parameters.free_names:
            yield {**best, name: best[other], other: best[name]}
