"""Fit one pattern of a series, alone and from the solutions of its neighbours.

Arguments and results are plain data, which can be sent to other processes: a pattern is a dictionary, and a
fit is the JSON text that is stored on disk, so that stored and new results are the same.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from slxrd.data.pattern import Pattern, Step
from slxrd.data.regions import as_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.api import fit, sample_of
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.record.migrations import as_in_0_1
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.request.declaration import flatten, options_of, undiagnosed
from slxrd.fitting.request.effects import DEFAULT_EFFECTS, NO_EFFECTS, as_systematics
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.systematics.budget import WIDENING
from slxrd.fitting.systematics.correction import Corrected, correct
from slxrd.fitting.systematics.settings import DISCREPANCY, NONE, ZERO_ERROR, effect_names
from slxrd.io.shared.counting import COUNTS_FOUND
from slxrd.parameters.definitions import STACKING
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.specification import as_crystal


def series_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check options of :func:`slxrd.fit`, and combine those of parameters into one object.

    Parameters
    ----------
    given : mapping
        Arguments of :func:`slxrd.fit`.

    Returns
    -------
    dict
        The same options, with the parameters under ``parameters`` and regions converted.

    Raises
    ------
    SlxrdError
        If an option is unknown or invalid.
    """
    options = flatten(given)
    for name in ("crystal", "partner"):
        if options.get(name) is not None:
            options[name] = as_crystal(options[name])
    parameters = sample_of(options)[1]
    options = {name: value for name, value in options.items() if name not in options_of("refinement")}
    options["parameters"] = parameters
    options["regions"] = as_regions(options.get("regions", ()))
    options["mask"] = tuple((float(low), float(high)) for low, high in options.get("mask", ()))
    try:
        pickle.dumps(options)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise SlxrdError(f"an option cannot be sent to another process ({error})") from None
    return options


#: Decrease of χ² from a neighbour's solution above which the pattern is fitted again.
MISSED = 0.1
#: Entries of result.json that are not stored for a pattern of a series.
_NOT_STORED = ("versions", "asked", "printed")
Plain = dict[str, Any]


def as_plain(pattern: Pattern) -> Plain:
    """Convert a pattern to a dictionary of plain data."""
    plain = {field.name: getattr(pattern, field.name) for field in fields(pattern)}
    plain["metadata"] = dict(pattern.metadata)
    plain["history"] = tuple(Step(step.name, dict(step.details)) for step in pattern.history)
    return plain


def fingerprint(plain: Plain, options: Mapping[str, Any]) -> str:
    """Return a hash of the data and options that determine a result.

    Options that mean the defaults of version 0.1 are hashed as its defaults were, so that its series go on.
    """
    digest = hashlib.sha256()
    for name, value in sorted({**_as_read_by_0_1(plain), **as_in_0_1(options)}.items()):
        digest.update(f"\n{name}=".encode())
        if isinstance(value, np.ndarray):
            digest.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, Parameters):
            for row in value.values():
                tie = row.expression.text if row.expression is not None else ""
                digest.update(
                    f"{row.name, row.value, row.lower, row.upper, row.free, row.prior, tie}".encode()
                )
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()


def _as_read_by_0_1(plain: Plain) -> Plain:
    """Return a pattern without the counts that were found in its numbers, which version 0.1 did not do."""
    given = plain.get("history", ())
    history = tuple(step for step in given if step.name != COUNTS_FOUND)
    if len(history) == len(given):
        return plain
    return {**plain, "history": history, "per_count": None}


def fit_alone(plain: Plain, options: Mapping[str, Any]) -> str:
    """Fit a pattern as :func:`slxrd.fit` does.

    Parameters
    ----------
    plain : dict
        Pattern, from :func:`as_plain`.
    options : mapping
        Arguments of :func:`slxrd.fit`.

    Returns
    -------
    str
        JSON of ``result`` (as in result.json), ``curves`` and ``areas`` of the regions; or of ``failed``, the
        reason why there is none.
    """
    try:
        return json.dumps(_record(fit(Pattern(**plain), **undiagnosed(options))), allow_nan=False)
    except SlxrdError as error:
        return json.dumps({"failed": str(error)})
    except Exception as error:  # a failure of one pattern must not end the series
        return failed_unless_interrupted(error)


