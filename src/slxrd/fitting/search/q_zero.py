"""Whether q_zero is refined in a search, decided from the envelopes of two orders of reflection.

With q_zero fixed at a wrong value, d of the starting points is wrong as well, and so is
the order of their χ².
"""

from __future__ import annotations

import math

from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.scan import envelope_fits, trial_periods
from slxrd.parameters.definitions import TABLE
from slxrd.parameters.parameter_set import Parameters
from slxrd.parameters.scans import scan_of_zero

#: q_zero is refined if its standard deviation is at most this, in Å⁻¹: a tenth of its usual range.
WORTH_REFINING = 0.1 * (TABLE["q_zero"].upper - TABLE["q_zero"].lower)


def fix_q_zero(parameters: Parameters) -> Parameters:
    """Fix the zero errors of all scans at their values where they are neither fixed nor free."""
    names = [name for name in ("q_zero", *undecided_zeros(parameters)) if parameters[name].free is None]
    return parameters.fix(**{name: parameters[name].value or 0.0 for name in names}) if names else parameters


def undecided_zeros(parameters: Parameters) -> list[str]:
    """Names of the zero errors of further scans that are neither fixed nor free."""
    return [n for n, row in parameters.items() if row.free is None and scan_of_zero(n) is not None]


def with_zeros_of_scans(objective: Objective, parameters: Parameters) -> Parameters:
    """Fix undecided zero errors of further scans at their values in the best fit of the envelopes.

    Compiled code refines the zero error of the first scan only; those of the others are refined after the
    search.
    """
    names = undecided_zeros(parameters)
    if not names:
        return parameters
    best = envelope_fits(objective, fix_q_zero(parameters.release(*names)))[0]
    return parameters.fix(**{name: best.values[name] for name in names})


def decide_q_zero(objective: Objective, parameters: Parameters) -> tuple[Parameters, list[Minimum]]:
    """Free or fix a q_zero that is neither, and fit the envelopes of the Bragg peaks.

    It is freed if the regions contain several orders of reflection and the envelopes separate it from d.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    parameters : Parameters
        Given values are fixed, or starts.

    Returns
    -------
    parameters : Parameters
        With q_zero free or fixed.
    envelopes : list of Minimum
        Fit of the envelopes for each of :func:`slxrd.fitting.search.scan.trial_periods`.
    """
    several = bool(undecided_zeros(parameters))
    parameters = with_zeros_of_scans(objective, parameters)
    fixed = fix_q_zero(parameters)
    periods = trial_periods(objective, fixed)
    envelopes = [envelope_fits(objective, fixed, d)[0] for d in periods]
    if several or parameters["q_zero"].free is not None or objective.model.stack.coherent == 1:
        return fixed, envelopes
    if any(len(orders_of_reflection(objective, envelope.values["d"])) < 2 for envelope in envelopes):
        return fixed, envelopes
    freed = parameters.release("q_zero")
    shifted = [envelope_fits(objective, freed, d)[0] for d in periods]
    errors = [envelope.covariance.error("q_zero") for envelope in shifted]
    if any(error is None or error > WORTH_REFINING for error in errors):
        return fixed, envelopes
    return freed, shifted


def orders_of_reflection(objective: Objective, d: float) -> set[int]:
    """Return the orders of reflection, of planes d Å apart, whose Bragg peaks are within the regions."""
    turn = 2.0 * math.pi / d
    return {
        order
        for points in objective.data
        for order in range(math.ceil(points.q[0] / turn), math.floor(points.q[-1] / turn) + 1)
    }
