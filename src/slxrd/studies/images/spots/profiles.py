"""Profiles of an image at grazing incidence along q_xy, and along the exit of each rod of spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from slxrd.detector.bins import Coordinate
from slxrd.detector.image import DetectorImage
from slxrd.studies.images.spots.scattering import Positions, Vectors
from slxrd.units import FloatArray

#: Degree of the polynomial of the background.
DEGREE = 3
#: Bins over a standard deviation of a spot, and half of the width of a rod in standard deviations.
BINS, HALF = 3.0, 1.5
#: Spots closer together in plane, in their widths, are of one rod; most rods.
TOGETHER, MOST_RODS = 3.0, 8
#: The profile in plane starts at this part of the smallest q_xy of the spots.
START = 0.5
#: Typical height of a spot over that of the highest.
TYPICAL = 0.5
#: Margin beyond the outermost spots, in their widths.
MARGIN = 4.0


@dataclass(frozen=True, eq=False)
class Profile:
    """Counts a pixel along one coordinate.

    Parameters
    ----------
    at, rate, sigma : ndarray, shape (n,)
        Mean coordinate of the pixels of a bin in Å⁻¹, their mean counts, and its standard deviation.
    slopes : ndarray, shape (n, 4)
        Derivatives of the coordinate with respect to row and column of the centre, relative distance, and
        incidence.
    spots : ndarray, shape (k,)
        Coordinates at which spots were found.
    """

    at: FloatArray
    rate: FloatArray
    sigma: FloatArray
    slopes: FloatArray
    spots: FloatArray

    @cached_property
    def background(self) -> FloatArray:
        """Orthonormal columns of the background, weighted, shape (n, 4)."""
        low, high = self.at[0], self.at[-1]
        columns = chebyshev.chebvander(2.0 * (self.at - low) / (high - low) - 1.0, DEGREE)
        basis: FloatArray = np.linalg.qr(columns / self.sigma[:, None])[0]
        return basis

    @cached_property
    def data(self) -> FloatArray:
        """Weighted data without their background, shape (n,)."""
        return self.cleared((self.rate / self.sigma)[:, None])[:, 0]

    @cached_property
    def height(self) -> float:
        """Typical height of a spot."""
        return float(max(TYPICAL * (self.rate.max() - np.median(self.rate)), self.sigma.max()))

    def slopes_at(self, places: FloatArray) -> FloatArray:
        """Return the derivatives with respect to the geometry at some places, shape (n, 4)."""
        return np.array([np.interp(places, self.at, each) for each in self.slopes.T]).reshape(4, -1).T

    def cleared(self, columns: FloatArray) -> FloatArray:
        """Return weighted columns less what a background can describe of them."""
        basis = self.background
        return columns - basis @ (basis.T @ columns)

    def noisier(self, factor: float) -> Profile:
        """Return the profile with a larger standard deviation."""
        return replace(self, sigma=self.sigma * factor)


@dataclass(frozen=True, eq=False)
class Profiles:
    """Profiles of an image.

    Parameters
    ----------
    sides : tuple of Profile
        Over |q_xy|, left and right of the normal.
    rods : tuple of Profile
        Over k·sin(exit), at the q_xy of each rod of spots.
    rods_at : ndarray
        |q_xy| of the rods.
    width_in_plane, width_out_of_plane : float
        Standard deviation of the narrower spots in Å⁻¹.
    """

    sides: tuple[Profile, ...]
    rods: tuple[Profile, ...]
    rods_at: FloatArray
    width_in_plane: float
    width_out_of_plane: float


def cut_profiles(
    image: DetectorImage, vectors: Vectors, q: Positions, horizon: float, horizon_slope: float
) -> Profiles:
    """Cut profiles out of an image.

    Parameters
    ----------
    image : DetectorImage
        The image.
    vectors : Vectors
        Scattering vectors of its pixels.
    q : Positions
        |q_xy| and k·sin(exit) of the spots.
    horizon, horizon_slope : float
        k·sin(incidence), and its derivative with respect to degrees.
    """
    narrow = np.percentile(q.widths, 25.0, axis=0)
    wide_xy, wide_z = float(narrow[0]), float(narrow[1])
    off = q.values[:, 0] > 4.0 * wide_xy
    if not off.any():
        return Profiles((), (), np.zeros(0), wide_xy, wide_z)
    rods = _rods(q.values[off, 0], 1.0 / q.covariance[off, 0, 0], TOGETHER * wide_xy)
    q_xy, z = vectors.whole("q_xy"), vectors.whole("q_z") - horizon
    side, along = np.sign(q_xy), np.abs(q_xy)
    top = float(q.values[:, 1].max()) + MARGIN * wide_z
    above = ~image.mask & (z > 0.0) & (z < top)
    end = float(rods.max()) + MARGIN * wide_xy
    middle = START * float(rods.min())
    counts = image.counts / image.photon
    sides = []
    for sign in (-1.0, 1.0):
        used = above & (side == sign) & (along > middle) & (along < end)
        cut = _profile(counts, along, used, wide_xy / BINS, vectors, "q_xy", sign, rods)
        if cut is not None:
            sides.append(cut)
    found = []
    for at in rods:
        near = off & (np.abs(q.values[:, 0] - at) < TOGETHER * wide_xy)
        used = above & (np.abs(along - at) < HALF * wide_xy)
        cut = _profile(counts, z, used, wide_z / BINS, vectors, "q_z", 1.0, q.values[near, 1])
        if cut is not None:
            # k·sin(exit) is counted from the horizon, which moves with the incidence.
            slopes = cut.slopes - np.array([0.0, 0.0, 0.0, horizon_slope])
            found.append((at, replace(cut, slopes=slopes)))
    return Profiles(
        tuple(sides), tuple(cut for _, cut in found), np.array([at for at, _ in found]), wide_xy, wide_z
    )


def _rods(values: FloatArray, weights: FloatArray, apart: float) -> FloatArray:
    """|q_xy| of groups of spots, those with most of the weight."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    groups = np.split(np.arange(values.size), np.flatnonzero(np.diff(values) > apart) + 1)
    groups = sorted((g for g in groups if g.size), key=lambda g: -float(weights[g].sum()))[:MOST_RODS]
    return np.sort([float(np.average(values[g], weights=weights[g])) for g in groups])


