"""All declared options by name, and what is derived from them: defaults, signature, documentation, schema."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.fitting.request.groups import FIT_GROUPS, GROUPS
from slxrd.fitting.request.option import Declared, declared

Function = TypeVar("Function", bound=Callable[..., Any])

#: Every option by its name.
OPTIONS: dict[str, Declared] = {
    option.name: option for group, record in GROUPS.items() for option in declared(group, record)
}


def options_of(*groups: str) -> dict[str, Declared]:
    """Return the options of some groups, by name."""
    return {name: option for name, option in OPTIONS.items() if option.group in groups}


def fit_options() -> dict[str, Declared]:
    """Return the options of :func:`slxrd.fit`, by name."""
    return options_of(*FIT_GROUPS)


def default(name: str) -> Any:
    """Return the value of an option that is not given."""
    return OPTIONS[name].default


def signature(function: Any) -> inspect.Signature:
    """Return the signature of a function that takes all options of a fit as keywords.

    Parameters
    ----------
    function : callable
        With ``**options: Unpack[FitKeywords]``, which is replaced by the options and the groups.
    """
    plain = inspect.signature(function)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [p for p in plain.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    flat = [
        inspect.Parameter(name, keyword, default=option.default, annotation=option.type)
        for name, option in fit_options().items()
    ]
    groups = [
        inspect.Parameter(name, keyword, default=None, annotation=record | None)
        for name, record in FIT_GROUPS.items()
    ]
    first = [p for p in own if p.kind is not keyword]
    last = [p for p in own if p.kind is keyword]
    return plain.replace(parameters=[*first, *flat, *groups, *last])


def documentation() -> str:
    """Write the options of a fit as numpydoc parameters."""
    lines: list[str] = []
    for name, option in fit_options().items():
        optional = ", optional" if option.default is None else ""
        lines.append(f"{name} : {option.kind.documented}{optional}")
        text = " ".join(filter(None, (option.option.help, option.option.note)))
        lines += textwrap.wrap(text, 100, initial_indent="    ", subsequent_indent="    ")
    for name, record in FIT_GROUPS.items():
        lines += [f"{name} : {record.__name__}, optional", f"    {inspect.getdoc(record)}"]
        lines[-1] += " Several of these options together."
    return "\n".join(lines)


def documented(function: Function) -> Function:
    """Give a function with ``**options: Unpack[FitKeywords]`` the signature and documentation of all options.

    In its docstring ``{options}`` is replaced by their description.
    """
    function.__signature__ = signature(function)  # type: ignore[attr-defined]
    if function.__doc__:  # None under python -OO
        text = textwrap.indent(documentation(), "    ").lstrip()
        function.__doc__ = function.__doc__.replace("{options}", text)
    return function


def flatten(given: Mapping[str, Any]) -> dict[str, Any]:
    """Join options given by name and in groups, and check each.

    Parameters
    ----------
    given : mapping
        Keywords of :func:`slxrd.fit`.

    Returns
    -------
    dict
        The options that are given, by name.

    Raises
    ------
    SlxrdError
        If an option is unknown, is given twice, or cannot have its value.
    """
    known = fit_options()
    options: dict[str, Any] = {}
    for name, value in given.items():
        for key, item in _members(name, value):
            if key not in known:
                raise SlxrdError(f"unknown option {key!r} of a fit; there are {', '.join(known)}")
            if key in options:
                raise SlxrdError(f"{key} is given twice, by itself and in {known[key].group}; leave one out")
            options[key] = checked(known[key], item)
    return options


def collect(given: Mapping[str, Any]) -> dict[str, Any]:
    """Join and check options as :func:`flatten` does, and add the defaults of the others."""
    options = flatten(given)
    return {name: options.get(name, option.default) for name, option in fit_options().items()}


def undiagnosed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give options that are taken from the pattern by default their usual values instead.

    Parameters
    ----------
    options : mapping
        Some options by name.
    """
    usual = {name: option.usual for name, option in fit_options().items() if option.option.usual is not None}
    given = {name: value for name, value in options.items() if value is not None or name not in usual}
    return {**usual, **given}


def _members(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Return the options of a keyword: itself, or those of a group."""
    if name not in FIT_GROUPS:
        return [(name, value)]
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise SlxrdError(f"{name}: give names and values, got {type(value).__name__}")
    own = options_of(name)
    for key in value:
        if key not in own:
            raise SlxrdError(f"{name}: unknown option {key!r}; there are {', '.join(own)}")
    return value.items()


def checked(option: Declared, value: Any) -> Any:
    """Check the value of an option that was given in Python.

    Parameters
    ----------
    option : Declared
        The option.
    value : object
        Its value, arrays also of pandas; None is accepted if the default is None.

    Returns
    -------
    object
        The value; an iterator as a tuple, an array as a list.

    Raises
    ------
    SlxrdError
        If the value is invalid.
    """
    if value is None and option.default is None:
        return None
    if isinstance(value, Iterator):
        value = tuple(value)
    elif hasattr(value, "to_numpy"):  # a column or table of pandas
        value = value.to_numpy().tolist()
    elif isinstance(value, np.ndarray) and value.ndim and not np.ma.is_masked(value):
        value = value.tolist()
    option.kind.check_python(option.name, value)
    return value


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a request: the part ``asked`` of saved results and sessions."""
    text = {"type": ["string", "null"]}
    parts: dict[str, Any] = {"file": text, "sha256": text}
    for part, options in plain_options().items():
        parts[part] = {
            "type": "object",
            "properties": {
                name: {"description": option.option.help, "default": option.default, **option.kind.schema()}
                for name, option in options.items()
            },
            "additionalProperties": False,
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Request of a fit with slxrd",
        "type": "object",
        "properties": parts,
        "additionalProperties": False,
    }


def plain_options() -> dict[str, dict[str, Declared]]:
    """Return the options that can be saved, by name, in the parts of a saved request."""
    parts = {"reading": ("reading",), "preparation": ("preparation",), "choices": tuple(FIT_GROUPS)}
    return {
        part: {name: option for name, option in options_of(*groups).items() if option.option.typed}
        for part, groups in parts.items()
    }
