"""Skewness of the distribution of the gaps."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, is_plain
from slxrd.fitting.systematics.columns.parameters import derivatives_by, has_other_gaps
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the skewness γ = ⟨(g − L)³⟩/σ_L³: that of a gamma distribution of shape 9.
PRIOR = 2.0 / 3.0


def prior(objective: Objective) -> float:
    """Standard deviation of the skewness; 0 where it is a parameter of the model."""
    stack = objective.model.stack
    known = not {"skew_L", "skew_normal_L"}.isdisjoint(objective.model.names)
    return PRIOR if (is_plain(stack) or has_other_gaps(stack)) and not known else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the third cumulant of the gaps: w exp(−iγ(qσ_L)³/6) to first order.

    The phase is far from small at second orders of Bragg peaks, and higher cumulants are part of it there:
    one γ for all regions would determine L by what is not known. Its size therefore differs between regions.
    """
    if not is_plain(objective.model.stack):
        return derivatives_by(objective, values, {"skew_L": 1.0})
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        change = cells.w * (-1j / 6.0) * (cells.on.q * values["sigma_L"]) ** 3
        made.append(cells.smeared(cells.by_gaps(change)))
    return tuple(made)


EFFECTS.register(
    "gap_skewness",
    SystematicEffect(
        "gap_skewness",
        "skewness of the gaps",
        "",
        prior,
        columns,
        of_region=True,
        remedy="refine it (--free skew_L): measure two Bragg peaks with fringes, or the region of low angles",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
