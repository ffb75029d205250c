"""Whether q_zero and d can be separated, from the covariance.

One Bragg peak determines only 2π/d − q_zero. Two signals of the same period are needed to separate q_zero
from d: two Bragg orders, or a Bragg order and a fringe away from it (SI section S.g of the 2021 paper). The
standard deviation of q_zero in the covariance shows how well they are separated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum, prior_residuals
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.q_zero import WORTH_REFINING as WORTH_REFINING
from slxrd.fitting.search.q_zero import orders_of_reflection
from slxrd.parameters.definitions import info

#: Beginning of the notes on a q_zero that is not refined.
FIXED = "q_zero was fixed at its value: "


def with_assumed_zero(notes: Sequence[str], value: float, spread: float) -> list[str]:
    """Return the notes of a fit that has a prior of q_zero, which the data do not determine, in its errors.

    Parameters
    ----------
    notes : sequence of str
        Notes, among them that of :func:`why_not_refined`.
    value, spread : float
        Mean and standard deviation of the prior in Å⁻¹.
    """
    assumed = f"q_zero = {value:g} ± {spread:g} Å⁻¹ is assumed, which is in the errors: "
    return [assumed + note.removeprefix(FIXED) if note.startswith(FIXED) else note for note in notes]


def q_zero_error(minimum: Minimum) -> float:
    """Return the standard deviation in Å⁻¹ that a refined q_zero would have, inf if not determined."""
    if "q_zero" in minimum.names:
        error = minimum.covariance.error("q_zero")
    else:
        values, row = dict(minimum.values), minimum.parameters["q_zero"]
        freed = minimum.parameters.bound(q_zero=(-1.0, 1.0)).start(q_zero=values["q_zero"]).release("q_zero")
        vector = np.array([values[name] for name in freed.free_names])
        _, chain = freed.resolve(vector)
        assert row.expression is None
        _, slopes = prior_residuals(freed, values)
        wider = replace(
            minimum,
            parameters=freed,
            names=freed.free_names,
            vector=vector,
            jacobian=np.vstack((minimum.evaluation.jacobian @ chain, slopes)),
        )
        error = wider.covariance.error("q_zero")
    return np.inf if error is None else error


def why_not_refined(objective: Objective, minimum: Minimum, error: float) -> str:
    """Return the note on a q_zero that is not refined unless it is freed; empty if it can be refined.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minimum : Minimum
        The best minimum.
    error : float
        Standard deviation in Å⁻¹ that q_zero has, or would have.
    """
    if error > WORTH_REFINING:
        return not_separable(error)
    if signals(objective, minimum.values["d"]) < 2:
        return (
            f"{FIXED}the regions contain one Bragg peak, and only the form of the model could separate it "
            "from d; a second Bragg order would (--region)"
        )
    bounded = [info(n).symbol for n in minimum.names if n != "q_zero" and on_bound(minimum, n) is not None]
    if bounded:
        return (
            f"{FIXED}{', '.join(bounded)} at a bound, so that the model does not describe the pattern well "
            "enough to separate q_zero from d"
        )
    return ""


def signals(objective: Objective, d: float) -> int:
    """Count the signals that can separate q_zero from d: Bragg orders, and a region without any."""
    orders = orders_of_reflection(objective, d)
    turn = 2.0 * np.pi / d
    away = any(
        math.ceil(points.q[0] / turn) > math.floor(points.q[-1] / turn) or points.q[-1] < turn
        for points in objective.data
    )
    return len(orders - {0}) + away


def not_separable(error: float) -> str:
    """Return the note on a q_zero that the data do not separate from d, given its error in Å⁻¹."""
    known = "" if np.isinf(error) else f" better than to {error:.2g} Å⁻¹"
    return (
        f"{FIXED}these data do not separate it from d{known}; a second Bragg order, or a fringe "
        "away from the Bragg peak, would (--region)"
    )
