"""Broadening that grows with q: a spread of all distances from stack to stack."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.model.intensity import RegionModel, apply_resolution
from slxrd.units import FloatArray

#: Standard deviation of the square of the relative spread, in units of the square of UNIT.
PRIOR = 1.0
UNIT = 0.004
#: Step of the second difference, in radians of the phase over the longest distance; its error is the square.
_STEP = 2e-3


def prior(objective: Objective) -> float:
    """Standard deviation of the squared spread; 0 for a single crystal or film, and on a substrate.

    In single crystals ``strain_spread`` is the same effect. A substrate has distances of its own.
    """
    stack = objective.model.stack
    return PRIOR if stack.coherent > 1 and stack.substrate is None else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Half the second derivative with respect to a relative change of q, which is one of all distances."""
    return tuple(_column(region, values) for region in objective.region_models)


def _column(region: RegionModel, values: Mapping[str, float]) -> FloatArray:
    on = region.on_grid(values)
    longest = float(region.correlated(on.p[None])[0])
    step = _STEP / max(float(np.max(np.abs(on.q))) * longest, 1.0)
    above, below = (
        region.before_resolution(on._replace(q=on.q * (1.0 + sign * step))) for sign in (1.0, -1.0)
    )
    curvature = (above + below - 2.0 * region.before_resolution(on)) / step**2
    return np.asarray(apply_resolution(on.band, 0.5 * UNIT**2 * curvature[None])[0])


EFFECTS.register(
    "order_broadening",
    SystematicEffect(
        "order_broadening",
        "broadening in proportion to q",
        "(0.4 %)²",
        prior,
        columns,
        remedy="measure a second Bragg peak with fringes, on which it broadens twice as much",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
