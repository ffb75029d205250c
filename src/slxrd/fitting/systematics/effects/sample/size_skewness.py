"""Skewness of the distribution of sizes."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.sizes import columns_by_moment
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the skewness: log-normal sizes of a relative width of 0.15 have 0.45.
PRIOR = 0.5


def prior(objective: Objective) -> float:
    """Standard deviation of the skewness; 0 where two crystals alternate."""
    return 0.0 if objective.model.stack.alternating else PRIOR


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the Gram-Charlier factor 1 + γ/6 (x³ − 3x) on the shares, x = (n − N)/σ_N."""
    return columns_by_moment(objective, values, 3)


EFFECTS.register(
    "size_skewness",
    SystematicEffect(
        "size_skewness",
        "skewness of the sizes",
        "",
        prior,
        columns,
        remedy="compare with sizes measured by electron microscopy",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
