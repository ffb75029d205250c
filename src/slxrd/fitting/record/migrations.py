"""Conversion of saved results of earlier versions to the present layout, one version at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slxrd.errors import FileError
from slxrd.fitting.record.command_line import from_command

#: Version of the layout of result.json and of saved sessions.
SCHEMA = 2


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


#: From each version to the next.
STEPS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}


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
