"""An image over the scattering vector: in and out of the plane of the film, or |q| and azimuth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._frozen import Sealed, read_only
from slxrd.detector.bins import Axis, Coordinate, Sums
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import coordinates, extent, gaps, sums
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Width of a bin in pixels: with narrower ones, bins within the image stay empty.
_PIXELS = 1.5
#: Most bins of an axis where their number follows from the image.
MOST_BINS = 2000
#: Most pixels of an image that is simulated; the largest detectors have 18 million.
_MOST_PIXELS = 20_000_000
#: Largest end of a range in Å⁻¹ or degrees.
_LARGEST = 1e4
#: Ends of a range.
Range = tuple[float, float]


class _Map(Sealed):
    """Intensity and σ over two coordinates, named by ``_axes``; the first is along a row."""

    _axes: ClassVar[tuple[str, str]]
    intensity: FloatArray
    sigma: FloatArray

    def __post_init__(self) -> None:
        x, y = (np.size(getattr(self, name)) for name in self._axes)
        shapes = {**dict(zip(self._axes, ((x,), (y,)), strict=True)), "intensity": (y, x), "sigma": (y, x)}
        for name, shape in shapes.items():
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != shape:
                raise SlxrdError(f"{name}: has shape {array.shape}, expected {shape}")
            object.__setattr__(self, name, read_only(array))

    def __repr__(self) -> str:
        spans = [f"{name} {_span(getattr(self, name))}" for name in self._axes]
        return f"<{type(self).__name__} {', '.join(spans)}>"


@dataclass(frozen=True, eq=False)
class CartesianMap(_Map):
    """Intensity over the components of the scattering vector in and out of the plane of the film.

    Parameters
    ----------
    q_xy : ndarray, shape (n,)
        Component in the plane of the film in Å⁻¹, negative on the left with the normal of the film upwards;
        in transmission, the horizontal component.
    q_z : ndarray, shape (m,)
        Component along the normal of the film in Å⁻¹; in transmission, the vertical component.
    intensity : ndarray, shape (m, n)
        Corrected counts of a pixel on average; NaN where nothing is measured.
    sigma : ndarray, shape (m, n)
        Its standard deviation from counting statistics; NaN where nothing is measured.
    history : tuple of str
        What was done, one sentence a step.
    """

    _axes = ("q_xy", "q_z")
    q_xy: FloatArray
    q_z: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    history: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PolarMap(_Map):
    """Intensity over the length and the azimuth of the scattering vector.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Å⁻¹.
    azimuth : ndarray, shape (m,)
        Angle in degrees between the scattering vector and the normal of the film, negative on the left; in
        transmission, the angle on the detector from the direction ``up`` of the geometry.
    intensity : ndarray, shape (m, n)
        Corrected counts of a pixel on average; NaN where nothing is measured.
    sigma : ndarray, shape (m, n)
        Its standard deviation from counting statistics; NaN where nothing is measured.
    history : tuple of str
        What was done, one sentence a step.
    """

    _axes = ("q", "azimuth")
    q: FloatArray
    azimuth: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    history: tuple[str, ...] = ()


@check_arguments
def cartesian_map(
    image: DetectorImage,
    geometry: Geometry,
    *,
    q_xy: Range | None = None,
    q_z: Range | None = None,
    bins: tuple[int, int] | None = None,
    polarisation: float | None = 0.0,
) -> CartesianMap:
    """Remap an image to the components of the scattering vector in and out of the plane of the film.

    Each pixel is counted in the bin of its centre, so that bins are independent of each other.

    Parameters
    ----------
    image : DetectorImage
        The image.
    geometry : Geometry
        Where the detector stands.
    q_xy, q_z : (float, float), optional
        Ranges in Å⁻¹; default: all of the image.
    bins : (int, int), optional
        Numbers of bins along q_xy and q_z; default: bins of 1.5 pixels.
    polarisation : float, optional
        Polarisation factor: 0 for an unpolarised beam, 1 for one polarised along the detector's rows; None
        for no correction.

    Returns
    -------
    CartesianMap

    Raises
    ------
    SlxrdError
        If the image is of another detector, or has no pixels in these ranges.
    """
    image = prepared(image, geometry, polarisation)
    columns, rows = bins or (None, None)
    x = axis_of(image, geometry, in_plane_of(geometry), q_xy, columns)
    y = axis_of(image, geometry, "q_z", q_z, rows)
    (done,) = summed(image, geometry, [(x, y)], polarisation)
    steps = steps_of(image, geometry, polarisation)
    return CartesianMap(x.centres, y.centres, done.intensity, done.sigma, steps)


@check_arguments
def polar_map(
    image: DetectorImage,
    geometry: Geometry,
    *,
    q: Range | None = None,
    azimuth: Range = (-180.0, 180.0),
    bins: tuple[int, int] | None = None,
    polarisation: float | None = 0.0,
) -> PolarMap:
    """Remap an image to the length and the azimuth of the scattering vector.

    Parameters
    ----------
    image : DetectorImage
        The image.
    geometry : Geometry
        Where the detector stands; with an angle of incidence, the azimuth is from the normal of the film.
    q : (float, float), optional
        Range in Å⁻¹; default: all of the image.
    azimuth : (float, float)
        Range in degrees, within −180 to 180.
    bins : (int, int), optional
        Numbers of bins along q and azimuth; default: bins of 1.5 pixels, and of 1°.
    polarisation : float, optional
        Polarisation factor; see :func:`cartesian_map`.

    Returns
    -------
    PolarMap

    Raises
    ------
    SlxrdError
        If the image is of another detector, or has no pixels in these ranges.
    """
    image = prepared(image, geometry, polarisation)
    columns, rows = bins or (None, None)
    x = axis_of(image, geometry, "q", q, columns)
    y = axis_of(image, geometry, azimuth_of(geometry), azimuth, rows)
    if rows is None:
        y = replace(y, bins=max(round(y.high - y.low), 1))
    (done,) = summed(image, geometry, [(x, y)], polarisation)
    return PolarMap(x.centres, y.centres, done.intensity, done.sigma, steps_of(image, geometry, polarisation))


@check_arguments
def scattering_vectors(geometry: Geometry, shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return the scattering vectors of the centres of all pixels, for a simulation.

    Parameters
    ----------
    geometry : Geometry
        Where the detector stands.
    shape : (int, int)
        Numbers of rows and columns.

    Returns
    -------
    q_xy, q_z : ndarray, shape (rows, columns)
        Components in and out of the plane of the film in Å⁻¹; in transmission, horizontal and vertical.

    Raises
    ------
    SlxrdError
        If there are no pixels, or more than any detector has.
    """
    if not (min(shape) >= 1 and shape[0] * shape[1] <= _MOST_PIXELS):
        raise SlxrdError(f"shape {shape[0]} × {shape[1]}: must be from 1 to {_MOST_PIXELS:,} pixels")
    return coordinates(geometry, shape, in_plane_of(geometry)), coordinates(geometry, shape, "q_z")


