"""Simulated diffraction images of tilted crystals: explicit rotations, spots with a width of their own."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.special import i0e

import slxrd
from slxrd.units import FloatArray

#: Rings of a primitive cubic crystal of 5.84 Å: indices and intensities.
CUBIC = {(1, 0, 0): 1.0, (1, 1, 0): 0.8, (1, 1, 1): 0.3, (2, 0, 0): 1.2, (2, 1, 0): 0.5}
EDGE = 5.84
SHAPE = (170, 240)
GEOMETRY = slxrd.Geometry(
    distance=90.0, centre_row=155.0, centre_column=120.0, pixel_row=344.0, pixel_column=344.0, wavelength=1.0,
    incidence=0.3,
)  # fmt: skip
_DRAWS = 20_000
_BINS = np.radians(np.arange(0.0, 180.05, 0.1))


@dataclass(frozen=True)
class Textured:
    """Crystals with a plane parallel to the substrate, tilted by ``tilt`` degrees (standard deviation)."""

    plane: tuple[int, int, int] = (1, 0, 0)
    fraction: float = 1.0
    tilt: float = 2.0


def members(plane: tuple[int, int, int]) -> FloatArray:
    """All planes of a cubic family."""
    found = {
        tuple(sign * index for sign, index in zip(signs, order, strict=True))
        for signs in itertools.product((1, -1), repeat=3)
        for order in itertools.permutations(plane)
    }
    return np.array(sorted(found), dtype=float)


@functools.lru_cache(maxsize=200)
def pole_angles(plane: tuple[int, int, int], family: tuple[int, int, int], tilt: float) -> FloatArray:
    """Histogram of the angles between the normal of the film and a family, of explicitly rotated crystals."""
    random = np.random.default_rng(7)
    normal = np.array(plane) / np.linalg.norm(plane)
    other = np.cross(normal, [0.31, 0.55, 0.77])
    other /= np.linalg.norm(other)
    axes = np.stack([other, np.cross(normal, other), normal])
    vectors = members(family) @ axes.T / np.linalg.norm(family)
    turn = random.uniform(0.0, 2.0 * np.pi, _DRAWS)
    lean = np.radians(tilt) * np.hypot(*random.normal(size=(2, _DRAWS)))
    # The angle with the film's normal depends on the lean and on the turn about the crystal's own normal.
    cosines = vectors[:, 2, None] * np.cos(lean) + np.sin(lean) * (
        vectors[:, 0, None] * np.cos(turn) + vectors[:, 1, None] * np.sin(turn)
    )
    counts, _ = np.histogram(np.arccos(np.clip(cosines, -1.0, 1.0)), _BINS)
    return counts / counts.sum()


@functools.lru_cache(maxsize=200)
def _ring(
    family: tuple[int, int, int], plane: tuple[int, int, int], tilt: float, width: float
) -> RegularGridInterpolator:
    """Intensity of one ring over q and the angle from the normal; a powder has 1 at its maximum."""
    q0 = 2.0 * np.pi / EDGE * float(np.linalg.norm(family))
    q, chi = q0 + width * np.linspace(-6.0, 6.0, 41), np.radians(np.arange(0.0, 180.1, 0.25))
    q_xy, q_z = q[:, None] * np.sin(chi), q[:, None] * np.cos(chi)
    total = np.zeros(q_xy.shape)
    share = pole_angles(plane, family, tilt)
    for at, weight in zip(0.5 * (_BINS[1:] + _BINS[:-1]), share, strict=True):
        if weight:
            near = np.abs(chi - at) < 7.0 * width / q0 + 0.02
            x, z = q0 * np.sin(at), q0 * np.cos(at)
            away = (q_xy[:, near] - x) ** 2 + (q_z[:, near] - z) ** 2
            # A Gaussian about a point, averaged over the turn about the normal.
            total[:, near] += weight * np.exp(-0.5 * away / width**2) * i0e(q_xy[:, near] * x / width**2)
    total *= 2.0 * (q0 / width) ** 2
    return RegularGridInterpolator((q, chi), total, bounds_error=False, fill_value=0.0)


def film(
    textures: Sequence[Textured] = (Textured(),),
    *,
    powder: float = 0.0,
    width: float = 0.04,
    counts: float = 100.0,
    background: float = 5.0,
    impurity: tuple[float, float] | None = None,
    families: int = len(CUBIC),
    geometry: slxrd.Geometry = GEOMETRY,
    shape: tuple[int, int] = SHAPE,
) -> FloatArray:
    """Expected counts of an image in grazing incidence.

    ``width`` is the standard deviation of a spot in Å⁻¹, ``counts`` the height of a ring of a powder,
    ``impurity`` q and height of the ring of another, randomly oriented crystal, ``families`` the number of
    rings.
    """
    q_xy, q_z = slxrd.scattering_vectors(geometry, shape)
    q, chi = np.hypot(q_xy, q_z), np.arctan2(np.abs(q_xy), q_z)
    total = background * (0.5 + 0.5 / np.maximum(q, 0.2))
    for family, strength in list(CUBIC.items())[:families]:
        q0 = 2.0 * np.pi / EDGE * float(np.linalg.norm(family))
        total += counts * strength * powder * np.exp(-0.5 * ((q - q0) / width) ** 2)
        for each in textures:
            seen = _ring(family, each.plane, each.tilt, width)(np.stack([q, chi], axis=-1))
            total += counts * strength * each.fraction * seen
    if impurity is not None:
        total += impurity[1] * np.exp(-0.5 * ((q - impurity[0]) / 0.025) ** 2)
    horizon = 2.0 * np.pi / geometry.wavelength * np.sin(np.radians(geometry.incidence or 0.0))
    return np.where(q_z < horizon, 0.2, total)


def measured(expected: FloatArray, seed: int = 1) -> slxrd.DetectorImage:
    """An image with Poisson noise."""
    counts = np.random.default_rng(seed).poisson(expected).astype(float)
    return slxrd.DetectorImage(counts, name="simulated", history=("simulated image",))
