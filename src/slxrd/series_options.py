"""The options of the fits of a series: those of ``slxrd.fit``, checked before the first pattern is fitted."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from typing import Any

from slxrd.api import as_region, build_parameters, fit
from slxrd.errors import SlxrdError
from slxrd.stacks import as_crystal, as_stack

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
