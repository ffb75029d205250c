"""Slope of a smooth factor on the intensity over a region."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.smooth_factors import relative_power
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: d ln I/dq of equal planes in Å: form factors −0.1 to −0.4, Debye-Waller factors −0.02 to −0.2.
OF_EQUAL_PLANES = 0.4
#: Of atomic planes, which contain the form factors: Debye-Waller factors, absorption, illuminated area.
OF_ATOMS = 0.15


def prior(objective: Objective) -> float:
    """Standard deviation of d ln I/dq in Å."""
    return OF_EQUAL_PLANES if objective.model.stack.crystal is None else OF_ATOMS


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """(q − q̄) I, with q̄ the middle of the region, averaged over the resolution."""
    return relative_power(objective, values, 1)


EFFECTS.register(
    "slope",
    SystematicEffect(
        "slope",
        "slope of a smooth factor over a region",
        "Å",
        prior,
        columns,
        of_region=True,
        remedy="use atomic planes (--crystal), and correct Lp and absorption before the fit",
        reference="docs/systematic-effects.md",
    ),
)
