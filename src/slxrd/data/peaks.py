"""Bragg peaks under their fringes: where they are, how wide, and the regions around them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Fringes closer than this in Å⁻¹ are bridged (periods above 48 Å).
FRINGE_BRIDGE = 0.13
#: Below this scattering vector (Å⁻¹) lies the low-angle region, which holds no Bragg peak of a lattice.
LOW_ANGLE = 0.45
#: A Bragg peak of another order lies this close to its place, relative to the order's spacing.
COMMENSURATE = 0.06
#: Another order is at least this strong, relative to the strongest.
WEAKEST_ORDER = 0.05


@dataclass(frozen=True)
class Peak:
    """A Bragg peak, its fringes taken together.

    Parameters
    ----------
    q : float
        Where its upper half is centred, Å⁻¹.
    width : float
        Full width at half maximum of its envelope, Å⁻¹.
    height : float
        Highest intensity above the lowest.
    """

    q: float
    width: float
    height: float


def envelope(q: FloatArray, intensity: FloatArray) -> FloatArray:
    """Upper envelope that bridges the fringes: a running maximum, smoothed; shape (n,)."""
    step = float(np.median(np.diff(q)))
    grid = np.arange(q[0], q[-1] + step / 2.0, step)
    values = smooth(np.interp(grid, q, intensity), max(0.006 / step, 0.5))
    half = max(round(0.5 * FRINGE_BRIDGE / step), 1)
    padded = np.pad(values, half, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).max(axis=1)
    bridged = smooth(highest, max(0.4 * half, 0.5))
    return np.asarray(np.interp(q, grid, bridged))


def smooth(values: FloatArray, width: float) -> FloatArray:
    """Convolve with a Gaussian of ``width`` points, the ends continued."""
    half = math.ceil(4.0 * width)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / width) ** 2)
    return np.convolve(np.pad(values, half, mode="edge"), weights / weights.sum(), mode="valid")


def describe(q: FloatArray, intensity: FloatArray) -> Peak:
    """Describe the one Bragg peak of a region.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
        The region's points.
    """
    floor = min(float(np.min(intensity)), 0.0) if intensity.size < 8 else float(np.percentile(intensity, 5))
    above = intensity - floor
    high = above > 0.5 * above.max()
    centre = float(np.sum(q[high] * above[high]) / np.sum(above[high]))
    outline = envelope(q, intensity) - floor
    wide = q[outline > 0.5 * outline.max()]
    bridge = min(FRINGE_BRIDGE, (q[-1] - q[0]) / 3.0)
    narrow = float(q[high][-1] - q[high][0]) if high.sum() > 1 else 0.0
    width = max(narrow, float(wide[-1] - wide[0]) - bridge, 2.0 * float(np.median(np.diff(q))))
    return Peak(centre, width, float(above.max()))


def centre_and_spread(q: FloatArray, intensity: FloatArray) -> tuple[float, float]:
    """Return centre of mass and standard deviation, in Å⁻¹, of what rises above a tenth of the maximum."""
    above = np.maximum(intensity - 0.1 * intensity.max(), 0.0)
    centre = float(np.sum(q * above) / np.sum(above))
    return centre, math.sqrt(float(np.sum((q - centre) ** 2 * above) / np.sum(above)))


def narrowest(q: FloatArray, intensity: FloatArray) -> float:
    """Return the full width at half maximum, in Å⁻¹, of a region's highest fringe."""
    top = int(np.argmax(intensity))
    low = np.flatnonzero(intensity < 0.5 * intensity[top])
    left, right = low[low < top], low[low > top]
    a = q[left[-1]] if left.size else q[0]
    b = q[right[0]] if right.size else q[-1]
    return float(b - a)


