"""Starts for the amplitude of a substrate and its distance from a stack."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.scan import filled
from slxrd.parameters.parameter_set import Parameters

#: Trial values of f_S; trial values of L_S per 2π of the phase in the middle of the data.
TRIED_F_S = (0.15, 0.4, 1.0, 2.5, 6.0)
STEPS_PER_TURN = 6
#: Number of starts.
MOST_STARTS = 3
#: Starting values of parameters whose derivative vanishes at their default.
AWAY = {"sigma_S": 0.3, "sigma_top": 1.0, "sigma_d": 5e-4, "coherence_S": 0.8}


def substrate_starts(
    objective: Objective, parameters: Parameters, values: Mapping[str, float]
) -> list[dict[str, float]]:
    """Find starts for f_S and L_S, on a grid.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a stack on a substrate.
    parameters : Parameters
        Given values are kept.
    values : mapping of str to float
        Values of all parameters of the stack.

    Returns
    -------
    list of dict
        Values of all parameters at the lowest minima of χ² over L_S, the best first.
    """
    start = {**values, **_off_default(parameters)}
    f_S, L_S = parameters["f_S"], parameters["L_S"]
    middle = float(np.mean([points.q.mean() for points in objective.data]))
    count = max(round((L_S.upper - L_S.lower) * middle / (2.0 * np.pi) * STEPS_PER_TURN), 3)
    tried_f = [f_S.value] if f_S.value is not None else [f for f in TRIED_F_S if f_S.lower <= f <= f_S.upper]
    tried_L = [L_S.value] if L_S.value is not None else np.linspace(L_S.lower, L_S.upper, count + 1).tolist()
    tried_f = tried_f or [(f_S.lower * f_S.upper) ** 0.5]
    chi2 = np.empty((len(tried_L), len(tried_f)))
    for (i, L), (j, f) in product(enumerate(tried_L), enumerate(tried_f)):
        full = filled(parameters, {**start, "f_S": f, "L_S": L})
        chi2[i, j] = objective.chi2(full.resolve(full.vector())[0])
    lowest = np.pad(chi2.min(axis=1), 1, constant_values=np.inf)
    minima = np.flatnonzero((lowest[1:-1] <= lowest[:-2]) & (lowest[1:-1] <= lowest[2:]))
    order = minima[np.argsort(lowest[1:-1][minima])][:MOST_STARTS]
    return [{**start, "L_S": tried_L[i], "f_S": tried_f[int(chi2[i].argmin())]} for i in order.tolist()]


def _off_default(parameters: Parameters) -> dict[str, float]:
    """Starting values of free parameters that would not move from their defaults."""
    rows = {name: parameters[name] for name in AWAY if name in parameters}
    defaults = {"coherence_S": 1.0}
    return {
        name: AWAY[name]
        for name, row in rows.items()
        if row.free and row.value == defaults.get(name, 0.0) and row.lower <= AWAY[name] <= row.upper
    }
