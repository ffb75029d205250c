"""Simulated electron diffraction images: cubic crystals, each turned explicitly about the beam."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import ndtri

import slxrd
from slxrd.units import FloatArray

EDGE = 5.84
#: Radius times spacing in Å·pixel.
CONSTANT = 720.0
SHAPE = (400, 440)
CENTRE = (207.3, 216.8)
#: Families of planes and their intensities.
FAMILIES = {(1, 0, 0): 1.0, (1, 1, 0): 0.7, (2, 0, 0): 0.9, (2, 1, 0): 0.5}
_TURNS = 150


def members(family: tuple[int, int, int], axis: tuple[int, int, int]) -> FloatArray:
    """All planes of a cubic family that contain an axis, as places on the detector in units of 1/edge."""
    along = np.array(axis) / np.linalg.norm(axis)
    first = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
    first /= np.linalg.norm(first)
    second = np.cross(along, first)
    planes = {
        tuple(sign * index for sign, index in zip(signs, order, strict=True))
        for signs in itertools.product((1, -1), repeat=3)
        for order in itertools.permutations(family)
    }
    inside = [np.array(plane) for plane in sorted(planes) if not np.dot(plane, axis)]
    return np.array([(each @ second, each @ first) for each in inside]).reshape(-1, 2)


def diffraction(
    *,
    oriented: float = 0.6,
    spread: float = 4.0,
    axis: tuple[int, int, int] = (0, 0, 1),
    turn: float = 17.0,
    width: float = 3.0,
    counts: float = 40.0,
    background: float = 30.0,
    ellipticity: float = 0.0,
    stop: bool = True,
    shape: tuple[int, int] = SHAPE,
    centre: tuple[float, float] = CENTRE,
    constant: float = CONSTANT,
) -> FloatArray:
    """Expected counts.

    ``oriented`` is the part of the crystals whose ``axis`` is along the beam; they are turned about it by
    ``turn`` ± ``spread`` degrees. ``counts`` is the height of a ring if none are, ``width`` the standard
    deviation of a spot in pixels.
    """
    rows, columns = np.indices(shape) + 0.5
    y, x = rows - centre[0], columns - centre[1]
    # An image whose diameter along 45° is larger.
    y, x = y + ellipticity * x, x + ellipticity * y
    radius = np.hypot(x, y)
    total = background * (0.2 + 60.0 / (radius + 60.0) + 8.0 * np.exp(-radius / 25.0))
    for family, strength in FAMILIES.items():
        at = constant / EDGE * float(np.linalg.norm(family))
        ring = np.exp(-0.5 * ((radius - at) / width) ** 2)
        total += counts * strength * (1.0 - oriented) * ring
        places = members(family, axis) * constant / EDGE
        # As much in all spots together as in the ring.
        height = counts * strength * oriented * at * np.sqrt(2.0 * np.pi) / width
        for place in places:
            for step in ndtri((np.arange(_TURNS) + 0.5) / _TURNS) if spread else (0.0,):
                angle = np.radians(turn + spread * step)
                sine, cosine = np.sin(angle), np.cos(angle)
                row, column = place[0] * cosine - place[1] * sine, place[0] * sine + place[1] * cosine
                r0, c0 = int(row + centre[0]), int(column + centre[1])
                reach = int(5.0 * width) + 2 + int(2.0 * abs(ellipticity) * at)
                near = np.s_[max(r0 - reach, 0) : r0 + reach + 1, max(c0 - reach, 0) : c0 + reach + 1]
                away = (y[near] - row) ** 2 + (x[near] - column) ** 2
                share = height / len(places) / (_TURNS if spread else 1)
                total[near] += share * np.exp(-0.5 * away / width**2)
    if stop:
        finger = (np.abs(rows - centre[0] - 3.0) < 8.0) & (columns < centre[1])
        total = np.where(finger | (radius < 22.0), 0.05 * total, total)
    return total


def measured(expected: FloatArray, seed: int = 1, gain: float = 1.0) -> slxrd.DetectorImage:
    """An image with Poisson noise; each electron has the value ``gain``."""
    counts = gain * np.random.default_rng(seed).poisson(expected)
    return slxrd.DetectorImage(counts.astype(float), name="simulated", history=("simulated image",))
