"""Relaxation of the outermost planes of the crystals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.cells import Cells, cells_of, of_one_crystal
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the relative change of the distance of the outermost plane from the next.
PRIOR = 0.02


def prior(objective: Objective) -> float:
    """Standard deviation of the relative change; 0 for atomic planes, which have parameters for it."""
    stack = objective.model.stack
    return PRIOR if of_one_crystal(stack) and stack.crystal is None else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the distances of the outermost planes at both surfaces, with L between the outermost planes."""
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        made.append(cells.smeared(cells.by_crystals(*_changes(cells, float(values["d"])))))
    return tuple(made)


def _changes(cells: Cells, d: float) -> tuple[np.ndarray, FloatArray]:
    """Changes of amplitudes and lengths with the relative change of the distances.

    The lowest plane is the origin: all planes above it rise by d, and the highest by d once more.
    """
    surfaces = np.clip(cells.sizes - 1.0, 0.0, 2.0)
    rising = cells.F - 1.0 + (surfaces - 1.0) * cells.E
    amplitude = np.where(cells.sizes > 1, 1j * cells.on.q * d * rising, 0.0)
    return amplitude, surfaces * d


EFFECTS.register(
    "surface_relaxation",
    SystematicEffect(
        "surface_relaxation",
        "relaxation of the outermost planes",
        "",
        prior,
        columns,
        remedy="use the atomic planes of the crystal (--crystal) and refine shift_surface",
        reference="docs/systematic-effects.md",
    ),
)
