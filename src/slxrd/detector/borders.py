"""Borders of a cut on the map, for drawing."""

from __future__ import annotations

import numpy as np

from slxrd.detector.cuts import Cut
from slxrd.detector.geometry import Geometry
from slxrd.detector.maps import Range
from slxrd.units import FloatArray

#: Points along an arc.
_ARC = 64


def borders_of(cut: Cut, geometry: Geometry, q_xy: Range, q_z: Range) -> list[tuple[FloatArray, FloatArray]]:
    """Return the borders of a cut, on each side of the normal that it uses; none where it is everywhere.

    Parameters
    ----------
    cut : Cut
        The cut.
    geometry : Geometry
        Geometry of the image.
    q_xy, q_z : (float, float)
        Ends of the map in Å⁻¹; a cut reaches up to them where it has no end of its own.

    Returns
    -------
    list of (ndarray, ndarray)
        Closed lines: q_xy and q_z in Å⁻¹.
    """
    if cut.kind == "radial":
        return []
    if cut.kind == "sector":
        farthest = float(np.hypot(max(map(abs, q_xy)), max(map(abs, q_z))))
        low, high = cut.ranges
        return [_sector(*each, farthest) for each in cut.intervals((low, high), geometry)]
    along, across = cut.limits(geometry)
    in_plane, out = (along, across) if cut.along == "q_xy" else (across, along)
    low, high = out or q_z
    if in_plane is None:
        spans = {"both": [q_xy], "right": [(0.0, q_xy[1])], "left": [(q_xy[0], 0.0)]}[cut.side]
    elif cut.along == "q_xy":
        mirrored = (-in_plane[1], -in_plane[0])
        spans = {"both": [in_plane, mirrored], "right": [in_plane], "left": [mirrored]}[cut.side]
    else:
        spans = cut.intervals(in_plane, geometry)
    return [
        (np.array([left, right, right, left, left]), np.array([low, low, high, high, low]))
        for left, right in spans
    ]


def _sector(low: float, high: float, radius: float) -> tuple[FloatArray, FloatArray]:
    angles = np.deg2rad(np.linspace(low, high, _ARC))
    x, z = radius * np.sin(angles), radius * np.cos(angles)
    return np.concatenate([[0.0], x, [0.0]]), np.concatenate([[0.0], z, [0.0]])
