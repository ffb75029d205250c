"""All minima of χ²: starting values from the pattern, a scan over L, and a refinement of each minimum.

At a Bragg peak, L → L + d changes the phase between crystals by 2π, so χ² has minima about d apart in
L that can be nearly equally deep. A local refinement finds one of them; this module searches for all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.batch import Batch, joined
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.pairs import scan_pairs
from slxrd.fitting.search.scan import (
    FAINTEST,
    Progress,
    bragg_order,
    envelope_fits,
    filled,
    points_of,
    scan,
    usual_spread,
)
from slxrd.fitting.search.substrate import substrate_starts
from slxrd.parameters.definitions import TABLE, info
from slxrd.parameters.parameter_set import Parameters
from slxrd.units import FloatArray

#: Distances in units of d from the best L that are tried, and the smallest starting value of σ_L in Å.
NEIGHBOURS = (0, -8, -5, -3, -2, -1, 1, 2, 3, 5, 8)
LEAST_SIGMA_L = 0.3
#: Up to this order of reflection, L is also tried between these distances.
HIGHEST_ORDER = 4
#: L is searched at least up to this value in Å, whatever the resolution.
LEAST_RANGE = 60.0
#: How often the neighbours of a new best solution are tried.
MOST_ROUNDS = 6
#: Solutions with a larger Δχ² are not listed.
WORST_LISTED = 60.0


def search(
    objective: Objective, parameters: Parameters, report: Progress | None = None
) -> tuple[Minimum, ...]:
    """Find the minima of χ², the best first.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Given values are starts; the others are estimated from the pattern. A q_zero that is neither fixed
        nor free is fixed at its value.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    tuple of Minimum
        Distinct ones, within :data:`WORST_LISTED` of the best in χ².

    Raises
    ------
    SlxrdError
        If nothing can be fitted.
    """
    parameters = fix_q_zero(parameters)
    envelopes = envelope_fits(objective, parameters)
    if objective.model.stack.coherent == 1:
        if objective.model.stack.substrate is not None:
            films = [
                start for film in envelopes for start in substrate_starts(objective, parameters, film.values)
            ]
            return distinct([_refine(objective, parameters, start) for start in films])
        return refine_all(objective, parameters, tuple(envelopes))
    base = envelopes[0]
    parameters = _resolvable(objective, parameters, base)
    scanned = scan_pairs if objective.model.stack.alternating else scan
    starts = scanned(objective, parameters, base, report or (lambda done, of: None))
    cores = os.cpu_count() or 1
    found = Batch(objective, parameters, starts).refine_each(cores)
    for _ in range(MOST_ROUNDS if parameters["L"].free else 0):
        least = float(found.chi2.min())
        beside = _neighbours(objective, parameters, found.values[int(found.chi2.argmin())])
        if not beside.size:
            break
        found = joined(
            [found, Batch(objective, parameters, points_of(parameters, beside)).refine_each(cores)]
        )
        if found.chi2.min() > least - 1e-3 * max(least / objective.n_points, 1.0):
            break
    order = np.argsort(found.chi2)
    order = order[found.chi2[order] <= 1.1 * _worst_listed(float(found.chi2.min()))]
    return _polished(objective, parameters, found.values[order])


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


def _neighbours(objective: Objective, parameters: Parameters, best: FloatArray) -> FloatArray:
    """Starts some d away from the best L, with the same size, and with the same period; shape (k, p).

    At reflection order p, χ² is nearly periodic in L with d/p. If a high order is strong, its minima
    dominate, so L is also tried between multiples of d.
    """
    values = dict(zip(parameters, best.tolist(), strict=True))
    # χ² is stationary at σ_L = 0 and hardly changes at small σ_N: begin above both.
    values["sigma_L"] = max(values["sigma_L"], LEAST_SIGMA_L)
    values["sigma_N"] = max(values["sigma_N"], float(usual_spread(values["N"])))
    row = parameters["L"]
    highest = min(max(bragg_order(points, values["d"]) for points in objective.data), HIGHEST_ORDER)
    between = [sign * k / highest for k in range(1, highest) for sign in (-1, 1)]
    starts = []
    for step in (*NEIGHBOURS, *between):
        L, N = values["L"] + step * values["d"], values["N"] - step
        if row.lower <= L <= row.upper:
            starts.append({**values, "L": L})
            if N >= 1.0 and parameters["N"].free:
                starts.append({**values, "L": L, "N": N})
    return np.array([list(start.values()) for start in starts]).reshape(-1, len(parameters))


def _polished(objective: Objective, parameters: Parameters, points: FloatArray) -> tuple[Minimum, ...]:
    """Refine the distinct ones among rough minima, ordered by χ², to full precision."""
    kept: list[dict[str, float]] = []
    for point in points.tolist():
        values = dict(zip(parameters, point, strict=True))
        if not any(_same(values, other) for other in kept):
            kept.append(values)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return distinct(list(pool.map(lambda values: _refine(objective, parameters, values), kept)))


def _refine(objective: Objective, parameters: Parameters, values: dict[str, float]) -> Minimum:
    return minimise(objective, filled(parameters, values))


def refine_all(
    objective: Objective, parameters: Parameters, minima: tuple[Minimum, ...]
) -> tuple[Minimum, ...]:
    """Refine known minima again with another choice of free parameters; distinct ones, the best first."""
    return distinct([_refine(objective, parameters, dict(minimum.values)) for minimum in minima])


def fix_q_zero(parameters: Parameters) -> Parameters:
    """Fix q_zero at its value if it is neither fixed nor free."""
    row = parameters["q_zero"]
    return parameters.fix(q_zero=row.value or 0.0) if row.free is None else parameters


def _worst_listed(least: float) -> float:
    return least + max(WORST_LISTED, 0.5 * least)


def distinct(minima: list[Minimum]) -> tuple[Minimum, ...]:
    """Order minima by χ², without duplicates and without those of a much larger χ²."""
    if not minima:
        raise SlxrdError("no start led to a fit")
    ordered = sorted(minima, key=lambda minimum: minimum.chi2)
    kept: list[Minimum] = []
    for minimum in ordered:
        if minimum.chi2 > _worst_listed(ordered[0].chi2):
            break
        if not any(_same(minimum.values, other.values) for other in kept):
            kept.append(minimum)
    return tuple(kept)


#: Solutions closer than this in every parameter are one.
_SAME: dict[str, float] = {"d": 0.02, "L": 0.5, "sigma_L": 0.3, "N": 0.3, "sigma_N": 0.5, "q_zero": 0.002}


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(one[name] - other[name]) < (_SAME.get(name) or 2.0 * info(name).step) for name in one)
