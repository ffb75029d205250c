"""Rings above the background: at all azimuths together, and in sectors, where spots are.

Each row of counts over q is compared with a Gaussian on a quadratic background in a window about every point,
in several widths. A ring is what exceeds the noise by more than it does by chance anywhere in an image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import correlate1d, uniform_filter1d

from slxrd.detector.bins import Sums
from slxrd.units import FloatArray

#: Standard deviations from which a ring is found: noise reaches them in fewer than 1 of 100 images.
SIGNIFICANT = 5.5
#: Standard deviations of the Gaussians in bins, and half of their window in standard deviations.
_WIDTHS, _WINDOW = (1.0, 1.5, 2.2, 3.3, 5.0, 7.5, 11.0), 4.0
#: Largest standard deviation in Å⁻¹, that of crystals of 4 nm: wider maxima are no rings but the background.
_WIDEST = 0.06
#: Departure of a ring's shape from a Gaussian: fraction of its height, and its reach in standard deviations.
_SHAPE, _REACH = 0.06, 3.0
#: Rings closer than this many standard deviations are one, seen in different sectors.
_SAME = 2.0
#: Most rings that are subtracted.
_MOST_RINGS = 40
#: Bins over which rates are smoothed for the noise.
_SMOOTH = 11


@dataclass(frozen=True)
class FoundRing:
    """A ring above the background.

    Parameters
    ----------
    q, width : float
        Position and standard deviation in Å⁻¹, approximately.
    significance : float
        Height over its standard deviation, in the row where it is largest.
    """

    q: float
    width: float
    significance: float


def find_rings(sectors: Sums, q: FloatArray) -> list[FoundRing]:
    """Find rings in the sums of sectors.

    Parameters
    ----------
    sectors : Sums
        Counts in sectors of the azimuth and bins of q; their sum is searched too.
    q : ndarray, shape (n,)
        Centres of the bins in Å⁻¹.

    Returns
    -------
    list of FoundRing
        In the order of q.
    """
    counts = np.vstack([sectors.signal, sectors.signal.sum(axis=0)]) / sectors.photon
    weight = np.vstack([sectors.weight, sectors.weight.sum(axis=0)])
    measured = weight > 0.0
    rate = np.divide(counts, weight, out=np.zeros(counts.shape), where=measured)
    level = _smoothed(counts, weight)
    # At least one count in the window, where none was seen.
    variance = np.divide(level, weight, out=np.full(counts.shape, np.inf), where=measured)
    step, found = float(q[1] - q[0]), list[FoundRing]()
    widths = [width for width in _WIDTHS if width * step <= _WIDEST] or [_WIDTHS[0]]
    for _ in range(_MOST_RINGS):
        best = _highest(rate, variance, counts, weight, widths)
        if best is None:
            break
        significance, row, bin_, guess = best
        at, width, heights = _fitted(rate, variance, row, bin_, guess)
        place = float(q[0]) + at * step
        if not any(abs(each.q - place) < _SAME * max(each.width, width * step) for each in found):
            found.append(FoundRing(place, width * step, significance))
        away = (np.arange(q.size) - at) / width
        rate = rate - heights[:, None] * np.exp(-0.5 * away**2)
        variance = variance + (_SHAPE * heights[:, None]) ** 2 * np.exp(-0.5 * (away / _REACH) ** 2)
    return sorted(found, key=lambda each: each.q)


def _smoothed(counts: FloatArray, weight: FloatArray) -> FloatArray:
    """Rate of counts about each bin; where there are none, that of a single count."""
    near, over = (uniform_filter1d(each, _SMOOTH, axis=1, mode="constant") for each in (counts, weight))
    return np.asarray(
        np.divide(np.maximum(near, 1.0 / _SMOOTH), over, out=np.full(counts.shape, np.inf), where=over > 0.0)
    )


def _highest(
    rate: FloatArray, variance: FloatArray, counts: FloatArray, weight: FloatArray, widths: list[float]
) -> tuple[float, int, int, float] | None:
    """Significance, row, bin and width of the most significant ring; None if there is none."""
    best: tuple[float, int, int, float] | None = None
    precision = np.where(np.isfinite(variance), 1.0 / variance, 0.0)
    for width in widths:
        height, error = _heights(rate, precision, width)
        ratio = np.where(error > 0.0, height / np.where(error > 0.0, error, 1.0), 0.0)
        for flat in np.argsort(ratio, axis=None)[::-1][:5]:
            row, at = np.unravel_index(flat, ratio.shape)
            limit = SIGNIFICANT if best is None else best[0]
            if ratio[row, at] <= limit:
                break
            if _by_counts(counts[row], weight[row], float(height[row, at]), int(at), width) > SIGNIFICANT:
                best = float(ratio[row, at]), int(row), int(at), width
                break
    return best


def _fitted(
    rate: FloatArray, variance: FloatArray, row: int, bin_: int, guess: float
) -> tuple[float, float, FloatArray]:
    """Place and width of a ring in bins that describe its row best, and its heights in all rows."""
    half = math.ceil(_WINDOW * guess) + 2
    first, last = max(bin_ - half, 0), min(bin_ + half + 1, rate.shape[1])
    x = np.arange(first, last)
    best = (np.inf, float(bin_), guess)
    for at in bin_ + np.arange(-1.5, 1.75, 0.25):
        for width in guess * np.geomspace(0.3, 1.5, 12):
            chi2, _ = _linear(x, at, max(width, 0.5), rate[row, first:last], variance[row, first:last])
            best = min(best, (chi2, float(at), max(float(width), 0.5)))
    heights = np.array(
        [_linear(x, *best[1:], rate[k, first:last], variance[k, first:last])[1] for k in range(rate.shape[0])]
    )
    return best[1], best[2], heights


def _linear(
    x: FloatArray, at: float, width: float, rate: FloatArray, variance: FloatArray
) -> tuple[float, float]:
    """Return χ² of a Gaussian on a quadratic background, and its height (0: not determined)."""
    sigma = np.sqrt(variance)
    away = (x - at) / x.size
    columns = np.stack([np.exp(-0.5 * ((x - at) / width) ** 2), np.ones(x.size), away, away**2], axis=1)
    scaled = columns / sigma[:, None]
    found, _, rank, _ = np.linalg.lstsq(scaled, rate / sigma, rcond=1e-6)
    if rank < 4:
        return np.inf, 0.0
    return float(np.sum((rate / sigma - scaled @ found) ** 2)), float(found[0])


def _heights(rate: FloatArray, precision: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Heights of a Gaussian about each bin on a quadratic background, and their errors (0: unknown)."""
    half = math.ceil(_WINDOW * width) + 2
    x = np.arange(-half, half + 1) / half
    columns = np.stack([np.exp(-0.5 * (x * half / width) ** 2), np.ones(x.size), x, x**2])

    def summed(values: FloatArray, kernel: FloatArray) -> FloatArray:
        return np.asarray(correlate1d(values, kernel, axis=1, mode="constant"))

    normal = np.empty((*rate.shape, 4, 4))
    for i in range(4):
        for j in range(i, 4):
            normal[..., i, j] = normal[..., j, i] = summed(precision, columns[i] * columns[j])
    right = np.stack([summed(precision * rate, column) for column in columns], axis=-1)
    scale = np.sqrt(np.einsum("...ii->...i", normal))
    scale = np.where(scale > 0.0, scale, 1.0)
    normal /= scale[..., :, None] * scale[..., None, :]
    # The window must be covered on both sides: else ring and background are not separable.
    covered = summed((precision > 0.0).astype(float), np.ones(x.size)) >= 0.75 * x.size
    good = covered & (np.linalg.eigvalsh(normal)[..., 0] > 1e-4)
    normal[~good] = np.eye(4)
    inverse = np.linalg.inv(normal)[..., 0, :] / scale / scale[..., :1]
    height = np.einsum("...j,...j->...", inverse, right)
    return np.where(good, height, 0.0), np.where(good, np.sqrt(np.abs(inverse[..., 0])), 0.0)


def _by_counts(counts: FloatArray, weight: FloatArray, height: float, at: int, width: float) -> float:
    """Significance of the counts within a ring by Poisson statistics, which few counts do not exaggerate."""
    first, last = max(int(at - 1.5 * width), 0), int(at + 1.5 * width) + 1
    away = (np.arange(counts.size)[first:last] - at) / width
    seen = float(counts[first:last].sum())
    extra = float((height * np.exp(-0.5 * away**2) * weight[first:last]).sum())
    expected = max(seen - extra, 0.1)
    if seen <= expected:
        return 0.0
    return math.sqrt(2.0 * (seen * math.log(seen / expected) - (seen - expected)))
