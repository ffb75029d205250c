"""Crystals by name, and from files that describe them."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from slxrd.crystals.document import crystal_of_document
from slxrd.errors import FileError, SlxrdError, unreadable
from slxrd.layers import Crystal


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
        for item in files("slxrd.crystals").iterdir()
        if item.name.endswith(".toml")
    }
    return dict(sorted(found.items()))


def _document(name: str | Path) -> tuple[dict[str, Any], str]:
    if isinstance(name, str) and name in _library():
        return tomllib.loads(_library()[name]), f"crystal {name}"
    if not str(name).endswith(".toml"):
        spelt = {other.lower(): other for other in _library()}
        near = difflib.get_close_matches(str(name).lower(), spelt, n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(spelt[other] for other in near)}? " if near else ""
        raise SlxrdError(
            f"unknown crystal {str(name)!r}: {meant}There are {', '.join(_library())}; others are read from "
            "a TOML file or a CIF"
        )
    try:
        with open(name, "rb") as file:
            return tomllib.load(file), str(name)
    except OSError as error:
        raise unreadable(name, error) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(name, f"not TOML: {error}") from None
