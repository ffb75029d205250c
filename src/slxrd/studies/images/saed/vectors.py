"""The two vectors of the lattice of spots of a single crystal."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from slxrd.detector.image import DetectorImage
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.images.saed.camera import Camera
from slxrd.studies.images.saed.result import SpotVectors
from slxrd.studies.images.saed.spots import ON_LATTICE, SpotLattice, find_spots, spot_lattice
from slxrd.units import FloatArray


def spot_vectors(
    image: DetectorImage, camera: Camera, at: tuple[float, float], span: tuple[float, float], k: int
) -> tuple[SpotVectors | None, str]:
    """Return the vectors of the spots within a range, or None and the reason why they are not determined."""
    least, most = camera.radius(span[0]), camera.radius(span[1])
    spots = [
        spot
        for spot in find_spots(image, at, least)
        if math.hypot(spot.row - at[0], spot.column - at[1]) <= most
    ]
    found = spot_lattice(spots, at)
    if found is None:
        return None, ""
    if found.indexed < ON_LATTICE * len(spots):
        note = (
            f"only {found.indexed} of {len(spots)} spots are on one lattice, so that their vectors are not "
            "determined: two or more crystals; choose an area with one, or a range (--q)"
        )
        return None, note
    return _vectors(found, len(spots), camera, k), ""


def _vectors(found: SpotLattice, spots: int, camera: Camera, k: int) -> SpotVectors:
    relative = camera.relative_error
    g, spread = found.vectors, found.covariance[:4, :4]

    def with_error(function: Callable[[FloatArray], float], unit: str, extra: float | None = 0.0) -> Estimate:
        value = function(g)
        gradient = np.zeros(4)
        for n in range(4):
            moved = g.copy().ravel()
            moved[n] += 1e-4
            gradient[n] = (function(moved.reshape(2, 2)) - value) / 1e-4
        error = math.sqrt(float(gradient @ spread @ gradient))
        return Estimate(float(value), None if extra is None else math.hypot(error, extra * value), unit)

    def length(n: int, v: FloatArray) -> float:
        return float(np.linalg.norm(v[n]))

    def angle(v: FloatArray) -> float:
        return math.degrees(math.acos(float(v[0] @ v[1]) / length(0, v) / length(1, v)))

    def pixels(n: int) -> Callable[[FloatArray], float]:
        return lambda v: k * length(n, v)

    def spacing(n: int) -> Callable[[FloatArray], float]:
        return lambda v: 2.0 * math.pi / float(camera.q(np.array(length(n, v))))

    return SpotVectors(
        lengths=(with_error(pixels(0), "pixels"), with_error(pixels(1), "pixels")),
        d=(with_error(spacing(0), "Å", relative), with_error(spacing(1), "Å", relative)),
        ratio=with_error(lambda v: length(1, v) / length(0, v), ""),
        angle=with_error(angle, "°"),
        indexed=found.indexed,
        spots=spots,
    )