def _profile(
    counts: FloatArray, coordinate: FloatArray, used: NDArray[np.bool_], step: float, vectors: Vectors,
    name: Coordinate, sign: float, spots: Sequence[float] | FloatArray,
) -> Profile | None:  # fmt: skip
    """Mean counts of pixels in bins of a coordinate; None if there are too few bins."""
    rows, columns = np.nonzero(used)
    if rows.size < 4 * (DEGREE + 1):
        return None
    x, y = coordinate[used], counts[used]
    bins = np.floor((x - x.min()) / max(step, vectors.pixel(name))).astype(np.intp)
    pixels = np.bincount(bins).astype(np.float64)
    there = pixels > 0.3 * np.median(pixels[pixels > 0])
    if there.sum() < 4 * (DEGREE + 1):
        return None

    def mean(values: NDArray[np.floating[Any]]) -> FloatArray:
        return np.asarray(np.bincount(bins, values)[there] / pixels[there], dtype=np.float64)

    place = np.stack([mean(rows + 0.5), mean(columns + 0.5)], axis=1)
    rate, inside = mean(y), pixels[there]
    # Weights from the counts of single bins would favour those that are low by chance.
    expected = np.maximum(uniform_filter1d(rate, 5, mode="nearest") * inside, 1.0)
    slopes = vectors.slopes(name, place) * sign
    return Profile(mean(x), rate, np.sqrt(expected) / inside, slopes, np.asarray(spots))
