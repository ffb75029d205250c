"""Spread of the plane distance from crystal to crystal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import Cells, cells_of, cells_on, of_one_crystal
from slxrd.fitting.systematics.columns.parameters import with_parameters
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.model.intensity import OnGrid, RegionModel
from slxrd.units import FloatArray

#: Standard deviation of the square of the relative spread, in units of the square of UNIT.
PRIOR = 1.0
UNIT = 0.003
#: Step of the second difference, in radians of the phase of the farthest plane; its error is the square.
_STEP = 5e-3


def _of_film(objective: Objective) -> bool:
    """Whether the model of films of equal planes can have the spread itself."""
    stack = objective.model.stack
    return "sigma_d" in stack.offers and not of_one_crystal(stack)


def prior(objective: Objective) -> float:
    """Standard deviation of the squared spread; 0 where it is a parameter, or two crystals alternate."""
    if "sigma_d" in objective.model.names:
        return 0.0
    return PRIOR if of_one_crystal(objective.model.stack) or _of_film(objective) else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Half the second derivative with respect to relative changes of d, independent for every crystal.

    The interference of stacks with a substrate is kept as it is.
    """
    change = _change_of_film if _of_film(objective) else _change
    return tuple(change(region, values) for region in objective.region_models)


def _change(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    """By second differences of the means over cells, of which a spread of d changes every one."""
    cells = cells_of(region, values)
    on = cells.on
    step = _STEP / max(float(np.max(np.abs(on.q))) * on.p[0] * float(cells.sizes.max()), 1.0)
    above, below = (_with_distance(region, on, on.p[0] * (1.0 + sign * step)) for sign in (1.0, -1.0))
    square, f, Phi, tau = (
        (getattr(above, name) + getattr(below, name) - 2.0 * getattr(cells, name)) / step**2
        for name in ("square", "f", "Phi", "tau")
    )
    return cells.smeared(0.5 * UNIT**2 * cells.by_means(square, f, Phi, tau))


def _with_distance(region: RegionModel, on: OnGrid, d: float) -> Cells:
    p = on.p.copy()
    p[0] = d
    return cells_on(region, on._replace(p=p))


def _change_of_film(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    spread = _STEP / float(region.q[-1] * values["d"] * values["N"])
    extended = with_parameters(region, ("sigma_d",))
    none, some = (
        extended.evaluate({**values, "sigma_d": each}, derivatives=False)[0] for each in (0.0, spread)
    )
    return (UNIT / spread) ** 2 * (some - none)


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
        absent=0.5,
    ),
)
