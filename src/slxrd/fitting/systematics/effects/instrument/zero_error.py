"""Zero error of the instrument where the data do not determine it."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of q_zero in Å⁻¹: 0.04° in 2θ with Cu Kα, or a sample 0.1 mm too high or too low.
USUAL = 0.003


def prior(objective: Objective) -> float:
    """Standard deviation of q_zero in Å⁻¹."""
    return USUAL if "q_zero" in objective.model.names else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """Derivative with respect to q_zero."""
    column = objective.model.names.index("q_zero")
    return tuple(region.evaluate(values)[1][column] for region in objective.region_models)


EFFECTS.register(
    "zero_error",
    SystematicEffect(
        "zero_error",
        "zero error q₀",
        "Å⁻¹",
        prior,
        columns,
        remedy="measure a second order, or a standard, which determine q₀",
        reference="docs/systematic-effects.md",
        replaced_by=("q_zero",),
    ),
)
