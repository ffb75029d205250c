"""Select the points of the low-angle region and their σ."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, RegionData, select_points
from slxrd.errors import SlxrdError

#: Source of σ: the file, counting statistics, or the scatter of the points as a fraction of each.
Noise = Literal["file", "counting", "scatter"]
NOISES: tuple[Noise, ...] = ("file", "counting", "scatter")
#: Default region in Å⁻¹; with d the model is valid to larger q, but not up to the Bragg peak.
LOW, HIGH, HIGH_WITH_D = 0.12, 0.5, 0.6
#: Largest upper end of a region, as a fraction of the position of the first Bragg peak.
BELOW_BRAGG = 0.8
#: Least number of points.
MIN_POINTS = 24

#: Lower limit of the relative scatter.
MIN_SCATTER = 1e-3


def low_angle_points(
    pattern: Pattern, region: Region | tuple[float, float] | None, d: float | None, noise: Noise | None
) -> tuple[RegionData, str]:
    """Select the points of the low-angle region, and determine σ.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q.
    region : Region or (q_min, q_max), optional
        Region in Å⁻¹.
    d : float, optional
        Distance of the planes in Å.
    noise : {"file", "counting", "scatter"}, optional
        Source of σ; by default the first of these that the pattern has.

    Returns
    -------
    data : RegionData
        Points and σ.
    description : str
        Source of σ, for the printed result.

    Raises
    ------
    SlxrdError
        If there are too few points, the region reaches the Bragg peak, or σ cannot be determined.
    """
    most = math.inf if d is None else BELOW_BRAGG * 2.0 * math.pi / d
    if region is None:
        high = min(HIGH if d is None else HIGH_WITH_D, most, float(pattern.q[-1]))
        low = max(LOW, float(pattern.q[0]))
        if low > 0.7 * high:
            raise SlxrdError(
                f"{pattern.source}: has no low-angle part: it begins at {pattern.q[0]:.3g} Å⁻¹, and the dips "
                f"are between {LOW} and {high:.3g}"
            )
        region = Region(low, high)
    elif not isinstance(region, Region):
        region = Region(*region)
    if region.low <= 0.0:
        raise SlxrdError(f"region {region.low:g}:{region.high:g}: must begin above 0 Å⁻¹")
    if region.high > most:
        raise SlxrdError(
            f"region {region.low:g}:{region.high:g} reaches the Bragg peak of d = {d:g} Å; end it at "
            f"{most:.3g} Å⁻¹ or before"
        )
    if noise is not None and noise not in NOISES:
        raise SlxrdError(f"noise {noise!r} is not one of {', '.join(NOISES)}")
    source = noise or _default_noise(pattern)
    (data,) = select_points(pattern, [region], source if source != "scatter" else 1.0)
    if data.q.size < MIN_POINTS:
        raise SlxrdError(
            f"region {region.low:g}:{region.high:g} holds {data.q.size} points of {pattern.source}; at least "
            f"{MIN_POINTS} are needed"
        )
    if source == "file":
        return data, "σ from the file"
    if source == "counting":
        return data, "σ from counting statistics"
    if np.any(data.intensity <= 0.0):
        raise SlxrdError(
            f"{pattern.source}: σ cannot be estimated from the scatter of intensities at or below zero; give "
            "σ as a third column, or --noise counting for raw counts"
        )
    logs = np.log(data.intensity)
    scatter = float(np.median(np.abs(np.diff(logs, 3)))) / 0.6745 / math.sqrt(20.0)
    scatter = max(scatter, MIN_SCATTER)
    description = f"σ = {scatter:.2g} of each point, from their scatter"
    return replace(data, sigma=scatter * data.intensity), description


def _default_noise(pattern: Pattern) -> Noise:
    if pattern.sigma is not None:
        return "file"
    return "counting" if pattern.per_count is not None else "scatter"
