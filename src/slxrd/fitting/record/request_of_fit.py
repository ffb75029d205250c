"""Recover the request from a fit that was made in Python."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slxrd.data.corrections import COUNTING, POLARISATION, prepare_pattern
from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.api import sample_of
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.record.command_line import EXAMPLE, path_of
from slxrd.fitting.record.state import State, arguments_of
from slxrd.fitting.request.declaration import options_of, plain_options
from slxrd.fitting.request.effects import DEFAULT_EFFECTS, NO_EFFECTS
from slxrd.fitting.systematics.settings import NONE, Systematics
from slxrd.io.registry import read
from slxrd.parameters.definitions import STACKING, info
from slxrd.parameters.parameter_set import Parameter, Parameters
from slxrd.sample.crystal import Crystal
from slxrd.sample.specification import as_crystal, as_substrate
from slxrd.sample.stack import Stack
from slxrd.sample.substrate import Substrate
from slxrd.units import radiation_name

if TYPE_CHECKING:
    from slxrd.fitting.result.fit import Fit


def request_of(fit: Fit) -> State | None:
    """Return the state that repeats a fit.

    Parameters
    ----------
    fit : Fit
        Fit of a pattern from :func:`slxrd.read`.

    Returns
    -------
    State or None
        State without a result. None if reading the file again does not give the fitted pattern: it was
        simulated, its background was subtracted, or the file no longer exists.
    """
    # A film may have parameters that were added because the pattern supports them.
    asked = fit.stack if fit.options is None else fit.options.stack
    try:
        choices = choices_of(fit)
        if sample_of(arguments_of(State(choices=choices).choices, resolve=False))[0] != asked:
            return None
    except SlxrdError:  # A crystal that has no name by which it is found
        return None
    if not all(os.path.isfile(path_of(file)) for file in choices["further_scans"]):
        return None
    source = source_of(fit.pattern)
    steps = {step.name: step.details for step in fit.pattern.history}
    preparation: dict[str, Any] = {}
    angle = steps.get(POLARISATION, {}).get("monochromator θ_M (°)", "none")
    if angle != "none":
        preparation["monochromator"] = angle
    if "2θ to q" in steps and POLARISATION not in steps:
        preparation["no_lp"] = True
    for reading in _readings(fit.pattern, "2theta" if "2θ to q" in steps else "q"):
        try:
            raw = read(path_of(source), **reading)
            again = prepare_pattern(raw, **preparation, counting=COUNTING in steps)
        except SlxrdError:
            continue
        if _same(again, fit.pattern):
            digest = str(raw.metadata["sha256"])
            return State(source, digest).changed(reading=reading, preparation=preparation, choices=choices)
    return None


def source_of(pattern: Pattern) -> str:
    """Return the path of the file of a pattern, or ``"example:NAME"`` for a packaged one."""
    from slxrd.fitting.examples import EXAMPLES

    path = Path(pattern.source)
    for name, example in EXAMPLES.items():
        if path.name == example.file and path == path_of(EXAMPLE + name):
            return EXAMPLE + name
    return pattern.source


def _readings(pattern: Pattern, axis: str) -> list[dict[str, Any]]:
    """Options with which the file may have been read, the simplest first."""
    reading: dict[str, Any] = {}
    if pattern.metadata.get("wavelength from") == "the user":
        reading["wavelength"] = radiation_name(pattern.wavelength, pattern.second_line)
    if str(pattern.metadata.get("axis", "")).startswith("theta"):
        axis = "theta"
    return [reading, {**reading, "axis": axis}, {**reading, "axis": axis, "trust_axis": True}]


def _same(one: Pattern, other: Pattern) -> bool:
    one = one.to_q()
    return (
        one.x.shape == other.x.shape
        and bool(np.array_equal(one.x, other.x))
        and bool(np.array_equal(one.intensity, other.intensity))
        and one.second_line == other.second_line
    )


def choices_of(fit: Fit) -> dict[str, Any]:
    """Return the options of :func:`slxrd.fit` that the fit has stored.

    If the fit has not stored its start values, its best solution is the start.

    Parameters
    ----------
    fit : Fit
        Any.
    """
    options = fit.options
    request = {} if options is None else options.request
    parameters = fit.minima[0].parameters if options is None else options.parameters
    choices: dict[str, Any] = {
        "regions": [fitted.region for fitted in fit.regions] if options is None else list(options.regions),
        "mask": [(s.details["from"], s.details["to"]) for s in fit.pattern.history if s.name == "mask"],
        "coherent": fit.stack.coherent,
        "size_window": fit.stack.size_window,
        "resolution": fit.instrument.broadening or fit.instrument.sigma_G,
        "zero": fit.instrument.zero,
        "noise": _noise(fit) if options is None else options.noise,
        "objective": fit.settings.objective,
        "scale": None
        if fit.settings == Settings(fit.settings.objective, None, fit.settings.background)
        else fit.settings.scale,
        "background": (fit if options is None else options).settings.background,
        "systematics": _systematics(NONE if options is None else options.systematics),
        **_structure(fit.stack, request.get("substrate")),
        **parameter_choices(parameters, fit.stack, leave=STACKING if fit.stack.coherent == 1 else ()),
    }
    further = {name: request[name] for name in plain_options()["choices"] if name in request}
    scans = further.get("further_scans", ())
    further["further_scans"] = [source_of(s) if isinstance(s, Pattern) else str(s) for s in scans]
    known = {*choices, *options_of("refinement")}
    return {**choices, **{name: value for name, value in further.items() if name not in known}}


def _systematics(chosen: Systematics) -> str | dict[str, float]:
    if not chosen.use:
        return NO_EFFECTS
    return dict(chosen.priors) or DEFAULT_EFFECTS


def _structure(stack: Stack, substrate: Any) -> dict[str, Any]:
    """Options of a structure; that there is no substrate may have been asked for."""
    return {
        "crystal": None if stack.crystal is None else _name(stack.crystal),
        "partner": None if stack.partner is None else _name(stack.partner),
        "slab": stack.slab,
        "stack": "pure" if stack.partner else stack.stack,
        "weighting": stack.weighting,
        "coherent_spread": stack.coherent_spread,
        "substrate": substrate if stack.substrate is None else _substrate(stack.substrate),
    }


def _substrate(substrate: Substrate) -> str | float:
    """Return the name that specifies a substrate, or its plane distance."""
    if substrate.name is not None:
        with contextlib.suppress(SlxrdError):
            if as_substrate(substrate.name) == substrate:
                return substrate.name
    return substrate.d


def _name(crystal: Crystal) -> str:
    """Return the name that specifies a crystal, if there is one."""
    for name in (crystal.name, crystal.ended()):
        with contextlib.suppress(SlxrdError):
            if as_crystal(name) == crystal:
                return name
    raise SlxrdError(f"{crystal.name} has no name by which it is found")


def _noise(fit: Fit) -> float | str | None:
    points = fit.objective.data[0]
    if points.per_count is not None:
        source: float | str = "counting"
    elif fit.noise.startswith("σ from the file"):
        source = "file"
    else:
        source = float((points.sigma if points.base is None else points.base)[0] / points.intensity.max())
    return f"{source}+{points.relative}" if points.relative else source


def parameter_choices(parameters: Parameters, stack: Stack, leave: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the options start, fix, bounds, free, tie and prior of a set of parameters.

    Parameters
    ----------
    parameters : Parameters
        Set of parameters.
    stack : Stack
        The structure.
    leave : tuple of str
        Names to leave out.
    """
    choices: dict[str, Any] = {"start": {}, "fix": {}, "bounds": {}, "free": [], "tie": {}, "prior": {}}
    for name, row in parameters.items():
        known = stack.table.get(name) or info(name)
        default = Parameter(name, known.default, known.lower, known.upper, known.free)
        if row == default or name in leave:
            continue
        if row.expression is not None:
            choices["tie"][name] = row.expression.text
        elif row.free is False:
            choices["fix"][name] = row.value
        elif row.value != default.value:
            choices["start"][name] = row.value
        if row.free is True and default.free is not True:
            choices["free"].append(name)
        if (row.lower, row.upper) != (default.lower, default.upper):
            choices["bounds"][name] = (row.lower, row.upper)
        if row.prior is not None:
            choices["prior"][name] = row.prior
    return {key: value for key, value in choices.items() if value}