def find_regions(pattern: Pattern, depth: float = 0.03) -> tuple[Region, ...]:
    """Find the regions around the Bragg peaks of a pattern.

    The strongest peak above the low-angle region is taken, with all others that are orders of the
    same lattice; each region reaches to where the envelope has fallen to ``depth`` of its height, or
    rises again.

    Parameters
    ----------
    pattern : Pattern
        Its masked points are not looked at.
    depth : float
        Fraction of a peak's height at which its region ends.

    Raises
    ------
    SlxrdError
        If no peak stands out.
    """
    from scipy.signal import find_peaks

    seen = ~pattern.mask & (pattern.q > LOW_ANGLE)
    q, intensity = pattern.q[seen], pattern.intensity[seen]
    if q.size < 8:
        raise SlxrdError(
            f"{pattern.source}: too few points above {LOW_ANGLE} Å⁻¹ to find a Bragg peak; give --region"
        )
    outline = envelope(q, intensity)
    floor = float(np.percentile(outline, 5))
    tops, facts = find_peaks(outline, prominence=WEAKEST_ORDER * float(np.ptp(outline)))
    prominence = facts["prominences"]
    noise = _noise(intensity)
    stands_out = prominence > 5.0 * noise
    tops, prominence = tops[stands_out], prominence[stands_out]
    if tops.size == 0:
        raise SlxrdError(f"{pattern.source}: no Bragg peak stands out; give --region QMIN:QMAX")
    spans = [_span(outline, int(top), floor, depth) for top in tops]
    centres = np.array([describe(q[a : b + 1], intensity[a : b + 1]).q for a, b in spans])
    strongest = int(np.argmax(outline[tops]))
    first = _first_order(centres, outline[tops] - floor, strongest)
    chosen: list[Region] = []
    for centre, (a, b) in zip(centres, spans, strict=True):
        order = round(centre / first)
        apart = abs(centre - order * first)
        if order < 1 or apart > COMMENSURATE * first or (chosen and q[a] < chosen[-1].high):
            continue
        chosen.append(Region(float(q[a]), float(q[b]), name=f"Bragg peak {order} at {centre:.3f} Å⁻¹"))
    return tuple(chosen)


def _first_order(centres: FloatArray, heights: FloatArray, strongest: int) -> float:
    """Scattering vector of the first order: of the strongest peak, or of one below it that divides it."""
    top = float(centres[strongest])
    for centre, height in zip(centres[:strongest], heights[:strongest], strict=True):
        order = round(top / centre)
        if abs(top - order * centre) < COMMENSURATE * centre and height > WEAKEST_ORDER * heights[strongest]:
            return float(centre)
    return top


def _span(outline: FloatArray, top: int, floor: float, depth: float) -> tuple[int, int]:
    """First and last point of a peak: down to its depth, or to the dip before the next one."""
    least = floor + depth * (outline[top] - floor)
    ends = []
    for step in (-1, 1):
        i = lowest = top
        while 0 <= i + step < outline.size and outline[i] > least:
            i += step
            if outline[i] < outline[lowest]:
                lowest = i
            elif outline[i] > outline[lowest] + 0.02 * (outline[top] - floor):
                break
        ends.append(lowest)
    return ends[0], ends[1]


def _noise(intensity: FloatArray) -> float:
    """Standard deviation of the noise, from third differences (which a smooth pattern hardly has)."""
    return float(np.median(np.abs(np.diff(intensity, 3))) / 0.6745 / np.sqrt(20.0))


def lattice_period(peaks: list[Peak]) -> float:
    """First guess of d in Å from the Bragg peaks of one or several regions."""
    q = np.array([peak.q for peak in peaks])
    heights = np.array([peak.height for peak in peaks])
    ordered = np.argsort(q)
    first = _first_order(q[ordered], heights[ordered], int(np.flatnonzero(ordered == np.argmax(heights))[0]))
    orders = np.round(q / first)
    good = (
        (orders >= 1)
        & (np.abs(q - orders * first) < COMMENSURATE * first)
        & (heights > WEAKEST_ORDER * heights.max())
    )
    weights = heights[good]
    return float(2.0 * np.pi / np.sum(weights * q[good] / orders[good]) * np.sum(weights))
