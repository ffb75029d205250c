"""A crystal written as a document (TOML): what must stand in it, and the record that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slxrd.errors import FileError, SlxrdError
from slxrd.layers import Crystal
from slxrd.planes import Plane, Site

#: Keys of a document that must be there, and those that may.
REQUIRED = ("name", "period", "repeat", "planes", "terminations", "default", "source")
OPTIONAL = ("direction", "counted", "area", "layers", "assumed")
_ENDS = ("bottom", "top")


def crystal_of_document(document: Mapping[str, Any], where: str, bottom: str, top: str) -> Crystal:
    """Make the crystal that a document describes.

    Parameters
    ----------
    document : mapping
        As read from TOML; docs/crystals.md says what is in it.
    where : str
        The file, for messages.
    bottom, top : str
        Which of its terminations ends it below and above; an empty name is the default.

    Raises
    ------
    FileError
        If the document lacks something, or says what cannot be.
    """
    _check_keys(document, where)
    name = document["name"]
    described = _mapping(document, "planes", where)
    ends = {}
    for part, wanted in (("bottom", bottom), ("top", top)):
        termination = _termination(document, where, wanted or str(document["default"]))
        ends[part] = _placed(termination.get(part, []), described, where, part)
    period, area = (_number(document, key, where) for key in ("period", "area"))
    if period is None:
        raise FileError(where, "period is missing")
    try:
        return Crystal(
            bottom=ends["bottom"],
            top=ends["top"],
            name=str(name),
            period=period,
            repeat=_placed(document["repeat"], described, where, "repeat"),
            area=area,
            layers=document.get("layers"),
            source=str(document["source"]),
            assumed=str(document.get("assumed", "")),
        )
    except SlxrdError as error:
        raise _at(where, error) from None


def _check_keys(document: Mapping[str, Any], where: str) -> None:
    missing = [key for key in REQUIRED if key not in document]
    if missing:
        raise FileError(where, f"a crystal needs {', '.join(missing)}")
    unknown = [key for key in document if key not in REQUIRED + OPTIONAL]
    if unknown:
        raise FileError(where, f"unknown entry {unknown[0]!r}; there are {', '.join(REQUIRED + OPTIONAL)}")
    for name, ends in _mapping(document, "terminations", where).items():
        if not isinstance(ends, Mapping) or not set(ends) <= set(_ENDS):
            raise FileError(where, f"termination {name!r} must have the entries bottom and top")
    layers = document.get("layers", 1)
    if isinstance(layers, bool) or not isinstance(layers, int):
        raise FileError(where, f"layers {layers!r} must be a whole number")


def _termination(document: Mapping[str, Any], where: str, name: str) -> Mapping[str, Any]:
    known: Mapping[str, Mapping[str, Any]] = document["terminations"]
    if name not in known:
        raise FileError(
            where, f"no termination {name!r} of {document['name']}; there are {', '.join(known) or 'none'}"
        )
    return known[name]


def _placed(rows: Any, described: Mapping[str, Any], where: str, part: str) -> tuple[Plane, ...]:
    """Planes of rows [position, name] or [position, name, shift in Å]."""
    planes = []
    for row in rows if isinstance(rows, list) else [rows]:
        if not (isinstance(row, list) and len(row) in (2, 3)) or not all(map(_is_number, [row[0], *row[2:]])):
            raise FileError(
                where, f"{part}: {row!r} is not [position, plane] or [position, plane, shift in Å]"
            )
        position, name, shift = row[0], row[1], row[2] if len(row) == 3 else 0.0
        if name not in described:
            raise FileError(
                where, f"{part}: plane {name!r} is not described; there are {', '.join(described)}"
            )
        try:
            planes.append(Plane(float(position), _sites(described[name], where, str(name)), float(shift)))
        except SlxrdError as error:
            raise _at(where, error) from None
    return tuple(planes)


def _sites(entries: Any, where: str, plane: str) -> tuple[Site, ...]:
    sites = []
    for species, entry in entries.items() if isinstance(entries, Mapping) else ():
        if not (isinstance(entry, Mapping) and set(entry) <= {"count", "occupancy", "B"}):
            raise FileError(where, f"plane {plane}: {species} must have the entries count, occupancy, B")
        if not all(map(_is_number, entry.values())):
            raise FileError(where, f"plane {plane}: {species} = {dict(entry)!r} must be numbers")
        sites.append(Site(species, **{key: float(value) for key, value in entry.items()}))
    return tuple(sites)


def _mapping(document: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = document[key]
    if not isinstance(value, Mapping):
        raise FileError(where, f"{key} must be a table, not {value!r}")
    return value


def _number(document: Mapping[str, Any], key: str, where: str) -> float | None:
    value = document.get(key)
    if value is not None and not _is_number(value):
        raise FileError(where, f"{key} {value!r} must be a number of Å (Å² of the area)")
    return None if value is None else float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _at(where: str, error: SlxrdError) -> SlxrdError:
    return error if isinstance(error, FileError) else FileError(where, str(error))
