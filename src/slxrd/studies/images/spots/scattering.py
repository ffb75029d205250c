"""Scattering vectors of spots, and how they depend on errors of the geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import map_coordinates

from slxrd._arguments import check_fields
from slxrd.detector.bins import Coordinate
from slxrd.detector.geometry import Geometry
from slxrd.detector.integrator import coordinates
from slxrd.errors import SlxrdError
from slxrd.studies.images.spots.find import Spot
from slxrd.units import FloatArray

#: Relative change of the distance, and change of the incidence in degrees, for derivatives.
_STEP_DISTANCE, _STEP_INCIDENCE = 1e-3, 0.01
#: Most rows and columns for which derivatives are calculated.
_FEW = 400


@dataclass(frozen=True)
class GeometryErrors:
    """Standard deviations of the geometry.

    Parameters
    ----------
    centre : float
        Of row and column of the centre, in pixels.
    distance : float
        Of the distance, relative to it.
    incidence : float
        Of the angle of incidence, in degrees.
    """

    centre: float = 0.5
    distance: float = 0.001
    incidence: float = 0.02

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("centre", "distance", "incidence"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise SlxrdError(f"error of the {name} {value:g}: must be 0 or more")
        if self.distance > 0.2:
            raise SlxrdError(f"error of the distance {self.distance:g}: is relative to it, at most 0.2")

    def __str__(self) -> str:
        return (
            f"centre {self.centre:g} pixels, distance {100.0 * self.distance:g} %, incidence "
            f"{self.incidence:g}°"
        )


@dataclass(frozen=True, eq=False)
class Positions:
    """Two coordinates of n spots.

    Parameters
    ----------
    values : ndarray, shape (n, 2)
        Coordinates.
    covariance : ndarray, shape (n, 2, 2)
        Of the noise of each spot.
    widths : ndarray, shape (n, 2)
        Standard deviations of the shapes of the spots.
    """

    values: FloatArray
    covariance: FloatArray
    widths: FloatArray


class Vectors:
    """Scattering vectors on a detector, and their derivatives with respect to the geometry.

    Derivatives are smooth, and are calculated for few points of the detector only.

    Parameters
    ----------
    geometry : Geometry
        Where the detector stands.
    shape : (int, int)
        Rows and columns of the image.
    """

    def __init__(self, geometry: Geometry, shape: tuple[int, int]) -> None:
        self.geometry, self.shape = geometry, shape
        self._whole: dict[str, FloatArray] = {}
        self._coarse: dict[str, FloatArray] = {}

    def whole(self, name: Coordinate) -> FloatArray:
        """Return a coordinate of all pixels."""
        if name not in self._whole:
            self._whole[name] = coordinates(self.geometry, self.shape, name)
        return self._whole[name]

    def pixel(self, name: Coordinate) -> float:
        """Return the larger difference of a coordinate between neighbouring pixels."""
        middle = np.array([[0.5 * n for n in self.shape]])
        return float(np.abs(self.by_pixel(name, middle)).max())

    def at(self, name: Coordinate, places: FloatArray) -> FloatArray:
        """Return a coordinate at places (row, column), shape (n,)."""
        return _read(self.whole(name), places)

    def slopes(self, name: Coordinate, places: FloatArray) -> FloatArray:
        """Return its derivatives by row and column of the centre, relative distance and incidence."""
        if name not in self._coarse:
            self._coarse[name] = self._of_geometry(name)
        coarse = self._coarse[name]
        rows, columns = (max(n - 1, 1) for n in self.shape)
        scaled = (places - 0.5) * (np.array(coarse.shape[1:]) - 1.0) / (rows, columns) + 0.5
        by_pixel = self.by_pixel(name, places)
        return np.column_stack([-by_pixel, *(_read(each, scaled) for each in coarse)])

    def by_pixel(self, name: Coordinate, places: FloatArray) -> FloatArray:
        """Return its derivatives by row and column of a place, shape (n, 2)."""
        return np.stack(
            [self.at(name, places + step) - self.at(name, places - step) for step in 0.5 * np.eye(2)], axis=1
        )

    def _of_geometry(self, name: Coordinate) -> FloatArray:
        """Derivatives by distance and incidence on a grid, shape (2, n, m)."""
        geometry = self.geometry
        few = np.array([min(n, _FEW) for n in self.shape])
        # Pixels of a coarse detector whose first and last centres are those of the fine one.
        scale = (np.array(self.shape) - 1.0) / np.maximum(few - 1.0, 1.0)
        centre = (np.array([geometry.centre_row, geometry.centre_column]) - 0.5) / scale + 0.5

        def read(distance: float, incidence: float | None) -> FloatArray:
            there = replace(
                geometry, distance=distance, incidence=incidence, shape=None, detector="",
                centre_row=float(centre[0]), centre_column=float(centre[1]),
                pixel_row=geometry.pixel_row * scale[0], pixel_column=geometry.pixel_column * scale[1],
            )  # fmt: skip
            return coordinates(there, (int(few[0]), int(few[1])), name)

        known = read(geometry.distance, geometry.incidence)
        by_distance = read(geometry.distance * (1.0 + _STEP_DISTANCE), geometry.incidence) - known
        by_incidence = np.zeros_like(known)
        if geometry.incidence is not None:
            by_incidence = read(geometry.distance, geometry.incidence + _STEP_INCIDENCE) - known
        return np.stack([by_distance / _STEP_DISTANCE, by_incidence / _STEP_INCIDENCE])


def _read(values: FloatArray, places: FloatArray) -> FloatArray:
    return np.asarray(map_coordinates(values, places.T - 0.5, order=1, mode="nearest"))


def positions(spots: Sequence[Spot], vectors: Vectors, wanted: tuple[Coordinate, Coordinate]) -> Positions:
    """Calculate two coordinates of spots.

    Parameters
    ----------
    spots : sequence of Spot
        Positions in pixels.
    vectors : Vectors
        Scattering vectors of the image.
    wanted : (str, str)
        Names of the coordinates.
    """
    at = np.array([[spot.row, spot.column] for spot in spots])
    errors = np.array([[spot.row_error, spot.column_error] for spot in spots])
    by_pixel = np.stack([vectors.by_pixel(name, at) for name in wanted], axis=1)
    covariance = np.einsum("nij,nj,nkj->nik", by_pixel, errors**2, by_pixel)
    shapes = np.array([[spot.row_width, spot.column_width] for spot in spots])
    widths = np.sqrt(np.einsum("nij,nj->ni", by_pixel**2, shapes**2))
    values = np.stack([vectors.at(name, at) for name in wanted], axis=1)
    return Positions(values, covariance, widths)
