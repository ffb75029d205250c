"""Estimates from profile likelihood and posterior, where the covariance at one minimum is not enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd.fitting.assessment.narrow_sizes import with_estimates, with_other_sizes, with_smooth_sizes
from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.minimise.problem import is_compiled, prepare_problem, seconds_of_evaluation
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.derived import NARROW, ONE_STEP, with_derived
from slxrd.fitting.result.ensemble import Ensemble
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate, Fit, Solution
from slxrd.fitting.search.budget import Budget, OutOfTime
from slxrd.fitting.uncertainty.limits import without_fringes
from slxrd.fitting.uncertainty.posterior.importance import FEWEST_ROUNDS, ROUND, importance_samples
from slxrd.fitting.uncertainty.profile.interval import (
    WORTH_REPEATING,
    MissedSolutionError,
    estimate_from_profile,
)
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.environment import OF_FILM, OF_SUBSTRATE
from slxrd.units import FloatArray

_OF_SURROUNDINGS = (*OF_SUBSTRATE, *OF_FILM)
#: Mean sizes and their standard deviations.
_WIDTHS = {"N": "sigma_N", "N_B": "sigma_N_B"}
#: Half of a 95 % interval in standard deviations.
TWO_SIDED_95 = 1.96
NOT_SAMPLED = "the errors are those of the profile of χ², whose form is too irregular for sampling"
#: Samples that take longer than this, with derivatives, are not drawn, in s.
LONGEST_SAMPLING = 60.0


def assess_estimates(
    fit: Fit,
    *,
    intervals: bool = True,
    budget: Budget | None = None,
    without: FloatArray | None = None,
    ensemble: Ensemble | None = None,
    repeatable: bool = False,
) -> Fit:
    """Return the fit with estimates from the profile where needed, and intervals from the posterior.

    The profile is needed for a parameter without an error, or with a 2σ interval that reaches its bound.
    There χ² is not quadratic, as for σ_N below half a plane, where N and σ_N are correlated.

    Parameters
    ----------
    fit : Fit
        A fit with estimates from the covariance.
    intervals : bool
        Whether to sample the posterior.
    budget : Budget, optional
        Time budget of the profiles; none by default. A parameter whose profile is not finished is
        undetermined.
    without : ndarray, shape (s,), optional
        Probabilities of the solutions without systematic effects, with which those of the samples are
        averaged.
    ensemble : Ensemble, optional
        Samples of the posterior, if they were drawn before; the probabilities of the solutions are kept.
    repeatable : bool
        Whether an error is raised if a profile or the samples contain a lower χ² than the fit.

    Raises
    ------
    MissedSolutionError
        If a profile or the samples contain a lower χ² than a fit that is repeatable.
    """
    budget = budget or Budget()
    fit = with_other_sizes(with_smooth_sizes(fit, budget), budget)
    doubtful = [name for name in fit.names if _needs_profile(fit, name)]
    fit = _with_profiles(fit, doubtful, budget, repeatable)
    if intervals:
        sampled = _with_intervals(fit, without, ensemble, repeatable)
        if sampled is None:
            rest = [n for n in fit.names if n not in doubtful and fit.parameters[n].status == "determined"]
            sampled = _with_profiles(fit, rest, budget, repeatable)
            sampled = replace(sampled, notes=(*sampled.notes, NOT_SAMPLED))
        fit = sampled if sampled.ensemble is not None else _with_rivals(sampled)
    return _without_bounds(fit)


def _with_profiles(fit: Fit, names: Sequence[str], budget: Budget, repeatable: bool) -> Fit:
    """Replace the estimates of some parameters by those of their profiles."""
    if not names:
        return fit
    estimates = {**fit.parameters, **{name: _from_profile(fit, name, budget, repeatable) for name in names}}
    return with_estimates(fit, estimates, fit.minima[0])


def without_solution(fit: Fit) -> Fit:
    """Return the fit without the values of its best solution, as another one may be better."""
    why = "few starting points were tried within the time budget: another solution may be better (--budget)"
    estimates = {
        name: Estimate(None, None, one.unit, "undetermined", why)
        if name in fit.names and one.status != "undetermined"
        else one
        for name, one in fit.parameters.items()
    }
    return with_estimates(fit, estimates, fit.minima[0])


def _from_profile(fit: Fit, name: str, budget: Budget, repeatable: bool) -> Estimate:
    try:
        return estimate_from_profile(fit, name, budget, repeatable=repeatable)
    except OutOfTime:
        budget.leave_out(f"the profile of {name}")
        why = "its profile was not finished within the time budget (--budget)"
        return Estimate(None, None, info(name).unit, "undetermined", why)


def _without_bounds(fit: Fit) -> Fit:
    """Remove the error of a value that lies on its bound, whatever it was estimated from."""
    best = fit.minima[0]
    estimates = dict(fit.parameters)
    for name in fit.names:
        estimate, side = estimates[name], on_bound(best, name)
        if side is not None and estimate.status in ("determined", "ambiguous"):
            why = f"no error bar: it lies on its {side} bound"
            estimates[name] = Estimate(estimate.value, None, estimate.unit, "at bound", why)
    if estimates == dict(fit.parameters):
        return fit
    return with_estimates(fit, estimates, best)


def _needs_profile(fit: Fit, name: str) -> bool:
    estimate: Estimate = fit.parameters[name]
    row = fit.minima[0].parameters[name]
    # A profile of a film on a substrate takes long, and its thickness and d hardly depend on these.
    if fit.stack.substrate is not None and name in _OF_SURROUNDINGS:
        return False
    if fit.stack.substrate is not None and name == "sigma_N" and fit.parameters["N"].error is not None:
        return False
    if name in STACKING and fit.parameters["L"].status == "undetermined":
        return False  # without fringes neither can be determined
    if estimate.status == "undetermined" and estimate.why == fit.parameters["L"].why:
        return False  # a crystal in disguise
    if estimate.status == "undetermined":
        return True
    if estimate.value is None or estimate.error is None:
        return False
    # χ² is flat in N within a step of the mean size: its curvature there is no error of N.
    narrow = name in _WIDTHS and fit.minima[0].values[_WIDTHS[name]] < NARROW
    if narrow and estimate.error > ONE_STEP and fit.stack.substrate is None:
        return True
    return (
        not row.lower
        <= estimate.value - 2.0 * estimate.error
        <= estimate.value + 2.0 * estimate.error
        <= row.upper
    )


def _with_intervals(
    fit: Fit, without: FloatArray | None, ensemble: Ensemble | None, repeatable: bool
) -> Fit | None:
    """Add intervals and probabilities from samples of the posterior, if sampling is fast.

    None if too few of the samples are effective.

    Raises
    ------
    MissedSolutionError
        If the χ² of a sample is lower than that of a fit that is repeatable.
    """
    if ensemble is not None:
        return _with_intervals_of(fit, ensemble)
    minima = fit.minima
    if not fit.names or not is_compiled(fit.objective, minima[0].parameters):
        return _with_shares_of_chi2(fit) if fit.stack.substrate is not None else fit
    stacked = fit.stack.coherent == 1 or fit.parameters["L"].status != "undetermined"
    if not stacked:
        fit = _without_fringes(fit)
        minima = (without_fringes(fit.objective, minima[0]),)
    if minima[0].names and _seconds_of_sampling(minima[0], fit.objective) > LONGEST_SAMPLING:
        why = "intervals and probabilities are those of the covariance: sampling would take too long"
        return replace(fit, notes=(*fit.notes, why))
    if not minima[0].names:
        return fit
    ensemble = importance_samples(fit.objective, minima)
    if ensemble is None:
        why = "intervals are those of the covariance: the form of χ² is too irregular for sampling"
        return None if stacked else replace(fit, notes=(*fit.notes, why))
    if repeatable and stacked and fit.chi2 - ensemble.least_chi2 > WORTH_REPEATING:
        raise MissedSolutionError(ensemble.lowest)
    if stacked and without is not None:
        ensemble = _averaged(ensemble, without)
    fit = _with_intervals_of(fit, ensemble)
    return replace(fit, solutions=_with_probabilities(fit.solutions, ensemble)) if stacked else fit


def _with_intervals_of(fit: Fit, ensemble: Ensemble) -> Fit:
    """Add intervals from samples of the posterior."""

    def with_intervals(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
        return {
            name: with_interval(e, name, ensemble) if name in ensemble.values and e.error is not None else e
            for name, e in estimates.items()
        }

    parameters, derived = with_intervals(fit.parameters), with_intervals(fit.derived)
    derived = _with_periods(parameters, derived)
    return replace(fit, parameters=parameters, derived=derived, ensemble=ensemble)


def _with_periods(parameters: Mapping[str, Estimate], derived: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Call the periods of a whole N ambiguous where L is."""
    if parameters["L"].status != "ambiguous":
        return dict(derived)
    names = [name for name in ("period_of_most_probable", "period_S13") if name in derived]
    return {**derived, **{n: replace(derived[n], status="ambiguous", why="L is ambiguous") for n in names}}


