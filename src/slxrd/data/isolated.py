"""Single points that are far from both neighbours: cosmic rays, faults of the electronics, dead channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slxrd.units import FloatArray

#: Smallest deviation of a point from its neighbours in standard deviations.
SIGNIFICANT = 10.0
#: The same in steps between the neighbours, beyond three standard deviations.
ABRUPT = 10.0
#: A Bragg peak that is as narrow as a step of the scan has tails: the neighbours of its maximum are above the
#: next ones by more than this, in standard deviations.
TAILS = 5.0
#: Smallest ratio of a point and its neighbours.
FACTOR = 3.0
#: Points on either side from which the scatter is estimated, and of which no other deviates.
BESIDE, ALONE = 12, 6
#: Largest share of such points, and the limits of their largest number; more are a property of the file.
LARGEST_SHARE, MOST = 0.01, (3, 10)
#: Largest ratio of the distances of neighbours in q.
UNEVEN = 1.5


def isolated_points(q: FloatArray, intensity: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Find single points that are far above or far below both neighbours, which agree with each other.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
        Successive points.

    Returns
    -------
    index : ndarray of int, shape (k,)
        Their indices.
    expected : ndarray, shape (k,)
        The cubic through two neighbours on either side.
    """
    nothing = np.zeros(0, np.int64), np.zeros(0)
    if q.size < 2 * BESIDE:
        return nothing
    apart = np.diff(q)
    y = np.lib.stride_tricks.sliding_window_view(intensity, 5)
    steps = np.lib.stride_tricks.sliding_window_view(apart, 4)
    even = steps.max(axis=1) <= UNEVEN * np.median(apart)
    expected = (4.0 * (y[:, 1] + y[:, 3]) - y[:, 0] - y[:, 4]) / 6.0
    beside = np.maximum(y[:, 1], y[:, 3]), np.minimum(y[:, 1], y[:, 3])
    change = np.maximum(np.abs(y[:, 1] - y[:, 0]), np.abs(y[:, 4] - y[:, 3]))
    change = np.maximum(change, 0.5 * np.abs(y[:, 3] - y[:, 1]))
    off = np.abs(y[:, 2] - expected)
    padded = np.pad(off, BESIDE, mode="reflect")
    # The median of a deviation is about the standard deviation of a point.
    scatter = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * BESIDE + 1), axis=1)
    values = np.unique(intensity)
    if values.size < 2:
        return nothing
    one = float(np.diff(values).min())  # at most the intensity of one count
    noise = np.maximum(scatter, np.sqrt(one * np.maximum(expected, one)))
    roots = np.sqrt(np.maximum(np.stack((y[:, 2], expected)), 0.0) / one)
    tails = 0.5 * (y[:, 1] + y[:, 3] - y[:, 0] - y[:, 4])
    clear = even & (off > ABRUPT * (change - 3.0 * noise))
    clear &= (off > SIGNIFICANT * scatter) & (2.0 * np.abs(roots[0] - roots[1]) > SIGNIFICANT)
    above = (y[:, 2] > FACTOR * beside[0]) & (tails < TAILS * noise)
    below = FACTOR * y[:, 2] < beside[1]
    found = np.flatnonzero(clear & (above | below))
    if found.size == 0 or found.size > np.clip(LARGEST_SHARE * q.size, *MOST):
        return nothing
    alone = np.array([np.sum(np.abs(found - k) <= ALONE) == 1 for k in found.tolist()])
    return found[alone] + 2, expected[found[alone]]
