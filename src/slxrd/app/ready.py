"""Which models have been computed in this process: the first of a kind is compiled, for a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.session_state import DEFAULTS

#: Choices that decide which kernel computes a model.
_OF_KERNEL = ("crystal", "partner", "slab", "stack", "coherent_spread")
_computed: set[tuple[str, ...]] = set()


def kind(choices: Mapping[str, Any]) -> tuple[str, ...]:
    """What is unusual about the model of some choices."""
    unusual = [name for name in _OF_KERNEL if choices.get(name, DEFAULTS[name]) != DEFAULTS[name]]
    return (*unusual, str(choices.get("stack")), "single" if choices.get("coherent") == 1 else "")


def is_ready(choices: Mapping[str, Any]) -> bool:
    """Whether a model of this kind has been computed."""
    return kind(choices) in _computed


def computed(choices: Mapping[str, Any]) -> None:
    """Remember that one has been."""
    _computed.add(kind(choices))


def warm() -> None:
    """Compute a model of the usual kind, with a packaged pattern."""
    from slxrd.first_guess import first_guess
    from slxrd.session import Session

    session = Session()
    session.open_file("example:cspbbr3-cubes")
    session.model_curve(first_guess(session.objective(), session.parameters()))
    computed(session.state.choices)
