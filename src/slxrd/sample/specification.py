"""Structures from texts such as ``"CsPbBr3:Br"``, names of ligands, and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import TABLE
from slxrd.sample.cif.read import crystal_from_cif
from slxrd.sample.crystal import Crystal
from slxrd.sample.library.crystals import crystal as named
from slxrd.sample.library.ligands import density
from slxrd.sample.library.substrates import plane_text, substrate_plane
from slxrd.sample.stack import Stack, StackKind, Weighting
from slxrd.sample.substrate import Substrate

CrystalLike = Crystal | str | Path
SubstrateLike = Substrate | float | str


def as_crystal(crystal: CrystalLike) -> Crystal:
    """Return the crystal of a name.

    Parameters
    ----------
    crystal : Crystal, str or Path
        ``"CsPbBr3"``, ``"CsPbBr3:Br"``, ``"PbS-111:Pb:S"`` (bottom and top), a TOML file instead of the name,
        or ``"file.cif:1,0,0"`` with the film normal, and surfaces as before; then arguments of
        :func:`slxrd.crystal_from_cif` may follow, ``"file.cif:1,0,0:neutral=yes:tolerance=0.3"``.

    Raises
    ------
    SlxrdError
        If there is no such crystal, surface or file.
    """
    if isinstance(crystal, Crystal):
        return crystal
    name, *rest = _words(str(crystal))
    if name.lower().endswith(".cif"):
        return _from_cif(name, rest)
    if len(rest) > 2:
        raise SlxrdError(f"crystal {crystal}: write NAME, NAME:TERMINATION or NAME:BOTTOM:TOP")
    ends = tuple(rest)
    return named(name, ends[0] if len(ends) == 1 else (ends[0], ends[1]) if ends else None)


def _words(text: str) -> list[str]:
    """Split the specification of a crystal at its colons, except that of a drive in the name of a file."""
    file = re.match(r"(?i)[a-z]:[\\/].*?\.(cif|toml)(?=:|$)", text)
    if file is None:
        return text.split(":")
    return [file[0], *text[file.end() :].split(":")[1:]]


#: Options of a CIF after its planes, as in ``file.cif:1,0,0:neutral=yes``.
_OF_CIF = {
    "reference": "a plane", "tolerance": "Å", "B": "Å²", "neutral": "yes or no", "check": "yes or no",
    "block": "a name",
}  # fmt: skip


def _from_cif(name: str, words: list[str]) -> Crystal:
    rest = [word for word in words if "=" not in word]
    options = dict(_option(name, word) for word in words if "=" in word)
    normal = re.fullmatch(r"\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*", rest[0]) if rest else None
    if normal is None or len(rest) > 3:
        raise SlxrdError(
            f"crystal {':'.join([name, *words])}: say which lattice planes lie in the film, {name}:0,0,1, "
            "and which planes end the crystal if they are not the usual ones, FILE:H,K,L:BOTTOM:TOP"
        )
    ends: list[int | str | None] = [_plane(end) for end in rest[1:]] or [None]
    hkl = [int(index) for index in normal.groups()]
    return crystal_from_cif(name, hkl, bottom=ends[0], top=ends[-1], **options)


def _plane(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _option(name: str, word: str) -> tuple[str, Any]:
    """One ``key=value`` of a CIF."""
    key, _, value = (part.strip() for part in word.partition("="))
    wrong = SlxrdError(
        f"crystal {name}: {word!r} is none of {', '.join(f'{k}={what}' for k, what in _OF_CIF.items())}"
    )
    if key in ("neutral", "check"):
        if value not in ("yes", "no"):
            raise wrong
        return key, value == "yes"
    if key in ("tolerance", "B"):
        try:
            return key, float(value)
        except ValueError:
            raise wrong from None
    if key not in _OF_CIF or not value:
        raise wrong
    return key, _plane(value) if key == "reference" else value


def as_substrate(substrate: SubstrateLike | None) -> Substrate | None:
    """Return the substrate of a name or a plane distance.

    Parameters
    ----------
    substrate : Substrate, float, str or None
        Plane distance in Å, as a number or a text; a material of the library with its plane,
        ``"SrTiO3:002"``; ``"none"`` or None for no substrate.

    Raises
    ------
    SlxrdError
        If the text is none of these, or the material has no plane.
    """
    if substrate is None or isinstance(substrate, Substrate):
        return substrate
    if isinstance(substrate, str):
        if substrate.strip().lower() == "none":
            return None
        try:
            d = float(substrate)
        except ValueError:
            material, plane = substrate_plane(substrate)
            if plane is None:
                raise SlxrdError(
                    f"substrate {substrate!r}: give its plane as well, such as {material.name}:002"
                ) from None
            return Substrate(round(material.distance(plane), 6), f"{material.name}:{plane_text(plane)}")
        return Substrate(d)
    return Substrate(substrate)


def as_stack(
    *,
    coherent: int | None = None,
    size_window: float = Stack.size_window,
    crystal: CrystalLike | None = None,
    partner: CrystalLike | None = None,
    slab: float | str | None = None,
    stack: StackKind = "pure",
    weighting: Weighting = "number",
    coherent_spread: float = 0.0,
    substrate: SubstrateLike | None = None,
    naming: Iterable[str] = (),
) -> Stack:
    """Create a structure.

    Parameters
    ----------
    coherent, size_window
        M (None: the usual number), and the window of sizes; see :class:`slxrd.sample.stack.Stack`.
    crystal, partner : Crystal, str or Path, optional
        The crystal, and one that alternates with it; see :func:`as_crystal`.
    slab : float or str, optional
        Electron density between the crystals in e/Å³, or a ligand whose bulk has it.
    stack : {"pure", "mixed", "alternating"}
        Stacks of one size each, of mixed sizes, or of two crystals in turn (as with a partner).
    weighting : {"number", "volume"}
        Whether the shares of sizes are by area or by number; see :class:`slxrd.sample.stack.Stack`.
    coherent_spread : float
        Standard deviation of M.
    substrate : Substrate, float or str, optional
        The crystal below; see :func:`as_substrate`.
    naming : iterable of str
        Parameters that are named by an option, and so are in use.

    Raises
    ------
    SlxrdError
        If a value is invalid.
    """
    made = Stack(
        Stack.coherent if coherent is None else coherent,
        size_window,
        None if crystal is None else as_crystal(crystal),
        None if partner is None else as_crystal(partner),
        density(slab) if isinstance(slab, str) else slab,
        stack,
        weighting,
        coherent_spread,
        substrate=as_substrate(substrate),
    )
    return made.using(name for name in dict.fromkeys(naming) if name not in TABLE)
