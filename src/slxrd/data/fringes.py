"""Periods from fringes and satellites without a fit: film thickness, and superlattice periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.peaks import gaussian_smooth
from slxrd.data.regions import RegionData
from slxrd.errors import SlxrdError
from slxrd.units import FloatArray

#: Smallest depth of a minimum below the neighbouring fringes, relative to their counting noise.
SIGNIFICANT = 3.0
#: Smallest number of repetitions of a period within the widest region.
LEAST_REPEATS = 3.0
#: Smallest power of a period, relative to the strongest.
WEAKEST = 0.1
#: Points of the spectrum on the width of a period.
_OVERSAMPLED = 8


@dataclass(frozen=True)
class LaueFringes:
    """Film thickness from Laue fringes.

    Parameters
    ----------
    thickness, error : float
        N·d in Å, and its standard error from the scatter of the minima.
    minima : ndarray, shape (k,)
        Scattering vectors of the minima, Å⁻¹.
    orders : ndarray of int, shape (k,)
        Orders of the minima, counted on each side from the one next to the Bragg peak.
    """

    thickness: float
    error: float
    minima: FloatArray
    orders: FloatArray


def laue_fringes(pattern: Pattern, low: float, high: float) -> LaueFringes:
    """Determine the thickness of a coherent film from the minima between its Laue fringes.

    N planes scatter sin²(Nqd/2)/sin²(qd/2), with minimum k at q_Bragg + 2πk/(N·d) (Laue). One spacing is
    fitted to all significant minima, with a separate offset for each side of the Bragg peak, as interference
    with a substrate shifts the sides relative to each other.

    Parameters
    ----------
    pattern : Pattern
        Masked points are left out.
    low, high : float
        Range of q in Å⁻¹ with the Bragg peak and its fringes.

    Raises
    ------
    SlxrdError
        If fewer than four minima are found.
    """
    from scipy.signal import find_peaks

    q, intensity = pattern.q, pattern.intensity
    inside = (q >= low) & (q <= high) & ~pattern.mask
    if inside.sum() < 8:
        raise SlxrdError(f"{pattern.source}: fewer than 8 points between {low:g} and {high:g} Å⁻¹")
    q, level = q[inside], np.log(np.maximum(intensity[inside], 0.0) + 1.0)
    dips, facts = find_peaks(-level, prominence=max(0.6, 0.05 * float(np.ptp(level))), distance=3)
    beside_dip = np.exp(level[dips] + facts["prominences"])
    dips = dips[beside_dip - np.exp(level[dips]) > SIGNIFICANT * np.sqrt(beside_dip)]
    gaps = np.flatnonzero(np.diff(q) > 3.0 * np.median(np.diff(q)))
    beside = {i for gap in gaps for i in (gap - 1, gap, gap + 1, gap + 2)}
    dips = np.array([i for i in dips if i not in beside], dtype=np.int64)
    if dips.size < 4:
        raise SlxrdError(
            f"{pattern.source}: {dips.size} Laue minima from {low:g} to {high:g} Å⁻¹; at least 4 are needed"
        )
    bragg = float(q[int(np.argmax(level))])
    spacing = float(np.median(np.diff(q[dips])))
    places = np.array([_vertex(q, np.expm1(level), int(i)) for i in dips])
    right = places > bragg
    columns = np.column_stack((~right, right)).astype(np.float64)[
        :, [k for k in (0, 1) if (right == bool(k)).any()]
    ]
    start = np.where(right, places[right].min(initial=np.inf), places[~right].max(initial=-np.inf))
    for _ in range(5):
        orders = np.round((places - start) / spacing)
        solution, *_ = np.linalg.lstsq(np.column_stack((orders, columns)), places, rcond=None)
        spacing = float(solution[0])
    scatter = places - np.column_stack((orders, columns)) @ solution
    freedom = places.size - solution.size
    if freedom < 1:
        raise SlxrdError(
            f"{pattern.source}: too few Laue minima on either side of the Bragg peak for an error"
        )
    mean = columns @ ((columns.T @ orders) / columns.sum(axis=0))
    error = math.sqrt(float(scatter @ scatter) / freedom / float(np.sum((orders - mean) ** 2)))
    thickness = 2.0 * math.pi / spacing
    return LaueFringes(thickness, thickness * error / spacing, places, orders)


def _vertex(q: FloatArray, level: FloatArray, i: int) -> float:
    """Interpolate the position of a minimum by a parabola through three points."""
    if not 0 < i < q.size - 1:
        return float(q[i])
    left, here, right = level[i - 1], level[i], level[i + 1]
    curvature = left - 2.0 * here + right
    shift = 0.5 * (left - right) / curvature if curvature > 0.0 else 0.0
    return float(q[i] + shift * (q[i + 1] - q[i - 1]) / 2.0)


def satellite_periods(data: Sequence[RegionData], longest: float, most: int = 5) -> list[float]:
    """Find real-space periods of the intensity along q by a Lomb-Scargle periodogram.

    The periodograms of all regions are summed (N. R. Lomb, Astrophys. Space Sci. 1976, 39, 447; J. D.
    Scargle, Astrophys. J. 1982, 263, 835). They are those of √I, in which a strong satellite dominates less,
    after the subtraction of a smooth trend. The result may contain thicknesses of layers and of the whole
    film as well as the period of the superlattice.

    Parameters
    ----------
    data : sequence of RegionData
        Points of the regions.
    longest : float
        Longest period in Å that can be resolved.
    most : int
        Largest number of periods returned.

    Returns
    -------
    list of float
        Periods in Å, strongest first; empty if there is none.
    """
    from scipy.signal import find_peaks, lombscargle

    widest = max(float(points.q[-1] - points.q[0]) for points in data)
    shortest = LEAST_REPEATS * 2.0 * np.pi / widest
    if longest <= 1.5 * shortest:
        return []
    periods = np.arange(shortest, longest, 2.0 * np.pi / widest / _OVERSAMPLED)
    power = np.zeros(periods.size)
    for points in data:
        wave = _without_trend(points, shortest)
        if np.any(wave):
            power += lombscargle(points.q, wave, periods)
    tops, _ = find_peaks(np.pad(power, 1), height=WEAKEST * float(power.max()))
    order = np.argsort(-power[tops - 1])[:most]
    return [float(period) for period in periods[tops[order] - 1]]


def satellite_maxima(points: RegionData, period: float) -> list[float]:
    """Find the maxima of the satellite intensity, which are near the Bragg peaks of the single layers.

    Parameters
    ----------
    points : RegionData
        Points of a region.
    period : float
        Period of the superlattice in Å; √I is smoothed over the distance of its satellites.

    Returns
    -------
    list of float
        Scattering vectors in Å⁻¹, highest first.
    """
    from scipy.signal import find_peaks

    step = float(np.median(np.diff(points.q)))
    grid = np.arange(points.q[0], points.q[-1] + step / 2.0, step)
    root = np.interp(grid, points.q, np.sqrt(np.maximum(points.intensity, 0.0)))
    level = gaussian_smooth(root, 2.0 * np.pi / period / 2.0 / step)
    tops, _ = find_peaks(np.pad(level, 1), prominence=0.1 * float(np.ptp(level)))
    order = np.argsort(-level[tops - 1])
    return [float(q) for q in grid[tops[order] - 1]]


def _without_trend(points: RegionData, shortest: float) -> FloatArray:
    """Return √I without variations slower than the shortest period, tapered towards the ends."""
    root = np.sqrt(np.maximum(points.intensity, 0.0))
    span = float(points.q[-1] - points.q[0])
    if points.q.size < 16:
        return np.zeros_like(root)
    place = 2.0 * (points.q - points.q[0]) / span - 1.0
    orders = max(int(span * shortest / (2.0 * np.pi)), 1) + 1
    wave = root - np.polynomial.legendre.Legendre.fit(place, root, orders)(place)
    return np.asarray(wave * (1.0 - place**2))
