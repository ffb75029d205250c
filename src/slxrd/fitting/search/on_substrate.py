"""Search of stacks on a substrate.

If the pattern has satellites, starts come from a scan over structures with their period. Without them, or
where these do not describe the pattern, the stack is first searched without the substrate, in compiled code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.certificate import SearchCertificate
from slxrd.fitting.search.film.interference import near_interface
from slxrd.fitting.search.identity import distinct, exchangeable, exchanged, same
from slxrd.fitting.search.satellites.scan import Scanned
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.search.stages import best_starts, lowest, refine_fully, refine_roughly, simplified
from slxrd.parameters.environment import OF_SUBSTRATE
from slxrd.parameters.parameter_set import Parameters

#: Minima without the substrate that are tried with it, and starts that are refined.
MOST_MINIMA, MOST_REFINED = 8, 16
#: Distances at the interface to start from, in plane distances of the substrate about it, and start of f_S.
INTERFACES, AMPLITUDE = (-0.33, 0.0, 0.33), 1.0
#: σ_N of starts with the period of the satellites, in planes.
LEAST_SPREAD = 0.3


def without_substrate(objective: Objective, parameters: Parameters) -> tuple[Objective, Parameters] | None:
    """Return the objective and the parameters of the stack alone; see :func:`simplified`."""
    return simplified(objective, parameters, replace(objective.model.stack, substrate=None))


def refine_on_substrate(
    objective: Objective,
    parameters: Parameters,
    found: tuple[Minimum, ...],
    budget: Budget,
    report: Progress | None = None,
    *,
    known: Sequence[Minimum] = (),
) -> tuple[Minimum, ...]:
    """Refine minima of the stack alone with the substrate.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack on a substrate.
    parameters : Parameters
        Its parameters; q_zero is fixed or free.
    found : tuple of Minimum
        Minima without the substrate, the best first.
    budget : Budget
        Time budget.
    report : callable, optional
        Called with steps done and steps in all.
    known : sequence of Minimum
        Minima with the substrate that were found before.

    Returns
    -------
    tuple of Minimum
        Distinct minima, the best first.

    Raises
    ------
    SlxrdError
        If no start leads to a fit.
    """
    parameters = near_interface(objective, _with_limits(parameters, found[0]))
    starts = [
        {**values, **interface}
        for minimum in found[:MOST_MINIMA]
        for values in _turned(objective, minimum.values)
        for interface in _interfaces(parameters)
    ]
    starts = best_starts(objective, parameters, starts, MOST_REFINED, budget)
    starts = [*(dict(minimum.values) for minimum in known), *starts]
    roughly = refine_roughly(objective, parameters, starts, budget, "on the substrate", report)
    return refine_fully(objective, roughly, budget)


def search_satellites(
    objective: Objective,
    parameters: Parameters,
    scanned: Scanned,
    budget: Budget,
    report: Progress | None = None,
) -> tuple[tuple[Minimum, ...], SearchCertificate]:
    """Search stacks on a substrate whose satellites are found in the pattern.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack on a substrate.
    parameters : Parameters
        Its parameters; q_zero is fixed or free.
    scanned : Scanned
        Starts with the period of the satellites.
    budget : Budget
        Time budget.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    tuple of Minimum
        Distinct minima, the best first.
    SearchCertificate
        How many starting points led to the best one.

    Raises
    ------
    SlxrdError
        If no start leads to a fit.
    """
    parameters = near_interface(objective, parameters)
    starts = best_starts(objective, parameters, completed(parameters, scanned), MOST_REFINED, budget)
    roughly = refine_roughly(objective, parameters, starts, budget, "on the substrate", report)
    roughly += refine_roughly(
        objective, parameters, _neighbours(parameters, lowest(roughly).values), budget, "beside the best one"
    )
    exchange = exchangeable(objective.model.stack)
    best = lowest(roughly)
    certificate = SearchCertificate(
        len(roughly),
        len(distinct(roughly, exchange)),
        sum(same(one.values, best.values, exchange) for one in roughly),
        budget.reached,
        budget.left_out,
    )
    return refine_fully(objective, roughly, budget), certificate


def _neighbours(parameters: Parameters, best: Mapping[str, float]) -> list[dict[str, float]]:
    """Starts a plane distance away in L, with the same size and with the same period."""
    row = parameters["L"]
    if not row.free:
        return []
    moved = [
        {**best, "L": best["L"] + step * best["d"], "N": best["N"] - planes}
        for step in (-1.0, 1.0)
        for planes in ((0.0, step) if parameters["N"].free else (0.0,))
    ]
    return [values for values in moved if row.lower <= values["L"] <= row.upper and values["N"] >= 1.0]


def completed(parameters: Parameters, scanned: Scanned) -> list[dict[str, float]]:
    """Starts of a scan with values of all parameters.

    Those that are neither given nor scanned are in the middle of their bounds.
    """
    usual = {
        name: row.value if row.value is not None else (row.lower + row.upper) / 2.0
        for name, row in parameters.items()
    }
    usual |= {name: LEAST_SPREAD for name in ("sigma_N", "sigma_N_B") if name in parameters}
    return [{**usual, **start} for start in scanned.starts]


def _with_limits(parameters: Parameters, best: Minimum) -> Parameters:
    """Limit L to what the search has found resolvable."""
    row = best.parameters["L"]
    return parameters.bound(L=(row.lower, row.upper)) if parameters["L"].free else parameters


def _turned(objective: Objective, values: Mapping[str, float]) -> list[dict[str, float]]:
    """Return the structure as it was found and, of two alternating crystals, the other one at the bottom."""
    stack = objective.model.stack
    if stack.alternating and stack.crystal is None:
        return [dict(values), exchanged(values)]
    return [dict(values)]


def _interfaces(parameters: Parameters) -> list[dict[str, float]]:
    """Starts of the distance at the interface and of the amplitude of the substrate."""
    d_S = float(parameters["d_S"].value or 0.0)
    gap, amplitude = parameters["L_S"], parameters["f_S"]
    places = [d_S * (1.0 + shift) for shift in INTERFACES]
    if not gap.free or gap.value is not None:
        places = [float(gap.value or d_S)]
    size = AMPLITUDE if amplitude.value is None else amplitude.value
    known = {
        name: row.value for name, row in parameters.items() if name in OF_SUBSTRATE and row.value is not None
    }
    return [{**known, "L_S": float(np.clip(place, gap.lower, gap.upper)), "f_S": size} for place in places]
