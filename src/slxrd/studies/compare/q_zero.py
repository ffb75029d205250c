"""Refine q_zero in all compared models, or in none.

If one model refines a parameter that another fixes, the evidence of the first is lower by the width of its
prior, although nothing distinguishes the models. For q_zero this is some 50 in ln Z and decides the odds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import Fit
from slxrd.parameters.parameter_set import Parameter

#: Arguments of the fit of each model, by its name.
Arguments = Mapping[str, Mapping[str, Any]]


def same_q_zero(
    fits: Mapping[str, Fit], arguments: Arguments, refit: Callable[[str, Mapping[str, Any]], Fit]
) -> dict[str, Fit]:
    """Refit models so that q_zero is refined in all of them or in none.

    Only models for which the user neither freed nor fixed q_zero take part. The choice made for the model of
    the lowest reduced χ² against the noise of the data is applied to all.

    Parameters
    ----------
    fits : mapping of str to Fit
        Fits by the names of the models.
    arguments : mapping of str to mapping
        Arguments of :func:`slxrd.fit` for each name.
    refit : callable
        Called with the name of a model and its changed arguments; returns the new fit.

    Returns
    -------
    dict of str to Fit
        Fits that replace those given, with a note; empty if all models agree already.
    """
    automatic = {name: fit for name, fit in fits.items() if _requested(fit).free is None}
    refined = [name for name, fit in automatic.items() if "q_zero" in fit.names]
    fixed = [name for name in automatic if name not in refined]
    if not refined or not fixed:
        return {}
    best = min(automatic, key=lambda name: _misfit(automatic[name]))
    again: dict[str, Fit] = {}
    if best in refined:
        note = f"q_zero is refined in all models: it can be separated from d with {best}, of the lowest χ²"
        try:
            again = {name: refit(name, _freed(arguments[name])) for name in fixed}
        except SlxrdError:  # q_zero and d cannot be separated with one of these models
            best = fixed[0]
    if best in fixed:
        note = f"q_zero is fixed in all models: it cannot be separated from d with {best}"
        again = {
            name: refit(name, _fixed(arguments[name], _requested(automatic[name]).value or 0.0))
            for name in refined
        }
    return {name: replace(fit, notes=(*fit.notes, note)) for name, fit in {**automatic, **again}.items()}


def _misfit(fit: Fit) -> float:
    """Return reduced χ² against the noise of the data, which is the same for all models.

    That of the fit itself may contain a discrepancy of its model.
    """
    return fit.reduced_chi2 if fit.assessment is None else fit.assessment.reduced_chi2


def _requested(fit: Fit) -> Parameter:
    """Return q_zero as the fit was requested to treat it."""
    assert fit.options is not None
    return fit.options.parameters["q_zero"]


def _freed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {**arguments, "free": [*arguments["free"], "q_zero"]}


def _fixed(arguments: Mapping[str, Any], value: float) -> dict[str, Any]:
    start = {name: begin for name, begin in arguments["start"].items() if name != "q_zero"}
    return {**arguments, "start": start, "fix": {**arguments["fix"], "q_zero": value}}
