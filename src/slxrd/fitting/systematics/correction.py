"""Refinement of all solutions with the correlated errors of systematic effects."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from slxrd.fitting.minimise.least_squares import Minimum, minimise, reevaluated
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.error_budget import ErrorBudget
from slxrd.fitting.result.fit import Estimate, Fit
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.identity import distinct, exchangeable
from slxrd.fitting.search.whole_sizes import with_whole_sizes
from slxrd.fitting.systematics.budget import error_budget
from slxrd.fitting.systematics.covariance import SystematicErrors, systematic_effects, with_discrepancy
from slxrd.fitting.systematics.presence import given_data
from slxrd.fitting.systematics.settings import USUAL_ZERO, ZERO_ERROR, Systematics
from slxrd.parameters.parameter_set import Parameters

#: Number of times that the covariance is calculated, from the best solution of the refinement before.
ROUNDS = 2
#: Largest factor by which χ² of the noise alone may rise in a solution with the discrepancy. Beyond it the
#: discrepancy describes what the model describes without it.
LARGEST_RISE = 4.0


@dataclass(frozen=True, eq=False)
class Corrected:
    """A fit with correlated errors.

    Parameters
    ----------
    objective : Objective
        With the correlated errors.
    minima : tuple of Minimum
        All solutions, refined again, the best first.
    errors : SystematicErrors
        The correlated errors.
    without : tuple of Minimum
        The same solutions without correlated errors, in the same order; empty if there are none.
    zero : float
        Standard deviation of the prior of q_zero, which the data do not determine; 0 if it has none.
    noise : float
        Factor of the σ of the fit in this objective, which stands for systematic residuals.
    """

    objective: Objective
    minima: tuple[Minimum, ...]
    errors: SystematicErrors
    without: tuple[Minimum, ...] = ()
    zero: float = 0.0
    noise: float = 1.0


def correct(
    objective: Objective,
    minima: tuple[Minimum, ...],
    settings: Systematics,
    known: Collection[str] = (),
    *,
    white: bool = True,
    budget: Budget | None = None,
) -> Corrected:
    """Refine all solutions with the covariance of systematic effects and of the model's discrepancy.

    Residuals that are not white are left as they are where a discrepancy cannot be part of the covariance
    (see :func:`has_discrepancy`).

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model, with independent errors.
    minima : tuple of Minimum
        Minima of χ², the best first.
    settings : Systematics
        Which effects are used.
    known : collection of str
        Parameters whose values are known exactly.
    white : bool
        Whether the residuals are white, so that no discrepancy of the model has to be estimated.
    budget : Budget, optional
        Time budget of the refinements; none by default.
    """
    budget = budget or Budget()
    plain = Corrected(objective, minima, SystematicErrors(()))
    if not objective.has_covariance:
        return plain
    if not white and not (settings.discrepancy and has_discrepancy(objective)):
        return plain
    return _with_effects(objective, minima, settings, known, white, not white, budget) or plain


def _with_effects(
    objective: Objective,
    plain: tuple[Minimum, ...],
    settings: Systematics,
    known: Collection[str],
    white: bool,
    discrepancy: bool,
    budget: Budget,
) -> Corrected | None:
    """Refine all solutions with the effects, and with the discrepancy or without it.

    None if there are no effects, or if the curve of the best solution is far from the data.
    """
    zero = _prior_of_zero(plain[0], settings, known)
    starts = [_with_zero(minimum.parameters, zero) for minimum in plain]
    minima = sources = plain
    for _ in range(ROUNDS):
        # The derivatives are those of the plain curve, whose scale follows from the noise alone.
        best = reevaluated(minima[0], objective)
        errors = SystematicErrors(systematic_effects(objective, best, settings, budget))
        if white:
            errors = SystematicErrors(given_data(objective, best, errors.effects, zero, settings.priors))
        elif discrepancy:
            errors = with_discrepancy(objective, best, errors.effects)
        if not errors.used and not zero:
            return None
        whole = errors.applied(objective)
        refined = [
            with_whole_sizes(whole, minimise(whole, start, expired=budget.expired), budget)
            for start in starts
        ]
        minima, sources = _distinct(refined, sources, objective)
        starts = [minimum.parameters for minimum in minima]
        if white:
            break
    if not white:
        # Both the curve with the effects and that of the parameters alone.
        curves = (max(each.evaluation.chi2_of_curves, objective.chi2(each.values)) for each in minima)
        near = [chi2 <= LARGEST_RISE * plain[0].chi2 for chi2 in curves]
        if not near[0] and errors.discrepancy is not None:
            return _with_effects(objective, plain, settings, known, white, False, budget)
        if not near[0]:
            return None
        minima, sources = (tuple(itertools.compress(each, near)) for each in (minima, sources))
    return Corrected(whole, minima, errors, sources, zero)


def beside_residuals(
    objective: Objective,
    minima: tuple[Minimum, ...],
    settings: Systematics,
    known: Collection[str],
    widening: float,
    budget: Budget | None = None,
) -> Corrected:
    """Refine all solutions with systematic effects beside residuals that they do not explain.

    σ is multiplied by the factor that these residuals ask for. The effects have their own size, so that the
    covariance is that of the residuals and of the effects together.

    Parameters
    ----------
    objective, minima, settings, known, budget
        As in :func:`correct`.
    widening : float
        Factor of σ.
    """
    budget = budget or Budget()
    zero = _prior_of_zero(minima[0], settings, known) if objective.has_covariance else 0.0
    errors = SystematicErrors(systematic_effects(objective, minima[0], settings, budget))
    wider = errors.applied(objective.with_wider_noise(widening))
    starts = [_with_zero(minimum.parameters, zero) for minimum in minima]
    refined = [minimise(wider, start, expired=budget.expired) for start in starts]
    found, sources = _distinct(refined, minima, objective)
    return Corrected(wider, found, errors, sources, zero, widening)


def _distinct(
    refined: list[Minimum], sources: Sequence[Minimum], objective: Objective
) -> tuple[tuple[Minimum, ...], tuple[Minimum, ...]]:
    """Return the distinct ones of refined minima, the best first, and the minima that they were before."""
    origin = {id(after): before for after, before in zip(refined, sources, strict=True)}
    ordered = distinct(refined, exchangeable(objective.model.stack))
    return ordered, tuple(origin[id(minimum)] for minimum in ordered)


def _prior_of_zero(minimum: Minimum, settings: Systematics, known: Collection[str]) -> float:
    """Standard deviation of q_zero where it is neither refined nor known; 0 otherwise."""
    row = minimum.parameters["q_zero"]
    if "q_zero" in {*minimum.names, *known} or row.expression is not None or not minimum.names:
        return 0.0
    return settings.prior(ZERO_ERROR, USUAL_ZERO)


def _with_zero(parameters: Parameters, spread: float) -> Parameters:
    """Refine q_zero with a prior. Its effect is not linear: peaks move by a good part of their width."""
    if not spread:
        return parameters
    value = parameters["q_zero"].value or 0.0
    return parameters.release("q_zero").prior(q_zero=(value, spread)).start(q_zero=value)


def has_discrepancy(objective: Objective) -> bool:
    """Whether the discrepancy of a model can be part of the covariance.

    It cannot for logarithmic residuals, nor where σ contains a fraction of each point's intensity, which is
    the same: there the minima between the fringes of a film are steep functions of the parameters, and the
    widening of the errors is calibrated instead.
    """
    linear = objective.settings.objective == "linear" and not any(
        points.relative for points in objective.data
    )
    return linear and objective.has_covariance


def with_error_budget(fit: Fit, corrected: Corrected, objective: Objective, minimum: Minimum) -> Fit:
    """Return the fit with its error budget, and the errors of its estimates in two parts.

    Parameters
    ----------
    fit : Fit
        The fit, with the errors of everything.
    corrected : Corrected
        The correlated errors.
    objective : Objective
        With the σ from which the errors follow.
    minimum : Minimum
        The minimum of its χ² that is the solution of the fit.
    """
    if fit.objective.settings.objective == "paper2021" or not fit.minima:
        return fit
    widening = 1.0 if fit.assessment is None else fit.assessment.widening
    if corrected.noise == 1.0:
        objective, minimum = fit.objective, fit.minima[0]
    budget = error_budget(objective, minimum, corrected.errors, widening, noise=corrected.noise)
    if budget is None:
        return fit
    parameters, derived = (_divided(each, budget) for each in (fit.parameters, fit.derived))
    zero = corrected.zero
    if zero:
        assumed = parameters["q_zero"]
        mean, _ = fit.minima[0].parameters.priors["q_zero"]
        why = (
            f"{mean:g} ± {zero:g} Å⁻¹ is assumed, which is in the errors; this value describes the data "
            "best, but they do not determine it"
        )
        value = None if assumed.value is None else rounded(assumed.value, zero)
        parameters["q_zero"] = Estimate(value, None, assumed.unit, "fixed", why)
    return replace(fit, parameters=parameters, derived=derived, budget=budget)


def rounded(value: float, error: float) -> float:
    """Round a value to two digits of its error; what is rounded to zero has no sign."""
    return round(value, 1 - math.floor(math.log10(error))) + 0.0


def _divided(estimates: Mapping[str, Estimate], budget: ErrorBudget) -> dict[str, Estimate]:
    divided = {}
    for name, estimate in estimates.items():
        if estimate.error is None or name not in budget.total:
            divided[name] = estimate
            continue
        share = budget.share(name)
        statistical = share * estimate.error
        systematic = math.sqrt(max(1.0 - share**2, 0.0)) * estimate.error
        divided[name] = replace(estimate, statistical=statistical, systematic=systematic)
    return divided
