"""Excess kurtosis of the distribution of the gaps."""

from __future__ import annotations

from collections.abc import Mapping

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, is_plain
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the excess kurtosis κ₄/σ_L⁴: a gamma distribution of skewness 0.5 has 0.4.
PRIOR = 0.5


def prior(objective: Objective) -> float:
    """Standard deviation of the excess kurtosis; 0 where two crystals alternate, and on a substrate."""
    return PRIOR if is_plain(objective.model.stack) else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By the fourth cumulant of the gaps: w exp(κ(qσ_L)⁴/24) to first order."""
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        change = cells.w * ((cells.on.q * values["sigma_L"]) ** 4 / 24.0)
        made.append(cells.smeared(cells.by_gaps(change)))
    return tuple(made)


EFFECTS.register(
    "gap_kurtosis",
    SystematicEffect(
        "gap_kurtosis",
        "kurtosis of the gaps",
        "",
        prior,
        columns,
        remedy="measure two Bragg peaks with fringes, or the region of low angles",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