def _averaged(ensemble: Ensemble, without: FloatArray) -> Ensemble:
    """Average the probabilities of the solutions with others, of which those without samples are left out."""
    count = int(ensemble.solution.max()) + 1
    own = np.array([ensemble.share(k) for k in range(count)])
    others = np.where(own > 0.0, without[:count], 0.0)
    if not others.sum() > 0.0:
        return ensemble
    return ensemble.with_shares(0.5 * (own + others / others.sum()))


def _with_shares_of_chi2(fit: Fit) -> Fit:
    """Calculate the probabilities of the solutions from χ² alone.

    Where N and σ_N cannot be separated, the volume of a solution is meaningless.
    """
    shares = np.exp(-0.5 * np.array([solution.delta_chi2 for solution in fit.solutions]))
    shares /= shares.sum()
    solutions = tuple(
        replace(solution, probability=float(share))
        for solution, share in zip(fit.solutions, shares, strict=True)
    )
    return replace(fit, solutions=solutions)


def _with_rivals(fit: Fit) -> Fit:
    """Call a value ambiguous if a solution that is nearly as good differs from it by more than two errors.

    This is for fits without samples of the posterior, of which intervals over all solutions would follow.
    """
    near = [
        minimum
        for minimum, solution in zip(fit.minima[1:], fit.solutions[1:], strict=False)
        if solution.near(AMBIGUOUS)
    ]
    if not near:
        return fit
    rows = np.array([[minimum.values[name] for name in fit.stack.names] for minimum in near])
    columns = with_derived(rows, fit.stack)

    def checked(name: str, estimate: Estimate) -> Estimate:
        value, error = estimate.value, estimate.error
        if estimate.status != "determined" or value is None or not error or name not in columns:
            return estimate
        others = [other for other in columns[name].tolist() if abs(other - value) > 2.0 * error]
        if not others:
            return estimate
        half = TWO_SIDED_95 * error
        pieces = [(place - half, place + half) for place in sorted((value, *others))]
        return replace(estimate, status="ambiguous", interval_95=_joined(pieces))

    parameters = {name: checked(name, each) for name, each in fit.parameters.items()}
    derived = {name: checked(name, each) for name, each in fit.derived.items()}
    return replace(fit, parameters=parameters, derived=_with_periods(parameters, derived))


