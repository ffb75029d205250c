"""Lattices and periods of a pattern of spots, with their probabilities.

In plane, a period is fitted to the profiles over |q_xy|; out of plane, to those along the rods at which spots
were found. A lattice states which orders the rods have. All lattices are fitted to the same data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from slxrd.studies.images.spots.combs import FAR
from slxrd.studies.images.spots.lattices import LATTICES, Lattice
from slxrd.studies.images.spots.modes import Fitted, Mode, weighed
from slxrd.studies.images.spots.profiles import Profile, Profiles
from slxrd.studies.images.spots.search import SAME, Ruler, distinct, find_modes, refined
from slxrd.studies.images.spots.starts import exchanged
from slxrd.studies.images.spots.teeth import GEOMETRY, PERIOD, Knowledge, Teeth

#: Limits of the period in plane, in those of the first rod, and of the distance of layers in that period.
IN_PLANE, LAYERS = (0.9, 4.2), (0.3, 3.2)
#: Deviation of a refined geometry from the given one, in its errors, from which the errors are enlarged.
STRAINED = 2.0
#: Most fits of one lattice that are tried with all others, and those that are with exchanged beams.
SHARED, EXCHANGED = 6, 2
#: Orders of each rod: residues by the number of layers; None for a rod that is not of the lattice.
Orders = tuple[frozenset[int] | None, ...]


@dataclass(frozen=True, eq=False)
class Assignment:
    """A lattice with its periods.

    Parameters
    ----------
    lattice : Lattice
        The lattice.
    in_plane, out_of_plane : Mode
        Its periods.
    orders : tuple
        Orders of the rods.
    lines : tuple of int
        Number of the line of each rod; −1 if it is not of the lattice.
    probability : float
        Probability among all that were tried.
    larger : float
        Factor by which the errors of the geometry were multiplied.
    """

    lattice: Lattice
    in_plane: Mode
    out_of_plane: Mode
    orders: Orders
    lines: tuple[int, ...]
    probability: float
    larger: float

    @property
    def strain(self) -> float:
        """Largest deviation of the refined geometry from the given one, in its errors."""
        found = [0.0]
        for mode in (self.in_plane, self.out_of_plane):
            known = mode.comb.known.geometry
            moved = np.abs(mode.fit.p[GEOMETRY][known > 0.0] / known[known > 0.0])
            found += moved.tolist()
        return max(found)


def index(profiles: Profiles, in_plane: Knowledge, out_of_plane: Knowledge) -> list[Assignment]:
    """Find lattices and periods, the most probable first.

    Parameters
    ----------
    profiles : Profiles
        Profiles of the image.
    in_plane, out_of_plane : Knowledge
        Prior knowledge in the two directions.
    """
    first = 2.0 * math.pi / float(profiles.rods_at.min())
    fitted: dict[bool, list[Fitted]] = {}
    tried = []
    for hexagonal in (False, True):
        shape = next(each for each in LATTICES if each.hexagonal == hexagonal)
        stretch = 2.0 * math.pi / float(shape.lines[0][0])
        low, high = (first * limit / stretch for limit in IN_PLANE)
        tried.append((hexagonal, _ruler_in_plane(shape, profiles.sides), low, high))
    for hexagonal, ruler, low, high in tried:
        fitted[hexagonal] = find_modes(profiles.sides, ruler, in_plane, low, high)
    across = dict(zip(fitted, weighed(list(fitted.values()), 1.0), strict=True))
    rods: dict[tuple[int, Orders], list[Fitted]] = {}
    rulers: dict[tuple[int, Orders], Ruler] = {}
    rows = []
    for lattice in LATTICES:
        for mode in across[lattice.hexagonal]:
            lines, orders = _of_rods(lattice, profiles, mode)
            if not any(orders):
                continue
            layers, key = lattice.layers, (lattice.layers, orders)
            rows.append((lattice, mode.fit, lines, key))
            if key not in rods:
                low, high = (first * limit * layers for limit in LAYERS)
                fewer, fewer_orders = _merged(profiles, orders)
                rulers[key] = _ruler_out_of_plane(layers, orders, profiles)
                rods[key] = find_modes(
                    profiles.rods, rulers[key], out_of_plane, low, high,
                    (fewer, _ruler_out_of_plane(layers, fewer_orders, profiles)),
                )  # fmt: skip
    # What one lattice finds is tried with all: the distance of layers, the geometry and the critical angle.
    everything = [(fit, key[0]) for key, fits in rods.items() for _, fit in fits]
    everything.sort(key=lambda each: -each[0].log_evidence)
    tried_with_all = [(fit.p, layers) for fit, layers in everything[:SHARED]]
    for fit, layers in everything[:EXCHANGED]:
        p = exchanged(fit.p, 2.0 * math.pi * layers / fit.period, out_of_plane)
        tried_with_all += [] if p is None else [(p, layers)]
    for key, ruler in rulers.items():
        for start, layers in tried_with_all:
            p = start.copy()
            p[PERIOD] *= key[0] / layers
            further = refined(profiles.rods, ruler, out_of_plane, p)
            rods[key] = distinct([*rods[key], *([further] if further is not None else [])])
    larger = 1.0
    for _ in range(2):
        across = dict(zip(fitted, weighed(list(fitted.values()), larger), strict=True))
        up = dict(zip(rods, weighed(list(rods.values()), larger), strict=True))
        found = [
            Assignment(lattice, mode, vertical, key[1], lines, mode.log_weight + vertical.log_weight, larger)
            for lattice, fit, lines, key in rows
            for mode in across[lattice.hexagonal]
            if abs(mode.fit.period / fit.period - 1.0) < SAME
            for vertical in up[key]
        ]
        best = max(found, key=lambda each: each.probability, default=None)
        if best is None or best.strain < STRAINED:
            break
        # The spots contradict the geometry and its errors, which are then too small.
        larger = best.strain
    if not found:
        return []
    logs = np.array([each.probability for each in found])
    shares = np.exp(logs - logs.max())
    listed = [
        replace(each, probability=float(share))
        for each, share in zip(found, shares / shares.sum(), strict=True)
    ]
    return sorted(listed, key=lambda each: -each.probability)


def _ruler_in_plane(lattice: Lattice, sides: Sequence[Profile]) -> Ruler:
    factors = lattice.lines[0]

    def ruler(period: float) -> list[Teeth]:
        found = []
        for side in sides:
            rows = np.flatnonzero(
                (factors > 0.9 * side.at[0] * period) & (factors < 1.1 * side.at[-1] * period)
            )
            found.append(Teeth(np.asarray(factors[rows]), np.zeros(rows.size), rows))
        return found

    return ruler


def _ruler_out_of_plane(layers: int, orders: Orders, profiles: Profiles) -> Ruler:
    top = max(float(each.at[-1]) for each in profiles.rods)

    def ruler(period: float) -> list[Teeth]:
        most = math.ceil(2.0 * top * period / (2.0 * math.pi))
        found = []
        for residues in orders:
            each = [n for n in range(most + 1) if residues is not None and n % layers in residues]
            # Without a scattering vector along the normal, only the reflected beam goes up.
            numbers = np.array([n for n in each for _ in range(1 if n == 0 else 2)], dtype=np.intp)
            beams = np.array([b for n in each for b in ((1.0,) if n == 0 else (-1.0, 1.0))])
            found.append(Teeth(np.asarray(2.0 * math.pi * numbers), beams, 2 * numbers + (beams > 0.0)))
        return found

    return ruler


def _merged(profiles: Profiles, orders: Orders) -> tuple[list[Profile], Orders]:
    """Add the rods with the same orders, for a quicker search."""
    groups: dict[frozenset[int], list[Profile]] = {}
    for profile, residues in zip(profiles.rods, orders, strict=True):
        if residues is not None:
            groups.setdefault(residues, []).append(profile)
    found = []
    for members in groups.values():
        at = members[0].at
        rates = [np.interp(at, each.at, each.rate) for each in members]
        variances = [np.interp(at, each.at, each.sigma) ** 2 for each in members]
        spots = np.sort(np.concatenate([each.spots for each in members]))
        apart = np.flatnonzero(np.diff(spots) > profiles.width_out_of_plane) + 1
        different = np.array([part.mean() for part in np.split(spots, apart) if part.size])
        found.append(
            Profile(
                at, np.sum(rates, axis=0), np.sqrt(np.sum(variances, axis=0)), members[0].slopes, different
            )
        )
    return found, tuple(groups)


def _of_rods(lattice: Lattice, profiles: Profiles, mode: Mode) -> tuple[tuple[int, ...], Orders]:
    """Line of each rod, and the orders it has."""
    at = lattice.lines[0] / mode.mean
    lines, orders = [], []
    for place in profiles.rods_at:
        distance = np.abs(at - place)
        near = np.flatnonzero(distance < FAR * profiles.width_in_plane)
        lines.append(int(near[np.argmin(distance[near])]) if near.size else -1)
        indices = [hk for line in near for hk in lattice.lines[1][line]]
        orders.append(frozenset().union(*(lattice.residues(*hk) for hk in indices)) if indices else None)
    return tuple(lines), tuple(orders)
