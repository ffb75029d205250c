"""From the minima of χ² to a result: first whether the model describes the data, then the estimates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from slxrd.data.noise import Noise
from slxrd.data.pattern import Pattern
from slxrd.data.regions import source_in
from slxrd.fitting.assessment.determination import assess_estimates, without_solution
from slxrd.fitting.assessment.difference import with_difference, with_other_lattices
from slxrd.fitting.assessment.disguise import compare_with_single_crystals
from slxrd.fitting.assessment.estimates import POSITIVE, FitAssessment, reduced_chi2
from slxrd.fitting.assessment.grade import grade_minimum
from slxrd.fitting.assessment.q_zero import with_assumed_zero
from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum, minimise, reevaluated
from slxrd.fitting.objective.correlated import most_probable_sizes
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Assessment, Grade
from slxrd.fitting.result.ensemble import Ensemble
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.probabilities import probabilities
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.identity import exchangeable, same
from slxrd.fitting.systematics.correction import Corrected, beside_residuals, correct, with_error_budget
from slxrd.fitting.systematics.covariance import SystematicErrors
from slxrd.fitting.systematics.settings import NONE, Systematics
from slxrd.fitting.uncertainty.profile.interval import MissedSolutionError
from slxrd.parameters.definitions import info
from slxrd.parameters.parameter_set import Parameters

T = TypeVar("T")
#: Number of times that a fit is repeated from a lower χ² in one of its profiles.
REPETITIONS = 3
#: Least factor of the errors of a fit whose search was not finished.
UNFINISHED = 3.0
#: Share of the time budget of the estimates for the rival of a stack.
SHARE_OF_RIVAL = 0.2
#: Largest relative difference of the distances of planes from peaks of one order.
SAME_ORDER = 0.05
#: Most probable size of an effect, in standard deviations of its prior, beyond which its description to first
#: order is not exact enough.
LARGE = 1.25


def assess_minima(
    pattern: Pattern,
    objective: Objective,
    parameters: Parameters,
    minima: tuple[Minimum, ...],
    noise: Noise | None,
    notes: list[str],
    *,
    intervals: bool = True,
    incomplete: bool = False,
    unsupported: bool = False,
    budget: Budget | None = None,
    systematics: Systematics = NONE,
) -> Fit:
    """Grade a fit, and estimate its quantities if the model describes the data.

    Everything is estimated with the correlated errors of systematic effects and of the discrepancy of the
    model, and with all errors multiplied by
    :attr:`slxrd.fitting.result.assessment.Assessment.widening`: errors, limits, intervals, and which
    solutions and fringes are significant.

    Parameters
    ----------
    pattern : Pattern
        The pattern that was fitted.
    objective : Objective
        Residuals of its regions and the model.
    parameters : Parameters
        Parameters that were given to the fit.
    minima : tuple of Minimum
        Minima of χ², the best first.
    noise : float, "counting", "file" or None
        Noise that was given to the fit.
    notes : list of str
        Notes of the preceding steps.
    intervals : bool
        Whether to sample the posterior for the intervals and the probabilities of the solutions.
    incomplete : bool
        Whether the search ended before everything was examined.
    unsupported : bool
        Whether it ended before all starting points were tried, and few of them led to the best solution: no
        quantity is then determined.
    budget : Budget, optional
        Time budget of the assessment and the estimates; none by default.
    systematics : Systematics
        Which systematic effects contribute to the errors, and their priors.
    """
    budget = budget or Budget()
    known_noise = _noise_is_known(pattern, noise)
    assessment = grade_minimum(objective, minima[0], known=known_noise)
    white = assessment.white
    assessment = _with_bounds(assessment, minima[0])
    crystal = ""
    if objective.model.stack.coherent > 1:
        of_rival = Budget(SHARE_OF_RIVAL * budget.seconds)
        assessment, crystal = compare_with_single_crystals(objective, minima[0], assessment, of_rival.expired)
        if of_rival.reached:
            budget.leave_out("single crystals as a rival, refined roughly only")
    if incomplete:
        assessment = _not_certain(assessment)
    if assessment.rejected:
        return FitAssessment(pattern, objective, parameters, minima, noise, notes, assessment).fit()
    lattices = _other_lattices(assessment, minima) if crystal else []
    if crystal:
        minima = minima[:1]
    exact = [name for name, row in parameters.items() if row.free is False]
    corrected = correct(objective, minima, systematics, exact, white=white, budget=budget)
    independent = objective
    if assessment.widening != 1.0:  # differences of χ² without effects are those of such residuals
        independent = objective.with_wider_noise(assessment.widening)
    if not white:
        least = UNFINISHED if incomplete else 1.0
        plain = Corrected(objective, minima, SystematicErrors(()))
        corrected, assessment = _without_white_residuals(plain, corrected, assessment, least, known_noise)
        if corrected is plain and systematics.use and objective.has_covariance:
            corrected = beside_residuals(objective, minima, systematics, exact, assessment.widening, budget)
    plain_objective, plain_minima, exchange = objective, minima, exchangeable(objective.model.stack)
    objective, minima = corrected.errors.applied(objective), corrected.minima
    if corrected.zero:
        notes = with_assumed_zero(notes, *minima[0].parameters.priors["q_zero"])

    def estimated(
        objective: Objective,
        minima: tuple[Minimum, ...],
        without: tuple[Minimum, ...] = (),
        ensemble: Ensemble | None = None,
        repeatable: bool = False,
    ) -> Fit:
        fit = FitAssessment(
            pattern,
            objective,
            parameters,
            minima,
            noise,
            list(notes),
            assessment,
            crystal=crystal,
            without=without,
        ).fit()
        shares = probabilities(without) if without else None
        return assess_estimates(
            fit,
            intervals=intervals,
            budget=budget,
            without=shares,
            ensemble=ensemble,
            repeatable=repeatable,
        )

    wider, widened = corrected.objective, corrected.minima
    without = corrected.without
    if independent is not plain_objective:
        without = tuple(reevaluated(each, independent) for each in without)
    if assessment.widening != 1.0 and corrected.noise == 1.0:
        wider = objective.with_wider_noise(assessment.widening)
        widened = tuple(minimise(wider, minimum.parameters, expired=budget.expired) for minimum in minima)
    for left in reversed(range(REPETITIONS + 1)):
        try:
            fit = estimated(wider, widened, without, repeatable=left > 0)
            break
        except MissedSolutionError as missed:
            replaced = [i for i, each in enumerate(widened) if same(each.values, missed.values, exchange)]
            minima, widened, without = (
                _with_missed(of, each, missed.values, replaced, budget)
                for of, each in ((objective, minima), (wider, widened), (independent, without))
            )
    first = _most_probable(fit)
    if first:
        minima, widened, without = (_with_first(each, first) for each in (minima, widened, without))
        samples = None if fit.ensemble is None else fit.ensemble.with_first(first)
        chances = [solution.probability for solution in _with_first(fit.solutions, first)]
        fit = estimated(wider, widened, without, samples)
        fit = replace(
            fit,
            solutions=tuple(
                replace(solution, probability=chance)
                for solution, chance in zip(fit.solutions, chances, strict=False)
            ),
        )
    if assessment.widening != 1.0:
        if corrected.noise != 1.0:
            minima = tuple(reevaluated(each, objective) for each in widened)
        fit = _on_the_noise_of_the_fit(fit, objective, minima[: len(fit.minima)])
    if unsupported:
        fit = without_solution(fit)
    fit = with_error_budget(fit, corrected, wider, widened[0])
    if corrected.errors.used and (not white or _has_large_effect(objective, minima[0], corrected.errors)):
        fit = with_difference(fit, plain_minima)
    return with_other_lattices(fit, lattices) if lattices else fit


def _has_large_effect(objective: Objective, minimum: Minimum, errors: SystematicErrors) -> bool:
    """Whether an effect has a most probable size at which its derivative describes it only roughly."""
    residual = reevaluated(minimum, objective).evaluation.residual
    return bool(np.any(np.abs(errors.scales * most_probable_sizes(objective, residual)) > LARGE))


def _other_lattices(assessment: Assessment, minima: Sequence[Minimum]) -> list[float]:
    """Distances of planes of single crystals, and of the stacks that describe the pattern as well as they.

    Stacks whose peak is of another order are left out.
    """
    found = []
    for rival in assessment.rivals:
        if "d" in rival.values:
            d = rival.values["d"]
            as_good = [minimum.values["d"] for minimum in minima if minimum.chi2 <= rival.chi2]
            found += [d, *(other for other in as_good if abs(other / d - 1.0) < SAME_ORDER)]
    return found


def _with_missed(
    objective: Objective,
    minima: tuple[Minimum, ...],
    values: Mapping[str, float],
    replaced: Collection[int],
    budget: Budget,
) -> tuple[Minimum, ...]:
    """Put a solution that the search has missed first, refined from these values, in the place of others."""
    if not minima:
        return ()
    start = minima[0].parameters.start(**{name: values[name] for name in minima[0].names})
    better = minimise(objective, start, expired=budget.expired)
    return (better, *(each for i, each in enumerate(minima) if i not in replaced))


def _most_probable(fit: Fit) -> int:
    """Number of the most probable solution, from 0; the first of those that are equally probable.

    χ² of the 2021 program has no scale, and so no probabilities: the solution of the lowest is taken.
    """
    if fit.settings.objective == "paper2021":
        return 0
    chances = [solution.probability for solution in fit.solutions]
    return chances.index(max(chances))


def _with_first(items: tuple[T, ...], index: int) -> tuple[T, ...]:
    """Return the items with one of them first, and the others in their order."""
    return (*items[index : index + 1], *items[:index], *items[index + 1 :])


def _without_white_residuals(
    plain: Corrected, corrected: Corrected, assessment: Assessment, least: float, known: bool
) -> tuple[Corrected, Assessment]:
    """Decide what the errors of a fit contain whose residuals noise alone does not explain.

    The discrepancy of the model, if it was estimated, or the systematic effects, if these explain the
    residuals. Otherwise it is the plain fit, beside whose residuals the effects have their own size.
    """
    if corrected.errors.discrepancy is not None:
        # The structure of the residuals is part of the covariance, so that only the noise may be wider.
        why = "the discrepancy of the model is part of all errors"
        widening = max(least, corrected.errors.discrepancy.noise)
        if assessment.noise_time > 1.0:  # that of independent points, which these are not
            widening = max(widening, assessment.noise_ratio)
    else:
        with_effects = grade_minimum(corrected.objective, corrected.minima[0], known=known)
        if not corrected.errors.effects or with_effects.rejected or not with_effects.white:
            return plain, assessment
        widening = max(least, with_effects.widening)
        why = "systematic effects explain the residuals, and are part of all errors"
    return corrected, replace(assessment, widening=widening, reasons=(*assessment.reasons, why))


def _not_certain(assessment: Assessment) -> Assessment:
    """Lower the grade of a fit whose search was not finished: a better solution may have been missed."""
    why = "the search ended at its time budget, and a better solution may have been missed (--budget)"
    if assessment.rejected:
        return replace(assessment, reasons=(why, *assessment.reasons))
    return replace(
        assessment,
        grade="systematic",
        reasons=(why, *assessment.reasons),
        widening=max(assessment.widening, UNFINISHED),
    )


def _with_bounds(assessment: Assessment, minimum: Minimum) -> Assessment:
    """Lower the grade of a fit that ends at a default bound, for which the errors of the others hold only."""
    ends = []
    for name in minimum.names:
        side, row, usual = on_bound(minimum, name), minimum.parameters[name], info(name)
        if (side == "lower" and name.startswith(POSITIVE)) or (side == "upper" and name.startswith("occ_")):
            continue  # a limit
        default = usual.upper if side == "upper" else usual.lower
        if side is not None and (row.upper if side == "upper" else row.lower) == default:
            ends.append(f"{usual.symbol} at its {side} bound, {minimum.values[name]:g} {usual.unit}".strip())
    if not ends:
        return assessment
    why = f"{', '.join(ends)}: the other values hold for that value only; widen it (--bounds)"
    grade: Grade = "rejected" if assessment.rejected else "systematic"
    advice = (*assessment.advice, "wider bounds (--bounds), or another model")
    return replace(assessment, grade=grade, reasons=(why, *assessment.reasons), advice=advice)


def _noise_is_known(pattern: Pattern, noise: Noise | None) -> bool:
    """Whether σ is from counting statistics or from the file, not an assumed fraction of the maximum."""
    return isinstance(source_in(pattern, noise).source, str)


def _on_the_noise_of_the_fit(fit: Fit, objective: Objective, minima: tuple[Minimum, ...]) -> Fit:
    """Put back curves and χ² with the σ of the fit; errors, intervals and probabilities are kept."""
    best, least = minima[0], min(minimum.chi2 for minimum in minima)
    solutions = tuple(
        replace(solution, values=minimum.values, chi2=minimum.chi2, delta_chi2=minimum.chi2 - least)
        for solution, minimum in zip(fit.solutions, minima, strict=True)
    )
    return replace(
        fit,
        chi2=best.chi2,
        reduced_chi2=reduced_chi2(objective, best),
        solutions=solutions,
        regions=best.evaluation.regions,
        objective=objective,
        minima=minima,
    )
