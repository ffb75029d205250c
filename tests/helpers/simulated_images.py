"""Simulated images of area detectors: analytic patterns with Poisson noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.units import FloatArray


def scattering_vectors(
    geometry: Geometry, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scattering vectors of the pixels along the beam, sideways and along the normal, by vector algebra.

    For detectors without rotation and a normal upwards; independent of pyFAI.
    """
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    sideways = (columns - geometry.centre_column) * geometry.pixel_column * 1e-3
    upwards = (geometry.centre_row - rows) * geometry.pixel_row * 1e-3
    length = np.sqrt(geometry.distance**2 + sideways**2 + upwards**2)
    k = 2.0 * np.pi / geometry.wavelength
    beam, side, up = k * (geometry.distance / length - 1.0), k * sideways / length, k * upwards / length
    tilt = np.deg2rad(geometry.incidence or 0.0)
    # The film is tilted so that the beam comes down on it.
    return (beam * np.cos(tilt) + up * np.sin(tilt), side, up * np.cos(tilt) - beam * np.sin(tilt))


def corrections(geometry: Geometry, shape: tuple[int, int], polarisation: float | None = 0.0) -> FloatArray:
    """Solid angle of the pixels relative to that at the centre, times polarisation of an unpolarised beam."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    sideways = (columns - geometry.centre_column) * geometry.pixel_column * 1e-3
    upwards = (rows - geometry.centre_row) * geometry.pixel_row * 1e-3
    cosine = geometry.distance / np.sqrt(geometry.distance**2 + sideways**2 + upwards**2)
    return np.asarray(cosine**3 * (1.0 if polarisation is None else 0.5 * (1.0 + cosine**2)))


def simulated_image(
    geometry: Geometry,
    shape: tuple[int, int],
    pattern: Callable[[FloatArray, FloatArray], FloatArray],
    seed: int | None = 0,
) -> DetectorImage:
    """Counts of an intensity over (q_xy, q_z); without a seed, their expectation."""
    beam, side, up = scattering_vectors(geometry, shape)
    in_plane = np.hypot(beam, side) * np.sign(side)
    expected = pattern(in_plane, up) * corrections(geometry, shape)
    counts = expected if seed is None else np.random.default_rng(seed).poisson(expected).astype(np.float64)
    return DetectorImage(counts, name="simulated", history=("simulated",))


def spots(
    positions: Iterable[tuple[float, float]], width: float, height: float, background: float
) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """Gaussian spots at ±q_xy and q_z on a constant background."""
    listed = list(positions)

    def pattern(q_xy: FloatArray, q_z: FloatArray) -> FloatArray:
        total = np.full(q_xy.shape, background)
        for x, z in listed:
            total += height * np.exp(-0.5 * ((np.abs(q_xy) - x) ** 2 + (q_z - z) ** 2) / width**2)
        return total

    return pattern
