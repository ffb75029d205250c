"""Names of scatterers: atoms, ions and groups of atoms."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

from slxrd.errors import SlxrdError

#: Molecular ions by name: their atoms, and their charge.
GROUPS: dict[str, tuple[str, int]] = {
    "MA": ("CH6N", 1),
    "methylammonium": ("CH6N", 1),
    "FA": ("CH5N2", 1),
    "formamidinium": ("CH5N2", 1),
}
_ION = re.compile(r"([A-Z][a-z]?)(?:(\d*)([+-]))?")


class Ion(NamedTuple):
    """An atom or ion.

    Parameters
    ----------
    element : str
        Its symbol, with its capital.
    charge : int
        In units of e; 0 of an atom.
    """

    element: str
    charge: int

    def __str__(self) -> str:
        """Write it as tables of form factors do: ``"Pb"``, ``"Pb2+"``, ``"Br1-"``."""
        sign = "+" if self.charge > 0 else "-"
        return f"{self.element}{abs(self.charge)}{sign}" if self.charge else self.element


def ion(name: str) -> Ion | None:
    """Atom or ion of a name such as ``"Pb"``, ``"Pb2+"``, ``"Br-"`` or ``"Br1-"``; None if it is not one."""
    found = _ION.fullmatch(name.strip())
    if found is None:
        return None
    element, number, sign = found.groups()
    return Ion(element, int(sign + (number or "1")) if sign else 0)


def group(name: str) -> tuple[str, int] | None:
    """Chemical formula and charge of a group: a name in :data:`GROUPS`, or atoms in parentheses.

    ``"(CH5N2)"`` has no charge, as none is given. None if the name is not a group.
    """
    text = name.strip()
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1], 0
    return GROUPS.get(text)


def charge(name: str) -> int:
    """Charge in units of e: +2 of ``"Pb2+"``, +1 of ``"FA"``, 0 of an atom or a group in parentheses.

    Raises
    ------
    SlxrdError
        If the name is neither an atom or ion nor a group.
    """
    found = group(name)
    if found is not None:
        return found[1]
    single = ion(name)
    if single is None:
        raise unknown(name, ())
    return single.charge


def unknown(name: str, table: Sequence[str]) -> SlxrdError:
    """Error for a species without tabulated form factors, with similar names."""
    single = ion(name)
    same = [other for other in table if single and (ion(other) or single).element == single.element]
    if same and single:
        return SlxrdError(
            f"species {name!r}: no such form factor is tabulated; of {single.element} there is "
            f"{', '.join(same)} (beyond q = 3 Å⁻¹ ion and atom differ by less than an electron)"
        )
    spelt = {other.lower(): other for other in (*table, *GROUPS)}
    near = [spelt[other] for other in difflib.get_close_matches(name.strip().lower(), spelt, n=5, cutoff=0.5)]
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return SlxrdError(
        f"unknown species {name!r}: {meant}Atoms are written Pb, ions Pb2+ or Br-, molecules as their atoms "
        "in parentheses, (CH5N2) for formamidinium"
    )
