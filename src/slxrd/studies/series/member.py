"""One pattern of a series, fitted by itself and from its neighbours: plain data in, JSON text out.

What goes to another process, and what comes back, is plain: a pattern as a dictionary, a fit as the text
that is kept on disk, so that a result that was kept and one that was just made are the same.

The options of the fits of a series: those of ``slxrd.fit``, checked before the first pattern is fitted.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from slxrd.data.pattern import Pattern, Step
from slxrd.errors import SlxrdError
from slxrd.fitting.api import as_region, build_parameters, fit
from slxrd.fitting.minimise.least_squares import minimise
from slxrd.fitting.record.write import result_dictionary
from slxrd.fitting.result.fit import Fit
from slxrd.parameters.definitions import STACKING
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.specification import as_crystal, as_stack

#: Arguments of ``slxrd.fit`` that are not options of its patterns.
_NOT_OPTIONS = ("pattern", "report")


def series_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check options of :func:`slxrd.fit`, and put what says something of parameters into one set.

    Parameters
    ----------
    given : mapping
        Arguments of :func:`slxrd.fit`.

    Returns
    -------
    dict
        The same, all said of parameters under ``parameters``, regions as regions.

    Raises
    ------
    SlxrdError
        If one is unknown, or at fault.
    """
    known = [name for name in inspect.signature(fit).parameters if name not in _NOT_OPTIONS]
    for name in given:
        if name not in known:
            raise SlxrdError(f"unknown option {name!r} of a fit; there are {', '.join(known)}")
    # The name of the stack's kind is an argument of one, and the stack itself of the other.
    of_parameters = [n for n in inspect.signature(build_parameters).parameters if n in known and n != "stack"]
    options = {name: value for name, value in given.items() if name not in of_parameters}
    for name in ("crystal", "partner"):
        if options.get(name) is not None:
            options[name] = as_crystal(options[name])
    said = {name: given[name] for name in of_parameters if name in given}
    said["free"] = tuple(said.get("free", ()))
    of_stack = {n: options[n] for n in inspect.signature(as_stack).parameters if n in options}
    naming = [name for value in said.values() if isinstance(value, Mapping) for name in value]
    stack = as_stack(**of_stack, naming=[*naming, *said["free"]])
    options["parameters"] = build_parameters(**said, stack=stack)
    options["regions"] = tuple(as_region(region) for region in given.get("regions", ()))
    options["mask"] = tuple((float(low), float(high)) for low, high in given.get("mask", ()))
    try:
        pickle.dumps(options)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise SlxrdError(f"an option cannot be sent to another process ({error})") from None
    return options


#: A neighbour's solution that lowers χ² by more than this was missed by the search.
MISSED = 0.1
#: What result.json says of one fit alone: of the machine, and for opening it again.
_NOT_KEPT = ("versions", "asked", "printed")
Plain = dict[str, Any]


def as_plain(pattern: Pattern) -> Plain:
    """Lay a pattern out as what any process takes."""
    plain = {field.name: getattr(pattern, field.name) for field in fields(pattern)}
    plain["metadata"] = dict(pattern.metadata)
    plain["history"] = tuple(Step(step.name, dict(step.details)) for step in pattern.history)
    return plain


def fingerprint(plain: Plain, options: Mapping[str, Any]) -> str:
    """Hash of everything that a result follows from: the data, the options, nothing else."""
    digest = hashlib.sha256()
    for name, value in sorted({**plain, **options}.items()):
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


def fit_alone(plain: Plain, options: Mapping[str, Any]) -> str:
    """Fit a pattern as :func:`slxrd.fit` does.

    Parameters
    ----------
    plain : dict
        From :func:`as_plain`.
    options : mapping
        Arguments of :func:`slxrd.fit`.

    Returns
    -------
    str
        JSON: ``result`` (as in result.json), ``curves`` and ``areas`` of the regions; or ``failed``, why
        there is none.
    """
    try:
        return json.dumps(_record(fit(Pattern(**plain), **options)), allow_nan=False)
    except SlxrdError as error:
        return json.dumps({"failed": str(error)})
    except Exception as error:  # one pattern must not take the others with it
        return failed_unless_interrupted(error)


