"""Fraction of gaps that are wider than the others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.systematics.columns.cells import cells_of, is_plain
from slxrd.fitting.systematics.columns.parameters import derivatives_by, has_other_gaps
from slxrd.fitting.systematics.effect import EFFECTS, SystematicEffect
from slxrd.units import FloatArray

#: Standard deviation of the fraction.
PRIOR = 0.05
#: By how much they are wider, in Å: a molecule with an alkyl chain that lies flat in the gap.
WIDER = 5.0


def prior(objective: Objective) -> float:
    """Standard deviation of the fraction; 0 where it is a parameter of the model."""
    stack = objective.model.stack
    known = "wide_L" in objective.model.names
    return PRIOR if (is_plain(stack) or has_other_gaps(stack)) and not known else 0.0


def columns(objective: Objective, values: Mapping[str, float]) -> tuple[FloatArray, ...]:
    """By w(1 + p(e^{iqδ} − 1)), with L of the other gaps."""
    if not is_plain(objective.model.stack):
        return derivatives_by(objective, values, {"wide_L": 1.0}, {"widening_L": WIDER})
    made = []
    for region in objective.region_models:
        cells = cells_of(region, values)
        change = cells.w * (np.exp(1j * cells.on.q * WIDER) - 1.0)
        made.append(cells.smeared(cells.by_gaps(change)))
    return tuple(made)


EFFECTS.register(
    "wide_gaps",
    SystematicEffect(
        "wide_gaps",
        "fraction of gaps wider by 5 Å",
        "",
        prior,
        columns,
        remedy="wash excess ligands off before the film is made; measure two Bragg peaks",
        reference="docs/systematic-effects.md",
        absent=0.5,
    ),
)
