"""Types of the JSON of a map, from which its JSON schema is made."""

from __future__ import annotations

from typing import Annotated, TypedDict


class CheckDocument(TypedDict):
    """Full searches of a random sample of patterns."""

    patterns: Annotated[list[int], "indices of the patterns that were searched"]
    verdicts: Annotated[list[int], "0 agrees, 1 lower χ² elsewhere, 2 a further solution competes, 3 failed"]
    seed: int
    interval: Annotated[list[float], "95 % interval of the fraction of patterns at a wrong solution"]


class MapSummary(TypedDict):
    """Summary of a map."""

    source: str
    simulated: bool
    shape: list[int]
    noise: str
    counts: Annotated[dict[str, int], "number of patterns by kind and grade"]
    parameters: Annotated[dict[str, dict[str, float | str]], "spread of each refined parameter over the map"]
    common: Annotated[dict[str, float], "parameters that are the same for all patterns"]
    check: CheckDocument
    notes: list[str]


class MapDocument(MapSummary):
    """A map, as slxrd map --json writes it; values and errors of every pattern are in the HDF5 file."""

    kind: str
    slxrd: Annotated[str, "version of slxrd that wrote it"]
    schema: Annotated[int, "version of the layout"]
    command: str
