"""Atomic planes: the species at one height of a crystal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import check_species
from slxrd.sample.species import ion


@dataclass(frozen=True)
class Site:
    """Atoms of one kind in a plane.

    Parameters
    ----------
    species : str
        Atom ``"Pb"``, ion ``"Pb2+"`` or group ``"FA"``; see :func:`slxrd.sample.form_factors.scattering`.
    count : float
        Number of such sites in a surface cell, above 0.
    occupancy : float
        Share of them that is filled, 0 to 1.
    B : float
        Debye-Waller factor in Å², 0 or more: amplitudes fall as exp(−B(q/4π)²), B = 8π²⟨u²⟩ with u the
        displacement along the normal.

    Raises
    ------
    SlxrdError
        If the species is unknown or a number is outside its range.
    """

    species: str
    count: float = 1.0
    occupancy: float = 1.0
    B: float = 0.0

    def __post_init__(self) -> None:
        check_species(self.species)
        if not (math.isfinite(self.count) and self.count > 0.0):
            raise SlxrdError(f"{self.species}: count {self.count!r} must be a positive number of sites")
        if not 0.0 <= self.occupancy <= 1.0:
            raise SlxrdError(f"{self.species}: occupancy {self.occupancy!r} must lie between 0 and 1")
        if not (math.isfinite(self.B) and self.B >= 0.0):
            raise SlxrdError(f"{self.species}: Debye-Waller factor B = {self.B:.6g} must be 0 Å² or more")


@dataclass(frozen=True)
class Plane:
    """Atoms at one height.

    Parameters
    ----------
    position : float
        Height in fractions of the period d, from the plane of reference; moves as d is refined.
    sites : tuple of Site
        Species in the plane.
    shift : float
        Added to the height, in Å: the relaxation of a surface plane. Does not move with d.

    Raises
    ------
    SlxrdError
        If it is empty, or its height is not finite.
    """

    position: float
    sites: tuple[Site, ...]
    shift: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", tuple(self.sites))
        if not self.sites:
            raise SlxrdError(f"the plane at {self.position!r} holds no atoms")
        if not (math.isfinite(self.position) and math.isfinite(self.shift)):
            raise SlxrdError(f"{self}: position {self.position!r} and shift {self.shift!r} must be finite")

    def __str__(self) -> str:
        """Write its composition by surface cell, such as ``"PbBr2"``."""
        parts: dict[str, float] = {}
        for site in self.sites:
            single = ion(site.species)
            name = single.element if single else site.species
            parts[name] = parts.get(name, 0.0) + site.count
        return "".join(name + ("" if number == 1.0 else f"{number:g}") for name, number in parts.items())

    def height(self, d: float) -> float:
        """Height in Å where the period is ``d`` Å."""
        return self.position * d + self.shift


def counted(planes: Iterable[Plane]) -> dict[str, float]:
    """Atoms of some planes by species, in a surface cell; empty sites do not count."""
    total: dict[str, float] = {}
    for plane in planes:
        for site in plane.sites:
            total[site.species] = total.get(site.species, 0.0) + site.count * site.occupancy
    return total
