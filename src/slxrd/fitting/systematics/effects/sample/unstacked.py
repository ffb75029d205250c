"""Fraction of crystals that do not interfere with others."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, is_plain
from slxrd.fitting.systematics.columns.parameters import derivatives_by
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the fraction.
PRIOR = 0.1


def prior(objective: Objective) -> float:
    """Standard deviation of the fraction; 0 where it is a parameter of the model."""
    model = objective.model
    return PRIOR if model.stack.coherent > 1 and "unstacked" not in model.names else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Intensity without the interference of crystals less that with it."""
    if not is_plain(objective.model.stack):
        return derivatives_by(objective, values, {"unstacked": 1.0})
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        made.append(cells.smeared(cells.unstacked_minus_stacked()))
    return tuple(made)


EFFECTS.register(
    "unstacked",
    SystematicEffect(
        "unstacked",
        "fraction of crystals outside stacks",
        "",
        prior,
        columns,
        remedy="refine it (--free unstacked), or compare with a pattern of the crystals in powder",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
