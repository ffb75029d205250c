"""Excess kurtosis of the distribution of sizes."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.sizes import columns_by_moment
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the excess kurtosis: log-normal sizes of a skewness of 0.7 have 0.9, and two equal
#: populations that are two standard deviations apart −0.5.
PRIOR = 1.0


def prior(objective: Objective) -> float:
    """Standard deviation of the excess kurtosis; 0 where two crystals alternate."""
    return 0.0 if objective.model.stack.alternating else PRIOR


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the Gram-Charlier factor 1 + κ/24 (x⁴ − 6x² + 3) on the shares, x = (n − N)/σ_N."""
    return columns_by_moment(objective, values, 4)


EFFECTS.register(
    "size_kurtosis",
    SystematicEffect(
        "size_kurtosis",
        "kurtosis of the sizes",
        "",
        prior,
        columns,
        remedy="compare with sizes measured by electron microscopy",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
