"""Smooth background one degree above the polynomial of the fit."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.backgrounds import AMPLITUDE, further_degree
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray


def prior(objective: Objective) -> float:
    """Standard deviation of the amplitude, of the maximum of the calculated intensity."""
    return AMPLITUDE


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Legendre polynomial times the maximum of the region."""
    return further_degree(objective, values, 1)


EFFECTS.register(
    "background_curvature",
    SystematicEffect(
        "background_curvature",
        "background one degree above that of the fit",
        "",
        prior,
        columns,
        of_region=True,
        remedy="measure a wider range around the peaks, and an empty substrate",
        reference="docs/systematic-effects.md",
    ),
)
