"""A pattern against the model at any values, as a slider asks for it: all but the values is laid out once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.analysis import lay_out
from slxrd.api import options_of
from slxrd.evaluation import Fitted
from slxrd.objective import Objective
from slxrd.pattern import Pattern
from slxrd.session_state import DEFAULTS, arguments_of


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
    pattern = pattern.without(given["mask"])
    return lay_out(pattern, options_of(pattern, given))[0]


def curves(objective: Objective, values: Mapping[str, float]) -> tuple[Fitted, ...]:
    """The regions at given values of all parameters, scale and background at their best."""
    return objective.evaluate(values).regions
