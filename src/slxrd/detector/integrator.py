"""Sums of pixels in bins of two coordinates, by pyFAI; all uses of pyFAI.

The image is processed in strips of rows, because the coordinates of all pixels of a large image would take
several times its memory. Sums of strips add up exactly.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slxrd._documents import SETTINGS_LIMIT, read_bytes
from slxrd._interruption import check_interruption
from slxrd.detector.bins import Axis, Coordinate, Sums
from slxrd.errors import FileError, SlxrdError
from slxrd.units import FloatArray

if TYPE_CHECKING:
    from slxrd.detector.geometry import Geometry
    from slxrd.detector.image import DetectorImage

_UNITS = {
    "q_xy": "qip_A^-1", "q_z": "qoop_A^-1", "q horizontal": "qxgi_A^-1", "q": "qtot_A^-1",
    "azimuth": "chigi_deg",
}  # fmt: skip
#: Most pixels of a strip, and most strips whose coordinates are kept for the next integration.
_STRIP, _KEPT = 1_000_000, 4
#: pyFAI's number for the side of the picture to which the normal points, if rows are counted upwards.
_SAMPLE_ORIENTATION = {"up": 4, "down": 2, "right": 7, "left": 5}
#: The numbers that replace them where the detector's rows, or its columns, are counted from the other side.
_FLIPPED_ROWS = {4: 1, 2: 3, 7: 6, 5: 8}
_FLIPPED_COLUMNS = {4: 3, 3: 4, 2: 1, 1: 2, 7: 8, 8: 7, 5: 6, 6: 5}

_NOT_INSTALLED = "detector images need pyFAI and fabio: python -m pip install 'slxrd[images]'"


def sums(
    image: DetectorImage,
    geometry: Geometry,
    x: Axis,
    y: Axis,
    polarisation: float | None,
    *,
    places: bool = False,
) -> Sums:
    """Sum the pixels of an image in bins of two coordinates.

    Parameters
    ----------
    image : DetectorImage
        The image.
    geometry : Geometry
        Where the detector stands.
    x, y : Axis
        Bins.
    polarisation : float, optional
        Polarisation factor, from 1 (in the plane of the detector's rows) over 0 (none) to −1; None for no
        correction.
    places : bool
        Also sum the first coordinate of the pixels.
    """
    signal, weight, pixels, moment = (np.zeros((y.bins, x.bins)) for _ in range(4))
    for integrator, rows in _strips(geometry, image.shape):
        binned = functools.partial(
            integrator.integrate2d_ng,
            npt_rad=x.bins,
            npt_azim=y.bins,
            unit=(_unit(x.coordinate, geometry), _unit(y.coordinate, geometry)),
            radial_range=(x.low, x.high),
            azimuth_range=(y.low, y.high),
            mask=_left_out(integrator, geometry, image.mask[rows], x, y),
            method=("no", "histogram", "cython"),
        )
        done = binned(image.counts[rows], correctSolidAngle=True, polarization_factor=polarisation)
        signal += done.sum_signal
        weight += done.sum_normalization
        pixels += done.count
        if places:
            values = _values(integrator, geometry, x.coordinate)
            moment += binned(values, correctSolidAngle=False).sum_signal
    return Sums(signal, weight, pixels, moment, image.photon)


def extent(image: DetectorImage, geometry: Geometry, coordinate: Coordinate) -> tuple[float, float]:
    """Return the smallest and the largest value of a coordinate among the pixels that are not left out."""
    low, high = np.inf, -np.inf
    for integrator, rows in _strips(geometry, image.shape):
        used = ~image.mask[rows]
        if used.any():
            values = _values(integrator, geometry, coordinate)[used]
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not low < high:
        raise SlxrdError(f"{image.name}: all pixels are left out; check the masks")
    return low, high


def coordinates(geometry: Geometry, shape: tuple[int, int], coordinate: Coordinate) -> FloatArray:
    """Return a coordinate of the centres of all pixels, shape (rows, columns)."""
    strips = _strips(geometry, shape)
    return np.concatenate([_values(integrator, geometry, coordinate) for integrator, _ in strips])


def gaps(geometry: Geometry) -> NDArray[np.bool_] | None:
    """Return pixels that do not exist between the modules of a known detector, True for these."""
    if not geometry.detector:
        return None
    try:
        with _quiet():
            mask = _pyfai().detector_factory(geometry.detector).mask
    except (RuntimeError, KeyError):
        raise SlxrdError(
            f"{geometry.source}: {geometry.detector!r} is no detector that pyFAI knows"
        ) from None
    return None if mask is None else np.asarray(mask, dtype=bool)


def read_poni(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a .poni file as fields of a geometry; the wavelength may be None.

    Raises
    ------
    FileError
        If it is not a .poni file, or its detector distorts the image.
    """
    pyfai = _pyfai()
    text = read_bytes(path, SETTINGS_LIMIT).decode("utf-8", errors="replace")
    if "poni1" not in text.lower() or "dist" not in text.lower():
        raise FileError(
            path, "is not a .poni file: it has no entries Distance and Poni1; save it with pyFAI-calib2"
        )
    try:
        with _quiet():
            found = pyfai.load(os.fspath(path))
    except Exception as error:  # pyFAI raises whatever its parsers raise
        raise FileError(path, f"cannot be read as .poni ({error}); save it again with pyFAI-calib2") from None
    detector = found.detector
    if not (detector.uniform_pixel and detector.IS_FLAT) or not detector.pixel1 or not detector.pixel2:
        raise FileError(
            path,
            f"describes {detector.name}, whose pixels are not equal; correct the image for distortion first",
        )
    try:
        return _fields(found)
    except (TypeError, ValueError, LookupError, OverflowError):  # values that pyFAI takes without looking
        raise FileError(
            path, "has values that are no numbers or no shape; save it again with pyFAI-calib2"
        ) from None


def _fields(found: Any) -> dict[str, Any]:
    """Return fields of a geometry from what pyFAI read."""
    detector = found.detector
    named = type(detector).__name__
    shape = detector.max_shape
    return {
        "distance": found.dist * 1e3,
        "centre_row": found.poni1 / detector.pixel1,
        "centre_column": found.poni2 / detector.pixel2,
        "pixel_row": detector.pixel1 * 1e6,
        "pixel_column": detector.pixel2 * 1e6,
        "wavelength": None if found.wavelength is None else found.wavelength * 1e10,
        "rot1": found.rot1,
        "rot2": found.rot2,
        "rot3": found.rot3,
        "orientation": int(detector.orientation) or 3,
        "detector": "" if named == "Detector" else named,
        "shape": None if shape is None else (int(shape[0]), int(shape[1])),
    }


def _left_out(integrator: Any, geometry: Geometry, mask: NDArray[np.bool_], *axes: Axis) -> NDArray[np.bool_]:
    """Pixels that are left out, and those below the bins: pyFAI would count some of these in the first one.

    It truncates the number of a bin towards zero, so that the first bin reaches down by another width.
    """
    low = [_values(integrator, geometry, axis.coordinate) < axis.low for axis in axes]
    return np.asarray(np.logical_or.reduce([mask, *low]))


def _values(integrator: Any, geometry: Geometry, coordinate: Coordinate) -> FloatArray:
    shape = integrator.detector.shape
    return np.asarray(integrator.array_from_unit(shape, "center", _unit(coordinate, geometry), scale=True))


def _strips(geometry: Geometry, shape: tuple[int, int]) -> Iterator[tuple[Any, slice]]:
    """Integrators of strips of an image, and their rows."""
    # Names do not change coordinates; without them, images of one geometry share their integrators.
    plain = replace(geometry, source="", detector="", shape=None)
    height = max(_STRIP // shape[1], 1)
    for first in range(0, shape[0], height):
        check_interruption()
        last = min(first + height, shape[0])
        yield _integrator(plain, shape, first, last), slice(first, last)


@functools.lru_cache(maxsize=_KEPT)
def _integrator(geometry: Geometry, shape: tuple[int, int], first: int, last: int) -> Any:
    _pyfai()
    from pyFAI.detectors import Detector
    from pyFAI.integrator.fiber import FiberIntegrator

    row, column = geometry.pixel_row * 1e-6, geometry.pixel_column * 1e-6
    # Where rows are counted from the last one, so are the positions of the rows of a strip.
    before = first if geometry.orientation in (3, 4) else shape[0] - last
    with _quiet():
        detector = Detector(
            pixel1=row, pixel2=column, max_shape=(last - first, shape[1]), orientation=geometry.orientation
        )
        return FiberIntegrator(
            dist=geometry.distance * 1e-3,
            poni1=(geometry.centre_row - before) * row,
            poni2=geometry.centre_column * column,
            rot1=geometry.rot1,
            rot2=geometry.rot2,
            rot3=geometry.rot3,
            wavelength=geometry.wavelength * 1e-10,
            detector=detector,
        )


@functools.lru_cache(maxsize=64)  # each compiles its formula
def _unit(coordinate: Coordinate, geometry: Geometry) -> Any:
    from pyFAI import units

    side = _SAMPLE_ORIENTATION[geometry.up]
    if geometry.orientation in (1, 2):
        side = _FLIPPED_ROWS[side]
    if geometry.orientation in (1, 4):
        side = _FLIPPED_COLUMNS[side]
    incidence = float(np.deg2rad(geometry.incidence or 0.0))
    if coordinate in _UNITS:
        return units.get_unit_fiber(_UNITS[coordinate], incident_angle=incidence, sample_orientation=side)
    return units.UnitFiber(
        "detectorazimuth_deg",
        scale=180.0 / np.pi,
        equation=units.change_sample_orientation(_detector_azimuth),
        sample_orientation=side,
        positive=False,
        period=360,
    )


def _detector_azimuth(
    x: FloatArray, y: FloatArray, z: FloatArray, wavelength: float, incidence: float, tilt: float, side: int
) -> FloatArray:
    """Angle on the detector from the direction of the normal, in rad."""
    return np.asarray(np.arctan2(x, y))


def _pyfai() -> Any:
    """Import pyFAI.

    Raises
    ------
    SlxrdError
        If it is not installed.
    """
    try:
        with _quiet():
            import pyFAI
            import pyFAI.detectors
            import pyFAI.integrator.fiber
    except ImportError:
        raise SlxrdError(_NOT_INSTALLED) from None
    return pyFAI


class _quiet:
    """Leave out pyFAI's notes, such as those on graphics cards that are not there."""

    def __enter__(self) -> None:
        self.level = logging.root.manager.disable
        logging.disable(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.disable(self.level)
