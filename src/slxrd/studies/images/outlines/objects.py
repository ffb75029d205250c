"""Objects of a micrograph by scikit-image: threshold, connected pixels, contours at half height."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Standard deviation in pixels of the smoothing against noise.
SMOOTHING = 1.0
#: Pixels around an object that are looked at with it.
AROUND = 8
#: Distance of the two levels from one another, in standard deviations of the background, below which there
#: are no objects.
LEAST_CONTRAST = 3.0
#: Pixels in which levels are read.
LEAST_LEVEL = 10


@dataclass(frozen=True)
class Thresholded:
    """Objects and their background.

    Parameters
    ----------
    labels : ndarray of int, shape (rows, columns)
        Number of the object of each pixel; 0 for the background.
    smoothed : ndarray, shape (rows, columns)
        The picture; objects are brighter than the background.
    threshold : float
        Grey level between objects and background, of the picture as it is.
    dark : bool
        Whether objects are darker than the background.
    """

    labels: Any
    smoothed: FloatArray
    threshold: float
    dark: bool


@dataclass(frozen=True)
class FoundObject:
    """Connected pixels.

    Parameters
    ----------
    label : int
        Number.
    at_edge : bool
        Whether it touches the edge of the picture.
    area : int
        Pixels, with holes filled.
    solidity : float
        Area over that of its convex hull.
    box : tuple of int
        First row and column, and the ones after the last.
    filled : ndarray of bool
        Its pixels in the box.
    """

    label: int
    at_edge: bool
    area: int
    solidity: float
    box: tuple[int, int, int, int]
    filled: Any


def _skimage() -> tuple[Any, Any, Any]:
    try:
        from skimage import filters, measure, morphology
    except ImportError:
        raise SlxrdError("outlines need scikit-image: python -m pip install 'slxrd[images]'") from None
    return filters, measure, morphology


def threshold_objects(values: FloatArray, threshold: float | None, dark: bool | None) -> Thresholded:
    """Separate objects from their background.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        Grey levels.
    threshold : float or None
        Grey level; by Otsu's method if it is None.
    dark : bool or None
        Whether objects are darker; if it is None, the class with most pixels at the edge of the picture is
        the background.

    Raises
    ------
    SlxrdError
        If there are not two levels.
    """
    filters, measure, _ = _skimage()
    if np.ptp(values) == 0.0:
        raise SlxrdError(f"the picture is uniform, every pixel is {values.flat[0]:g}; there are no objects")
    smoothed = filters.gaussian(values, SMOOTHING, mode="nearest", preserve_range=True)
    level = float(filters.threshold_otsu(smoothed)) if threshold is None else threshold
    above = smoothed > level
    if above.all() or not above.any():
        low, high = smoothed.min(), smoothed.max()
        raise SlxrdError(
            f"threshold {level:g}: all pixels lie on one side of it; they are {low:g} to {high:g}"
        )
    if dark is None:
        dark = bool(np.mean([*above[0], *above[-1], *above[:, 0], *above[:, -1]]) > 0.5)
    objects = ~above if dark else above
    inside, outside = smoothed[objects], smoothed[~objects]
    apart = abs(float(np.median(inside)) - float(np.median(outside)))
    spread = max(_spread(inside), _spread(outside))
    if threshold is None and apart < LEAST_CONTRAST * spread:
        raise SlxrdError(
            f"the grey levels do not separate objects from a background ({apart:.3g} apart, spread "
            f"{spread:.3g}); choose --threshold, or a part of the picture with --rows and --columns"
        )
    return Thresholded(
        measure.label(objects, connectivity=1), smoothed if not dark else -smoothed, level, dark
    )


def _spread(values: FloatArray) -> float:
    """Standard deviation from the quartiles."""
    return float(np.subtract(*np.percentile(values, [75.0, 25.0]))) / 1.349


def objects_in(found: Thresholded, smallest: int) -> Iterator[FoundObject]:
    """Go through the objects with at least this number of pixels.

    Parameters
    ----------
    found : Thresholded
        Objects and background.
    smallest : int
        Pixels.
    """
    _, measure, _ = _skimage()
    rows, columns = found.labels.shape
    for each in measure.regionprops(found.labels):
        if each.area < smallest:
            continue
        top, left, bottom, right = each.bbox
        at_edge = top == 0 or left == 0 or bottom == rows or right == columns
        yield FoundObject(
            each.label,
            at_edge,
            int(each.area_filled),
            1.0 if at_edge else float(each.area_filled / each.area_convex),
            each.bbox,
            each.image_filled,
        )


def contour_of(found: Thresholded, each: FoundObject) -> FloatArray | None:
    """Return the contour of an object midway between its own level and that of its surroundings.

    A threshold for the whole picture would place the edges of faint objects too far inside.

    Parameters
    ----------
    found : Thresholded
        Objects and background.
    each : FoundObject
        One that does not touch the edge of the picture.

    Returns
    -------
    ndarray, shape (n, 2), or None
        x and y in pixels, closed; None if it is open, as for an object beside another.
    """
    _, measure, morphology = _skimage()
    top, left, bottom, right = each.box
    rows, columns = found.labels.shape
    top, left = max(top - AROUND, 0), max(left - AROUND, 0)
    bottom, right = min(bottom + AROUND, rows), min(right + AROUND, columns)
    near, labels = found.smoothed[top:bottom, left:right], found.labels[top:bottom, left:right]
    own = np.zeros(labels.shape, dtype=bool)
    r, c = each.box[0] - top, each.box[1] - left
    own[r : r + each.filled.shape[0], c : c + each.filled.shape[1]] = each.filled
    disk = morphology.disk(3)
    inner = morphology.erosion(own, disk)
    others = morphology.dilation((labels > 0) & ~own, disk)
    outer = morphology.dilation(own, morphology.disk(AROUND - 1)) & ~morphology.dilation(own, disk) & ~others
    if min(int(inner.sum()), int(outer.sum())) < LEAST_LEVEL:
        return None
    high, low = float(np.median(near[inner])), float(np.median(near[outer]))
    # Holes, and other objects, are no part of the contour.
    level = np.where(inner, high, np.where(others & ~own, low, near))
    contours = [line for line in measure.find_contours(level, 0.5 * (high + low)) if len(line) > 4]
    if not contours:
        return None
    longest = max(contours, key=len)
    if math.dist(longest[0], longest[-1]) > 0.0:
        return None
    return np.asarray(longest[:, ::-1] + (left, top), dtype=np.float64)
