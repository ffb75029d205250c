"""The direction of the crystals along the beam, from the azimuths of the arcs of several rings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.rings.fit import MeasuredRing
from slxrd.studies.images.rings.lattice import Family, Indices, Lattice
from slxrd.studies.images.saed.arcs import RingArcs
from slxrd.units import FloatArray

#: An arc is where a zone axis has one if it is within so many errors, or this angle in rad.
_ERRORS, _ANGLE = 3.0, np.radians(2.0)
#: Families whose q agree within this fraction reflect one ring.
_SAME = 1e-3


@dataclass(frozen=True, eq=False)
class ArcsOfRing:
    """Families of planes that reflect a ring; azimuths in rad of its arcs, with errors, and all measured."""

    families: Sequence[Family]
    azimuths: FloatArray
    errors: FloatArray
    measured: FloatArray

    def missing(self, places: FloatArray) -> int:
        """Number of places that are measured, but have no arc."""
        seen, known = (
            np.abs(_folded(places[:, None] - each[None, :])).min(axis=1)
            for each in (self.azimuths, self.measured)
        )
        return int(((seen > self.errors.max() * _ERRORS + 2.0 * _ANGLE) & (known < 0.5 * _ANGLE)).sum())


@dataclass(frozen=True)
class Zone:
    """A direction of the crystals along the beam that has an arc where each is seen.

    Parameters
    ----------
    axis : (int, int, int)
        The direction.
    missing : int
        RingArcs that it has on these rings, but that are not seen.
    deviation : float
        Mean square of the deviations of the arcs, in units of their tolerances.
    """

    axis: Indices
    missing: int
    deviation: float


def zones_of(lattice: Lattice, rings: Sequence[ArcsOfRing]) -> list[Zone]:
    """Return the directions that explain all arcs, those with the fewest arcs that are not seen first."""
    found = [zone for axis in lattice.orientations() if (zone := _zone(lattice, axis, rings)) is not None]
    return sorted(found, key=lambda zone: (zone.missing, zone.deviation))


def _zone(lattice: Lattice, axis: Indices, rings: Sequence[ArcsOfRing]) -> Zone | None:
    predicted = [_azimuths(lattice, axis, ring.families) for ring in rings]
    if not rings or any(at.size < ring.azimuths.size for at, ring in zip(predicted, rings, strict=True)):
        return None
    best: Zone | None = None
    first = int(np.argmin([at.size for at in predicted]))
    for sign, start in itertools.product((1.0, -1.0), predicted[first]):
        turn = float(rings[first].azimuths[0] - sign * start)
        away, tolerances = [], []
        for ring, places in zip(rings, predicted, strict=True):
            apart = _folded(ring.azimuths[:, None] - (sign * places + turn)[None, :])
            away.append(apart[np.arange(apart.shape[0]), np.abs(apart).argmin(axis=1)])
            tolerances.append(np.maximum(_ERRORS * ring.errors, _ANGLE))
        tolerance = np.concatenate(tolerances)
        apart = np.concatenate(away)
        apart = apart - np.average(apart, weights=tolerance**-2)
        if np.all(np.abs(apart) <= tolerance):
            missing = sum(ring.missing(sign * at + turn) for at, ring in zip(predicted, rings, strict=True))
            new = Zone(axis, missing, float(np.mean((apart / tolerance) ** 2)))
            best = new if best is None or new.deviation < best.deviation else best
    return best


def _folded(angle: FloatArray) -> FloatArray:
    return np.asarray(np.mod(angle + 0.5 * np.pi, np.pi) - 0.5 * np.pi)


def _azimuths(lattice: Lattice, axis: Indices, families: Sequence[Family]) -> FloatArray:
    """Azimuths of the planes whose zone axis is along the beam, in rad modulo π, from a common direction."""
    along = np.array(axis) * np.array(lattice.edges)
    along = along / np.linalg.norm(along)
    first = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
    first = first / np.linalg.norm(first)
    second = np.cross(along, first)
    planes = [each for family in families for each in lattice.equivalent(family.plane)]
    vectors = [lattice.vector(each) for each in planes if not np.dot(each, axis)]
    angles = [float(np.arctan2(each @ second, each @ first)) for each in vectors]
    return np.unique(np.round(np.mod(np.array(angles) + 1e-7, np.pi), 6))


def zones_of_arcs(
    lattice: Lattice | None,
    measured: Sequence[MeasuredRing],
    arcs: Sequence[RingArcs],
    scale: Estimate | None,
) -> list[Zone]:
    """Return the directions that explain the arcs of the rings that have planes."""
    if lattice is None or scale is None:
        return []
    used = []
    for each, over in zip(measured, arcs, strict=True):
        if each.family is not None and over.azimuths:
            q = each.family.q
            families = [
                family for family in lattice.families(q * (1.0 + _SAME)) if family.q > q * (1.0 - _SAME)
            ]
            at = np.radians([float(a.value or 0.0) for a in over.azimuths])
            errors = np.radians([float(a.error or 0.0) for a in over.azimuths])
            profile = each.profile
            used.append(ArcsOfRing(families, at, errors, profile.azimuth[np.isfinite(profile.sigma)]))
    return zones_of(lattice, used)


def best_zone(zones: Sequence[Zone]) -> Zone | None:
    """The zone axis, if it alone has all arcs."""
    if not zones or (len(zones) > 1 and zones[1].missing == zones[0].missing):
        return None
    return zones[0] if zones[0].missing == 0 else None
