"""All minima of χ²: starting values from the pattern, a scan over L, and a refinement of each minimum.

At a Bragg peak, L → L + d changes the phase between crystals by 2π, so χ² has minima about d apart in
L that can be nearly equally deep. A local refinement finds one of them; this module searches for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import TOLERANCE, Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.certificate import SearchCertificate
from slxrd.fitting.search.exploration import explore, refine
from slxrd.fitting.search.film.interference import near_interface
from slxrd.fitting.search.film.minima import search_films
from slxrd.fitting.search.identity import distinct, exchangeable, same
from slxrd.fitting.search.on_substrate import refine_on_substrate, search_satellites, without_substrate
from slxrd.fitting.search.pairs.scan import scan_pairs
from slxrd.fitting.search.q_zero import decide_q_zero, fix_q_zero
from slxrd.fitting.search.satellites.scan import Scanned, scan_satellites
from slxrd.fitting.search.scan import (
    FAINTEST,
    SHARE_OF_SCAN,
    Progress,
    scan,
)
from slxrd.fitting.search.skewed_gaps import refine_distribution, with_gaussian_gaps
from slxrd.parameters.definitions import TABLE
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: L is searched at least up to this value in Å, whatever the resolution.
LEAST_RANGE = 60.0
#: Share of the time budget for the search of a simpler structure, without a substrate or with Gaussian gaps.
SHARE_OF_SIMPLER = 0.5
#: A stack on a substrate is not searched without it if structures with the period of the satellites describe
#: the pattern up to this reduced χ².
DESCRIBED = 10.0


@dataclass(frozen=True)
class SearchResult:
    """Minima of χ² and how they were found.

    Parameters
    ----------
    minima : tuple of Minimum
        Distinct minima, the best first.
    certificate : SearchCertificate
        How thorough the search was.
    parameters : Parameters
        Those that were given, with q_zero fixed or free as it was in the search.
    """

    minima: tuple[Minimum, ...]
    certificate: SearchCertificate
    parameters: Parameters


def search(
    objective: Objective,
    parameters: Parameters,
    report: Progress | None = None,
    budget: Budget | None = None,
    satellites: Scanned | None = None,
) -> SearchResult:
    """Find the minima of χ², the best first.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Given values are starts; the others are estimated from the pattern. A q_zero that is neither fixed
        nor free is refined if the data contain two orders of reflection that separate it from d, and fixed
        at its value otherwise.
    report : callable, optional
        Called with steps done and steps in all.
    budget : Budget, optional
        Time budget; none by default.
    satellites : Scanned, optional
        Of a stack on a substrate: structures with the period of the satellites, if they are known.

    Returns
    -------
    SearchResult
        Distinct minima, within :data:`slxrd.fitting.search.identity.WORST_LISTED` of the best in χ².

    Raises
    ------
    SlxrdError
        If nothing can be fitted.
    """
    budget = budget or Budget()
    if objective.model.stack.coherent == 1:
        parameters = near_interface(objective, fix_q_zero(parameters))
        return SearchResult(*search_films(objective, parameters, report, budget), parameters)
    if objective.model.stack.substrate is not None:
        result = _search_on_substrate(objective, parameters, report, budget, satellites)
        if result is not None:
            return result
    if objective.model.stack.gap_distribution.parameters:
        simple = with_gaussian_gaps(objective, parameters)
        if simple is not None:
            return _search_in_stages(objective, parameters, simple, refine_distribution, report, budget)
    parameters, envelopes = decide_q_zero(objective, parameters)
    bounded = _resolvable(objective, parameters, envelopes[0])
    scanned = scan_pairs if objective.model.stack.alternating else scan
    starts: list[FloatArray] = []
    for i, base in enumerate(envelopes):
        if i > 0 and budget.spent(SHARE_OF_SCAN):
            budget.leave_out(f"planes {base.values['d']:.4g} Å apart", starts=True)
            break
        starts.append(scanned(objective, bounded, base, _portion(report, i, len(envelopes)), budget))
    return SearchResult(*explore(objective, bounded, _alternated(starts), budget), parameters)


def _search_on_substrate(
    objective: Objective,
    parameters: Parameters,
    report: Progress | None,
    budget: Budget,
    satellites: Scanned | None,
) -> SearchResult | None:
    """Search a stack from its satellites, and without the substrate where these do not describe the pattern.

    None without satellites if the stack alone cannot be searched.
    """
    stack, fixed = objective.model.stack, fix_q_zero(parameters)
    satellites = satellites or scan_satellites(objective, near_interface(objective, fixed), budget)
    bare = without_substrate(objective, parameters)
    known: tuple[Minimum, ...] = ()
    certificate: SearchCertificate | None = None
    if satellites.found:
        try:
            known, certificate = search_satellites(objective, fixed, satellites, budget, report)
        except SlxrdError:  # no start leads to a fit
            if bare is None:
                raise
    if certificate is not None:
        described = known[0].chi2 < DESCRIBED * objective.n_points
        if satellites.decisive or described or bare is None:
            return SearchResult(known, certificate, fixed)
    if bare is None:
        return None
    refine_further = partial(refine_on_substrate, known=known)
    result = _search_in_stages(objective, parameters, bare, refine_further, report, budget)
    if certificate is None or not same(result.minima[0].values, known[0].values, exchangeable(stack)):
        return result
    certificate = replace(certificate, budget_reached=budget.reached, not_examined=budget.left_out)
    return replace(result, certificate=certificate)


def _search_in_stages(
    objective: Objective,
    parameters: Parameters,
    simple: tuple[Objective, Parameters],
    refine_further: Callable[
        [Objective, Parameters, tuple[Minimum, ...], Budget, Progress | None], tuple[Minimum, ...]
    ],
    report: Progress | None,
    budget: Budget,
) -> SearchResult:
    """Search a simpler structure in compiled code, and refine what was found with the whole one."""
    first = Budget(SHARE_OF_SIMPLER * budget.seconds)
    budget.spent()  # begins the time
    alone = search(*simple, _portion(report, 0, 2), first)
    for what in first.left_out:
        budget.leave_out(what, starts=first.starts_left)
    parameters = Parameters({**parameters, "q_zero": alone.parameters["q_zero"]}, objective.model.stack.table)
    minima = refine_further(objective, parameters, alone.minima, budget, _portion(report, 1, 2))
    certificate = replace(alone.certificate, budget_reached=budget.reached, not_examined=budget.left_out)
    return SearchResult(minima, certificate, parameters)


def _portion(report: Progress | None, index: int, count: int) -> Progress:
    """Progress of one of several equal parts of the work."""

    def portion(done: int, of: int) -> None:
        if report is not None:
            report(index * of + done, count * of)

    return portion


def _alternated(lists: list[FloatArray]) -> FloatArray:
    """Merge lists of starting points, each the best first, by taking from each in turn."""
    ranks = np.concatenate([np.arange(len(rows)) for rows in lists])
    return np.asarray(np.concatenate(lists)[np.argsort(ranks, kind="stable")])


def search_again(
    objective: Objective, parameters: Parameters, before: SearchResult, budget: Budget | None = None
) -> SearchResult:
    """Search from known minima with another choice of free parameters, and among their neighbours.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        The new choice, with q_zero free or fixed.
    before : SearchResult
        Known minima, the best first.
    budget : Budget, optional
        Time budget; none by default.
    """
    if objective.model.stack.coherent == 1:
        return SearchResult(refine_all(objective, parameters, before.minima), before.certificate, parameters)
    starts = np.array([[minimum.values[name] for name in parameters] for minimum in before.minima])
    bounded = _resolvable(objective, parameters, before.minima[0])
    minima, after = explore(objective, bounded, starts, budget or Budget(), confirm=False)
    first, ended = before.certificate, after.ended_in_best
    if same({**minima[0].values, "q_zero": 0.0}, {**before.minima[0].values, "q_zero": 0.0}):
        ended += first.ended_in_best - 1
    certificate = replace(
        after, starts=first.starts + after.starts - len(starts), distinct=first.distinct, ended_in_best=ended
    )
    return SearchResult(minima, certificate, parameters)


def refine_all(
    objective: Objective,
    parameters: Parameters,
    minima: tuple[Minimum, ...],
    budget: Budget | None = None,
    tolerance: float = TOLERANCE,
) -> tuple[Minimum, ...]:
    """Refine known minima again with another choice of free parameters; distinct ones, the best first."""
    budget = budget or Budget()
    refined = in_parallel(
        lambda minimum: refine(objective, parameters, dict(minimum.values), budget, tolerance),
        minima,
        budget,
    )
    if len(refined) < len(minima):
        budget.leave_out(f"{len(minima) - len(refined)} of {len(minima)} minima with the final noise")
    return distinct(refined, exchangeable(objective.model.stack))


def _resolvable(objective: Objective, parameters: Parameters, base: Minimum) -> Parameters:
    """Bound L to what resolution and point distance can show, unless the user has bounded it."""
    stack, row = objective.model.stack, parameters["L"]
    # Crystals of atoms whose lower bound is that of their surfaces have no other one, as in version 0.1.
    default = TABLE["L"] if stack.substrate is None else stack.table["L"]
    if not row.free or (row.lower, row.upper) != (default.lower, default.upper):
        return parameters
    step = min(float(np.median(np.diff(points.q))) for points in objective.data)
    longest = np.pi / step
    narrowest = min(float(objective.model.instrument.sigma(points.q).min()) for points in objective.data)
    if narrowest > 0.0:
        longest = min(longest, FAINTEST / narrowest)
    upper = float(np.clip(longest - base.values["d"], LEAST_RANGE, default.upper))
    return parameters.bound(L=(row.lower, max(upper, row.value or 0.0)))