def _joined(pieces: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Join intervals that overlap; they are in ascending order and equally wide."""
    joined = [pieces[0]]
    for low, high in pieces[1:]:
        if low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return tuple(joined)


def _seconds_of_sampling(minimum: Minimum, objective: Objective) -> float:
    """Estimate the time of the smallest number of samples, in s."""
    start = np.array([[minimum.values[name] for name in objective.model.names]])
    problem = prepare_problem(objective, minimum.parameters, start)
    return FEWEST_ROUNDS * ROUND * seconds_of_evaluation(problem, start)


def _without_fringes(fit: Fit) -> Fit:
    """Replace the estimates by those of a fit without fringes, as the best L only describes noise."""
    plain = without_fringes(fit.objective, fit.minima[0])
    errors = plain.covariance
    estimates = dict(fit.parameters)
    for name in plain.names:
        error = errors.error(name)
        if estimates[name].status == "determined" and error is not None:
            estimates[name] = replace(estimates[name], value=plain.values[name], error=error)
    return with_estimates(fit, estimates, plain)


def with_interval(estimate: Estimate, name: str, ensemble: Ensemble) -> Estimate:
    """Add the intervals, and the error that follows from them, to an estimate.

    Parameters
    ----------
    estimate : Estimate
        With the error of one solution.
    name : str
        Its quantity.
    ensemble : Ensemble
        Samples of the posterior over all solutions.
    """
    pieces = {level: ensemble.interval(name, level) for level in (0.68, 0.95)}
    estimate = replace(estimate, interval_68=pieces[0.68], interval_95=pieces[0.95])
    if estimate.status != "determined" or estimate.value is None:
        return estimate
    # Several solutions can be in one piece of the 95 % interval, where their tails overlap.
    if any(len(intervals) > 1 for intervals in pieces.values()):
        return replace(estimate, status="ambiguous")
    ((low, high),) = pieces[0.68]
    return replace(estimate, error=(high - low) / 2.0)


def _with_probabilities(solutions: tuple[Solution, ...], ensemble: Ensemble) -> tuple[Solution, ...]:
    """Set the probabilities from the samples; those of solutions that were not sampled are unchanged."""
    sampled = int(ensemble.solution.max()) + 1
    shares = np.array(
        [ensemble.share(k) for k in range(sampled)] + [s.probability for s in solutions[sampled:]]
    )
    shares /= shares.sum()
    return tuple(replace(s, probability=float(p)) for s, p in zip(solutions, shares, strict=True))
