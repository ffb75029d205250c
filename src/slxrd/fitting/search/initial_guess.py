"""Estimate a rough structure from a pattern before any fit."""

from __future__ import annotations

import math
from collections.abc import Mapping

from slxrd.data.peaks import lattice_period, measure_peak
from slxrd.fitting.objective.residuals import Objective
from slxrd.parameters.parameter_set import Parameters

#: Shape factor of the Scherrer equation for the full width at half maximum of a slab.
SCHERRER = 0.886
#: Gap, its fluctuation (Å) and relative spread of sizes of usual samples with C18 ligands.
USUAL_GAP, USUAL_DISORDER, USUAL_SPREAD = 32.0, 1.0, 0.12
#: Relative spread of sizes where Laue fringes are seen, which a larger one would smear out.
SPREAD_WITH_FRINGES = 0.01
#: Amplitude of a plane of a substrate over one of the stack.
USUAL_SUBSTRATE = 1.0


def first_guess(
    objective: Objective, parameters: Parameters, known: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Estimate all parameters: d from the peak positions, N from the width of the highest peak.

    These are values to begin with by hand. A fit finds its own starts.

    Parameters
    ----------
    objective : Objective
        The regions' points.
    parameters : Parameters
        Fixed values and starts are kept; the others are put within their bounds.
    known : mapping of str to float, optional
        Values that the diagnosis of the pattern proposes, such as N from Laue fringes.

    Returns
    -------
    dict of str to float
        In the table's units.
    """
    peaks = [measure_peak(points.q, points.intensity) for points in objective.data]
    highest = max(peaks, key=lambda peak: peak.height)
    d = lattice_period(peaks)
    N = max(SCHERRER * 2.0 * math.pi / (max(highest.width, 1e-3) * d), 2.0)
    guessed = {
        "d": d,
        "L": USUAL_GAP,
        "sigma_L": USUAL_DISORDER,
        "N": N,
        "sigma_N": max(USUAL_SPREAD * N, 0.5),
        "q_zero": 0.0,
        "f_S": USUAL_SUBSTRATE,
    }
    if known:
        guessed |= known
        if "N" in known and "sigma_N" not in known:
            guessed["sigma_N"] = max(SPREAD_WITH_FRINGES * known["N"], 0.5)
    values: dict[str, float] = {}
    for name, row in parameters.items():
        if row.value is not None:
            values[name] = row.value
        elif name in guessed:
            values[name] = min(max(guessed[name], row.lower), row.upper)
        else:
            values[name] = (row.lower + row.upper) / 2.0
    tied = parameters.start(**{n: v for n, v in values.items() if parameters[n].free is not False})
    return tied.resolve(tied.vector())[0]
