"""Kinds of models that are compiled in this process; the first curve of a kind takes up to a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.fitting.request.declaration import default

#: Choices that decide which kernel computes a model.
_KERNEL_CHOICES = ("crystal", "partner", "slab", "stack", "coherent_spread", "substrate")
_compiled: set[tuple[str, ...]] = set()


def _kind(choices: Mapping[str, Any]) -> tuple[str, ...]:
    """Key of the compiled functions that a model needs."""
    changed = [name for name in _KERNEL_CHOICES if choices.get(name, default(name)) != default(name)]
    return (*changed, str(choices.get("stack")), "single" if choices.get("coherent") == 1 else "")


def is_compiled(choices: Mapping[str, Any]) -> bool:
    """Whether a model of this kind has been computed in this process."""
    return _kind(choices) in _compiled


def mark_compiled(choices: Mapping[str, Any]) -> None:
    """Record that a model of this kind has been computed."""
    _compiled.add(_kind(choices))


def compile_default_model() -> None:
    """Compute the curve of a packaged pattern, so that the default model is compiled."""
    from slxrd.fitting.search.initial_guess import first_guess
    from slxrd.ui.session.controller import Session

    session = Session()
    session.open_file("example:cspbbr3-cubes")
    session.model_curve(first_guess(session.objective(), session.parameters()))
    mark_compiled(session.state.choices)
