"""Powder standards with known lattice parameters, and their reflections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from slxrd._arguments import check_arguments, check_fields
from slxrd.errors import SlxrdError

#: Lattices: primitive, body- and face-centred cubic, diamond; primitive hexagonal, corundum.
Lattice = Literal["P", "I", "F", "D", "hP", "R-3c"]
_CUBIC: tuple[Lattice, ...] = ("P", "I", "F", "D")
#: Bounds of the lattice parameter of a standard in Å.
SMALLEST, LARGEST = 1.0, 100.0


class Reflection(NamedTuple):
    """A powder reflection.

    Parameters
    ----------
    hkl : str
        Indices; several for different planes with the same spacing, ``"3 0 0, 2 2 1"``.
    q : float
        Length of the scattering vector in Å⁻¹, 2π/d.
    """

    hkl: str
    q: float


@dataclass(frozen=True)
class Standard:
    """A powder standard with known lattice parameters.

    Parameters
    ----------
    name : str
        Name, for example ``"LaB6"``.
    lattice : {"P", "I", "F", "D", "hP", "R-3c"}
        Lattice, which determines the allowed reflections: cubic primitive, body-centred, face-centred and
        diamond; primitive hexagonal; corundum in hexagonal axes.
    a : float
        Lattice parameter in Å, at 22.5 °C for certified standards.
    c : float, optional
        Lattice parameter c of a hexagonal lattice in Å.
    source : str
        Source of the lattice parameters.

    Raises
    ------
    SlxrdError
        If a lattice parameter is missing or out of range.
    """

    name: str
    lattice: Lattice
    a: float
    c: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        cubic = self.lattice in _CUBIC
        for what, value in (("a", self.a), ("c", self.a if cubic else self.c)):
            if value is None or not SMALLEST <= value <= LARGEST:
                raise SlxrdError(
                    f"standard {self.name}: lattice parameter {what} = {value!r} must be {SMALLEST:g} to "
                    f"{LARGEST:g} Å"
                )

    def __str__(self) -> str:
        axes = f"a = {self.a:.10g}" + (f", c = {self.c:.10g}" if self.c is not None else "")
        return f"{self.name} ({axes} Å" + (f"; {self.source})" if self.source else ")")

    def reflections(self, q_max: float) -> tuple[Reflection, ...]:
        """Return the reflections that the space group allows, by increasing q.

        Parameters
        ----------
        q_max : float
            Largest q in Å⁻¹.

        Returns
        -------
        tuple of Reflection
            One for each plane spacing. q² = (2π/a)²·(h²+k²+l²), and for hexagonal axes
            q² = (2π)²·(4/3·(h²+hk+k²)/a² + l²/c²). Structure factors are not considered.
        """
        cubic = self.lattice in _CUBIC
        c = self.a if self.c is None else self.c
        in_plane = 1.0 if cubic else math.sqrt(4.0 / 3.0)
        most = [int(q_max * length / (2.0 * math.pi)) + 1 for length in (self.a / in_plane, c)]
        found: dict[int, tuple[float, list[tuple[int, int, int]]]] = {}
        for h, k, m in product(range(most[0] + 1), range(most[0] + 1), range(most[1] + 1)):
            if (cubic and not h >= k >= m) or h == k == m == 0 or not _is_allowed(self.lattice, h, k, m):
                continue
            squared = h * h + k * k + m * m if cubic else 4.0 / 3.0 * (h * h + h * k + k * k)
            squared = squared / self.a**2 + (0.0 if cubic else m * m / c**2)
            q = 2.0 * math.pi * math.sqrt(squared)
            if q <= q_max:
                found.setdefault(round(q * 1e9), (q, []))[1].append((h, k, m))
        return tuple(Reflection(_indices(planes), q) for _, (q, planes) in sorted(found.items()))


def _indices(planes: list[tuple[int, int, int]]) -> str:
    """Format the planes of one spacing; of two that differ by exchange of h and k, only one."""
    distinct = [(h, k, m) for h, k, m in planes if h >= k or (k, h, m) not in planes]
    return ", ".join(f"{h} {k} {m}" for h, k, m in sorted(distinct, reverse=True))


def _is_allowed(lattice: Lattice, h: int, k: int, m: int) -> bool:
    """Apply the reflection conditions of International Tables A.

    Im-3m, Fm-3m, Fd-3m (atoms at 8a) and R-3c (hexagonal axes).
    """
    even = (h + k) % 2 == 0 and (k + m) % 2 == 0
    if lattice == "I":
        return (h + k + m) % 2 == 0
    if lattice == "F":
        return even
    if lattice == "D":
        return even and (h % 2 == 1 or (h + k + m) % 4 == 0)
    if lattice == "R-3c":
        return (-h + k + m) % 3 == 0 and (m % 2 == 0 or (h != 0 and k != 0))
    return True


#: Standards by name. Certificates: https://tsapps.nist.gov/srmext/certificates/.
#: For ceria, 5.41153 and (in older lists) 5.41165 Å are in use; they differ by 0.003° of 2θ at 100°.
STANDARDS: dict[str, Standard] = {
    "LaB6": Standard("LaB6", "P", 4.156826, source="NIST SRM 660c, ± 0.00008 Å"),
    "Si": Standard("Si", "D", 5.431144, source="NIST SRM 640f, ± 0.00008 Å"),
    "CeO2": Standard("CeO2", "F", 5.41153, source="NIST SRM 674b, not certified as a line standard"),
    "Al2O3": Standard("Al2O3", "R-3c", 4.759355, 12.99231, source="NIST SRM 676a, ± 0.00008 and 0.00015 Å"),
}


@check_arguments
def standard(text: str) -> Standard:
    """Return a standard by its name or, if cubic, by lattice and lattice parameter.

    Parameters
    ----------
    text : str
        A name in :data:`STANDARDS` in any case, or ``"F:3.6149"``: P, I, F or D (diamond), and Å.

    Raises
    ------
    SlxrdError
        If it is neither.
    """
    for name, found in STANDARDS.items():
        if text.strip().lower() == name.lower():
            return found
    kind, colon, length = text.partition(":")
    for lattice in _CUBIC:
        if colon and kind.strip().upper() == lattice and _is_number(length):
            return Standard(text.strip(), lattice, float(length))
    raise SlxrdError(
        f"standard {text!r} is none of {', '.join(STANDARDS)}, nor a cubic lattice such as F:3.6149 (P, I, F "
        "or D for diamond, and its parameter in Å)"
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
