"""Conversion of saved results of earlier versions to the present layout, one version at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slxrd.data.backgrounds import POLYNOMIALS, SIGNED
from slxrd.data.noise import FILE_OR_DEFAULT
from slxrd.errors import FileError
from slxrd.fitting.record.command_line import from_command

#: Version of the layout of result.json and of saved sessions.
SCHEMA = 4

#: Defaults of version 0.1, which a request in layout 1 or 2 means by an option that it does not contain.
#: If the default of an option changes, or an option is added whose default changes the result, its value in
#: version 0.1 belongs here. It must be a value that can be saved: not None, and no empty list.
DEFAULTS_0_1: Mapping[str, Any] = {
    "noise": FILE_OR_DEFAULT,
    "coherent": 40,
    "substrate": "none",
    "resolution": 0.007,
    "objective": "linear",
    "background": "none",
    "systematics": "none",
}


def _from_1(document: dict[str, Any]) -> dict[str, Any]:
    """Convert to layout 2, which contains versions, structure, request, curves and the printed table."""
    given = document["input"]
    state = from_command(given.get("command", ""))
    if state is not None:
        state = state.changed(file=given["file"], sha256=given.get("metadata", {}).get("sha256"))
    plain: dict[str, Any] = {"crystal": None, "partner": None, "slab": None}
    plain |= {"stack": "pure", "weighting": "number", "coherent_spread": 0.0}
    plain["text"] = f"M = {given['coherent']}"
    regions = [{**region, "curves": None} for region in document["regions"]]
    return {
        **document,
        "schema": 2,
        "input": {**given, "structure": plain},
        "versions": {},
        "asked": None if state is None else state.request(),
        "regions": regions,
        "printed": None,
    }


def _from_2(document: dict[str, Any]) -> dict[str, Any]:
    """Convert to layout 3, in which a request contains the options that version 0.1 did not write."""
    request = document.get("asked")
    if request is None:
        return {**document, "schema": 3}
    return {**document, "schema": 3, "asked": {**request, "choices": with_defaults_0_1(request["choices"])}}


def _from_3(document: dict[str, Any]) -> dict[str, Any]:
    """Convert to layout 4, in which errors have a systematic part unless the request leaves it out."""
    request = document.get("asked")
    if request is None:
        return {**document, "schema": 4}
    choices = {"systematics": "none", **request["choices"]}
    return {**document, "schema": 4, "asked": {**request, "choices": choices}}


def with_defaults_0_1(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Add the defaults of version 0.1 to the choices of a request; its backgrounds could have any sign.

    Parameters
    ----------
    choices : mapping
        Options of a fit that version 0.1 wrote.

    Returns
    -------
    dict
        The choices, and the defaults of the options that they do not contain.
    """
    found = {**DEFAULTS_0_1, **choices}
    if found["background"] in POLYNOMIALS:
        found["background"] = SIGNED + found["background"]
    return found


#: Defaults whose value was another in version 0.1 itself; options that were added since.
_NAMED_0_1: Mapping[str, Any] = {"noise": None}
_ADDED: tuple[str, ...] = ("substrate", "systematics")


def as_in_0_1(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a fit as version 0.1 had them, where they mean its defaults.

    Parameters
    ----------
    options : mapping
        Arguments of :func:`slxrd.fit`.
    """
    old = {name for name, value in DEFAULTS_0_1.items() if name in options and options[name] == value}
    written = {
        name: _NAMED_0_1.get(name, value) if name in old else value
        for name, value in options.items()
        if not (name in _ADDED and name in old)
    }
    if str(written.get("background", "")).startswith(SIGNED):
        written["background"] = written["background"].removeprefix(SIGNED)
    return written


#: From each version to the next.
STEPS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2, 3: _from_3}


def migrated(document: Any, path: str | Path) -> dict[str, Any]:
    """Convert a document to the present layout.

    Parameters
    ----------
    document : object
        Content of a JSON file.
    path : path-like
        Path of the file, for messages.

    Raises
    ------
    FileError
        If it is not a result or session of slxrd, was written by a later version, or is incomplete.
    """
    if not isinstance(document, dict) or "slxrd" not in document or "schema" not in document:
        raise FileError(path, "is no result of slxrd; give a result.json, or a saved session")
    if "patterns" in document and "variable" in document:
        raise FileError(
            path,
            "is a series, which slxrd show prints; reports and sessions are of one pattern, from slxrd fit",
        )
    schema = document["schema"]
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise FileError(path, f"schema {schema!r} is no version of a layout; the file is damaged")
    if schema > SCHEMA:
        raise FileError(
            path,
            f"was written by slxrd {document['slxrd']} in layout {schema}, of which this version knows "
            f"{SCHEMA}; install a newer slxrd",
        )
    given: dict[str, Any] = document
    for version in range(schema, SCHEMA):
        try:
            given = STEPS[version](given)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise FileError(path, f"is damaged: {error!r} in layout {version}; save it again") from None
    return given
