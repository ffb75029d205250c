"""Refinement of a film on a substrate with more and more parameters, as far as the data support them.

The film and the rod of the substrate are known from the search. The plane distance of the substrate, partial
coherence, roughness of the interface and of the top, and strain at one of the surfaces are added one at a
time, each if it improves the Bayesian information criterion. A model that does not describe the pattern has
residuals beyond its noise; χ² is then divided by its lowest reduced value, so that they are no evidence.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.film.minima import distinct_films
from slxrd.fitting.search.scan import Progress, filled
from slxrd.model.intensity import Model
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters

Group = tuple[Mapping[str, float], ...]
#: Groups of parameters that are added together, with their starts.
GROUPS: tuple[Group, ...] = (
    ({"d_S": 0.0},),
    ({"coherence_S": 0.8},),
    ({"sigma_S": 0.5},),
    ({"sigma_top": 3.0},),
    ({"strain_bottom": 0.003, "depth_bottom": 5.0},),
    ({"strain_top": 0.003, "depth_top": 5.0},),
)
#: Relative deviation of the plane distance of the substrate from the given one.
NEAR_SUBSTRATE = 1e-3
#: The model describes the pattern if χ² exceeds its expectation by fewer standard deviations.
DESCRIBED = 3.0
#: Smallest improvement of the criterion (Kass and Raftery, J. Am. Stat. Assoc. 1995, 90, 773).
LEAST_GAIN = 10.0
#: Solutions of the search that are refined again in the end.
MOST_RIVALS = 3
#: Precision and evaluations of a trial; most groups that are added.
_ROUGHLY, _EVALUATIONS, MOST_ADDED = 1e-4, 40, 4
#: Share of the time of the search after which nothing more is added.
_SHARE = 0.9


@dataclass(frozen=True)
class Extended:
    """A film with the parameters that its pattern supports.

    Parameters
    ----------
    objective : Objective
        Residuals for the structure with these parameters.
    parameters : Parameters
        Parameters of the fit.
    minima : tuple of Minimum
        The best first.
    notes : tuple of str
        Which parameters were added.
    """

    objective: Objective
    parameters: Parameters
    minima: tuple[Minimum, ...]
    notes: tuple[str, ...] = ()


def extend(
    objective: Objective,
    parameters: Parameters,
    minima: tuple[Minimum, ...],
    budget: Budget,
    report: Progress | None = None,
    kept: Collection[str] = (),
) -> Extended:
    """Add parameters of the interface, the surface and strain to a film on a substrate.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a film on a substrate.
    parameters : Parameters
        Those of the search.
    minima : tuple of Minimum
        Results of the search, the best first.
    budget : Budget
        Time.
    report : callable, optional
        Called with steps done and steps in all.
    kept : collection of str
        Parameters that an option names, which stay as they are.

    Returns
    -------
    Extended
        Unchanged if the model describes the pattern, or nothing improves it.
    """
    groups = [group for group in GROUPS if _offered(objective, group[0], kept)]
    current = Extended(objective, parameters, minima)
    added: list[str] = []
    for step in range(MOST_ADDED):
        if not groups or _is_described(current) or budget.spent(_SHARE):
            break
        trials = [(group, start) for group in groups for start in group]
        found = in_parallel(partial(_trial, current, budget), [start for _, start in trials], budget, _SHARE)
        tried = [(one, group) for one, (group, _) in zip(found, trials, strict=False) if one is not None]
        if report is not None:
            report(step + 1, MOST_ADDED)
        if not tried:
            break
        best, group = min(tried, key=lambda each: each[0].minima[0].chi2)
        best, group = min(tried, key=lambda each: _criterion(each[0], best))
        if _criterion(current, best) - _criterion(best, best) < LEAST_GAIN:
            break
        current = best
        added += group[0]
        groups = [g for g in groups if g is not group and not _alike(g, group)]
    if not added:
        return current
    further = {name: current.minima[0].values[name] for name in added}
    starts = [dict(current.minima[0].values), *({**m.values, **further} for m in minima[1:MOST_RIVALS])]

    def refine(values: Mapping[str, float]) -> Minimum | None:
        try:
            return minimise(
                current.objective, filled(current.parameters, dict(values)), expired=budget.expired
            )
        except SlxrdError:
            return None

    refined = [one for one in in_parallel(refine, starts, budget) if one is not None]
    final = distinct_films(refined, current.objective)
    symbols = ", ".join(info(name).symbol for name in added)
    note = (
        f"added because the pattern supports them (information criterion): {symbols}; "
        "fix them to leave them out (--fix)"
    )
    return replace(current, minima=final, notes=(note,))


def _alike(one: Group, other: Group) -> bool:
    """Whether both are strains: a pattern seldom supports two, which take long."""
    return all(any(name.startswith("strain") for name in group[0]) for group in (one, other))


def _offered(objective: Objective, group: Mapping[str, float], kept: Collection[str]) -> bool:
    """Whether the parameters can be added, and nobody has chosen something else for them."""
    stack = objective.model.stack
    try:
        stack.using(group)
    except SlxrdError:
        return False
    return not any(name in kept or name in stack.extras for name in group)


def _trial(current: Extended, budget: Budget, start: Mapping[str, float]) -> Extended | None:
    """Refine with a group of parameters more, from one start; None if that is not possible."""
    objective = current.objective
    stack = objective.model.stack.using(start)
    if stack is not objective.model.stack:
        objective = Objective(Model(stack, objective.model.instrument), objective.data, objective.settings)
    if (
        "d_S" in start
    ):  # known from the position of a sharp peak, or from a table and the zero of the instrument
        d_S = current.minima[0].values["d_S"]
        start = {"d_S": d_S}
        near = (d_S * (1.0 - NEAR_SUBSTRATE), d_S * (1.0 + NEAR_SUBSTRATE))
        known = current.parameters.bound(d_S=near)
    else:
        known = current.parameters
    parameters = known.within(stack.table).release(*start).start(**start)
    values = {**current.minima[0].values, **start}
    try:
        found = minimise(
            objective, filled(parameters, values), _ROUGHLY, _EVALUATIONS, expired=budget.expired
        )
    except SlxrdError:
        return None
    if any(on_bound(found, name) for name in start):
        return None
    return Extended(objective, parameters, (found,))


def _freedom(of: Extended) -> float:
    best = of.minima[0]
    coefficients = sum(columns.shape[1] + 1 for columns in of.objective.backgrounds)
    return max(float(of.objective.n_points - len(best.names) - coefficients), 1.0)


def _is_described(of: Extended) -> bool:
    freedom = _freedom(of)
    return of.minima[0].chi2 < freedom + DESCRIBED * math.sqrt(2.0 * freedom)


def _criterion(of: Extended, least: Extended) -> float:
    """Bayesian information criterion, with the noise that the best model leaves."""
    scale = max(least.minima[0].chi2 / _freedom(least), 1.0)
    return of.minima[0].chi2 / scale + len(of.minima[0].names) * math.log(of.objective.n_points)
