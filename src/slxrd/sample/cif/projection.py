"""From atoms at heights to planes that repeat: the projection of a unit cell onto the film normal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from slxrd.errors import SlxrdError
from slxrd.sample.form_factors import electrons
from slxrd.sample.planes import Plane, Site, counted

#: The shortest period in Å that is taken for one of planes: with Cu Kα, q reaches planes 0.77 Å apart.
SHORTEST_PERIOD = 1.0
#: How far numbers by surface cell may differ between planes that are called equal.
SAME_NUMBER = 1e-3


class Atom(NamedTuple):
    """An atom of a unit cell, projected onto the film normal.

    Parameters
    ----------
    height : float
        In fractions of the distance between lattice planes; only its fractional part matters.
    site : Site
        What it is, with the count 1.
    """

    height: float
    site: Site


def repeating_planes(
    atoms: Sequence[Atom], spacing: float, cells: int, tolerance: float
) -> tuple[float, tuple[Plane, ...]]:
    """Group the atoms of a cell into planes, and find their shortest period.

    Atoms within ``tolerance`` of the lowest of a plane belong to it; the plane lies at their mean height,
    weighted by electrons. The plane of most electrons is put at 0.

    Parameters
    ----------
    atoms : sequence of Atom
        All atoms of one unit cell.
    spacing : float
        Distance between its lattice planes in Å.
    cells : int
        Number of surface cells in the area of one lattice plane's cell.
    tolerance : float
        Å.

    Returns
    -------
    period : float
        Å.
    planes : tuple of Plane
        In order, positions in fractions of the period, counts in a surface cell.

    Raises
    ------
    SlxrdError
        If no gap separates the atoms into planes, or the period is too short to be one of planes.
    """
    planes = [_plane(group, cells) for group in _groups(atoms, tolerance / spacing)]
    for parts in range(len(planes), 0, -1):
        if len(planes) % parts == 0 and _repeats(planes, parts, tolerance / spacing):
            break
    period = spacing / parts
    if period < SHORTEST_PERIOD:
        raise SlxrdError(
            f"planes repeat every {period:.3f} Å, which no reflection within reach shows: not a layered "
            "direction; take smaller indices"
        )
    heaviest = max(map(_electrons, planes))
    first = next(n for n, plane in enumerate(planes) if _electrons(plane) > heaviest - SAME_NUMBER)
    one = [planes[(first + n) % len(planes)] for n in range(len(planes) // parts)]
    # Rounding keeps the fractions of symmetry free from the noise of the last digits.
    at = [round((plane.position - one[0].position) % 1.0 * parts, 9) for plane in one]
    return period, tuple(Plane(z, plane.sites) for z, plane in zip(at, one, strict=True))


def _groups(atoms: Sequence[Atom], tolerance: float) -> list[list[Atom]]:
    if not atoms:
        raise SlxrdError("no atoms are in the cell; check the coordinates and elements of the CIF")
    ordered = sorted(
        (atom._replace(height=atom.height % 1.0) for atom in atoms), key=lambda atom: atom.height
    )
    heights = [atom.height for atom in ordered]
    gaps = [high - low for low, high in zip(heights, [*heights[1:], heights[0] + 1.0], strict=True)]
    widest = max(range(len(gaps)), key=gaps.__getitem__)
    if gaps[widest] <= tolerance:
        raise SlxrdError(
            "atoms follow one another at every height, so they form no planes: not a layered direction; take "
            "smaller indices or a smaller tolerance"
        )
    # From above the widest gap once around, so that no plane is cut in two at the border of the cell.
    around = [
        *ordered[widest + 1 :],
        *(atom._replace(height=atom.height + 1.0) for atom in ordered[: widest + 1]),
    ]
    groups: list[list[Atom]] = []
    for atom in around:
        if groups and atom.height - groups[-1][0].height <= tolerance:
            groups[-1].append(atom)
        else:
            groups.append([atom])
    return groups


def _plane(group: Sequence[Atom], cells: int) -> Plane:
    """Plane of some atoms; equal ones become one site."""
    weights = [electrons(atom.site.species) * atom.site.occupancy for atom in group]
    total = sum(weights)
    if not total:
        raise SlxrdError(f"the atoms at {group[0].height:.4f} have no electrons between them: occupancy 0")
    mean = sum(weight * atom.height for weight, atom in zip(weights, group, strict=True)) / total
    numbers: dict[tuple[str, float, float], int] = {}
    for atom in group:
        key = (atom.site.species, atom.site.occupancy, round(atom.site.B, 6))
        numbers[key] = numbers.get(key, 0) + 1
    sites = [Site(name, number / cells, full, B) for (name, full, B), number in numbers.items()]
    sites.sort(key=lambda site: (-electrons(site.species), site.species, site.occupancy, site.B))
    return Plane(mean, tuple(sites))


def _repeats(planes: Sequence[Plane], parts: int, tolerance: float) -> bool:
    """Whether the planes are the same after a shift by one of ``parts`` equal parts of the cell."""
    step = len(planes) // parts
    for number, plane in enumerate(planes):
        other = planes[(number + step) % len(planes)]
        rise = (other.position - plane.position - 1.0 / parts) % 1.0
        if min(rise, 1.0 - rise) > tolerance or len(plane.sites) != len(other.sites):
            return False
        for one, two in zip(plane.sites, other.sites, strict=True):
            if one.species != two.species or not all(
                math.isclose(x, y, abs_tol=SAME_NUMBER)
                for x, y in ((one.count, two.count), (one.occupancy, two.occupancy), (one.B, two.B))
            ):
                return False
    return True


def _electrons(plane: Plane) -> float:
    return sum(number * electrons(species) for species, number in counted([plane]).items())
