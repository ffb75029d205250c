"""Thickness of a coherent film from the spacing of its Laue fringes, without a fit of the profile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.errors import SlxrdError
from slxrd.pattern import Pattern
from slxrd.units import FloatArray

#: A minimum lies below the fringes beside it by this many times their counting noise.
SIGNIFICANT = 3.0


@dataclass(frozen=True)
class LaueFringes:
    """What the fringes say.

    Parameters
    ----------
    thickness, error : float
        N·d in Å, and its standard error from the scatter of the minima.
    minima : ndarray, shape (k,)
        Scattering vectors of the minima that were found, Å⁻¹.
    orders : ndarray of int, shape (k,)
        Their numbers, counted on either side from the one next to the Bragg peak.
    """

    thickness: float
    error: float
    minima: FloatArray
    orders: FloatArray


def laue_fringes(pattern: Pattern, low: float, high: float) -> LaueFringes:
    """Read the thickness off the minima between Laue fringes.

    A film of N planes scatters sin²(Nqd/2)/sin²(qd/2), whose zeros are 2π/(N·d) apart: minimum k lies
    at q_Bragg + 2πk/(N·d). One spacing is fitted to all minima that stand out; the two sides of the
    Bragg peak keep places of their own, since interference with a substrate shifts them apart.

    Parameters
    ----------
    pattern : Pattern
        Its masked points are left out.
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
    """Place of a minimum between points, by a parabola through three, which the intensity is at a zero."""
    if not 0 < i < q.size - 1:
        return float(q[i])
    left, here, right = level[i - 1], level[i], level[i + 1]
    curvature = left - 2.0 * here + right
    shift = 0.5 * (left - right) / curvature if curvature > 0.0 else 0.0
    return float(q[i] + shift * (q[i + 1] - q[i - 1]) / 2.0)
