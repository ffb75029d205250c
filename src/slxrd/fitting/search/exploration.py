"""Refinement of many starting points and of the neighbours of the best minima."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.minimise.batch import Batch, Refined, joined
from slxrd.fitting.minimise.least_squares import TOLERANCE, Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.certificate import SUPPORTED, SearchCertificate
from slxrd.fitting.search.identity import MOST_LISTED, distinct, exchangeable, same, worst_listed
from slxrd.fitting.search.pairs.layers import beside
from slxrd.fitting.search.scan import MOST_REFINED, bragg_order, filled, points_of, usual_spread
from slxrd.fitting.search.whole_sizes import with_whole_sizes
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Distances in units of d from the best L that are tried, and the smallest starting value of σ_L in Å.
NEIGHBOURS = (0, -8, -5, -3, -2, -1, 1, 2, 3, 5, 8)
LEAST_SIGMA_L = 0.3
#: Up to this order of reflection, L is also tried between these distances.
HIGHEST_ORDER = 4
#: Mark of a starting point that is the best minimum itself, which is no independent one.
REPEATED = -1
#: How often the neighbours of a new best solution are tried.
MOST_ROUNDS = 6
#: Solutions whose neighbours are tried if few starting points lead to the best one.
MOST_LEADERS = 4
#: Share of the time budget at whose end no further refinement from a starting point begins.
SHARE_OF_STARTS = 0.85


def explore(
    objective: Objective, parameters: Parameters, starts: FloatArray, budget: Budget, confirm: bool = True
) -> tuple[tuple[Minimum, ...], SearchCertificate]:
    """Refine from starting points and from the neighbours of the best, and count how many led there.

    To confirm the best minimum, others are refined until several have led to it. Starting points beyond
    :data:`MOST_REFINED` are the last of them.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Fixed values and bounds.
    starts : ndarray, shape (k, p)
        Values of all parameters, the most promising first.
    budget : Budget
        Time budget.
    confirm : bool
        Whether to confirm the best minimum.

    Returns
    -------
    tuple of Minimum
        Distinct minima, the best first.
    SearchCertificate
        How many starting points led to the best one.
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
        budget.leave_out(f"{len(starts) - len(rows)} of {len(starts)} starting points", starts=True)
    return joined(rows)


def _with_neighbours(objective: Objective, parameters: Parameters, found: Refined, budget: Budget) -> Refined:
    """Refine from the neighbours of the best minimum, and again if a better one is among them."""
    for _ in range(MOST_ROUNDS):
        least = float(found.chi2.min())
        around = _neighbours(objective, parameters, found.values[int(found.chi2.argmin())])
        if not around.size:
            break
        if budget.spent(SHARE_OF_STARTS):
            budget.leave_out("neighbours of the best solution", starts=True)
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
    refined = in_parallel(lambda values: refine(objective, parameters, values, budget), kept, budget)
    if len(refined) < len(kept):
        budget.leave_out(f"{len(kept) - len(refined)} of {len(kept)} minima, refined roughly only")
    return distinct(refined, exchange)


def refine(
    objective: Objective,
    parameters: Parameters,
    values: dict[str, float],
    budget: Budget,
    tolerance: float = TOLERANCE,
) -> Minimum:
    """Refine from one set of values, and if not only roughly, make the sizes of narrow distributions whole.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Fixed values and bounds.
    values : dict of str to float
        Where to begin.
    budget : Budget
        Time budget.
    tolerance : float
        Relative change of χ² at which the refinement ends.
    """
    found = minimise(objective, filled(parameters, values), tolerance, expired=budget.expired)
    return found if tolerance > TOLERANCE else with_whole_sizes(objective, found, budget)