def failed_unless_interrupted(error: BaseException) -> str:
    """Return the record of a failed fit; raise again a KeyboardInterrupt that occurred in compiled code.

    Parameters
    ----------
    error : BaseException
        Exception of the fit.

    Returns
    -------
    str
        JSON of ``failed``.

    Raises
    ------
    KeyboardInterrupt
        If one is among the causes of the exception.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        cause = cause.__cause__ or cause.__context__
    return json.dumps({"failed": f"could not be fitted ({type(error).__name__}: {error})"})


def _record(found: Fit) -> dict[str, Any]:
    curves, areas = [], []
    for shapes, fitted in zip(found.objective.backgrounds, found.regions, strict=True):
        columns = {name: getattr(fitted, name).tolist() for name in ("q", "measured", "sigma", "calculated")}
        curves.append({"region": fitted.region.name, **columns})
        background = shapes @ np.array(fitted.background)
        width = np.gradient(fitted.q) if fitted.q.size > 1 else np.ones(1)
        areas.append(
            {
                "region": fitted.region.name,
                "area": float(width @ (fitted.measured - background)),
                "error": float(np.sqrt(np.sum((width * fitted.sigma) ** 2))),
            }
        )
    whole = result_dictionary(found)
    result = {key: value for key, value in whole.items() if key not in _NOT_STORED}
    result["regions"] = [
        {key: value for key, value in region.items() if key != "curves"} for region in whole["regions"]
    ]
    return {"result": result, "curves": curves, "areas": areas}


def refit_objective(
    plain: Plain, options: Mapping[str, Any], result: Mapping[str, Any]
) -> tuple[Fit, Parameters]:
    """Restore the objective and the refined parameters of a stored result.

    Parameters
    ----------
    plain, options
        As for :func:`fit_alone`.
    result : mapping
        The fit, as in result.json.

    Returns
    -------
    frozen : Fit
        Fit with all parameters fixed at the best solution; its ``objective`` has the σ of that fit, and no
        systematic effects.
    parameters : Parameters
        Parameters of the fit, starting at its best solution; q_zero is fixed at its assumed value where the
        data do not determine it.
    """
    base: Parameters = options["parameters"]
    best = dict(result["solutions"][0]["parameters"])
    refined = [name for name in result["refined"] if result["parameters"][name]["status"] != "fixed"]
    if "q_zero" in result["refined"] and "q_zero" not in refined:
        best["q_zero"] = base["q_zero"].value or 0.0
    fixed = {
        name: best[name]
        for name, row in base.items()
        if row.expression is None and not (options.get("coherent") == 1 and name in STACKING)
    }
    chosen = {
        "parameters": base.fix(**fixed),
        "background": result["input"]["background"],
        "systematics": NO_EFFECTS,
    }
    frozen = fit(Pattern(**plain), **undiagnosed({**options, **chosen}))
    not_refined = {name: value for name, value in best.items() if name in fixed and name not in refined}
    parameters = base.fix(**not_refined).release(*refined).start(**{name: best[name] for name in refined})
    return frozen, parameters


def _with_systematic_errors(
    objective: Objective, parameters: Parameters, options: Mapping[str, Any], result: Mapping[str, Any]
) -> Corrected:
    """Refine the best solution of a stored result with the systematic effects that its errors contain."""
    budget = result.get("budget") or {"contributions": ()}
    parts = {part["name"] for part in budget["contributions"]}
    used = parts.intersection(effect_names())
    assumed_zero = set(result["refined"]) - set(parameters.free_names)
    settings = as_systematics(options.get("systematics", DEFAULT_EFFECTS))
    if WIDENING in parts or not (used - {ZERO_ERROR} or assumed_zero):
        settings = NONE  # differences of χ² are compared with the widening squared
    known = [name for name, row in options["parameters"].items() if row.free is False]
    own = minimise(objective, parameters)
    return correct(objective, (own,), settings, known, white=DISCREPANCY not in used)


def fit_from_neighbours(
    plain: Plain,
    options: Mapping[str, Any],
    result: Mapping[str, Any],
    neighbours: Sequence[tuple[str, Mapping[str, float]]],
    fix: Sequence[str] = (),
) -> str:
    """Refine a pattern from the best solutions of its neighbours.

    Parameters
    ----------
    plain, options, result
        As for :func:`refit_objective`.
    neighbours : sequence of (str, mapping)
        Label and values of each neighbour.
    fix : sequence of str
        Parameters to fix at the neighbour's values, to find the increase of χ² if they were the same here.

    Returns
    -------
    str
        JSON of ``paths``, for each neighbour the minimum reached and its χ² minus that of the pattern's own
        best solution; and ``better``, a record as from :func:`fit_alone` if one of them has a lower χ².
    """
    frozen, without = refit_objective(plain, options, result)
    best = _with_systematic_errors(frozen.objective, without, options, result)
    own, parameters = best.minima[0], best.minima[0].parameters
    paths: list[dict[str, Any]] = []
    for label, values in neighbours:
        begin = {n: (values if n in fix or not fix else own.values)[n] for n in own.names}
        started = parameters.start(**begin)
        fixed = {name: values[name] for name in fix if name in own.names}
        minimum = minimise(best.objective, started.fix(**fixed))
        rise = minimum.chi2 - own.chi2
        paths.append({"from": label, "values": dict(minimum.values), "delta_chi2": rise})
    better = None
    lowest = min(paths, key=lambda path: path["delta_chi2"], default=None)
    if lowest is not None and not fix and lowest["delta_chi2"] < -MISSED:
        free = {name: lowest["values"][name] for name in without.free_names}
        again = fit(
            Pattern(**plain),
            **undiagnosed({**options, "parameters": options["parameters"].start(**free)}),
        )
        if again.chi2 < result["chi2"] - MISSED:
            better = _record(again)
            note = f"found from the solution of {lowest['from']}, which the search of this pattern missed"
            better["result"]["notes"].append(note)
    return json.dumps({"paths": paths, "better": better}, allow_nan=False)
