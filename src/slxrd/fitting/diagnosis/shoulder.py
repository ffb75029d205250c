"""A film beside a lone sharp peak, of which only a shoulder is seen: one tail is higher than the other."""

from __future__ import annotations

import numpy as np

from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.units import FloatArray

#: Bins of both tails: the nearest in widths of the peak, the farthest relative to its q, and their number.
NEAREST, FARTHEST, BINS = 8.0, 0.2, 24
#: Tails differ in neighbouring bins by so many standard errors each, and all together, and by this factor:
#: absorption edges of filters, and the radiation that they leave, make tails different too, by less.
IN_EACH, TOGETHER, TIMES = 5.0, 20.0, 2.5


def find_shoulder(q: FloatArray, intensity: FloatArray, sigma: FloatArray, peak: Maximum) -> Maximum | None:
    """Find the maximum of a film in one tail of a sharp peak.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
    sigma : ndarray, shape (n,)
        Standard deviations of the intensities.
    peak : Maximum
        The only maximum of the pattern.

    Returns
    -------
    Maximum or None
        None if the tails are alike, or not both are measured.
    """
    nearest = NEAREST * peak.width
    farthest = min(FARTHEST * peak.q, float(q[-1]) - peak.q, peak.q - float(q[0]))
    if farthest <= 2.0 * nearest:
        return None
    edges = np.geomspace(nearest, farthest, BINS + 1)
    below, above = (_binned(sign * (q - peak.q), intensity, sigma, edges) for sign in (-1.0, 1.0))
    measured = np.isfinite(below[0]) & np.isfinite(above[0])
    edges_low, edges_high = edges[:-1][measured], edges[1:][measured]
    middle = np.sqrt(edges_low * edges_high)
    (low, low_error), (high, high_error) = below[:, measured], above[:, measured]
    difference = (high - low) / np.maximum(np.hypot(low_error, high_error), 1e-300)
    different = (np.abs(difference) > IN_EACH) & (np.maximum(low, high) > TIMES * np.minimum(low, high))
    for sign, one, other in ((1.0, high, low), (-1.0, low, high)):
        own = different & (sign * difference > 0.0)
        own &= _of_runs(np.where(own, difference, 0.0)) > TOGETHER
        if not own.any():
            continue
        # The tail of a rod falls with the square of the distance.
        k = int(np.argmax(np.where(own, (one - other) * middle**2, 0.0)))
        outside = np.flatnonzero(one[k:] < 0.5 * one[k])
        end = float(middle[k + outside[0]]) if outside.size else float(edges_high[-1])
        place = peak.q + sign * float(middle[k])
        index = int(np.argmin(np.abs(q - place)))
        ends = sorted(int(np.argmin(np.abs(q - (peak.q + sign * at)))) for at in (nearest, farthest))
        return Maximum(
            index, place, 2.0 * (end - float(middle[k])), float(one[k] - other[k]), float(other[k]),
            float(np.abs(difference[k])), ends[0], ends[1],
        )  # fmt: skip
    return None


def _of_runs(difference: FloatArray) -> FloatArray:
    """Root of the sum of squares of each run of at least two values that are not 0, at all of its places."""
    inside = difference != 0.0
    number = np.cumsum(np.diff(inside, prepend=False) & inside) * inside
    size, square = np.bincount(number), np.bincount(number, difference**2)
    return np.asarray(np.sqrt(np.where((number > 0) & (size[number] > 1), square[number], 0.0)))


def _binned(distance: FloatArray, intensity: FloatArray, sigma: FloatArray, edges: FloatArray) -> FloatArray:
    """Mean intensities of bins and their standard errors, shape (2, bins); NaN without points."""
    number = np.digitize(distance, edges) - 1
    inside = (number >= 0) & (number < edges.size - 1)
    bins = edges.size - 1
    count = np.bincount(number[inside], minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(number[inside], intensity[inside], minlength=bins) / count
        error = np.sqrt(np.bincount(number[inside], sigma[inside] ** 2, minlength=bins)) / count
    return np.array([mean, error])