def failed_unless_interrupted(error: BaseException) -> str:
    """Say that a pattern could not be fitted; but Ctrl-C that came within compiled code remains what it is.

    Raises
    ------
    KeyboardInterrupt
        If that is what the error came of.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        cause = cause.__cause__ or cause.__context__
    return json.dumps({"failed": f"could not be fitted ({type(error).__name__}: {error})"})


def _record(found: Fit) -> dict[str, Any]:
    curves, areas = [], []
    for background, fitted in zip(found.objective.backgrounds, found.regions, strict=True):
        columns = {name: getattr(fitted, name).tolist() for name in ("q", "measured", "sigma", "calculated")}
        curves.append({"region": fitted.region.name, **columns})
        below = background @ np.array(fitted.background)
        width = np.gradient(fitted.q) if fitted.q.size > 1 else np.ones(1)
        areas.append(
            {
                "region": fitted.region.name,
                "area": float(width @ (fitted.measured - below)),
                "error": float(np.sqrt(np.sum((width * fitted.sigma) ** 2))),
            }
        )
    result = {key: value for key, value in result_dictionary(found).items() if key not in _NOT_KEPT}
    result["regions"] = [
        {key: value for key, value in region.items() if key != "curves"} for region in result["regions"]
    ]
    return {"result": result, "curves": curves, "areas": areas}


def refit_objective(
    plain: Plain, options: Mapping[str, Any], result: Mapping[str, Any]
) -> tuple[Fit, Parameters]:
    """Set up again what a result came from: data against model, and the parameters that were refined.

    Parameters
    ----------
    plain, options
        As for :func:`fit_alone`.
    result : mapping
        What that gave, as in result.json.

    Returns
    -------
    Fit
        With everything kept at the best solution; its ``objective`` has the σ of that fit.

    Parameters
    ----------
        Those of the fit, starting at its best solution.
    """
    base: Parameters = options["parameters"]
    best = result["solutions"][0]["parameters"]
    refined = result["refined"]
    kept = {
        name: best[name]
        for name, row in base.items()
        if row.expression is None and not (options.get("coherent") == 1 and name in STACKING)
    }
    frozen = fit(Pattern(**plain), **{**options, "parameters": base.fix(**kept)})
    untouched = {name: value for name, value in best.items() if name in kept and name not in refined}
    parameters = base.fix(**untouched).release(*refined).start(**{name: best[name] for name in refined})
    return frozen, parameters


def fit_from_neighbours(
    plain: Plain,
    options: Mapping[str, Any],
    result: Mapping[str, Any],
    neighbours: Sequence[tuple[str, Mapping[str, float]]],
    keep: Sequence[str] = (),
) -> str:
    """Refine a pattern from the best solutions of its neighbours.

    Parameters
    ----------
    plain, options, result
        As for :func:`refit_objective`.
    neighbours : sequence of (str, mapping)
        Label and values of each.
    keep : sequence of str
        Parameters that are kept at the neighbour's values: what it costs if they were the same here.

    Returns
    -------
    str
        JSON: ``paths``, for each neighbour where its solution leads and how much higher χ² is there than
        in the pattern's own best solution; and ``better``, a record as :func:`fit_alone` gives it, where
        one leads to a lower χ².
    """
    frozen, parameters = refit_objective(plain, options, result)
    paths = []
    for label, values in neighbours:
        own = result["solutions"][0]["parameters"]
        begin = {n: (values if n in keep or not keep else own)[n] for n in result["refined"]}
        started = parameters.start(**begin)
        kept = {name: values[name] for name in keep if name in result["refined"]}
        minimum = minimise(frozen.objective, started.fix(**kept))
        rise = minimum.chi2 - result["chi2"]
        paths.append({"from": label, "values": dict(minimum.values), "delta_chi2": rise})
    better = None
    best = min(paths, key=lambda path: path["delta_chi2"], default=None)
    if best is not None and not keep and best["delta_chi2"] < -MISSED:
        free = {name: best["values"][name] for name in result["refined"]}
        again = fit(Pattern(**plain), **{**options, "parameters": options["parameters"].start(**free)})
        if again.chi2 < result["chi2"] - MISSED:
            better = _record(again)
            note = f"found from the solution of {best['from']}; its own search had missed it"
            better["result"]["notes"].append(note)
    return json.dumps({"paths": paths, "better": better}, allow_nan=False)
