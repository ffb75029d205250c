"""Counts of an image about a ring, and in sectors, as sums in bins of azimuth and q."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from slxrd.detector.bins import Axis, Sums
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import coordinates, sums
from slxrd.detector.maps import axis_of, azimuth_of, summed
from slxrd.studies.images.rings.profile import RingData
from slxrd.units import FloatArray

#: Sectors in which rings are searched, and bins of q in pixels there.
_SECTORS, _PIXELS = 36, 1.5
#: Reach about a ring in standard deviations, and at least in pixels.
_REACH, _FEWEST = 5.0, 5.0


def pixel_of(geometry: Geometry) -> float:
    """Return the width of a pixel in Å⁻¹ near the centre."""
    pixel = max(geometry.pixel_row, geometry.pixel_column) * 1e-3 / geometry.distance
    return 2.0 * math.pi / geometry.wavelength * pixel


def above_horizon(image: DetectorImage, geometry: Geometry) -> DetectorImage:
    """Leave out the pixels below the horizon of the film, to which it scatters nothing."""
    if geometry.incidence is None:
        return image
    horizon = 2.0 * math.pi / geometry.wavelength * math.sin(math.radians(geometry.incidence))
    below = coordinates(geometry, image.shape, "q_z") < horizon
    return image.masked(below, "below the horizon of the film") if below.any() else image


def sectors(
    image: DetectorImage, geometry: Geometry, span: tuple[float, float], polarisation: float | None
) -> tuple[Sums, FloatArray]:
    """Return the sums in sectors over q, and the centres of the bins of q in Å⁻¹."""
    x = axis_of(image, geometry, "q", span, None, pixels=_PIXELS)
    y = Axis(azimuth_of(geometry), -180.0, 180.0, _SECTORS)
    (found,) = summed(image, geometry, [(x, y)], polarisation)
    return found, x.centres


def about_ring(
    image: DetectorImage,
    geometry: Geometry,
    ring: tuple[float, float],
    span: tuple[float, float],
    polarisation: float | None,
) -> RingData:
    """Return the counts about a ring in bins of a pixel in both directions.

    Parameters
    ----------
    image : DetectorImage
        The image.
    geometry : Geometry
        Where the detector stands.
    ring : (float, float)
        Position and width in Å⁻¹.
    span : (float, float)
        Range of q in Å⁻¹.
    polarisation : float, optional
        Polarisation factor.
    """
    pixel, (q, width) = pixel_of(geometry), ring
    reach = max(_REACH * width, _FEWEST * pixel)
    low, high = max(q - reach, span[0]), min(q + reach, span[1])
    x = Axis("q", low, high, max(round((high - low) / pixel), 5))
    y = Axis(azimuth_of(geometry), -180.0, 180.0, max(round(2.0 * math.pi * q / pixel), 36))
    along = sums(image, geometry, x, y, polarisation, places=True)
    across = sums(image, geometry, y, x, polarisation, places=True)
    at = np.where(along.pixels > 0, along.place, x.centres)
    near = along.weight * np.exp(-0.5 * ((at - q) / max(width, pixel)) ** 2)
    total = near.sum(axis=1)
    mean = (near * np.where(along.pixels > 0, across.place.T, 0.0)).sum(axis=1)
    azimuth = np.divide(mean, total, out=y.centres.copy(), where=total > 0.0)
    return RingData(np.radians(azimuth), at, along.signal / along.photon, along.weight)


def beside(data: RingData, others: Sequence[tuple[float, float]]) -> RingData:
    """Return the counts with the other rings, (position, width) in Å⁻¹, that reach into them."""
    low, high = data.q.min(), data.q.max()
    reaching = tuple(each for each in others if low - 2.0 * each[1] < each[0] < high + 2.0 * each[1])
    return replace(data, neighbours=reaching)
