"""Crystals by name, and from files that describe them.

A crystal written as a document (TOML): its required content, and its conversion to a crystal.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from slxrd._arguments import check_arguments
from slxrd._documents import read_toml
from slxrd.errors import FileError, SlxrdError
from slxrd.sample.crystal import Crystal
from slxrd.sample.planes import Plane, Site

#: Keys of a document that must be there, and those that may.
REQUIRED = ("name", "period", "repeat", "planes", "terminations", "default", "source")
OPTIONAL = ("direction", "counted", "area", "layers", "assumed")
_ENDS = ("bottom", "top")


def crystal_of_document(document: Mapping[str, Any], where: str, bottom: str, top: str) -> Crystal:
    """Make the crystal that a document describes.

    Parameters
    ----------
    document : mapping
        As read from TOML; see docs/crystals.md for its content.
    where : str
        The file, for messages.
    bottom, top : str
        Which of its terminations ends it below and above; an empty name is the default.

    Raises
    ------
    FileError
        If the document is incomplete, or a value is invalid.
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


@check_arguments
def crystal(
    name: str | Path, termination: str | tuple[str, str] | None = None, *, period: float | None = None
) -> Crystal:
    """Crystal of the library, or of a TOML file.

    Parameters
    ----------
    name : str or Path
        A name such as ``"CsPbBr3"`` (:func:`crystal_names` lists them), or the path of a ``.toml`` file.
    termination : str or tuple of str, optional
        What both surfaces are, such as ``"CsBr"``; two names are those of the bottom and the top.
        :func:`terminations` lists them. Without it, the usual one.
    period : float, optional
        d in Å, in place of that of the library.

    Raises
    ------
    SlxrdError
        If the name or the termination is unknown, or the file describes no crystal.
    """
    document, where = _document(name)
    bottom, top = (termination or "",) * 2 if isinstance(termination, str | None) else termination
    made = crystal_of_document(document, where, bottom, top)
    return made if period is None else replace(made, period=period)


def terminations(name: str | Path) -> tuple[str, ...]:
    """Surfaces that a crystal of the library or of a file may have, the usual one first."""
    document, where = _document(name)
    crystal_of_document(document, where, "", "")
    usual = str(document["default"])
    return (usual, *(other for other in document["terminations"] if other != usual))


def crystal_names() -> tuple[str, ...]:
    """Names in the library."""
    return tuple(_library())


@lru_cache(maxsize=1)
def _library() -> Mapping[str, str]:
    """Documents by name, unread."""
    found = {
        item.name.removesuffix(".toml"): item.read_text(encoding="utf-8")
        for item in (files("slxrd.sample.library") / "data").iterdir()
        if item.name.endswith(".toml")
    }
    return dict(sorted(found.items()))


def _document(name: str | Path) -> tuple[dict[str, Any], str]:
    if isinstance(name, str) and name in _library():
        import tomllib

        return tomllib.loads(_library()[name]), f"crystal {name}"
    if not str(name).endswith(".toml"):
        spelt = {other.lower(): other for other in _library()}
        near = difflib.get_close_matches(str(name).lower(), spelt, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(spelt[other] for other in near)}? " if near else ""
        raise SlxrdError(
            f"unknown crystal {str(name)!r}: {meant}There are {', '.join(_library())}; others are read from "
            "a TOML file or a CIF"
        )
    return read_toml(name), str(name)
