"""All significant maxima of a pattern, from the sharpest to the broadest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd._local_maxima import local_maxima, prominences
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Smallest prominence of a maximum relative to the noise.
SIGNIFICANT = 7.0
#: Prominence relative to the noise with which the width of a maximum is measured.
MEASURABLE = 30.0
#: Smallest drop on the side of the end of the data.
AT_THE_END = 5.5
#: Number of maxima that no pattern has.
MOST = 2000
#: Number of products of a convolution from which Fourier transforms are faster.
MANY_PRODUCTS = 50_000_000


@dataclass(frozen=True)
class Maximum:
    """A significant maximum.

    Parameters
    ----------
    index : int
        Point of the maximum.
    q, width, height : float
        Position and full width at half maximum in Å⁻¹; height above the minima on either side.
    background : float
        Intensity under the maximum.
    significance : float
        Prominence relative to the noise, with the best smoothing.
    left, right : int
        Points of the minima on either side.
    """

    index: int
    q: float
    width: float
    height: float
    background: float
    significance: float
    left: int
    right: int


def find_maxima(q: FloatArray, intensity: FloatArray, level: FloatArray, time: float = 1.0) -> list[Maximum]:
    """Find all significant maxima.

    Maxima are sought without smoothing and with Gaussians of 1, 2, 4, … points. One that is found with more
    smoothing only is broad and weak.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
    level : ndarray, shape (n,)
        The intensity on a scale of constant noise 1.
    time : float
        Correlation time of the noise in points.

    Returns
    -------
    list of Maximum
        In the order of q.

    Raises
    ------
    SlxrdError
        If there are more than 2000.
    """
    found: dict[int, tuple[float, int]] = {}
    scale = 0
    while scale <= max(q.size // 24, 1):
        smooth = smoothed(level, float(scale)) if scale else level
        noise = _noise_of(scale, time) if scale else 1.0
        tops, prominences = _prominent(smooth, noise, 2 * scale)
        if len(tops) > MOST:
            raise SlxrdError(
                f"more than {MOST} maxima stand out of the noise, which no diffraction pattern has; "
                "check that the right columns are read"
            )
        points = np.array(sorted({*found, *tops}), dtype=int)
        lowest = np.minimum.reduceat(smooth, points) if points.size else points
        known = np.array([i in found for i in points.tolist()], dtype=bool)
        for top, prominence in zip(tops, prominences, strict=True):
            near = points[known & (np.abs(points - top) <= max(2.5 * scale, 1.5))].tolist()
            place = int(np.searchsorted(points, top))
            if near:
                for i in near:
                    found[i] = (max(found[i][0], prominence / noise), found[i][1])
            elif (_falls(smooth[points], lowest, place)[known] >= SIGNIFICANT * noise).all():
                found[top], known[place] = (prominence / noise, scale), True
        scale = max(2 * scale, 1)
    order = sorted(found)
    measured: dict[int, Maximum] = {}
    smoothed_by = -1
    for k in sorted(range(len(order)), key=lambda k: found[order[k]][1]):
        significance, scale = found[order[k]]
        if scale != smoothed_by:
            smooth, smoothed_by = smoothed(level, float(max(scale, 1))), scale
        measured[k] = _measured(q, intensity, smooth, order, k, significance, scale, time)
    return list({measured[k].index: measured[k] for k in range(len(order))}.values())


def _noise_of(scale: float, time: float) -> float:
    """Noise of points that were smoothed with a Gaussian of ``scale`` points, for a noise of 1 before."""
    return min(1.0, math.sqrt(time / (2.0 * math.sqrt(math.pi) * scale)))


def _prominent(smooth: FloatArray, noise: float, margin: int) -> tuple[list[int], list[float]]:
    """Return maxima of a sufficient prominence, also beside the ends of the data but for a margin."""
    tops = local_maxima(smooth)
    if tops.size == 0:
        return [], []
    heights, left, right = prominences(smooth, tops)
    drops = np.array([smooth[tops] - smooth[left], smooth[tops] - smooth[right]])
    least, most = drops.min(axis=0), drops.max(axis=0)
    at_end = np.where(drops[0] < drops[1], left == 0, right == smooth.size - 1)
    inside = (tops >= margin) & (tops < smooth.size - margin)
    good = inside & (
        (heights > SIGNIFICANT * noise)
        | (at_end & (least > AT_THE_END * noise) & (most > 2.0 * SIGNIFICANT * noise))
    )
    return [int(i) for i in tops[good]], [
        float(p) for p in np.where(at_end, np.minimum(most, 2.0 * least), heights)[good]
    ]


def _falls(heights: FloatArray, lowest: FloatArray, one: int) -> FloatArray:
    """Return how far a curve falls between one of some points and each of them, below the lower of the two.

    Parameters
    ----------
    heights, lowest : ndarray, shape (m,)
        Of each point, its height, and the lowest from there to the next.
    one : int
        Number of the point.
    """
    before = np.minimum.accumulate(lowest[:one][::-1])[::-1]
    between = np.concatenate((before, heights[one : one + 1], np.minimum.accumulate(lowest[one:-1])))
    falls: FloatArray = np.minimum(heights, heights[one]) - np.minimum(between, heights)
    return falls


def _measured(
    q: FloatArray,
    intensity: FloatArray,
    smooth: FloatArray,
    order: list[int],
    k: int,
    significance: float,
    scale: int,
    time: float,
) -> Maximum:
    """Measure position, width and height of a maximum between the minima beside it in the smoothed level."""
    top = order[k]
    before = order[k - 1] if k else 0
    after = order[k + 1] if k + 1 < len(order) else q.size - 1
    left = before + int(np.argmin(smooth[before : top + 1]))
    right = top + int(np.argmin(smooth[top : after + 1]))
    prominence = smooth[top] - max(smooth[left], smooth[right])
    while prominence < MEASURABLE * _noise_of(max(scale, 0.3), time):
        if max(2 * scale, 1) > (right - left) / 12:
            break
        scale = max(2 * scale, 1)
    curve = intensity
    if scale and left < right:
        # Between its minima only: a far stronger neighbour would be smeared over it.
        curve = intensity.copy()
        curve[left : right + 1] = smoothed(intensity[left : right + 1], float(scale))
    top = left + int(np.argmax(curve[left : right + 1]))
    left, right = min(left, top), max(right, top)
    ends = curve[left], curve[right]
    share = (q[top] - q[left]) / (q[right] - q[left]) if right > left else 0.0
    below = float((1.0 - share) * ends[0] + share * ends[1]) if left < top < right else float(min(ends))
    height = float(curve[top]) - below
    half = below + 0.5 * height
    a, b = _crossing(q, curve, top, left, half), _crossing(q, curve, top, right, half)
    if a is None or b is None:  # cut off by the end of the data or a neighbour
        reach = 2.0 * max(
            q[top] - (a if a is not None else q[top]), (b if b is not None else q[top]) - q[top]
        )
        width = float(reach) if reach > 0.0 else float(q[right] - q[left])
    else:
        blur = 2.3548 * scale * (q[right] - q[left]) / max(right - left, 1)
        width = math.sqrt(max((b - a) ** 2 - blur**2, 0.25 * (b - a) ** 2))
    inside = slice(max(left, 0), right + 1)
    strong = np.where(curve[inside] > half, curve[inside] - half, 0.0)
    centre = float(np.sum(q[inside] * strong) / np.sum(strong)) if np.sum(strong) > 0.0 else float(q[top])
    return Maximum(top, centre, float(width), height, below, significance, left, right)


def _crossing(q: FloatArray, curve: FloatArray, top: int, end: int, half: float) -> float | None:
    """Interpolate where a curve falls below half of its height on the way from its maximum to ``end``."""
    step = 1 if end > top else -1
    for i in range(top, end, step):
        if curve[i + step] <= half:
            fall = curve[i] - curve[i + step]
            share = (curve[i] - half) / fall if fall > 0.0 else 0.0
            return float(q[i] + share * (q[i + step] - q[i]))
    return None


def smoothed(values: FloatArray, width: float) -> FloatArray:
    """Convolve with a Gaussian with a standard deviation of ``width`` points; mirrored at the ends.

    Repeated end values instead would multiply the noise of a single point.
    """
    half = min(math.ceil(4.0 * width), values.size - 1)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / width) ** 2)
    weights /= weights.sum()
    mirrored = np.pad(values, half, mode="symmetric")
    if weights.size * values.size < MANY_PRODUCTS:
        return np.convolve(mirrored, weights, mode="valid")
    size = 1 << (mirrored.size - 1).bit_length()
    product = np.fft.rfft(mirrored, size) * np.fft.rfft(weights, size)
    return np.fft.irfft(product, size)[weights.size - 1 : mirrored.size]
