"""Spread of the plane distance from crystal to crystal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.cells import Cells, cells_of, of_one_crystal
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the square of the relative spread, in units of the square of UNIT.
PRIOR = 1.0
UNIT = 0.003


def prior(objective: Objective) -> float:
    """Standard deviation of the squared spread; 0 for atomic planes."""
    stack = objective.model.stack
    return PRIOR if of_one_crystal(stack) and stack.crystal is None else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Half the second derivative with respect to relative changes of d, independent for every crystal."""
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        made.append(cells.smeared(_change(cells, float(values["d"]))))
    return tuple(made)


def _change(cells: Cells, d: float) -> FloatArray:
    """Change of the intensity, shape (m,), with the squared spread.

    With k planes below it, a plane has the phase e^{ikqd}; each derivative multiplies it by ikqd.
    """
    phase = 1j * cells.on.q * d
    k = np.arange(int(cells.sizes.max()))[:, None]
    planes = np.exp(phase * k)
    F1, F2 = (phase**n * np.cumsum(k**n * planes, axis=0)[cells.sizes.ravel() - 1] for n in (1, 2))
    E1, E2 = (((cells.sizes - 1) * phase) ** n * cells.E for n in (1, 2))
    F, E = cells.F, cells.E
    square = 2.0 * np.real(np.conj(F) * F2 + np.conj(F1) * F1)
    Phi = (np.conj(F2) * E + 2.0 * np.conj(F1) * E1 + np.conj(F) * E2) * cells.w
    return 0.5 * UNIT**2 * cells.by_means(square, F2, Phi, E2 * cells.w)


EFFECTS.register(
    "strain_spread",
    SystematicEffect(
        "strain_spread",
        "spread of d from crystal to crystal",
        "(0.3 %)²",
        prior,
        columns,
        remedy="measure a second Bragg peak, on which it broadens twice as much",
        reference="docs/systematic-effects.md",
    ),
)
