"""Sizes that are mixed inside the stacks instead of separated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the fraction of the stacks in which sizes are mixed: none and all are as probable.
PRIOR = 0.7


def prior(objective: Objective) -> float:
    """Standard deviation of the fraction; 0 where the model mixes sizes itself."""
    stack = objective.model.stack
    return PRIOR if stack.coherent > 1 and not stack.mixed else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Intensity of stacks of mixed sizes less that of stacks of one size each.

    Their interference with a substrate is kept as it is.
    """
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        made.append(cells.smeared(replace(cells, mixed=True).intensity() - cells.intensity()))
    return tuple(made)


EFFECTS.register(
    "size_mixing",
    SystematicEffect(
        "size_mixing",
        "sizes mixed inside the stacks",
        "",
        prior,
        columns,
        remedy="compare both structures (slxrd compare), with the region of low angles",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
