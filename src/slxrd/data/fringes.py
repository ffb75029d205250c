"""Superlattice periods from satellites without a fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slxrd._interruption import check_interruption
from slxrd._local_maxima import local_maxima, prominent_maxima
from slxrd.data.peaks import gaussian_smooth
from slxrd.data.regions import RegionData
from slxrd.units import FloatArray

#: Smallest number of repetitions of a period within the widest region.
LEAST_REPEATS = 3.0
#: Smallest power of a period, relative to the strongest.
WEAKEST = 0.1
#: Points of the spectrum on the width of a period.
_OVERSAMPLED = 8
#: Products of points and periods between two checks of an interruption.
_AT_ONCE = 1_000_000


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
    from scipy.signal import lombscargle

    widest = max(float(points.q[-1] - points.q[0]) for points in data)
    shortest = LEAST_REPEATS * 2.0 * np.pi / widest
    if longest <= 1.5 * shortest:
        return []
    periods = np.arange(shortest, longest, 2.0 * np.pi / widest / _OVERSAMPLED)
    power = np.zeros(periods.size)
    for points in data:
        wave = _without_trend(points, shortest)
        if np.any(wave):
            for some in np.array_split(np.arange(periods.size), -(-periods.size * points.q.size // _AT_ONCE)):
                check_interruption()
                power[some] += lombscargle(points.q, wave, periods[some])
    tops = local_maxima(np.pad(power, 1)) - 1
    tops = tops[power[tops] >= WEAKEST * float(power.max())]
    order = np.argsort(-power[tops])[:most]
    return [float(period) for period in periods[tops[order]]]


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
    step = float(np.median(np.diff(points.q)))
    grid = np.arange(points.q[0], points.q[-1] + step / 2.0, step)
    root = np.interp(grid, points.q, np.sqrt(np.maximum(points.intensity, 0.0)))
    level = gaussian_smooth(root, 2.0 * np.pi / period / 2.0 / step)
    tops, _ = prominent_maxima(np.pad(level, 1), 0.1 * float(np.ptp(level)))
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
