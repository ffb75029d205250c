"""Sizes of a narrow distribution: of many equivalent N, the whole number.

If σ_N is below a third of a plane and nearly all crystals have one size n, χ² hardly depends on N between
n − ⅓ and n + ⅓. A refinement ends anywhere in between; n is what it means.
"""

from __future__ import annotations

from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget

#: Largest σ_N of a narrow distribution, and the smallest that occurs by default.
NARROW, SHARPEST = 0.35, 0.2
#: Distance from n within which N are equivalent.
EQUIVALENT = 1.0 / 3.0
#: Increase of χ² that is not noticeable.
UNNOTICEABLE = 0.05


def with_whole_sizes(objective: Objective, found: Minimum, budget: Budget) -> Minimum:
    """Return an equivalent minimum with whole N where the distribution of sizes is narrow.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    found : Minimum
        A minimum.
    budget : Budget
        Budget of the search.
    """
    for end in ("", "_B"):
        size, width = f"N{end}", f"sigma_N{end}"
        if size not in found.names or found.values[width] > NARROW:
            continue
        whole = {size: float(round(found.values[size]))}
        row = found.parameters[size]
        # Farther from n two sizes are mixed. Alternating layers are searched over whole sizes.
        if not objective.model.stack.alternating and abs(whole[size] - found.values[size]) > EQUIVALENT:
            continue
        if not row.lower <= whole[size] <= row.upper or whole[size] == found.values[size]:
            continue
        if width in found.names:
            whole[width] = max(found.parameters[width].lower, SHARPEST)
        again = minimise(objective, found.parameters.start(**whole), expired=budget.expired)
        if again.chi2 <= found.chi2 + UNNOTICEABLE:
            found = again
    return found
