"""Single crystals among the rivals of a stack, and stacks that are one crystal in disguise.

A stack whose gap is a whole number of plane distances, with hardly any disorder, has all its planes on one
lattice: it is a crystal without a superlattice. And a pattern that single crystals without gaps describe as
well shows no stacking, however well a stack fits it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.covariance import noise_scale, on_bound
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Assessment, Rival
from slxrd.fitting.search.scan import NO_FRINGES
from slxrd.fitting.uncertainty.limits import FRINGES_DETECTED
from slxrd.parameters.definitions import STACKING
from slxrd.parameters.parameter_set import Parameters

#: Sizes at which single crystals are started, in units of that in the stack, and the largest one.
_SIZES, _LARGEST = (1.0, 2.0, 4.0, 8.0, 16.0, 40.0), 800.0
#: Relative spread of the sizes at the start.
_SPREAD = 0.1
#: A gap is a whole number of plane distances within this fraction of them, or within this many errors.
_WHOLE, _ERRORS = 0.02, 3.0
#: Single crystals are larger than those of the stack from this factor.
_LARGER = 1.3
#: Largest σ_L of a crystal in disguise, in units of the plane distance.
_ORDERED = 0.04


def single_crystals(
    objective: Objective, best: Minimum, expired: Callable[[], bool] | None = None
) -> Minimum | None:
    """Fit single crystals without gaps, of the same size as in the stack and larger.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    best : Minimum
        The best minimum of the stack.
    expired : callable, optional
        Whether a refinement must end where it is; see :func:`slxrd.fitting.minimise.least_squares.minimise`.

    Returns
    -------
    Minimum or None
        None if the stack alternates, or its gap is not refined.
    """
    rows = best.parameters
    if objective.model.stack.alternating or not any(rows[name].free for name in STACKING):
        return None
    sizes = sorted((*_SIZES, _whole_size(objective, best)))
    objective, start = _without_stacking(objective, best)
    found = []
    for factor in sizes if start["N"].free else (1.0,):
        N = factor * best.values["N"]
        if factor > 1.0 and min(_LARGEST, rows["N"].upper) < N:
            break
        begin = start
        if factor > 1.0:
            spread = rows["sigma_N"]
            values = {"N": N}
            if spread.free:
                values["sigma_N"] = float(np.clip(_SPREAD * N, spread.lower, spread.upper))
            begin = start.start(**values)
        try:
            found.append(minimise(objective, begin, tolerance=1e-7, most_evaluations=60, expired=expired))
        except (SlxrdError, np.linalg.LinAlgError):
            continue  # this start leads nowhere
    return min(found, key=lambda minimum: minimum.chi2, default=None)


def _without_stacking(objective: Objective, best: Minimum) -> tuple[Objective, Parameters]:
    """Return the objective and starting values of single crystals.

    On a substrate these are one film, each part of which interferes with the substrate; elsewhere, crystals
    whose neighbours are at any distance.
    """
    start = best.parameters.fix(sigma_L=NO_FRINGES)
    if start["L"].free:
        start = start.fix(L=best.values["L"])
    stack = objective.model.stack
    if stack.substrate is None:
        return objective, start
    try:
        film = replace(stack, coherent=1, coherent_spread=0.0)
        rows = {name: best.parameters[name] for name in film.table}
        start = Parameters(rows, film.table).fix(L=0.0, sigma_L=0.0)
    except (SlxrdError, KeyError):  # the disorder, or an option, is one of stacks
        return objective, start
    return Objective(replace(objective.model, stack=film), objective.data, objective.settings), start


def _whole_size(objective: Objective, best: Minimum) -> float:
    """Size of a crystal as thick as the whole stack, in units of that of its crystals."""
    M = objective.model.stack.coherent
    d, L, N = (best.values[name] for name in ("d", "L", "N"))
    return float((M * N + (M - 1) * (L / d - 1.0)) / N)


def rival_of(best: Minimum, single: Minimum, widening: float) -> Rival:
    """Compare a stack with single crystals by the Laplace approximation of their evidence.

    Parameters
    ----------
    best, single : Minimum
        The best minima of both.
    widening : float
        Factor on the noise, for systematic residuals.
    """
    odds = _log_evidence(best, widening) - _log_evidence(single, widening)
    shown = [name for name in single.values if name in ("d", "N", "sigma_N")]
    return Rival(
        "single crystals without gaps (--coherent 1)",
        single.chi2,
        odds,
        {name: float(single.values[name]) for name in shown},
    )


def coincident_lattices(best: Minimum, widening: float) -> str:
    """Return why a stack is one crystal in disguise; empty if it is not.

    Parameters
    ----------
    best : Minimum
        The best minimum of the stack.
    widening : float
        Factor on the errors.
    """
    d, L, sigma_L = (best.values[name] for name in ("d", "L", "sigma_L"))
    if sigma_L > _ORDERED * d or not best.parameters["L"].free:
        return ""
    multiple = round(L / d)
    slopes = {"L": 1.0, "d": -float(multiple)}
    error = best.covariance.of(slopes) or 0.0
    if multiple < 1 or abs(L - multiple * d) > min(max(_WHOLE * d, _ERRORS * widening * error), 0.1 * d):
        return ""
    return (
        f"the gap is {L / d:.2f} d with σ_L {sigma_L:.2g} Å: all planes lie on one lattice, which is a "
        "perfect crystal in disguise and no superlattice"
    )


def compare_with_single_crystals(
    objective: Objective,
    best: Minimum,
    assessment: Assessment,
    expired: Callable[[], bool] | None = None,
) -> tuple[Assessment, str]:
    """Add single crystals without gaps to the rivals of a stack.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    best : Minimum
        The best minimum of the stack.
    assessment : Assessment
        Of the stack.
    expired : callable, optional
        Whether a refinement must end where it is.

    Returns
    -------
    Assessment
        With the rival, and with the reason and advice if the stack is a crystal in disguise.
    str
        Why the stack is one crystal; empty if it is not.
    """
    widening = assessment.widening
    why = coincident_lattices(best, widening)
    single = single_crystals(objective, best, expired)
    if single is not None:
        # Of residuals that are correlated over τ points, n/τ are independent: χ² is divided by τ, not τ².
        independent = max(widening / math.sqrt(max(assessment.correlation_time, 1.0)), 1.0)
        rival = rival_of(best, single, independent)
        assessment = replace(assessment, rivals=(*assessment.rivals, rival))
        needed = FRINGES_DETECTED * widening**2 * noise_scale(best, "L")
        larger = single.values["N"] > _LARGER * best.values["N"]
        if not why and larger and (single.chi2 - best.chi2 < needed or rival.log_odds < 0.0):
            why = (
                f"single crystals of N = {single.values['N']:.4g} planes without gaps describe the pattern "
                "as well: it shows no superlattice"
            )
    if why:
        assessment = replace(
            assessment,
            reasons=(*assessment.reasons, why),
            advice=("a single crystal (--coherent 1)", *assessment.advice),
        )
    return assessment, why


def _log_evidence(minimum: Minimum, widening: float) -> float:
    errors = minimum.covariance
    known = [
        i
        for i, name in enumerate(errors.names)
        if name not in errors.why_not and on_bound(minimum, name) is None
    ]
    total = -0.5 * minimum.chi2 / widening**2
    if not known:
        return total
    matrix = errors.matrix[np.ix_(known, known)]
    _, log_volume = np.linalg.slogdet(2.0 * np.pi * widening**2 * matrix)
    rows = [minimum.parameters[errors.names[i]] for i in known]
    return total + 0.5 * float(log_volume) - sum(math.log(row.upper - row.lower) for row in rows)
