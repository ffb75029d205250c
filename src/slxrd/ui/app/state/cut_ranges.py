"""Ranges of a cut: where one begins, and those that are drawn with the mouse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from slxrd.detector.cuts import RANGES, Cut, Kind, Side
from slxrd.detector.geometry import Geometry
from slxrd.detector.maps import CartesianMap, Range

#: Digits to which ranges are rounded.
_DIGITS = 4
#: Exit angles in degrees around the critical angles of films at about 1 Å, and azimuths in degrees.
_EXIT, _AZIMUTHS, _DETECTOR_AZIMUTHS = (0.1, 0.4), (5.0, 20.0), (-10.0, 10.0)
#: Distance in degrees within which an edge of a sector is taken hold of.
_NEAR = 3.0


def starting_cut(kind: Kind, side: Side, geometry: Geometry, found: CartesianMap) -> Cut:
    """Return a cut of a kind within the image, to be moved.

    Parameters
    ----------
    kind : str
        Kind of the cut.
    side : {"both", "left", "right"}
        Sides of the normal.
    geometry : Geometry
        Geometry of the image.
    found : CartesianMap
        Its map.
    """
    seen = np.isfinite(found.intensity)
    x, z = found.q_xy[seen.any(axis=0)], found.q_z[seen.any(axis=1)]
    reach = max(float(x[-1]), -float(x[0]))
    if geometry.incidence is None:
        low, high = float(z[0]), float(z[-1])
        middle = 0.05 * max(high, -low)
        ranges: dict[str, Any] = {
            "out-of-plane": (-0.05 * reach, 0.05 * reach),
            "in-plane": (-middle, middle) if low < 0.0 < high else _within(low, high, 0.4, 0.5),
            "sector": _DETECTOR_AZIMUTHS,
        }
    else:
        low, high = max(_horizon(geometry), float(z[0])), float(z[-1])
        ranges = {
            "out-of-plane": (0.02 * reach, 0.08 * reach),
            "in-plane": _within(low, high, 0.05, 0.15),
            "sector": _AZIMUTHS,
        }
    ranges |= {
        "yoneda": _EXIT,
        "radial": (),
        "box": (0.1 * reach, 0.3 * reach, *_within(low, high, 0.1, 0.6)),
    }
    return Cut(kind, rounded(ranges[kind]), side)


def _within(low: float, high: float, first: float, last: float) -> Range:
    return low + first * (high - low), low + last * (high - low)


def _horizon(geometry: Geometry) -> float:
    """q_z of the film's horizon in Å⁻¹, where the exit angle is zero."""
    return 2.0 * math.pi / geometry.wavelength * math.sin(math.radians(geometry.incidence or 0.0))


def drawn_ranges(
    kind: Kind, side: Side, geometry: Geometry, q_xy: Range, q_z: Range
) -> tuple[float, ...] | None:
    """Return the ranges of a cut that is drawn as a rectangle; None where it is outside of what is possible.

    Parameters
    ----------
    kind : str
        Kind of the cut; one with straight borders.
    side : {"both", "left", "right"}
        Sides of the normal. On the left, ranges are positive, and are drawn with the other sign.
    geometry : Geometry
        Geometry of the image.
    q_xy, q_z : (float, float)
        Ends of the rectangle in Å⁻¹.
    """
    if kind == "in-plane":
        return rounded(q_z)
    if kind == "yoneda":
        k = 2.0 * math.pi / geometry.wavelength
        sines = [(z - _horizon(geometry)) / k for z in q_z]
        if not all(-1.0 < sine < 1.0 for sine in sines):
            return None
        return rounded([math.degrees(math.asin(sine)) for sine in sines])
    across = _mirrored(q_xy, side, geometry)
    if kind == "out-of-plane":
        return rounded(across)
    ranges = rounded((*across, *q_z))
    if Cut("box", ranges, side).along == "q_xy" and ranges[0] < 0.0:  # over |q_xy|
        return (0.0, *ranges[1:]) if ranges[1] > 0.0 else None
    return ranges


def _mirrored(span: Range, side: Side, geometry: Geometry) -> Range:
    """Return a range that is drawn on the left as it is typed."""
    both = side == "both" and geometry.incidence is not None
    return (-span[1], -span[0]) if side == "left" or (both and span[1] <= 0.0) else span


def drawn_sector(
    side: Side, geometry: Geometry, azimuths: tuple[float, float], old: tuple[float, ...]
) -> tuple[float, float]:
    """Return the range of azimuths of a line that was drawn.

    Parameters
    ----------
    side : {"both", "left", "right"}
        Sides of the normal.
    geometry : Geometry
        Geometry of the image.
    azimuths : (float, float)
        Of the beginning and the end of the line, in degrees. A line that begins at an edge moves this edge.
    old : tuple of float
        The former range, or empty.
    """
    first, last = azimuths
    if side == "left" or (side == "both" and geometry.incidence is not None and first < 0.0 and last < 0.0):
        first, last = -first, -last
    distances = [abs(edge - first) for edge in old]
    if distances and min(distances) < _NEAR:
        first = old[1 - distances.index(min(distances))]
    low, high = rounded(sorted((first, last)))
    return low, high


def azimuth(q_xy: float, q_z: float) -> float:
    """Return the angle in degrees from the normal, negative on the left."""
    return math.degrees(math.atan2(q_xy, q_z))


def rounded(ends: Any) -> tuple[float, ...]:
    """Round the ends of ranges to a few digits of the largest."""
    numbers = [float(end) for end in ends]
    largest = max(map(abs, numbers), default=0.0)
    digits = _DIGITS - 1 - math.floor(math.log10(largest)) if largest > 0.0 else 0
    return tuple(round(number, digits) + 0.0 for number in numbers)


def text_of(cut: Cut) -> str:
    """Return the ranges of a cut as they are typed, without its kind."""
    return str(cut).removeprefix(cut.kind).removeprefix(":")


def pattern_of(kind: Kind) -> str:
    """Return what is typed for a kind of cut."""
    return RANGES[kind]
