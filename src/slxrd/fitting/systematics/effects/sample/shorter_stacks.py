"""Share of the crystals in stacks of half as many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import Cells, cells_of
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the share: M is assumed, and real stacks have many heights.
PRIOR = 0.5


def prior(objective: Objective) -> float:
    """Standard deviation of the share; 0 where two crystals alternate, and for a single crystal."""
    stack = objective.model.stack
    return PRIOR if stack.coherent > 1 and not stack.alternating else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Intensity of as many crystals in stacks of M/2 less that in stacks of M.

    Their interference with a substrate is kept as it is.
    """
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        shorter = _halved(cells)
        change = (cells.M / shorter.M) * shorter.intensity() - cells.intensity()
        made.append(cells.smeared(change))
    return tuple(made)


def _halved(cells: Cells) -> Cells:
    s = cells.on.sample
    numbers = np.maximum(s.numbers // 2, 1)
    return replace(
        cells, on=cells.on._replace(sample=replace(s, numbers=numbers)), M=float(s.shares @ numbers)
    )


EFFECTS.register(
    "shorter_stacks",
    SystematicEffect(
        "shorter_stacks",
        "stacks of half as many crystals",
        "",
        prior,
        columns,
        remedy="give M from the thickness of the film (--coherent)",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