def in_plane_of(geometry: Geometry) -> Coordinate:
    """Return the coordinate in the plane of the film, or the horizontal one in transmission."""
    return "q horizontal" if geometry.incidence is None else "q_xy"


def azimuth_of(geometry: Geometry) -> Coordinate:
    """Return the kind of azimuth: from the normal of the film, or on the detector in transmission."""
    return "detector azimuth" if geometry.incidence is None else "azimuth"


def axis_of(
    image: DetectorImage,
    geometry: Geometry,
    name: Coordinate,
    given: Range | None,
    bins: int | None,
    *,
    pixels: float = _PIXELS,
) -> Axis:
    """Return the bins of a coordinate; a range or number that is None follows from the image.

    Raises
    ------
    SlxrdError
        If the range is reversed or outside the image, or the number of bins is impossible.
    """
    low, high = extent(image, geometry, name)
    margin = 1e-9 * (high - low)  # the last pixel is inside
    if given is not None:
        if not (math.isfinite(given[0]) and math.isfinite(given[1]) and given[0] < given[1]):
            raise SlxrdError(f"{name} {given[0]:g}:{given[1]:g}: the lower end must come first")
        if max(map(abs, given)) > _LARGEST:
            raise SlxrdError(f"{name} {given[0]:g}:{given[1]:g}: an end beyond ±{_LARGEST:g} is a mistake")
        if given[0] > high or given[1] < low:
            raise SlxrdError(
                f"{name} {given[0]:g}:{given[1]:g} is outside {image.name}, which covers {low:.4g} to "
                f"{high:.4g}"
            )
    bottom, top = given or (low - margin, high + margin)
    return Axis(name, bottom, top, default_bins(geometry, (bottom, top), pixels) if bins is None else bins)


def default_bins(geometry: Geometry, span: Range, pixels: float = _PIXELS) -> int:
    """Return the number of bins in a range of q that are some pixels wide."""
    pixel = max(geometry.pixel_row, geometry.pixel_column) * 1e-3 / geometry.distance
    width = pixels * 2.0 * math.pi / geometry.wavelength * pixel
    return min(max(int((span[1] - span[0]) / width), 1), MOST_BINS)


def prepared(image: DetectorImage, geometry: Geometry, polarisation: float | None) -> DetectorImage:
    """Check an image and its geometry, and leave out the gaps between the modules of a known detector.

    Raises
    ------
    SlxrdError
        If the image is of another detector or has no counts, or the polarisation is impossible.
    """
    geometry.check(image)
    if polarisation is not None and not -1.0 <= polarisation <= 1.0:
        raise SlxrdError(f"polarisation {polarisation:g}: must be from -1 to 1")
    missing = gaps(geometry)
    if missing is not None and missing.shape == image.shape and (missing & ~image.mask).any():
        image = image.masked(missing, f"gaps of {geometry.detector}")
    image.check_counts()
    return image


def summed(
    image: DetectorImage,
    geometry: Geometry,
    passes: Sequence[tuple[Axis, Axis]],
    polarisation: float | None,
    *,
    places: bool = False,
) -> list[Sums]:
    """Sum an image in bins, once for each pair of axes; see :func:`slxrd.detector.integrator.sums`.

    Raises
    ------
    SlxrdError
        If none of them has a pixel.
    """
    done = [sums(image, geometry, x, y, polarisation, places=places) for x, y in passes]
    if any(each.pixels.any() for each in done):
        return done
    unmasked = replace(image, mask=np.zeros(image.shape, dtype=bool))
    where = " or ".join(f"{x} and {y}" for x, y in passes)
    if any(sums(unmasked, geometry, x, y, polarisation).pixels.any() for x, y in passes):
        why = "all pixels are left out by the masks (beam stop, gaps, bad pixels)"
    else:
        why = "there is no pixel, outside the detector or in the missing wedge"
    raise SlxrdError(f"{image.name}: in {where}, {why}; choose another range")


def steps_of(image: DetectorImage, geometry: Geometry, polarisation: float | None) -> tuple[str, ...]:
    """Return what was done to an image that was remapped, one sentence a step."""
    polarised = "no correction" if polarisation is None else f"factor {polarisation:g}"
    return (
        *image.history,
        f"geometry: {geometry}",
        f"divided by the solid angle of the pixels; polarisation: {polarised}",
        "each pixel counted in the bin of its centre, σ of Poisson statistics",
    )


def _span(values: FloatArray) -> str:
    return f"{values[0]:.4g} to {values[-1]:.4g} ({values.size} bins)"
