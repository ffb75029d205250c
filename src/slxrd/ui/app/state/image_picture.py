"""What the plot of an image draws: pixels or map, with not more points than the screen has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slxrd.detector.geometry import Geometry
from slxrd.detector.image import DetectorImage
from slxrd.detector.maps import CartesianMap, scattering_vectors
from slxrd.units import FloatArray

#: Most rows or columns that are drawn; more would only delay the page.
MOST = 900
#: Colours from the 1st percentile above zero to the 99.9th, as in the figures.
_PERCENTILES = (1.0, 99.9)


@dataclass(frozen=True, eq=False)
class Picture:
    """Arrays of one picture.

    Parameters
    ----------
    columns : mapping of str to ndarray
        "value", which is drawn, and further arrays of the same shape for the readout.
    ends : (float, float, float, float)
        Left, right, and the position of the first and of the last row.
    labels, names : (str, str)
        Labels of the axes, and names of what is under the cursor.
    unit : str
        Label of the colours.
    downwards : bool
        Whether the first row is at the top.
    block : int
        How many pixels in each direction are drawn as one, which is their mean.
    """

    columns: Mapping[str, FloatArray]
    ends: tuple[float, float, float, float]
    labels: tuple[str, str]
    names: tuple[str, str]
    unit: str
    downwards: bool = False
    block: int = 1

    @property
    def low(self) -> float:
        """Value of the darkest colour."""
        return self._limits[0]

    @property
    def high(self) -> float:
        """Value of the brightest colour."""
        return self._limits[1]

    @property
    def _limits(self) -> tuple[float, float]:
        value = self.columns["value"]
        positive = value[value > 0.0]
        if not positive.size:
            return 1.0, 10.0
        low, high = (float(limit) for limit in np.percentile(positive, _PERCENTILES))
        return low, max(high, 1.001 * low)


def map_picture(found: CartesianMap, geometry: Geometry) -> Picture:
    """Return the picture of a map."""
    film = geometry.incidence is not None
    names = ("q_xy", "q_z") if film else ("q horizontal", "q vertical")
    block = _block(found.intensity.shape)
    columns = {"value": _means(found.intensity, block), "sigma": _means_of_sigma(found.sigma, block)}
    (left, across), (foot, up) = _edges(found.q_xy), _edges(found.q_z)
    rows, wide = columns["value"].shape
    ends = (left, left + across * block * wide, foot, foot + up * block * rows)
    labels = (f"{names[0]} (Å⁻¹)", f"{names[1]} (Å⁻¹)")
    return Picture(columns, ends, labels, names, "counts per pixel, corrected", block=block)


def pixel_picture(image: DetectorImage, geometry: Geometry | None) -> Picture:
    """Return the picture of the pixels, row 0 at the top, without those that are left out."""
    block = _block(image.shape)
    columns = {"value": _means(np.where(image.mask, np.nan, image.counts), block)}
    names = ("q_xy", "q_z")
    if geometry is not None:
        if geometry.incidence is None:
            names = ("q horizontal", "q vertical")
        vectors = scattering_vectors(geometry, image.shape)
        columns |= {name: _means(each, block) for name, each in zip(("q_xy", "q_z"), vectors, strict=True)}
    rows, wide = columns["value"].shape
    ends = (0.0, float(wide * block), 0.0, float(rows * block))
    return Picture(columns, ends, ("column", "row"), names, "counts", downwards=True, block=block)


def _block(shape: tuple[int, ...]) -> int:
    return math.ceil(max(shape) / MOST)


def _means(values: FloatArray, block: int) -> FloatArray:
    """Means of blocks; NaN where a block has no value."""
    if block == 1:
        return np.asarray(values, dtype=np.float32)
    blocks = _blocks(values, block)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    means = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return np.asarray(means, dtype=np.float32)


def _means_of_sigma(sigma: FloatArray, block: int) -> FloatArray:
    """Standard deviations of the means of blocks of independent values."""
    if block == 1:
        return np.asarray(sigma, dtype=np.float32)
    blocks = _blocks(sigma, block)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.sqrt((np.where(known, blocks, 0.0) ** 2).sum(axis=(1, 3)))
    means = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return np.asarray(means, dtype=np.float32)


def _blocks(values: FloatArray, block: int) -> FloatArray:
    """Split into blocks, shape (rows, block, columns, block); the last ones are filled with NaN."""
    rows, columns = (-(-n // block) * block for n in values.shape)
    filled = np.pad(
        values, ((0, rows - values.shape[0]), (0, columns - values.shape[1])), constant_values=np.nan
    )
    return filled.reshape(rows // block, block, columns // block, block)


def _edges(centres: FloatArray) -> tuple[float, float]:
    """First edge and width of bins."""
    step = float(centres[-1] - centres[0]) / max(centres.size - 1, 1)
    return float(centres[0]) - 0.5 * step, step
