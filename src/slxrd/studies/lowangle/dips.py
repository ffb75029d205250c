"""Dips of the low-angle signal, read off as the 2021 paper did (SI section S.a): a check, not the result.

A slope of the signal moves the dips, and refraction does: w comes out wrong by some per cent. The fit of the
curve (``lowangle``) has neither fault.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slxrd.data.peaks import smooth
from slxrd.data.regions import RegionData
from slxrd.fitting.result.fit import Estimate
from slxrd.units import FloatArray

#: A dip lies below what is beside it by this many of its errors.
SIGNIFICANT = 5.0
#: Width of the smoothing in Å⁻¹ where there are no fringes to be smoothed away.
USUAL_WIDTH = 0.006
#: Of a fringe's width, where there are: its contrast falls to 0.3.
OF_A_FRINGE = 0.25
#: Noise is added so often to see how far it moves a dip.
REPEATS = 60


@dataclass(frozen=True)
class Dip:
    """A minimum of the smoothed logarithm of the intensity.

    Parameters
    ----------
    q, error : float
        Where, and how far the noise moves it, in Å⁻¹.
    depth : float
        ln of the lower of the two maxima beside it over its own intensity.
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
        Distance of the superlattice fringes in Å⁻¹, which are smoothed away.
    seed : int
        Of the noise that tells the errors.
    """
    from scipy.signal import find_peaks

    step = float(np.median(np.diff(data.q)))
    width = max(USUAL_WIDTH, OF_A_FRINGE * fringe if fringe else 0.0, 1.5 * step) / step
    random = np.random.default_rng(seed)
    least = 0.1 * float(np.median(data.sigma))
    grid = np.arange(data.q[0], data.q[-1] + step / 2.0, step)

    def level(intensity: FloatArray) -> FloatArray:
        return smooth(np.log(np.maximum(np.interp(grid, data.q, intensity), least)), width)

    outline = level(data.intensity)
    shaken = np.array([level(data.intensity + random.normal(0.0, data.sigma)) for _ in range(REPEATS)])
    noise = shaken.std(axis=0)
    inner = slice(round(width), max(grid.size - round(width), round(width) + 1))
    places, facts = find_peaks(-outline[inner], prominence=0.02)
    places = places + inner.start
    reach = max(round(1.5 * width), 2)
    dips = []
    for i, depth in zip(places.tolist(), facts["prominences"].tolist(), strict=True):
        if depth < SIGNIFICANT * math.sqrt(2.0) * float(noise[i]):
            continue
        where = [_vertex(grid, curve, i, reach) for curve in (outline, *shaken)]
        dips.append(Dip(where[0], float(np.std(where[1:])), depth))
    return tuple(dips)


def _vertex(q: FloatArray, level: FloatArray, i: int, reach: int) -> float:
    """Minimum of the parabola that suits the points around one best; the point where it has none there."""
    near = slice(max(i - reach, 0), i + reach + 1)
    x = q[near] - q[i]
    curvature, slope, _ = np.polyfit(x, level[near], 2)
    if curvature <= 0.0 or abs(slope) > 2.0 * curvature * abs(x[-1]):
        return float(q[near][int(np.argmin(level[near]))])
    return float(q[i] - slope / (2.0 * curvature))


def read_off(dips: tuple[Dip, ...]) -> Estimate:
    """Length 2π over the distance of neighbouring dips, in Å, by a straight line through all of them."""
    if len(dips) < 2:
        found = "no dip stands out" if not dips else f"one dip only, at {dips[0].q:.3f} Å⁻¹"
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
        left = q - float(weights @ q / weights.sum()) - spacing * (orders - mean)
        error *= max(1.0, math.sqrt(float(weights @ left**2) / (len(dips) - 2)))
    length = 2.0 * math.pi / spacing
    why = "slope and refraction move the dips: for comparison only"
    return Estimate(length, length * error / spacing, "Å", "determined", why)
