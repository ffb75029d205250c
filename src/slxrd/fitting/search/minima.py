"""All minima of χ²: starting values from the pattern, a scan over L, and a refinement of each minimum.

At a Bragg peak, L → L + d changes the phase between crystals by 2π, so χ² has minima about d apart in
L that can be nearly equally deep. A local refinement finds one of them; this module searches for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.batch import Batch, Refined, joined
from slxrd.fitting.minimise.least_squares import TOLERANCE, Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.certificate import SUPPORTED, SearchCertificate
from slxrd.fitting.search.film.interference import near_interface
from slxrd.fitting.search.film.minima import search_films
from slxrd.fitting.search.identity import MOST_LISTED, distinct, exchangeable, same, worst_listed
from slxrd.fitting.search.on_substrate import SHARE_WITHOUT, refine_on_substrate, without_substrate
from slxrd.fitting.search.pairs.layers import beside
from slxrd.fitting.search.pairs.scan import scan_pairs
from slxrd.fitting.search.q_zero import decide_q_zero, fix_q_zero
from slxrd.fitting.search.scan import (
    FAINTEST,
    MOST_REFINED,
    SHARE_OF_SCAN,
    Progress,
    bragg_order,
    filled,
    points_of,
    scan,
    usual_spread,
)
from slxrd.fitting.search.whole_sizes import with_whole_sizes
from slxrd.parameters.definitions import TABLE
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Distances in units of d from the best L that are tried, and the smallest starting value of σ_L in Å.
NEIGHBOURS = (0, -8, -5, -3, -2, -1, 1, 2, 3, 5, 8)
LEAST_SIGMA_L = 0.3
#: Up to this order of reflection, L is also tried between these distances.
HIGHEST_ORDER = 4
#: L is searched at least up to this value in Å, whatever the resolution.
LEAST_RANGE = 60.0
#: Mark of a starting point that is the best minimum itself, which is no independent one.
REPEATED = -1
#: How often the neighbours of a new best solution are tried.
MOST_ROUNDS = 6
#: Solutions whose neighbours are tried if few starting points lead to the best one.
MOST_LEADERS = 4
#: Share of the time budget at whose end no further refinement from a starting point begins.
SHARE_OF_STARTS = 0.85


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
        parameters = fix_q_zero(parameters)
        if objective.model.stack.substrate is not None:
            parameters = near_interface(objective, parameters)
        return SearchResult(*search_films(objective, parameters, report, budget), parameters)
    if objective.model.stack.substrate is not None:
        bare = without_substrate(objective, parameters)
        if bare is not None:
            return _search_on_substrate(objective, parameters, bare, report, budget)
    parameters, envelopes = decide_q_zero(objective, parameters)
    bounded = _resolvable(objective, parameters, envelopes[0])
    scanned = scan_pairs if objective.model.stack.alternating else scan
    starts: list[FloatArray] = []
    for i, base in enumerate(envelopes):
        if i > 0 and budget.spent(SHARE_OF_SCAN):
            budget.leave_out(f"planes {base.values['d']:.4g} Å apart")
            break
        starts.append(scanned(objective, bounded, base, _portion(report, i, len(envelopes)), budget))
    return SearchResult(*_explore(objective, bounded, _alternated(starts), budget), parameters)


def _search_on_substrate(
    objective: Objective,
    parameters: Parameters,
    bare: tuple[Objective, Parameters],
    report: Progress | None,
    budget: Budget,
) -> SearchResult:
    """Search without the substrate, and refine what was found with it."""
    first = Budget(SHARE_WITHOUT * budget.seconds)
    budget.spent()  # begins the time
    alone = search(*bare, _portion(report, 0, 2), first)
    for what in first.left_out:
        budget.leave_out(what)
    parameters = Parameters({**parameters, "q_zero": alone.parameters["q_zero"]}, objective.model.stack.table)
    minima = refine_on_substrate(objective, parameters, alone.minima, budget, _portion(report, 1, 2))
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
    minima, after = _explore(objective, bounded, starts, budget or Budget(), confirm=False)
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
        lambda minimum: _refine(objective, parameters, dict(minimum.values), budget, tolerance),
        minima,
        budget,
    )
    if len(refined) < len(minima):
        budget.leave_out(f"{len(minima) - len(refined)} of {len(minima)} minima with the final noise")
    return distinct(refined, exchangeable(objective.model.stack))


def _resolvable(objective: Objective, parameters: Parameters, base: Minimum) -> Parameters:
    """Bound L to what resolution and point distance can show, unless the user has bounded it."""
    row, default = parameters["L"], TABLE["L"]
    if not row.free or (row.lower, row.upper) != (default.lower, default.upper):
        return parameters
    step = min(float(np.median(np.diff(points.q))) for points in objective.data)
    longest = np.pi / step
    narrowest = min(float(objective.model.instrument.sigma(points.q).min()) for points in objective.data)
    if narrowest > 0.0:
        longest = min(longest, FAINTEST / narrowest)
    upper = float(np.clip(longest - base.values["d"], LEAST_RANGE, default.upper))
    return parameters.bound(L=(row.lower, max(upper, row.value or 0.0)))


def _explore(
    objective: Objective, parameters: Parameters, starts: FloatArray, budget: Budget, confirm: bool = True
) -> tuple[tuple[Minimum, ...], SearchCertificate]:
    """Refine from starting points and from the neighbours of the best, and count how many led there.

    To confirm the best minimum, others are refined until several have led to it. Starting points beyond
    :data:`MOST_REFINED` are the last of them.
    """
    first, reserve = starts[:MOST_REFINED], starts[MOST_REFINED:]
    found = _with_neighbours(objective, parameters, _refined(objective, parameters, first, budget), budget)
    known = len(found.chi2)
    if confirm:
        found = _confirmed(objective, parameters, found, reserve, budget)
    new = ~_repeated(objective, parameters, found, known)
    order = np.argsort(found.chi2, kind="stable")
    order = order[new[order] & (found.chi2[order] <= 1.1 * worst_listed(float(found.chi2.min())))]
    minima = _polished(objective, parameters, found.values[order], budget)
    certificate = SearchCertificate(
        int(np.count_nonzero(found.start != REPEATED)),
        len(_different(objective, parameters, found, len(found.chi2))),
        _ended_in_best(objective, parameters, found),
        budget.reached,
        budget.left_out,
    )
    return minima, certificate


def _confirmed(
    objective: Objective, parameters: Parameters, found: Refined, reserve: FloatArray, budget: Budget
) -> Refined:
    """Refine from neighbours of the next best minima, and more of the scan, until several led to the best."""

    def further() -> Iterator[FloatArray]:
        for rank in range(1, MOST_LEADERS):
            leaders = _different(objective, parameters, found, rank + 1)
            if len(leaders) > rank:
                around = _neighbours(objective, parameters, leaders[rank])
                yield points_of(parameters, around) if around.size else around
        yield reserve

    for starts in further():
        if _ended_in_best(objective, parameters, found) >= SUPPORTED:
            break
        if not starts.size:
            continue
        if budget.spent(SHARE_OF_STARTS):
            budget.leave_out("neighbours of the next best solutions")
            break
        least = float(found.chi2.min())
        found = joined([found, _refined(objective, parameters, starts, budget)])
        if found.chi2.min() < _noticeably_below(objective, least):
            found = _with_neighbours(objective, parameters, found, budget)
    return found


def _repeated(objective: Objective, parameters: Parameters, found: Refined, known: int) -> NDArray[np.bool_]:
    """Whether each rough minimum after the first ``known`` is one of these, and not noticeably lower.

    What only confirms a minimum does not change where its refinement begins, nor the last digits of its end.
    """
    exchange = exchangeable(objective.model.stack)
    rows = [dict(zip(parameters, row, strict=True)) for row in found.values.tolist()]
    repeated = np.zeros(len(rows), bool)
    for k in range(known, len(rows)):
        highest = found.chi2[k] + 1e-3 * max(found.chi2[k] / objective.n_points, 1.0)
        repeated[k] = any(found.chi2[i] <= highest and same(rows[k], rows[i], exchange) for i in range(known))
    return repeated


def _refined(objective: Objective, parameters: Parameters, starts: FloatArray, budget: Budget) -> Refined:
    """Refine from every starting point, shape (k, p), as far as the budget allows."""
    batch = Batch(objective, parameters, starts)
    rows = in_parallel(
        lambda k: batch.refine_from(k, expired=budget.expired), range(len(starts)), budget, SHARE_OF_STARTS
    )
    if len(rows) < len(starts):
        budget.leave_out(f"{len(starts) - len(rows)} of {len(starts)} starting points")
    return joined(rows)


def _with_neighbours(objective: Objective, parameters: Parameters, found: Refined, budget: Budget) -> Refined:
    """Refine from the neighbours of the best minimum, and again if a better one is among them."""
    for _ in range(MOST_ROUNDS):
        least = float(found.chi2.min())
        around = _neighbours(objective, parameters, found.values[int(found.chi2.argmin())])
        if not around.size:
            break
        if budget.spent(SHARE_OF_STARTS):
            budget.leave_out("neighbours of the best solution")
            break
        added = _refined(objective, parameters, points_of(parameters, around), budget)
        added.start[0] = REPEATED
        found = joined([found, added])
        if found.chi2.min() > _noticeably_below(objective, least):
            break
    return found


def _noticeably_below(objective: Objective, chi2: float) -> float:
    return chi2 - 1e-3 * max(chi2 / objective.n_points, 1.0)


def _ended_in_best(objective: Objective, parameters: Parameters, found: Refined) -> int:
    """Number of independent starting points that led to the best minimum."""
    best = dict(zip(parameters, found.values[int(found.chi2.argmin())].tolist(), strict=True))
    rows = found.values[found.start != REPEATED].tolist()
    named = (dict(zip(parameters, row, strict=True)) for row in rows)
    exchange = exchangeable(objective.model.stack)
    return sum(same(values, best, exchange) for values in named)


def _different(objective: Objective, parameters: Parameters, found: Refined, most: int) -> list[FloatArray]:
    """Values of the different ones among rough minima, the best first, at most so many."""
    exchange = exchangeable(objective.model.stack)
    kept: list[dict[str, float]] = []
    for row in found.values[np.argsort(found.chi2, kind="stable")].tolist():
        values = dict(zip(parameters, row, strict=True))
        if len(kept) < most and not any(same(values, other, exchange) for other in kept):
            kept.append(values)
    return [np.array(list(values.values())) for values in kept]


def _neighbours(objective: Objective, parameters: Parameters, best: FloatArray) -> FloatArray:
    """Starts some d away from the best L, with the same size, and with the same period; shape (k, p).

    At reflection order p, χ² is nearly periodic in L with d/p. If a high order is strong, its minima
    dominate, so L is also tried between multiples of d.
    """
    values = dict(zip(parameters, best.tolist(), strict=True))
    if objective.model.stack.alternating:
        layers = beside(parameters, values)
        return np.array([list(start.values()) for start in layers]).reshape(-1, len(parameters))
    # χ² is stationary at σ_L = 0 and hardly changes at small σ_N: begin above both.
    values["sigma_L"] = max(values["sigma_L"], LEAST_SIGMA_L)
    values["sigma_N"] = max(values["sigma_N"], float(usual_spread(values["N"])))
    row = parameters["L"]
    if not row.free:
        return np.empty((0, len(parameters)))
    highest = min(max(bragg_order(points, values["d"]) for points in objective.data), HIGHEST_ORDER)
    between = [sign * k / highest for k in range(1, highest) for sign in (-1, 1)]
    starts: list[dict[str, float]] = []
    for step in (*NEIGHBOURS, *between):
        L, N = values["L"] + step * values["d"], values["N"] - step
        if row.lower <= L <= row.upper:
            starts.append({**values, "L": L})
            if step and N >= 1.0 and parameters["N"].free:
                starts.append({**values, "L": L, "N": N})
    return np.array([list(start.values()) for start in starts]).reshape(-1, len(parameters))


def _polished(
    objective: Objective, parameters: Parameters, points: FloatArray, budget: Budget
) -> tuple[Minimum, ...]:
    """Refine the distinct ones among rough minima, ordered by χ², to full precision."""
    exchange = exchangeable(objective.model.stack)
    kept: list[dict[str, float]] = []
    for point in points.tolist():
        values = dict(zip(parameters, point, strict=True))
        if not any(same(values, other, exchange) for other in kept):
            kept.append(values)
    kept = kept[:MOST_LISTED]
    refined = in_parallel(lambda values: _refine(objective, parameters, values, budget), kept, budget)
    if len(refined) < len(kept):
        budget.leave_out(f"{len(kept) - len(refined)} of {len(kept)} minima, refined roughly only")
    return distinct(refined, exchange)


def _refine(
    objective: Objective,
    parameters: Parameters,
    values: dict[str, float],
    budget: Budget,
    tolerance: float = TOLERANCE,
) -> Minimum:
    found = minimise(objective, filled(parameters, values), tolerance, expired=budget.expired)
    return with_whole_sizes(objective, found, budget)
