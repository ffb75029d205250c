"""Local maxima of a curve and their prominences.

As ``find_peaks`` and ``peak_prominences`` of SciPy, whose signal processing takes longer to import,
with the statistics that it needs, than a fit takes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


class Prominences(NamedTuple):
    """Prominences of maxima.

    Attributes
    ----------
    heights : ndarray, shape (k,)
        Height of each maximum above the higher of its two bases.
    left, right : ndarray of int, shape (k,)
        Its bases: the nearest of the lowest points between the maximum and the next higher point, or the end.
    """

    heights: FloatArray
    left: IntArray
    right: IntArray


def local_maxima(curve: FloatArray) -> IntArray:
    """Return the indices of all local maxima; of a flat one its middle, rounded down.

    The first and the last point are none, nor is a flat part at an end.

    Parameters
    ----------
    curve : ndarray, shape (n,)

    Returns
    -------
    ndarray of int, shape (k,)
    """
    if curve.size < 3:
        return np.zeros(0, dtype=np.intp)
    starts = np.concatenate(([0], np.flatnonzero(curve[1:] != curve[:-1]) + 1))
    ends = np.concatenate((starts[1:], [curve.size])) - 1
    levels = curve[starts]
    top = 1 + np.flatnonzero((levels[1:-1] > levels[:-2]) & (levels[1:-1] > levels[2:]))
    return np.asarray((starts[top] + ends[top]) // 2)


def prominences(curve: FloatArray, maxima: IntArray) -> Prominences:
    """Return the prominences of all local maxima of a curve.

    Parameters
    ----------
    curve : ndarray, shape (n,)
    maxima : ndarray of int, shape (k,)
        As :func:`local_maxima` returns them.
    """
    left = _left_bases(curve, maxima)
    last = curve.size - 1
    right = last - _left_bases(curve[::-1], last - maxima[::-1])[::-1]
    return Prominences(curve[maxima] - np.maximum(curve[left], curve[right]), left, right)


def prominent_maxima(curve: FloatArray, least: float) -> tuple[IntArray, FloatArray]:
    """Return the indices of the local maxima with at least this prominence, and the prominences."""
    tops = local_maxima(curve)
    heights = prominences(curve, tops).heights
    kept = heights >= least
    return tops[kept], heights[kept]


def _left_bases(curve: FloatArray, maxima: IntArray) -> IntArray:
    """Left bases of all maxima, in one pass: the higher maxima further left are kept on a stack."""
    if maxima.size == 0:
        return maxima
    # The lowest point between each maximum and the one before; the last of several.
    starts = np.concatenate(([0], maxima[:-1]))
    inside = curve[: maxima[-1]]
    lowest = np.repeat(np.minimum.reduceat(inside, starts), np.diff(starts, append=inside.size))
    nearest = np.maximum.reduceat(np.where(inside == lowest, np.arange(inside.size), -1), starts)
    bases: list[int] = []
    higher: list[tuple[float, float, int]] = []
    for height, low, base in zip(
        curve[maxima].tolist(), curve[nearest].tolist(), nearest.tolist(), strict=True
    ):
        while higher and higher[-1][0] <= height:
            _, farther_low, farther = higher.pop()
            if farther_low < low:
                low, base = farther_low, farther
        higher.append((height, low, base))
        bases.append(base)
    return np.array(bases, dtype=np.intp)
