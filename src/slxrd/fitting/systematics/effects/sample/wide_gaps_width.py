"""By how much the wider gaps are wider."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, is_plain
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.fitting.systematics.effects.sample import wide_gaps
from slxrd.units import FloatArray

#: Standard deviation of p sin(q(δ − 5 Å)), with the fraction p of the wider gaps, if any phase is as likely.
PRIOR = wide_gaps.PRIOR / math.sqrt(2.0)


def prior(objective: Objective) -> float:
    """Standard deviation of the size; 0 where two crystals alternate, on a substrate, or for other gaps."""
    return PRIOR if is_plain(objective.model.stack) and wide_gaps.prior(objective) else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By w(e^{iqδ₊} − e^{iqδ₋})/2, with widths δ± that differ by π/q in the middle of the region.

    Gaps that are wider by δ change w by p(e^{iqδ} − 1). Of widths about 5 Å, the phase is unknown: a part in
    quadrature to that of 5 Å is as probable. It differs between regions.
    """
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        quarter = math.pi / (region.q[0] + region.q[-1])
        phases = [1j * cells.on.q * (wide_gaps.WIDER + change) for change in (quarter, -quarter)]
        made.append(cells.smeared(cells.by_gaps(0.5 * cells.w * (np.exp(phases[0]) - np.exp(phases[1])))))
    return tuple(made)


EFFECTS.register(
    "wide_gaps_width",
    SystematicEffect(
        "wide_gaps_width",
        "width of the wider gaps",
        "",
        prior,
        columns,
        of_region=True,
        remedy="wash excess ligands off before the film is made; measure two Bragg peaks",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
