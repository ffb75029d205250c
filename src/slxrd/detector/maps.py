"""An image over the scattering vector: in and out of the plane of the film, or |q| and azimuth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._frozen import Sealed, read_only
from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.integrator import Axis, Coordinate, Sums, extent, gaps, sums
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Most bins of an axis, and width of a bin in pixels: with narrower ones, bins within the image stay empty.
_MOST, _PIXELS = 2000, 1.5
#: Ends of a range.
Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class CartesianMap(Sealed):
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

    q_xy: FloatArray
    q_z: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, "q_xy", "q_z")

    def __repr__(self) -> str:
        return f"<CartesianMap {_span('q_xy', self.q_xy)}, {_span('q_z', self.q_z)}>"


@dataclass(frozen=True, eq=False)
class PolarMap(Sealed):
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

    q: FloatArray
    azimuth: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, "q", "azimuth")

    def __repr__(self) -> str:
        return f"<PolarMap {_span('q', self.q)}, {_span('azimuth', self.azimuth)}>"


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
    x, y = axes(image, geometry, ("q_xy", "q_z"), (q_xy, q_z), bins or (None, None))
    done, steps = remapped(image, geometry, x, y, polarisation)
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
    names: tuple[Coordinate, Coordinate] = ("q", azimuth_of(geometry))
    x, y = axes(image, geometry, names, (q, azimuth), bins or (None, max(round(azimuth[1] - azimuth[0]), 1)))
    done, steps = remapped(image, geometry, x, y, polarisation)
    return PolarMap(x.centres, y.centres, done.intensity, done.sigma, steps)


def azimuth_of(geometry: Geometry) -> Coordinate:
    """Return the kind of azimuth: from the normal of the film, or on the detector in transmission."""
    return "detector azimuth" if geometry.incidence is None else "azimuth"


def axes(
    image: DetectorImage,
    geometry: Geometry,
    names: tuple[Coordinate, Coordinate],
    ranges: tuple[Range | None, Range | None],
    bins: tuple[int | None, int | None],
) -> tuple[Axis, Axis]:
    """Return the bins of two coordinates; ranges and numbers that are None follow from the image.

    Raises
    ------
    SlxrdError
        If a range is reversed or outside the image, or a number of bins is impossible.
    """
    geometry.check(image)
    used = with_gaps(image, geometry)
    first, second = (_axis(used, geometry, *asked) for asked in zip(names, ranges, bins, strict=True))
    return first, second


def _axis(
    image: DetectorImage, geometry: Geometry, name: Coordinate, given: Range | None, bins: int | None
) -> Axis:
    low, high = extent(image, geometry, name)
    margin = 1e-9 * (high - low)  # the last pixel is inside
    if given is not None:
        if not (math.isfinite(given[0]) and math.isfinite(given[1]) and given[0] < given[1]):
            raise SlxrdError(f"{name} {given[0]:g}:{given[1]:g}: the lower end must come first")
        if given[0] > high or given[1] < low:
            raise SlxrdError(
                f"{name} {given[0]:g}:{given[1]:g} is outside {image.name}, which covers {low:.4g} to "
                f"{high:.4g}"
            )
    bottom, top = given or (low - margin, high + margin)
    if bins is None:
        pixel = max(geometry.pixel_row, geometry.pixel_column) * 1e-3 / geometry.distance
        unit = math.degrees(pixel) if name == "exit" else 2.0 * math.pi / geometry.wavelength * pixel
        bins = min(max(int((top - bottom) / (_PIXELS * unit)), 1), _MOST)
    if not 1 <= bins <= 10 * _MOST:
        raise SlxrdError(f"bins {bins}: must be from 1 to {10 * _MOST}")
    return Axis(name, bottom, top, bins)


def with_gaps(image: DetectorImage, geometry: Geometry) -> DetectorImage:
    """Leave out the gaps between the modules of a known detector."""
    missing = gaps(geometry)
    if missing is None or missing.shape != image.shape or not (missing & ~image.mask).any():
        return image
    return image.masked(missing, f"gaps of {geometry.detector}")


def remapped(
    image: DetectorImage, geometry: Geometry, x: Axis, y: Axis, polarisation: float | None
) -> tuple[Sums, tuple[str, ...]]:
    """Sum an image in bins, and say what was done.

    Raises
    ------
    SlxrdError
        If the image has no counts, or no pixels in the bins.
    """
    if polarisation is not None and not -1.0 <= polarisation <= 1.0:
        raise SlxrdError(f"polarisation {polarisation:g}: must be from -1 to 1")
    image = with_gaps(image, geometry)
    if not np.any(image.counts, where=~image.mask):
        raise SlxrdError(f"{image.name}: all pixels are zero; choose another image or frame")
    done = sums(image, geometry, x, y, polarisation)
    if not done.pixels.any():
        raise SlxrdError(
            f"{image.name}: no pixel is left in {x.coordinate} {x.low:.4g} to {x.high:.4g} and "
            f"{y.coordinate} {y.low:.4g} to {y.high:.4g}; choose another range, or check the masks"
        )
    polarised = "no correction" if polarisation is None else f"factor {polarisation:g}"
    return done, (
        *image.history,
        f"geometry: {geometry}",
        f"divided by the solid angle of the pixels; polarisation: {polarised}",
        f"remapped to {x.coordinate} ({x.bins} bins) and {y.coordinate} ({y.bins} bins), "
        "σ of Poisson statistics",
    )


def _freeze(made: CartesianMap | PolarMap, along: str, across: str) -> None:
    n, m = np.size(getattr(made, along)), np.size(getattr(made, across))
    for name, shape in ((along, (n,)), (across, (m,)), ("intensity", (m, n)), ("sigma", (m, n))):
        array = np.array(getattr(made, name), dtype=np.float64)
        if array.shape != shape:
            raise SlxrdError(f"{name}: has shape {array.shape}, expected {shape}")
        object.__setattr__(made, name, read_only(array))


def _span(name: str, values: FloatArray) -> str:
    return f"{name} {values[0]:.4g} to {values[-1]:.4g} ({values.size} bins)"
