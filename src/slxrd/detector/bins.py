"""Bins of coordinates of pixels, and sums of the pixels in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Coordinates of a pixel: components of q in and out of the plane of the film in Å⁻¹, the horizontal
#: component, |q|, angle in degrees from the normal of the film, and the angle on the detector.
Coordinate = Literal["q_xy", "q_z", "q horizontal", "q", "azimuth", "detector azimuth"]
#: Most bins of a coordinate.
_MOST_BINS = 20_000


@dataclass(frozen=True, eq=False)
class Axis:
    """Bins of one coordinate.

    Parameters
    ----------
    coordinate : str
        The coordinate.
    low, high : float
        Outer edges, in its unit.
    bins : int
        Number of bins.
    """

    coordinate: Coordinate
    low: float
    high: float
    bins: int

    def __post_init__(self) -> None:
        if not 1 <= self.bins <= _MOST_BINS:
            raise SlxrdError(f"bins {self.bins}: must be from 1 to {_MOST_BINS}")

    def __str__(self) -> str:
        return f"{self.coordinate} {self.low:.4g} to {self.high:.4g}"

    @property
    def centres(self) -> FloatArray:
        """Centres of the bins, shape (bins,)."""
        step = (self.high - self.low) / self.bins
        return np.asarray(self.low + step * (np.arange(self.bins) + 0.5), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the pixels whose centre lies in a bin; arrays of shape (bins of y, bins of x).

    Parameters
    ----------
    signal : ndarray
        Sum of the counts.
    weight : ndarray
        Sum of the corrections by which counts are divided: solid angle, relative to that at the foot of the
        distance, times polarisation.
    pixels : ndarray
        Number of pixels.
    moment : ndarray
        Sum of the first coordinate of the pixels; zero where it was not asked for.
    photon : float
        Value of one photon.
    """

    signal: FloatArray
    weight: FloatArray
    pixels: FloatArray
    moment: FloatArray
    photon: float

    @property
    def intensity(self) -> FloatArray:
        """Corrected counts of a pixel on average; NaN in bins without pixels."""
        return self._divided(self.signal)

    @property
    def sigma(self) -> FloatArray:
        """Standard deviation from counting statistics: of all photons in the bin, at least of one."""
        return self._divided(np.sqrt(self.photon * np.maximum(self.signal, self.photon)))

    @property
    def place(self) -> FloatArray:
        """Mean of the first coordinate of the pixels, seldom the centre of the bin; NaN without pixels."""
        return _quotient(self.moment, self.pixels, self.pixels)

    def mirrored(self) -> Sums:
        """Return the sums for the first coordinate with the opposite sign."""
        return Sums(
            self.signal[:, ::-1],
            self.weight[:, ::-1],
            self.pixels[:, ::-1],
            -self.moment[:, ::-1],
            self.photon,
        )

    def _divided(self, sums: FloatArray) -> FloatArray:
        return _quotient(sums, self.weight, self.pixels)

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.signal + other.signal,
            self.weight + other.weight,
            self.pixels + other.pixels,
            self.moment + other.moment,
            self.photon,
        )


def _quotient(sums: FloatArray, weight: FloatArray, pixels: FloatArray) -> FloatArray:
    """Sums over weights; NaN without pixels."""
    quotients: FloatArray = np.divide(sums, weight, out=np.full(sums.shape, np.nan), where=pixels > 0)
    return quotients
