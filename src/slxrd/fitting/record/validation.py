"""Validation of a state: every check of a request that does not need the measured pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.api import sample_of
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.state import PARTS, State, arguments_of, check_names
from slxrd.fitting.request.declaration import OPTIONS, default
from slxrd.fitting.request.plain import plain
from slxrd.parameters.parameter_set import Parameters


def check(state: State, *, files: bool = True) -> None:
    """Check that a state can be fitted, as far as this can be checked without its pattern.

    Parameters
    ----------
    state : State
        A state.
    files : bool
        Whether crystals are looked up, which may read files.

    Raises
    ------
    SlxrdError
        If a name is unknown, a value is invalid, or two options exclude each other.
    """
    for name in ("file", "sha256"):
        if not isinstance(getattr(state, name), str | None):
            raise SlxrdError(f"{name} {getattr(state, name)!r}: must be a text")
    for part in PARTS:
        options = plain(getattr(state, part))
        check_names(part, options)
        for name, value in options.items():
            OPTIONS[name].kind.check(name, value)
    if state.preparation.get("monochromator") is not None and state.preparation.get("no_lp"):
        raise SlxrdError("monochromator belongs to the Lorentz-polarisation correction; leave no_lp out")
    if files or not {"crystal", "partner"}.intersection(state.choices):
        parameters_of(state.choices)
    Settings(*(state.choices.get(name, default(name)) for name in ("objective", "scale", "background")))


def parameters_of(choices: Mapping[str, Any]) -> Parameters:
    """Return the parameters of some choices: start values, bounds, and which are fixed or refined.

    Raises
    ------
    SlxrdError
        If they contradict one another, or the structure.
    """
    return sample_of(arguments_of(choices, resolve=False))[1]
