"""Curvature of a smooth factor on the intensity over a region."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.smooth_factors import relative_power
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: d² ln I/dq² in Å²: form factors −0.3 to 0.1, uncorrected Lp or absorption of 1/q² up to 1.
OF_EQUAL_PLANES = 0.5
#: Of atomic planes: Debye-Waller factors −0.08 to −0.03, absorption.
OF_ATOMS = 0.2


def prior(objective: Objective) -> float:
    """Standard deviation of d² ln I/dq² in Å²."""
    return OF_EQUAL_PLANES if objective.model.stack.crystal is None else OF_ATOMS


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """½(q − q̄)² I, with q̄ the middle of the region, averaged over the resolution."""
    return tuple(0.5 * column for column in relative_power(objective, values, 2))


EFFECTS.register(
    "curvature",
    SystematicEffect(
        "curvature",
        "curvature of a smooth factor over a region",
        "Å²",
        prior,
        columns,
        of_region=True,
        remedy="use atomic planes (--crystal), and correct Lp and absorption before the fit",
        reference="docs/systematic-effects.md",
    ),
)
