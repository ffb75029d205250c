"""Comparison of models on the page: which models, how they are fitted, and the choices of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.api import setup
from slxrd.fitting.record.state import State, arguments_of
from slxrd.fitting.record.validation import check
from slxrd.fitting.request.declaration import collect, options_of
from slxrd.fitting.request.plain import plain
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.studies.compare.ranking import compare_fits
from slxrd.studies.compare.result import Comparison
from slxrd.studies.compare.run import fit_models
from slxrd.studies.compare.specification import model_options
from slxrd.ui.session.changes import option_label
from slxrd.ui.session.controller import Session

#: Models that are offered for every pattern, beside that of the page.
OFFERED = ("planes", "planes+mixed", "planes+alternating")
#: And those of single crystals, for a pattern of stacks, or the other way round.
SINGLE, STACKED = "planes+coherent=1", "planes+coherent=40"
#: Options of the sample that all models share unless they specify their own.
_SHARED = ("coherent", "size_window", "substrate")
#: Options that a comparison does not take: each model is searched from the pattern, in one scan.
_NOT_TAKEN = ("objective", "order", "further_scans", "further_resolutions")


@dataclass(frozen=True, eq=False)
class ComparedModels:
    """Result of a comparison.

    Parameters
    ----------
    comparison : Comparison
        The ranking.
    picture : bytes or None
        Figure as PNG; None if the comparison was cancelled.
    complete : bool
        Whether all models were fitted.
    state : State
        The state whose file and choices were used.
    """

    comparison: Comparison
    picture: bytes | None
    complete: bool
    state: State


def model_of(choices: Mapping[str, Any]) -> str:
    """Return the specification of the model that choices describe."""
    given = plain(choices)
    terms = [given.get("crystal") or "planes"]
    if "stack" in given:
        terms.append(given["stack"])
    if "weighting" in given:
        terms.append(given["weighting"])
    for name, term in (("slab", "slab"), ("partner", "partner"), ("coherent_spread", "spread")):
        if name in given:
            value = given[name]
            terms.append(f"{term}={value:.10g}" if isinstance(value, float) else f"{term}={value}")
    return "+".join(terms)


def choices_of_model(model: str, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices of the structure and of what is fixed and refined that make a fit of a model.

    Parameters
    ----------
    model : str
        Specification of the model.
    choices : mapping
        Choices of its comparison: M, and what all models fix and refine.

    Raises
    ------
    SlxrdError
        If the model is not valid.
    """
    own = plain(model_options(model))
    given = plain(choices)
    changed: dict[str, Any] = {
        name: given.get(name) if name in _SHARED else None for name in options_of("sample")
    }
    changed |= {"start": None, **own}
    changed["fix"] = {**given.get("fix", {}), **own.get("fix", {})}
    changed["free"] = [*given.get("free", ()), *own.get("free", ())]
    check(State().changed(choices={**given, **changed}))
    return changed


def compare(session: Session, models: Sequence[str], report: Progress) -> ComparedModels | None:
    """Fit models to the pattern of a session, with its other choices, and rank them.

    The points are those that a fit on the page would take.

    Parameters
    ----------
    session : Session
        The session; it is not changed.
    models : sequence of str
        Specifications, two or more.
    report : callable
        Progress callback ``report(done, total)``; it may raise KeyboardInterrupt.

    Returns
    -------
    ComparedModels or None
        None if it was interrupted before two models were fitted.

    Raises
    ------
    SlxrdError
        If a model or a choice is not valid.
    """
    state = session.state
    for name in _NOT_TAKEN:
        if name in state.choices:
            raise SlxrdError(f"a comparison of models does not take “{option_label(name)}”; reset it first")
    pattern, regions = session.pattern(), session.ranges()[0]
    # With what a fit takes from the pattern: M, the substrate, masks, resolution and σ.
    taken = setup(pattern, collect(arguments_of(state.choices)))[1].request
    left = {"regions", "start", *_NOT_TAKEN, *(n for n in options_of("sample") if n not in _SHARED)}
    common = {name: value for name, value in taken.items() if name not in left}
    fits: dict[str, Fit] = {}
    complete = True
    try:
        arguments = {model: model_options(model) for model in models}
        for name, fit in fit_models(pattern, arguments, regions=regions, report=report, **common):
            fits[name] = fit
    except KeyboardInterrupt:
        complete = False
    if not complete and len(fits) < 2:
        return None
    found = compare_fits(fits)
    return ComparedModels(found, _picture(found) if complete else None, complete, state)


def _picture(found: Comparison) -> bytes:
    from slxrd.ui.plotting.compare import comparison_figure
    from slxrd.ui.plotting.fit import figure_bytes

    return figure_bytes(comparison_figure(found))
