"""Lattices whose layers lie parallel to the substrate and are turned at random about its normal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from slxrd.units import FloatArray

#: Largest indices in plane.
LARGEST = 8


@dataclass(frozen=True)
class Lattice:
    """A lattice with two periods.

    Parameters
    ----------
    name : str
        Name in words.
    hexagonal : bool
        Whether the layers are hexagonal; otherwise they are square.
    allowed : callable
        Whether a reflection h, k, l is allowed.
    layers : int
        Layers in the period out of plane.
    """

    name: str
    hexagonal: bool
    allowed: Callable[[int, int, int], bool]
    layers: int = 1

    def in_plane(self, h: int, k: int) -> float:
        """Return q_xy·a of a reflection."""
        if self.hexagonal:
            return 4.0 * math.pi / math.sqrt(3.0) * math.sqrt(h * h + h * k + k * k)
        return 2.0 * math.pi * math.hypot(h, k)

    @cached_property
    def lines(self) -> tuple[FloatArray, tuple[tuple[tuple[int, int], ...], ...]]:
        """q_xy·a of the rods in increasing order without the first, at 0, and the h, k of each."""
        found: dict[float, list[tuple[int, int]]] = {}
        for h in range(1, LARGEST + 1):
            for k in range(h + 1):
                found.setdefault(round(self.in_plane(h, k), 9), []).append((h, k))
        farthest = self.in_plane(LARGEST + 1, 0)
        ordered = [(at, tuple(found[at])) for at in sorted(found) if at < farthest]
        return np.array([at for at, _ in ordered]), tuple(indices for _, indices in ordered)

    def residues(self, h: int, k: int) -> frozenset[int]:
        """Return the remainders, by the number of layers, of the l that a rod has."""
        turned = ((h, k), (k, h))
        return frozenset(
            order for order in range(self.layers) if any(self.allowed(*each, order) for each in turned)
        )

    def with_order(self, line: int, order: int) -> tuple[int, int]:
        """Return h and k of a reflection on a rod, the first that is allowed."""
        choices = [turned for h, k in self.lines[1][line] for turned in ((h, k), (k, h))]
        return next((each for each in choices if self.allowed(*each, order)), choices[0])


#: All lattices that are tried.
LATTICES = (
    Lattice("square layers on top of one another (primitive)", False, lambda h, k, order: True),
    Lattice(
        "square layers, every second in the hollows (body-centred)", False,
        lambda h, k, order: (h + k + order) % 2 == 0, 2,
    ),
    Lattice("hexagonal layers on top of one another", True, lambda h, k, order: True),
    Lattice(
        "hexagonal layers, every second in the hollows (hcp)", True,
        lambda h, k, order: (h - k) % 3 != 0 or order % 2 == 0, 2,
    ),
    Lattice(
        "hexagonal layers, repeated after three (fcc)", True,
        lambda h, k, order: (h - k + order) % 3 == 0, 3,
    ),
)  # fmt: skip
