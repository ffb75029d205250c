"""Models that are compared refine q_zero all, or none.

A parameter that one model keeps and another refines costs the other the width of its prior, which says
nothing of the models: some ln 50 for q_zero, as much as odds that decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.parameters.parameter_set import Parameter

#: What each model is told of its fit, by its name.
Told = Mapping[str, Mapping[str, Any]]


def q_zero_alike(
    fits: Mapping[str, Fit], told: Told, refit: Callable[[str, Mapping[str, Any]], Fit]
) -> dict[str, Fit]:
    """Fit some models again, where each decided on q_zero by itself, and they decided differently.

    The model of the lowest χ² decides for all.

    Parameters
    ----------
    fits : mapping of str to Fit
        As they decided, by their names.
    told : mapping of str to mapping
        What :func:`slxrd.fit` was told of the parameters of each.
    refit : callable
        Fits the model of a name, told something else.

    Returns
    -------
    dict of str to Fit
        The fits of the models that were to decide, with a note; none if they agree.
    """
    own = {name: fit for name, fit in fits.items() if _asked(fit).free is None}
    refined = [name for name, fit in own.items() if "q_zero" in fit.names]
    kept = [name for name in own if name not in refined]
    if not refined or not kept:
        return {}
    best = min(own, key=lambda name: own[name].chi2)
    again: dict[str, Fit] = {}
    if best in refined:
        note = f"q_zero is refined in all models: {best}, of the lowest χ², tells it from d"
        try:
            again = {name: refit(name, _freed(told[name])) for name in kept}
        except SlxrdError:  # with one of them the data leave it open altogether
            best = kept[0]
    if best in kept:
        note = f"q_zero is kept at its value in all models: {best} does not tell it from d"
        again = {name: refit(name, _fixed(told[name], _asked(own[name]).value or 0.0)) for name in refined}
    found = {**own, **again}
    return {name: replace(fit, notes=(*fit.notes, note)) for name, fit in found.items()}


def _asked(fit: Fit) -> Parameter:
    assert fit.options is not None
    return fit.options.parameters["q_zero"]


def _freed(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "free": [*told["free"], "q_zero"]}


def _fixed(told: Mapping[str, Any], value: float) -> dict[str, Any]:
    start = {name: begun for name, begun in told["start"].items() if name != "q_zero"}
    return {**told, "start": start, "fix": {**told["fix"], "q_zero": value}}
