"""Positions of the dips of the low-angle signal, as in the 2021 paper (SI section S.a), for comparison only.

The slope of the signal and refraction shift the dips, so that w from their distance is wrong by some per
cent. The fit of the curve (:func:`slxrd.studies.lowangle.fit.fit_low_angle`) accounts for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd._local_maxima import prominent_maxima
from slxrd.data.peaks import gaussian_smooth
from slxrd.data.regions import RegionData
from slxrd.fitting.result.fit import Estimate
from slxrd.units import FloatArray

#: Least prominence of a dip, in units of its error.
SIGNIFICANT = 5.0
#: Width of the smoothing in Å⁻¹ without fringes.
SMOOTHING = 0.006
#: Width of the smoothing with fringes, in units of their distance: their contrast is reduced to 0.3.
FRINGE_SMOOTHING = 0.25
#: Number of repetitions with added noise from which the errors are estimated.
REPEATS = 60


@dataclass(frozen=True)
class Dip:
    """A minimum of the smoothed logarithm of the intensity.

    Parameters
    ----------
    q, error : float
        Position and its standard deviation, in Å⁻¹.
    depth : float
        Prominence: ln of the ratio of the lower of the two adjacent maxima to the minimum.
    """

    q: float
    error: float
    depth: float


def find_dips(data: RegionData, fringe: float | None = None, seed: int = 0) -> tuple[Dip, ...]:
    """Find the dips of a region.

    Parameters
    ----------
    data : RegionData
        Points and σ.
    fringe : float, optional
        Distance of the superlattice fringes in Å⁻¹, which are smoothed out.
    seed : int
        Seed of the noise from which the errors are estimated.

    Returns
    -------
    tuple of Dip
        In ascending order of q.
    """
    step = float(np.median(np.diff(data.q)))
    width = max(SMOOTHING, FRINGE_SMOOTHING * fringe if fringe else 0.0, 1.5 * step) / step
    random = np.random.default_rng(seed)
    least = 0.1 * float(np.median(data.sigma))
    grid = np.arange(data.q[0], data.q[-1] + step / 2.0, step)

    def smoothed_log(intensity: FloatArray) -> FloatArray:
        return gaussian_smooth(np.log(np.maximum(np.interp(grid, data.q, intensity), least)), width)

    curve = smoothed_log(data.intensity)
    noisy = np.array([smoothed_log(data.intensity + random.normal(0.0, data.sigma)) for _ in range(REPEATS)])
    noise = noisy.std(axis=0)
    inner = slice(round(width), max(grid.size - round(width), round(width) + 1))
    places, depths = prominent_maxima(-curve[inner], 0.02)
    places = places + inner.start
    reach = max(round(1.5 * width), 2)
    dips = []
    for i, depth in zip(places.tolist(), depths.tolist(), strict=True):
        if depth < SIGNIFICANT * math.sqrt(2.0) * float(noise[i]):
            continue
        positions = [_vertex(grid, each, i, reach) for each in (curve, *noisy)]
        dips.append(Dip(positions[0], float(np.std(positions[1:])), depth))
    return tuple(dips)


def _vertex(q: FloatArray, level: FloatArray, i: int, reach: int) -> float:
    """Return the minimum of a parabola through the points around one, or the lowest point if it has none."""
    near = slice(max(i - reach, 0), i + reach + 1)
    x = q[near] - q[i]
    curvature, slope, _ = np.polyfit(x, level[near], 2)
    if curvature <= 0.0 or abs(slope) > 2.0 * curvature * abs(x[-1]):
        return float(q[near][int(np.argmin(level[near]))])
    return float(q[i] - slope / (2.0 * curvature))


def gap_from_dips(dips: tuple[Dip, ...]) -> Estimate:
    """Return w in Å as 2π over the distance of neighbouring dips, from a straight line through all dips."""
    if len(dips) < 2:
        found = "no dip is significant" if not dips else f"only one dip, at {dips[0].q:.3f} Å⁻¹"
        return Estimate(None, None, "Å", "undetermined", f"{found}; a distance needs two")
    q = np.array([dip.q for dip in dips])
    errors = np.maximum([dip.error for dip in dips], 1e-6)
    orders = np.round((q - q[0]) / float(np.diff(q).min()))
    weights = errors**-2.0
    mean = float(weights @ orders / weights.sum())
    moment = float(weights @ (orders - mean) ** 2)
    spacing = float(weights @ ((orders - mean) * q)) / moment
    error = 1.0 / math.sqrt(moment)
    if len(dips) > 2:
        residual = q - float(weights @ q / weights.sum()) - spacing * (orders - mean)
        error *= max(1.0, math.sqrt(float(weights @ residual**2) / (len(dips) - 2)))
    length = 2.0 * math.pi / spacing
    why = "slope and refraction shift the dips: for comparison only"
    return Estimate(length, length * error / spacing, "Å", "determined", why)
