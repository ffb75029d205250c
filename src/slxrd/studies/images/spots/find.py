"""Spots of a detector image: local maxima above their surroundings, each fitted by a Gaussian."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from slxrd._least_squares import covariance, minimise
from slxrd.detector.image import DetectorImage
from slxrd.units import FloatArray

#: Standard deviations in pixels of spots that are looked for; that of their surroundings relative to it.
SCALES, SURROUNDINGS = (1.5, 3.0, 6.0), 2.5
#: Least height of a maximum in units of its standard deviation.
SIGNIFICANT = 7.0
#: Half of the side of the fitted window, in units of the scale.
WINDOW = 3.5
#: Half of the smallest window, and rounds of fits with the neighbours subtracted.
LEAST_WINDOW, ROUNDS = 5, 3
#: Most spots.
MOST = 60
#: Least part of the window that is measured.
MEASURED = 0.6


@dataclass(frozen=True)
class Spot:
    """A spot, in pixels whose centres are at whole numbers plus one half.

    Parameters
    ----------
    row, column : float
        Position.
    row_error, column_error : float
        Standard deviations of the position.
    height : float
        Counts above the background.
    row_width, column_width : float
        Standard deviations of its shape.
    significance : float
        Height in units of its standard deviation.
    """

    row: float
    column: float
    row_error: float
    column_error: float
    height: float
    row_width: float
    column_width: float
    significance: float


def find_spots(image: DetectorImage) -> tuple[Spot, ...]:
    """Find the spots of an image, the most significant first.

    Parameters
    ----------
    image : DetectorImage
        Counts; pixels that are left out are not used.
    """
    counts = np.where(image.mask, 0.0, image.counts) / image.photon
    measured = (~image.mask).astype(np.float64)
    found: list[tuple[float, int, int, float]] = []
    for scale in SCALES:
        inner, weight = (gaussian_filter(each, scale, mode="constant") for each in (counts, measured))
        wide = SURROUNDINGS * scale
        outer, around = (gaussian_filter(each, wide, mode="constant") for each in (counts, measured))
        there = (weight > MEASURED) & (around > 0.3) & ~image.mask
        level = np.divide(outer, around, out=np.zeros_like(outer), where=there)
        height = np.divide(inner, weight, out=np.zeros_like(inner), where=there) - level
        # Variance of the mean of Poisson counts with Gaussian weights.
        sigma = np.sqrt(np.maximum(level, 1.0 / (4.0 * math.pi * wide**2)) / (4.0 * math.pi)) / scale
        ratio = np.where(there, height / sigma, 0.0)
        highest = (ratio == maximum_filter(ratio, round(3.0 * scale) | 1)) & (ratio > SIGNIFICANT)
        found += [(float(ratio[r, c]), r, c, scale) for r, c in np.argwhere(highest).tolist()]
    spots: list[Spot] = []
    # The finest scale first, on which neighbours are separate; broad spots are too wide for its windows.
    for height_ratio, r, c, scale in sorted(found, key=lambda each: (each[3], -each[0])):
        if len(spots) == MOST or any(_near(spot, r + 0.5, c + 0.5, scale) for spot in spots):
            continue
        spot = _fitted(counts, image.mask, (r + 0.5, c + 0.5), (scale, scale), height_ratio)
        if spot is not None and not any(_near(other, spot.row, spot.column, scale) for other in spots):
            spots.append(spot)
    # Neighbours overlap: each is fitted again after the others have been subtracted.
    for _ in range(ROUNDS):
        whole = _sum_of(spots, counts.shape)
        again = []
        for spot in spots:
            others = whole - _sum_of([spot], counts.shape)
            widths = (spot.row_width, spot.column_width)
            at = (spot.row, spot.column)
            again.append(_fitted(counts, image.mask, at, widths, spot.significance, others))
        spots = [spot for spot in again if spot is not None]
    return tuple(spots)


def _sum_of(spots: list[Spot], shape: tuple[int, ...]) -> FloatArray:
    """Counts of spots in all pixels."""
    total = np.zeros(shape)
    for each in spots:
        reach = math.ceil(6.0 * max(each.row_width, each.column_width))
        rows = slice(max(int(each.row) - reach, 0), int(each.row) + reach + 1)
        columns = slice(max(int(each.column) - reach, 0), int(each.column) + reach + 1)
        part = total[rows, columns]
        r = (np.arange(part.shape[0]) + rows.start + 0.5 - each.row) / each.row_width
        c = (np.arange(part.shape[1]) + columns.start + 0.5 - each.column) / each.column_width
        part += each.height * np.exp(-0.5 * (r[:, None] ** 2 + c**2))
    return total


def _near(spot: Spot, row: float, column: float, scale: float) -> bool:
    wide_row, wide_column = 2.0 * max(spot.row_width, scale), 2.0 * max(spot.column_width, scale)
    return abs(spot.row - row) < wide_row and abs(spot.column - column) < wide_column


@dataclass(frozen=True)
class _State:
    residual: FloatArray
    jacobian: FloatArray


def _fitted(
    counts: FloatArray,
    mask: NDArray[np.bool_],
    place: tuple[float, float],
    widths: tuple[float, float],
    ratio: float,
    others: FloatArray | None = None,
) -> Spot | None:
    """Fit a Gaussian with a sloping background in a window; None if it has no maximum there."""
    scale = max(widths)
    half = max(math.ceil(WINDOW * scale), LEAST_WINDOW)
    row, column = int(place[0]), int(place[1])
    rows = slice(max(row - half, 0), row + half + 1)
    columns = slice(max(column - half, 0), column + half + 1)
    used = ~mask[rows, columns]
    if used.mean() < MEASURED:
        return None
    values = counts[rows, columns]
    # Weights from the counts of single pixels would favour those that are low by chance.
    variance = np.maximum(gaussian_filter(values, scale / 2.0, mode="nearest"), 0.3)[used]
    at = (
        np.mgrid[rows.start : rows.start + values.shape[0], columns.start : columns.start + values.shape[1]]
        + 0.5
    )
    if others is not None:
        values = values - others[rows, columns]
    r, c, y, weight = at[0][used], at[1][used], values[used], 1.0 / np.sqrt(variance)
    base = float(np.percentile(y, 20.0))
    start = np.array([max(y.max() - base, 1.0), *place, *widths, base, 0.0, 0.0])
    lower = np.array(
        [0.0, place[0] - scale - 1.0, place[1] - scale - 1.0, 0.4, 0.4, -np.inf, -np.inf, -np.inf]
    )
    upper = np.array(
        [np.inf, place[0] + scale + 1.0, place[1] + scale + 1.0, half, half, np.inf, np.inf, np.inf]
    )

    def evaluate(p: FloatArray) -> _State:
        u, v = (r - p[1]) / p[3], (c - p[2]) / p[4]
        shape = np.exp(-0.5 * (u**2 + v**2))
        curve = p[0] * shape
        slopes = [shape, curve * u / p[3], curve * v / p[4], curve * u**2 / p[3], curve * v**2 / p[4]]
        slopes += [np.ones_like(r), r - start[1], c - start[2]]
        model = curve + p[5] + p[6] * slopes[6] + p[7] * slopes[7]
        return _State((model - y) * weight, np.stack(slopes, axis=1) * weight[:, None])

    done = minimise(evaluate, start, lower, upper)
    if done.at_bound.any() or y.size <= 8:
        return None
    free = np.ones(8, dtype=bool)
    errors = np.sqrt(np.diag(covariance(done.state.jacobian.T @ done.state.jacobian, free)))
    errors *= math.sqrt(max(1.0, done.chi2 / (y.size - 8)))
    if not (0.0 < errors[1] < scale and 0.0 < errors[2] < scale and done.x[0] > 4.0 * errors[0]):
        return None
    height, r0, c0, wide, broad = done.x[:5].tolist()
    return Spot(r0, c0, float(errors[1]), float(errors[2]), height, wide, broad, ratio)
