"""Steps of a fit, from the pattern to the structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Noise, RegionData, source_in
from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.assess import assess_minima
from slxrd.fitting.assessment.estimates import reduced_chi2
from slxrd.fitting.assessment.q_zero import (
    WORTH_REFINING,
    not_separable,
    q_zero_error,
    signals,
    why_not_refined,
)
from slxrd.fitting.fit_options import FitOptions, noise_of, prepare_objective, without_neighbours
from slxrd.fitting.minimise.least_squares import INTERMEDIATE_TOLERANCE, TOLERANCE
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import AUTO, Settings
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.background import SEARCHED, BackgroundChoice, backgrounds_within, choose_background
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.certificate import SUPPORTED
from slxrd.fitting.search.film.continuation import extend
from slxrd.fitting.search.film.resolution import too_wide
from slxrd.fitting.search.minima import SearchResult, refine_all, search, search_again
from slxrd.fitting.search.q_zero import fix_q_zero, undecided_zeros
from slxrd.fitting.search.repetitions import search_repetitions
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.systematics.covariance import check_effects
from slxrd.parameters.parameter_set import Parameters

#: Number of times that σ of counts is recalculated from the fitted curve.
RECOUNTED = 2


@dataclass(frozen=True)
class Searched:
    """The minima of a fit, before their assessment.

    Parameters
    ----------
    pattern : Pattern
        Over q.
    options : FitOptions
        Options of the fit.
    objective : Objective
        With the chosen background and the final noise.
    parameters : Parameters
        Parameters of the fit.
    found : SearchResult
        The minima.
    noise : float, str or None
        Source of σ.
    notes : list of str
        Notes on decisions and omissions.
    background : BackgroundChoice or None
        How the background was chosen, if it was.
    starts_left : bool
        Whether the time budget left out starting points.
    """

    pattern: Pattern
    options: FitOptions
    objective: Objective
    parameters: Parameters
    found: SearchResult
    noise: Noise | None
    notes: list[str]
    background: BackgroundChoice | None
    starts_left: bool

    @property
    def reduced_chi2(self) -> float:
        """Reduced χ² of the best minimum."""
        return reduced_chi2(self.objective, self.found.minima[0])


def fit_pattern(
    pattern: Pattern,
    options: FitOptions | None = None,
    report: Progress | None = None,
    *,
    intervals: bool = True,
) -> Fit:
    """Fit a pattern: find regions and starts if none are given, and all minima of χ².

    Parameters
    ----------
    pattern : Pattern
        Pattern over q, or over 2θ with a known wavelength.
    options : FitOptions, optional
        Options of the fit.
    report : callable, optional
        Called with steps done and steps in all while the solutions are searched.
    intervals : bool
        Whether to sample the posterior for the intervals and the probabilities of the solutions.

    Raises
    ------
    SlxrdError
        If the pattern or an option is invalid.
    """
    return assess_searched(search_pattern(pattern, options or FitOptions(), report), intervals=intervals)


def search_pattern(pattern: Pattern, options: FitOptions, report: Progress | None = None) -> Searched:
    """Find the minima of χ² of a fit, without errors; see :func:`fit_pattern`.

    Raises
    ------
    SlxrdError
        If the pattern or an option is invalid.
    """
    pattern = pattern.to_q()
    objective, notes = prepare_objective(pattern, options)
    check_effects(objective, options.systematics)
    noise = noise_of(pattern, [points.region for points in objective.data if points.scan == 0], options).noise
    parameters = options.parameters.within(objective.model.stack.table)
    if objective.model.stack.coherent == 1:
        parameters = without_neighbours(parameters)
        if wide := too_wide(objective):
            notes = [note for note in notes if note != options.resolution_note] + wide
    gap = parameters["L"]
    objective.model.stack.check_gap({"L": gap.upper if gap.free or gap.value is None else gap.value})
    if options.settings.background == AUTO:
        names = backgrounds_within(objective, len(fix_q_zero(parameters).free_names))
        objective = objective.with_background(SEARCHED if SEARCHED in names else names[-1])
    _check_points(objective.data, fix_q_zero(parameters), objective.settings)
    budget = Budget(options.budget)
    of_parts = _tolerances(objective, options)
    found = search(objective, parameters, report, budget, options.satellites)
    if options.estimated_coherent and objective.model.stack.coherent > 1:
        objective, found = search_repetitions(objective, parameters, found, budget, of_parts[0])
        notes.append(f"M = {objective.model.stack.coherent} has the lowest χ² (--coherent)")
    if objective.model.stack.coherent == 1 and objective.model.stack.substrate is not None:
        if objective.counted:  # observed counts give the minima between fringes too much weight
            objective = objective.recounted(found.minima[0].evaluation.regions)
            found = replace(found, minima=refine_all(objective, found.parameters, found.minima, budget))
        extended = extend(
            objective, found.parameters, found.minima, budget, kept=_named_parameters(options.request)
        )
        objective, notes = extended.objective, [*notes, *extended.notes]
        found = replace(found, minima=extended.minima, parameters=extended.parameters)
        # Whether q_zero is refined is decided below.
        parameters = Parameters(
            {**extended.parameters, "q_zero": parameters["q_zero"]}, objective.model.stack.table
        )
    choice = None
    if options.settings.background == AUTO:
        assumed = not isinstance(source_in(pattern, noise).source, str)
        objective, minima, choice = choose_background(
            objective,
            found.parameters,
            found.minima,
            budget,
            assumed=assumed,
            tolerance=of_parts[1],
        )
        found = replace(found, minima=minima)
        notes.append(choice.note)
    for tolerance in of_parts[2:]:
        objective = objective.recounted(found.minima[0].evaluation.regions)
        minima = refine_all(objective, found.parameters, found.minima, budget, tolerance)
        found = replace(found, minima=minima)
    found = _decide_q_zero(objective, parameters, found, notes, budget)
    certificate = replace(found.certificate, budget_reached=budget.reached, not_examined=budget.left_out)
    notes += certificate.notes
    found = replace(found, certificate=certificate)
    return Searched(pattern, options, objective, parameters, found, noise, notes, choice, budget.starts_left)


def assess_searched(searched: Searched, *, intervals: bool = True) -> Fit:
    """Compare the minima of a search with the data, and estimate the errors; see :func:`fit_pattern`."""
    options, certificate = searched.options, searched.found.certificate
    of_estimates = Budget(options.budget)
    fit = assess_minima(
        searched.pattern,
        searched.objective,
        searched.parameters,
        searched.found.minima,
        searched.noise,
        searched.notes,
        intervals=intervals,
        incomplete=certificate.budget_reached,
        unsupported=searched.starts_left and certificate.ended_in_best < SUPPORTED,
        budget=of_estimates,
        systematics=options.systematics,
    )
    if of_estimates.reached:
        left_out = "; ".join(of_estimates.left_out)
        fit = replace(fit, notes=(*fit.notes, f"not finished within the time budget (--budget): {left_out}"))
    return replace(fit, certificate=certificate, background_choice=searched.background, options=options)


def _tolerances(objective: Objective, options: FitOptions) -> list[float]:
    """Precision of the refinements of all minima: with the number of crystals, the background, and final σ.

    On a substrate, where each takes long, only the last of them is precise.
    """
    tolerances = [TOLERANCE] * (2 + (RECOUNTED if objective.counted else 0))
    last = 2 + RECOUNTED if objective.counted else 2 if options.settings.background == AUTO else 1
    if objective.model.stack.substrate is not None:
        tolerances[: last - 1] = [INTERMEDIATE_TOLERANCE] * (last - 1)
    return tolerances


def _named_parameters(request: Mapping[str, Any]) -> set[str]:
    """Parameters that options of a fit name."""
    of_parameters = ("parameters", "start", "fix", "bounds", "tie", "prior", "free")
    return {name for option in of_parameters for name in request.get(option) or ()}


def _check_points(data: Iterable[RegionData], parameters: Parameters, settings: Settings) -> None:
    for points in data:
        needed = len(parameters.free_names) + settings.n_coefficients(points.q)
        if points.q.size <= needed:  # a curve through every point is no test of the model
            raise SlxrdError(
                f"region {points.region.low:g}:{points.region.high:g} has {points.q.size} points, not more "
                f"than the {needed} free parameters; widen it or fix some"
            )


def _decide_q_zero(
    objective: Objective, parameters: Parameters, found: SearchResult, notes: list[str], budget: Budget
) -> SearchResult:
    """Refine q_zero if the data separate it from d; raise an error if it was freed and they do not."""
    parameters, found = _refine_zeros_of_scans(objective, parameters, found, notes)
    row = parameters["q_zero"]
    if row.free is False:
        return found
    best = found.minima[0]
    error = q_zero_error(best)
    if row.free:
        if error > WORTH_REFINING:
            raise SlxrdError(
                "q_zero was freed, but "
                + not_separable(error).split(": ", 1)[1]
                + "; or fix it (--fix q_zero=0)"
            )
        if (
            "d" in best.names
            and "q_zero" not in parameters.priors
            and signals(objective, best.values["d"]) < 2
        ):
            raise SlxrdError(
                "q_zero was freed, but the regions contain one Bragg peak, which determines only the sum of "
                "q_zero and 2π/d; add another (--region), or fix d or q_zero (--fix q_zero=0)"
            )
        return found
    why = why_not_refined(objective, best, error)
    refined = "q_zero" in best.names
    if why:
        notes.append(why)
        return search(objective, fix_q_zero(parameters), None, budget) if refined else found
    notes.append(f"q_zero was refined: these data separate it from d, to {error:.2g} Å⁻¹")
    if refined:
        return found
    return search_again(objective, parameters.release("q_zero"), found, budget)


def _refine_zeros_of_scans(
    objective: Objective, parameters: Parameters, found: SearchResult, notes: list[str]
) -> tuple[Parameters, SearchResult]:
    """Refine the zero errors of further scans where the other scans determine d."""
    names = undecided_zeros(parameters)
    while names:
        freed = fix_q_zero(parameters.release(*names))
        minima = refine_all(objective, freed, found.minima)
        errors = {name: minima[0].covariance.error(name) or np.inf for name in names}
        worst = max(names, key=lambda name: errors[name])
        if errors[worst] <= WORTH_REFINING:
            for name in names:
                notes.append(
                    f"{name} was refined: the scans together determine it to ±{errors[name]:.2g} Å⁻¹"
                )
            further = replace(found, minima=minima, parameters=found.parameters.release(*names))
            return parameters.release(*names), further
        value = parameters[worst].value or 0.0
        notes.append(f"{worst} was fixed at {value:g}: the scans do not determine it better")
        names.remove(worst)
        parameters = parameters.fix(**{worst: value})
        found = replace(found, minima=refine_all(objective, fix_q_zero(parameters), found.minima))
    return parameters, found
