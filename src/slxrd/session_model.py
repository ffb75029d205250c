"""A pattern against the model at any values, as a slider asks for it: all but the values is laid out once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.api import as_region
from slxrd.evaluation import Fitted
from slxrd.model import Model
from slxrd.objective import Objective
from slxrd.pattern import Pattern
from slxrd.peaks import find_regions
from slxrd.regions import select
from slxrd.session_checks import structure_of
from slxrd.session_state import DEFAULTS, arguments_of
from slxrd.settings import Settings
from slxrd.simulation import as_instrument


def masked(pattern: Pattern, choices: Mapping[str, Any]) -> Pattern:
    """A pattern over q with what the choices leave out masked."""
    pattern = pattern.to_q()
    for low, high in choices.get("mask", ()):
        pattern = pattern.masked(low, high)
    return pattern


def objective_of(pattern: Pattern, choices: Mapping[str, Any]) -> Objective:
    """Data against model as :func:`slxrd.fit` lays them out, before anything is refined.

    Parameters
    ----------
    pattern : Pattern
        Read and corrected.
    choices : mapping
        Plain data, as in :class:`slxrd.session_state.State`.

    Raises
    ------
    SlxrdError
        If pattern and choices do not go together.
    """
    given = {**DEFAULTS, **arguments_of(choices)}
    pattern = masked(pattern, choices)
    regions = tuple(map(as_region, given["regions"])) or find_regions(pattern)
    return Objective(
        Model(structure_of(choices), as_instrument(pattern, given["resolution"], given["zero"])),
        select(pattern, regions, given["noise"]),
        Settings(given["objective"], given["scale"], given["background"]),
    )


def curves(objective: Objective, values: Mapping[str, float]) -> tuple[Fitted, ...]:
    """The regions at given values of all parameters, scale and background at their best."""
    return objective.evaluate(values).regions
