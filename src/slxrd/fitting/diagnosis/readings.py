"""Two readings of equidistant satellites: alternating layers, or equal crystals with gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.fitting.diagnosis.options import diagnosis_for
from slxrd.fitting.pipeline import FitOptions, prepare_objective
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.minima import search
from slxrd.fitting.search.on_substrate import without_substrate

#: Time in seconds of the search without the substrate from which the reading is chosen.
SECONDS = 5.0

Setup = Callable[[Pattern, Mapping[str, Any]], tuple[Pattern, FitOptions]]
LAYERS = "alternating layers without gaps (--stack alternating)"
CRYSTALS = "equal crystals with gaps (--stack pure)"


def setup_best(pattern: Pattern, options: Mapping[str, Any], setup: Setup) -> tuple[Pattern, FitOptions]:
    """Set up the fit of a pattern; of a multilayer, with the better of both readings.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        All options by name, as :func:`slxrd.fitting.request.declaration.collect` returns them.
    setup : callable
        Makes the pattern and the options of the fit from them.

    Returns
    -------
    Pattern
        Over q, masked.
    FitOptions
        For :func:`slxrd.fitting.pipeline.fit_pattern`.

    Raises
    ------
    SlxrdError
        If the options do not suit each other or the pattern.
    """
    as_layers = setup(pattern, options)
    found = diagnosis_for(pattern, options)
    if found is None or found.proposal.kind != "multilayer" or not as_layers[1].estimated_coherent:
        return as_layers
    proposed = found.proposal.options
    with_gaps = {
        **options,
        "coherent": proposed["coherent"],
        "regions": options["regions"] or proposed["regions"],
    }
    masked, stacked = setup(pattern, with_gaps)
    stacked = replace(stacked, estimated_coherent=True)
    layers, gaps = _criterion(*as_layers), _criterion(masked, stacked)
    better, worse = (CRYSTALS, LAYERS) if gaps < layers else (LAYERS, CRYSTALS)
    note = (
        f"{better} describe the satellites better than {worse}: information criterion "
        f"{min(gaps, layers):.4g}, not {max(gaps, layers):.4g}"
    )
    pattern, chosen = (masked, stacked) if gaps < layers else as_layers
    return pattern, replace(chosen, notes=(*chosen.notes, note))


def _criterion(pattern: Pattern, options: FitOptions) -> float:
    """χ² of the best minimum without the substrate, and a penalty for each parameter."""
    objective, _ = prepare_objective(pattern, options)
    parameters = options.parameters.within(objective.model.stack.table)
    if objective.model.stack.substrate is not None:
        objective, parameters = without_substrate(objective, parameters) or (objective, parameters)
    best = search(objective, parameters, budget=Budget(min(SECONDS, options.budget / 4.0))).minima[0]
    return best.chi2 + len(best.names) * math.log(objective.n_points)
