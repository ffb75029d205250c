"""Periods of satellites: what a pattern repeats at, read off before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd.peaks import smooth
from slxrd.regions import RegionData
from slxrd.units import FloatArray

#: A period is told from the width of the pattern if it repeats at least so often within its widest region.
LEAST_REPEATS = 3.0
#: Periods weaker than this fraction of the strongest are not returned.
WEAKEST = 0.1
#: Points of the spectrum on a period's width.
_OVERSAMPLED = 8


def satellite_periods(data: Sequence[RegionData], longest: float, most: int = 5) -> list[float]:
    """Periods in Å with which regions repeat along q, the strongest first.

    The spectrum of √I (which a strong satellite does not rule) over each region, masked points left out
    (N. R. Lomb, Astrophys. Space Sci. 1976, 39, 447; J. D. Scargle, Astrophys. J. 1982, 263, 835), after what
    is wider than a period has been taken off; the spectra of all regions are summed. Thicknesses of layers
    and of the whole film are among the answers, besides the period of the superlattice.

    Parameters
    ----------
    data : sequence of RegionData
        The regions' points.
    longest : float
        The longest period in Å that can be resolved.
    most : int
        How many are returned at most.

    Returns
    -------
    list of float
        Empty where nothing repeats.
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


def humps(points: RegionData, period: float) -> list[float]:
    """Places in Å⁻¹ where satellites of a period in Å cluster, the highest first.

    Each layer of a superlattice has its satellites about where its own Bragg peak would be.
    """
    from scipy.signal import find_peaks

    step = float(np.median(np.diff(points.q)))
    grid = np.arange(points.q[0], points.q[-1] + step / 2.0, step)
    root = np.interp(grid, points.q, np.sqrt(np.maximum(points.intensity, 0.0)))
    level = smooth(root, 2.0 * np.pi / period / 2.0 / step)
    tops, _ = find_peaks(np.pad(level, 1), prominence=0.1 * float(np.ptp(level)))
    order = np.argsort(-level[tops - 1])
    return [float(q) for q in grid[tops[order] - 1]]


def _without_trend(points: RegionData, shortest: float) -> FloatArray:
    """√I less what varies more slowly than with the shortest period, fading out towards the ends."""
    root = np.sqrt(np.maximum(points.intensity, 0.0))
    span = float(points.q[-1] - points.q[0])
    if points.q.size < 16:
        return np.zeros_like(root)
    place = 2.0 * (points.q - points.q[0]) / span - 1.0
    orders = max(int(span * shortest / (2.0 * np.pi)), 1) + 1
    wave = root - np.polynomial.legendre.Legendre.fit(place, root, orders)(place)
    return np.asarray(wave * (1.0 - place**2))
