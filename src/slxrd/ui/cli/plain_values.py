"""Values that are typed as they are: Typer checks the others with Pydantic, which takes long to import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

#: Settings of a parameter whose values have no conditions.
_WITHOUT_CONDITIONS = {
    "parser": None,
    "min": None,
    "max": None,
    "clamp": False,
    "exists": False,
    "file_okay": True,
    "dir_okay": True,
    "writable": False,
    "readable": True,
    "resolve_path": False,
    "allow_dash": False,
    "path_type": None,
    "case_sensitive": True,
}


def take_plain_values(parameters: Sequence[Any]) -> Sequence[Any]:
    """Make parameters of a command take values that need no check or conversion without Pydantic.

    Parameters
    ----------
    parameters : sequence of typer.core.TyperArgument and TyperOption
        The parameters; those of versions of Typer without the attributes used here are left as they are.

    Returns
    -------
    sequence
        The same parameters.
    """
    for parameter in parameters:
        descriptor: Any = getattr(parameter, "type_descriptor", None)
        settings = getattr(descriptor, "parameter_info", None)
        if "process_value" in vars(parameter) or settings is None:
            continue
        if all(getattr(settings, name, value) == value for name, value in _WITHOUT_CONDITIONS.items()):
            parameter.process_value = partial(
                _processed, parameter, descriptor.annotation, parameter.process_value
            )
    return parameters


def _processed(parameter: Any, annotation: Any, usual: Any, context: Any, value: Any) -> Any:
    if value is None and not parameter.required:
        plain: Any = () if parameter.multiple or parameter.nargs == -1 else None
    elif get_origin(annotation) is list and isinstance(value, list | tuple):
        (kind,) = get_args(annotation)
        plain = [_plain(kind, each) for each in value]
        if not plain or None in plain:
            return usual(context, value)
    else:
        plain = _plain(annotation, value)
        if plain is None:
            return usual(context, value)
    return plain if parameter.callback is None else parameter.callback(context, parameter, plain)


def _plain(annotation: Any, value: Any) -> Any:
    """Return the value of a word or default; None if Typer has to look at it."""
    if annotation is Path and isinstance(value, str):
        readable = os.access(value, os.R_OK) or not os.path.lexists(value)
        return Path(value) if value and readable else None
    if annotation in (str, int, float):
        return value if type(value) is annotation else None
    if get_origin(annotation) is Literal:
        return value if isinstance(value, str) and value in get_args(annotation) else None
    return None
