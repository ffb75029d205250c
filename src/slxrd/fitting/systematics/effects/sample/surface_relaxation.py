"""Relaxation of the outermost planes of the crystals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import Cells, cells_of, of_one_crystal
from slxrd.fitting.systematics.columns.parameters import derivatives_by
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.model.sizes import size_weights
from slxrd.sample.crystal import Crystal
from slxrd.units import FloatArray

#: Standard deviation of the relative change of the distance of the outermost plane from the next.
PRIOR = 0.02


#: Decay of a strain at the surfaces of films, in planes, of which hardly more than one distance changes.
_DEPTH = 0.5
#: Strain of that decay for a relative change of the first distance: ε widens it by εℓ(1 − e^{−1/ℓ}).
_WEIGHT = 1.0 / (_DEPTH * -math.expm1(-1.0 / _DEPTH))


def prior(objective: Objective) -> float:
    """Standard deviation of the relative change; 0 where it is a parameter, or two crystals alternate."""
    stack, names = objective.model.stack, objective.model.names
    if stack.alternating or any(name.startswith(("strain_", "shift_surface")) for name in names):
        return 0.0
    return PRIOR


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the distances of the outermost planes at both surfaces.

    For equal planes, L is that between the outermost planes; for atomic planes, that between planes of
    reference. The interference of stacks of equal planes with a substrate is kept as it is.
    """
    stack = objective.model.stack
    if stack.crystal is not None:
        return derivatives_by(objective, values, {"shift_surface": _distance(stack.crystal, values["d"])})
    if not of_one_crystal(stack):
        ends = ("bottom", "top")
        depths = {f"depth_{end}": _DEPTH for end in ends}
        return derivatives_by(objective, values, {f"strain_{end}": _WEIGHT for end in ends}, depths)
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        made.append(cells.smeared(cells.by_crystals(*_changes(cells, float(values["d"])))))
    return tuple(made)


def lengths(objective: Objective, values: Mapping[str, float]) -> dict[str, float]:
    """By the same distances: of the outermost planes of both surfaces, and of the outermost atoms."""
    stack, d = objective.model.stack, float(values["d"])
    if stack.crystal is not None:
        distance = _distance(stack.crystal, d)
        return {"thickness_of_atoms": 2.0 * distance, "free_gap": -2.0 * distance}
    if of_one_crystal(stack):
        shares = size_weights(
            values["N"], values["sigma_N"], stack.size_window, 0, int(stack.table["N"].lower)
        )
        change = d * float(shares.weights @ _surfaces(shares.sizes))
    else:
        change = 2.0 * d * _WEIGHT * _DEPTH
    changed = ("thickness", "thickness_with_surface", "period", "period_of_most_probable")
    return dict.fromkeys(changed, change)


def _surfaces(sizes: NDArray[Any]) -> FloatArray:
    """Numbers of distances between outermost and next planes of crystals of so many planes."""
    return np.clip(sizes - 1.0, 0.0, 2.0)


def _distance(crystal: Crystal, d: float) -> float:
    """Distance of the outermost planes from the next ones in Å, the mean of both surfaces."""
    heights = [plane.height(d) for plane in crystal.planes(3)]
    return 0.5 * (heights[1] - heights[0] + heights[-1] - heights[-2])


def _changes(cells: Cells, d: float) -> tuple[np.ndarray, FloatArray]:
    """Changes of amplitudes and lengths with the relative change of the distances.

    The lowest plane is the origin: all planes above it rise by d, and the highest by d once more.
    """
    surfaces = _surfaces(cells.sizes)
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
        lengths=lengths,
        remedy="use the atomic planes of the crystal (--crystal) and refine shift_surface",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
