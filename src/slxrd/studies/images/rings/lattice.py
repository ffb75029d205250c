"""Lattices with right angles: reflections, families of planes, and angles between planes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from slxrd._arguments import check_fields
from slxrd.errors import SlxrdError
from slxrd.sample.library.crystals import crystal, crystal_names
from slxrd.units import FloatArray

Indices = tuple[int, int, int]
Centring = Literal["P", "I", "F"]
#: Edge of the cubic cell of crystals of the library in periods d along their direction, and its centring.
_CUBIC: dict[str, tuple[float, Centring]] = {
    "CsPbBr3": (1.0, "P"), "CsPbCl3": (1.0, "P"), "CsPbI3": (1.0, "P"),
    "PbS-100": (2.0, "F"), "PbS-111": (math.sqrt(3.0), "F"),
    "CdSe-100": (2.0, "F"), "CdSe-111": (math.sqrt(3.0), "F"),
    "GaAs-001": (2.0, "F"), "InAs-001": (2.0, "F"),
}  # fmt: skip
#: Largest index of planes that may be parallel to the substrate.
_LARGEST_INDEX = 2
#: Families whose q agree within this fraction are one ring.
_SAME = 1e-3


@dataclass(frozen=True)
class Lattice:
    """A cubic, tetragonal or orthorhombic lattice.

    Parameters
    ----------
    a, b, c : float
        Edges in Å; equal ones are exchanged by symmetry.
    centring : {"P", "I", "F"}
        Which reflections exist.
    name : str
        Of the crystal.

    Raises
    ------
    SlxrdError
        If an edge is not positive, or the centring is unknown.
    """

    a: float
    b: float
    c: float
    centring: Centring = "P"
    name: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        if not all(math.isfinite(edge) and edge > 0.0 for edge in self.edges):
            raise SlxrdError(f"lattice {self}: edges must be positive numbers of Å")
        if self.centring not in ("P", "I", "F"):
            raise SlxrdError(f"centring {self.centring!r} is not one of P, I, F")

    @classmethod
    def parse(cls, text: str) -> Lattice:
        """Read a lattice as it is typed: ``5.84``, ``5.8,5.8,5.9``, ``5.94:F``, or a crystal of the library.

        Raises
        ------
        SlxrdError
            If it is neither.
        """
        if text in _CUBIC:
            factor, centring = _CUBIC[text]
            edge = factor * crystal(text).period
            return cls(edge, edge, edge, centring, text)
        edges, _, centred = text.partition(":")
        try:
            numbers = [float(part) for part in edges.split(",")]
        except ValueError:
            known = ", ".join(_CUBIC)
            if text in crystal_names():
                raise SlxrdError(
                    f"lattice {text}: only planes in one direction of this crystal are known; give the edges "
                    "in Å, such as 5.84 or 5.84,5.84,5.90"
                ) from None
            raise SlxrdError(
                f"lattice {text}: is neither a crystal of the library ({known}) nor edges in Å, such as 5.84"
            ) from None
        if len(numbers) not in (1, 3):
            raise SlxrdError(f"lattice {text}: give one edge in Å (cubic), or three")
        a, b, c = numbers * 3 if len(numbers) == 1 else numbers
        return cls(a, b, c, centred or "P")  # type: ignore[arg-type]  # checked when it is made

    @property
    def edges(self) -> tuple[float, float, float]:
        """The three edges in Å."""
        return self.a, self.b, self.c

    def __str__(self) -> str:
        edges = f"{self.a:g}" if self.a == self.b == self.c else f"{self.a:g}, {self.b:g}, {self.c:g}"
        return f"{self.name + ', ' if self.name else ''}{edges} Å, {self.centring}"

    def vector(self, plane: Indices) -> FloatArray:
        """Return the reciprocal vector of a plane in Å⁻¹."""
        return np.asarray(2.0 * math.pi * np.array(plane) / np.array(self.edges), dtype=np.float64)

    def equivalent(self, plane: Indices) -> list[Indices]:
        """Return all planes that are equivalent by symmetry: signs, and exchanges of equal edges."""
        found = set()
        for order in itertools.permutations(range(3)):
            if all(self.edges[k] == self.edges[order[k]] for k in range(3)):
                moved = [plane[k] for k in order]
                for signs in itertools.product((1, -1), repeat=3):
                    found.add(tuple(s * index for s, index in zip(signs, moved, strict=True)))
        return sorted(found)  # type: ignore[arg-type]  # three indices

    def families(self, q_max: float) -> list[Family]:
        """Return the families of planes that reflect up to a q in Å⁻¹, in its order."""
        most = [int(q_max * edge / (2.0 * math.pi)) for edge in self.edges]
        families = [
            Family(plane, float(np.linalg.norm(self.vector(plane))))
            for plane in self._representatives(most)
            if self._reflects(plane)
        ]
        return sorted((each for each in families if each.q <= q_max), key=lambda each: each.q)

    def orientations(self) -> list[Indices]:
        """Return the planes of low indices that may be parallel to the substrate, or axes along the beam."""
        planes = [plane for plane in self._representatives([_LARGEST_INDEX] * 3) if math.gcd(*plane) == 1]
        return sorted(planes, key=lambda plane: (sum(k * k for k in plane), plane))

    def alone(self, family: Family, families: list[Family]) -> bool:
        """Whether no other family has the same q, so that the spots of a ring are of one family."""
        return sum(abs(other.q / family.q - 1.0) < _SAME for other in families) == 1

    def _representatives(self, most: list[int]) -> Iterator[Indices]:
        first, second, third = (range(each, -1, -1) for each in most)
        for plane in itertools.product(first, second, third):
            if any(plane) and max(self.equivalent(plane)) == plane:
                yield plane

    def _reflects(self, plane: Indices) -> bool:
        if self.centring == "I":
            return sum(plane) % 2 == 0
        return self.centring == "P" or len({index % 2 for index in plane}) == 1


@dataclass(frozen=True)
class Family:
    """Planes that are equivalent by symmetry.

    Parameters
    ----------
    plane : (int, int, int)
        One of them.
    q : float
        Length of their reciprocal vectors in Å⁻¹.
    """

    plane: Indices
    q: float

    def __str__(self) -> str:
        return plane_text(self.plane)


def plane_text(plane: Indices, brackets: str = "{}") -> str:
    """Write a family of planes, ``"{100}"``, or of directions, ``"<100>"``."""
    return f"{brackets[0]}{''.join(str(index) for index in plane)}{brackets[1]}"
