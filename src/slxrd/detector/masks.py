"""Pixels that are left out: negative values, saturated and hot pixels, a beam stop, gaps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slxrd._arguments import check_arguments, check_fields
from slxrd.detector.image import DetectorImage
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: A hot pixel exceeds its highest neighbour by this factor and by this many standard deviations.
_HOT_FACTOR, _HOT_SIGMA = 5.0, 10.0
#: Fewest neighbours from which a pixel is judged.
_FEWEST_NEIGHBOURS = 3
#: Fraction of negative pixels from which they are no flags but a subtracted background.
_SUBTRACTED = 0.2


@dataclass(frozen=True)
class MaskRectangle:
    """A rectangle of pixels, such as the rod of a beam stop.

    Parameters
    ----------
    row_min, row_max, column_min, column_max : float
        Ends in pixels from the corner of the first pixel.
    """

    row_min: float
    row_max: float
    column_min: float
    column_max: float

    def __post_init__(self) -> None:
        check_fields(self)
        if not (self.row_min < self.row_max and self.column_min < self.column_max):
            raise SlxrdError(f"{self}: the lower end must come first")

    def pixels(self, rows: FloatArray, columns: FloatArray) -> NDArray[np.bool_]:
        """Return True for the pixels whose centre lies inside."""
        inside = (rows >= self.row_min) & (rows <= self.row_max)
        return inside & (columns >= self.column_min) & (columns <= self.column_max)

    def __str__(self) -> str:
        return (
            f"rows {self.row_min:g} to {self.row_max:g}, columns {self.column_min:g} to {self.column_max:g}"
        )


@dataclass(frozen=True)
class MaskCircle:
    """A circle of pixels, such as a beam stop.

    Parameters
    ----------
    row, column : float
        Centre in pixels from the corner of the first pixel.
    radius : float
        Pixels.
    """

    row: float
    column: float
    radius: float

    def __post_init__(self) -> None:
        check_fields(self)
        if not (math.isfinite(self.row) and math.isfinite(self.column)):
            raise SlxrdError(f"{self}: the centre must be finite")
        if not (math.isfinite(self.radius) and self.radius > 0.0):
            raise SlxrdError(f"{self}: the radius must be positive")

    def pixels(self, rows: FloatArray, columns: FloatArray) -> NDArray[np.bool_]:
        """Return True for the pixels whose centre lies inside."""
        return (rows - self.row) ** 2 + (columns - self.column) ** 2 <= self.radius**2

    def __str__(self) -> str:
        return f"circle of {self.radius:g} pixels at row {self.row:g}, column {self.column:g}"


@check_arguments
def mask_pixels(
    image: DetectorImage,
    *,
    regions: Iterable[MaskRectangle | MaskCircle] = (),
    negative: bool = True,
    hot: bool = True,
    saturated: float | None = None,
) -> DetectorImage:
    """Leave out pixels whose values are no counts, and given regions.

    Parameters
    ----------
    image : DetectorImage
        The image.
    regions : list of MaskRectangle or MaskCircle
        Regions that are left out, such as the beam stop.
    negative : bool
        Leave out negative values, by which detectors mark gaps and dead pixels.
    hot : bool
        Leave out single pixels that exceed their highest neighbour by a factor of 5 and by 10 standard
        deviations.
    saturated : float, optional
        Leave out values from here on. Without it, the largest value that the pixels can store is left out, if
        several have it.

    Returns
    -------
    DetectorImage
        With the pixels of each kind in its history.

    Raises
    ------
    SlxrdError
        If a region is outside the image, all pixels are left out, or so many values are negative that a
        background was subtracted.
    """
    counts = image.counts
    found: list[tuple[NDArray[np.bool_], str]] = []
    if negative:
        below = (counts < 0.0) & ~image.mask
        if below.mean() > _SUBTRACTED:
            raise SlxrdError(
                f"{image.name}: {below.mean():.0%} of the values are negative, so that a background was "
                "subtracted and counting errors are not known; give the image as it was measured, or keep "
                "negative values (--keep-negative)"
            )
        found.append((below, "negative values"))
    full = _saturated(image, saturated)
    if full is not None:
        found.append((full, "saturated pixels" if saturated is None else f"values from {saturated:g} on"))
    if hot:
        found.append((_hot(image), "hot pixels"))
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    for region in regions:
        inside = region.pixels(rows + 0.5, columns + 0.5)
        if not inside.any():
            raise SlxrdError(
                f"{image.name}: {region} is outside the image of {image.shape[0]} rows and "
                f"{image.shape[1]} columns"
            )
        found.append((inside, str(region)))
    for where, what in found:
        if where.any():
            image = image.masked(where, what)
    if image.mask.all():
        raise SlxrdError(
            f"{image.name}: all pixels are left out, so that nothing is measured: choose another image, or "
            f"check the masks ({'; '.join(image.history)})"
        )
    return image


def _saturated(image: DetectorImage, limit: float | None) -> NDArray[np.bool_] | None:
    """Saturated pixels; without a limit, those at the largest number of 8 to 32 bits that several reach."""
    if limit is not None:
        if not limit > 0.0:
            raise SlxrdError(f"saturated {limit:g}: must be positive")
        return np.asarray(image.counts >= limit)
    largest = float(image.counts.max(initial=0.0, where=~image.mask))
    if largest not in {2.0**bits - 1.0 for bits in (8, 12, 14, 16, 20, 31, 32)}:
        return None
    full = np.asarray(image.counts == largest)
    return full if full.sum() > 1 else None


def _hot(image: DetectorImage) -> NDArray[np.bool_]:
    """Single pixels far above all of their neighbours."""
    framed = np.pad(np.where(image.mask, -np.inf, image.counts), 1, constant_values=-np.inf)
    highest = np.full(image.shape, -np.inf)
    neighbours = np.zeros(image.shape, dtype=np.int8)
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            if (down, right) != (1, 1):
                near = framed[down : down + image.shape[0], right : right + image.shape[1]]
                np.maximum(highest, near, out=highest)
                neighbours += near > -np.inf
    base = np.maximum(highest, image.photon)
    limit = np.maximum(_HOT_FACTOR * base, base + _HOT_SIGMA * np.sqrt(image.photon * base))
    return np.asarray((image.counts > limit) & (neighbours >= _FEWEST_NEIGHBOURS) & ~image.mask)
