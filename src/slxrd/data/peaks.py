"""Find Bragg peaks with fringes: position, width, regions around them, first guess of the period."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd._arguments import check_arguments
from slxrd._local_maxima import prominent_maxima
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Largest distance in Å⁻¹ of fringes that the envelope connects (periods above 48 Å).
FRINGE_BRIDGE = 0.13
#: Upper end in Å⁻¹ of the low-angle region, which has no Bragg peaks of the lattice.
LOW_ANGLE = 0.45
#: Largest deviation of a Bragg peak from a multiple of the first order, relative to the latter.
COMMENSURATE = 0.06
#: Smallest height of another order, relative to the strongest.
WEAKEST_ORDER = 0.05
#: A region narrower than this fraction of the widest may contain a lone fringe.
LONE_FRINGE = 0.6


@dataclass(frozen=True)
class Peak:
    """A Bragg peak including its fringes.

    Parameters
    ----------
    q : float
        Centre of mass of the part above half maximum, Å⁻¹.
    width : float
        Full width at half maximum of the envelope, Å⁻¹.
    height : float
        Largest intensity above the lowest.
    """

    q: float
    width: float
    height: float


def fringe_envelope(q: FloatArray, intensity: FloatArray) -> FloatArray:
    """Return the upper envelope of the fringes: a smoothed running maximum.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
    """
    step = float(np.median(np.diff(q)))
    grid = np.arange(q[0], q[-1] + step / 2.0, step)
    values = gaussian_smooth(np.interp(grid, q, intensity), max(0.006 / step, 0.5))
    half = max(round(0.5 * FRINGE_BRIDGE / step), 1)
    padded = np.pad(values, half, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).max(axis=1)
    bridged = gaussian_smooth(highest, max(0.4 * half, 0.5))
    return np.asarray(np.interp(q, grid, bridged))


def gaussian_smooth(values: FloatArray, width: float) -> FloatArray:
    """Convolve with a Gaussian with a standard deviation of ``width`` points; the ends are continued."""
    half = math.ceil(4.0 * width)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / width) ** 2)
    return np.convolve(np.pad(values, half, mode="edge"), weights / weights.sum(), mode="valid")


def measure_peak(q: FloatArray, intensity: FloatArray) -> Peak:
    """Measure position, width and height of the only Bragg peak of a region.

    Parameters
    ----------
    q, intensity : ndarray, shape (n,)
        Points of the region.
    """
    floor = min(float(np.min(intensity)), 0.0) if intensity.size < 8 else float(np.percentile(intensity, 5))
    above = intensity - floor
    high = above > 0.5 * above.max()
    centre = float(np.sum(q[high] * above[high]) / np.sum(above[high]))
    outline = fringe_envelope(q, intensity) - floor
    wide = q[outline > 0.5 * outline.max()]
    bridge = min(FRINGE_BRIDGE, (q[-1] - q[0]) / 3.0)
    narrow = float(q[high][-1] - q[high][0]) if high.sum() > 1 else 0.0
    width = max(narrow, float(wide[-1] - wide[0]) - bridge, 2.0 * float(np.median(np.diff(q))))
    return Peak(centre, width, float(above.max()))


def centre_and_spread(q: FloatArray, intensity: FloatArray) -> tuple[float, float]:
    """Return centre of mass and standard deviation, in Å⁻¹, of the intensity above a tenth of the maximum."""
    above = np.maximum(intensity - 0.1 * intensity.max(), 0.0)
    centre = float(np.sum(q * above) / np.sum(above))
    return centre, math.sqrt(float(np.sum((q - centre) ** 2 * above) / np.sum(above)))


def highest_fringe_width(q: FloatArray, intensity: FloatArray) -> float:
    """Return the full width at half maximum, in Å⁻¹, of the highest fringe of a region."""
    top = int(np.argmax(intensity))
    low = np.flatnonzero(intensity < 0.5 * intensity[top])
    left, right = low[low < top], low[low > top]
    a = q[left[-1]] if left.size else q[0]
    b = q[right[0]] if right.size else q[-1]
    return float(b - a)


@check_arguments
def find_regions(pattern: Pattern, depth: float = 0.03) -> tuple[Region, ...]:
    """Find the regions around the Bragg peaks of a pattern.

    These are the strongest peak above the low-angle region, and all other orders of the same lattice. Each
    region ends where the envelope has fallen to the fraction ``depth`` of the height, or rises again.

    Parameters
    ----------
    pattern : Pattern
        Masked points are not used.
    depth : float
        Fraction of the height of a peak at which its region ends.

    Raises
    ------
    SlxrdError
        If no peak is above the noise.
    """
    if not 0.0 < depth < 1.0:
        raise SlxrdError(f"depth {depth!r}: must be a fraction of the height, between 0 and 1")
    used = ~pattern.mask & (pattern.q > LOW_ANGLE)
    q, intensity = pattern.q[used], pattern.intensity[used]
    if q.size < 8:
        raise SlxrdError(
            f"{pattern.source}: too few points above {LOW_ANGLE} Å⁻¹ to find a Bragg peak; give --region"
        )
    outline = fringe_envelope(q, intensity)
    floor = float(np.percentile(outline, 5))
    tops, prominence = prominent_maxima(outline, WEAKEST_ORDER * float(np.ptp(outline)))
    noise = _noise(intensity)
    stands_out = prominence > 5.0 * noise
    tops, prominence = tops[stands_out], prominence[stands_out]
    if tops.size == 0:
        raise SlxrdError(f"{pattern.source}: no Bragg peak is above the noise; give --region QMIN:QMAX")
    spans = [_span(outline, int(top), floor, depth) for top in tops]
    centres = np.array([measure_peak(q[a : b + 1], intensity[a : b + 1]).q for a, b in spans])
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
    """Return q of the first order: the strongest peak, or a peak at an integer fraction of its q."""
    top = float(centres[strongest])
    for centre, height in zip(centres[:strongest], heights[:strongest], strict=True):
        order = round(top / centre)
        if abs(top - order * centre) < COMMENSURATE * centre and height > WEAKEST_ORDER * heights[strongest]:
            return float(centre)
    return top


def _span(outline: FloatArray, top: int, floor: float, depth: float) -> tuple[int, int]:
    """Return first and last point of a peak: where it falls to ``depth``, or the minimum before the next."""
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
    """Estimate the standard deviation of the noise from third differences."""
    return float(np.median(np.abs(np.diff(intensity, 3))) / 0.6745 / np.sqrt(20.0))


def lattice_periods(regions: list[tuple[FloatArray, FloatArray]]) -> list[float]:
    """Return guesses of d in Å, the first that of all regions.

    A region much narrower than another may contain a lone fringe instead of another order of reflection. Its
    height does not show it if every region has its own scale. The second guess is then that of the wide
    regions.

    Parameters
    ----------
    regions : list of (ndarray, ndarray)
        q and intensity of each, of shape (n,).
    """
    peaks = [measure_peak(q, intensity) for q, intensity in regions]
    widths = [float(q[-1] - q[0]) for q, _ in regions]
    guesses = [lattice_period(peaks)]
    wide = [peak for peak, width in zip(peaks, widths, strict=True) if width > LONE_FRINGE * max(widths)]
    if len(wide) < len(peaks):
        other = lattice_period(wide)
        if abs(other / guesses[0] - 1.0) > COMMENSURATE:
            guesses.append(other)
    return guesses


def lattice_period(peaks: list[Peak]) -> float:
    """Return a first guess of d in Å from the Bragg peaks of one or several regions."""
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
