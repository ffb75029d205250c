"""Points of the low-angle region, and their σ."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region, RegionData, select
from slxrd.errors import SlxrdError

#: σ as the file gives it, of the counts, or a fraction of each point that their scatter tells.
Noise = Literal["file", "counting", "scatter"]
NOISES: tuple[Noise, ...] = ("file", "counting", "scatter")
#: Region in Å⁻¹ where none is given; with d known the curve holds farther, but not to the Bragg peak.
LOW, HIGH, HIGH_WITH_D = 0.12, 0.5, 0.6
#: Of the place of the first Bragg peak, how far a region may reach.
BELOW_BRAGG = 0.8
#: Fewer points are not fitted.
FEWEST = 24
#: The least scatter that is believed.
LEAST_SCATTER = 1e-3


def low_angle_points(
    pattern: Pattern, region: Region | tuple[float, float] | None, d: float | None, noise: Noise | None
) -> tuple[RegionData, str]:
    """Take the points of the low-angle region, with σ and what it is.

    Parameters
    ----------
    pattern : Pattern
        Over q.
    region : Region or (q_min, q_max), optional
        Å⁻¹.
    d : float, optional
        Distance of the planes in Å.
    noise : {"file", "counting", "scatter"}, optional
        Where σ comes from; the first of these that there is.

    Raises
    ------
    SlxrdError
        If there are too few points, the region reaches the Bragg peak, or σ cannot be had.
    """
    most = math.inf if d is None else BELOW_BRAGG * 2.0 * math.pi / d
    if region is None:
        high = min(HIGH if d is None else HIGH_WITH_D, most, float(pattern.q[-1]))
        low = max(LOW, float(pattern.q[0]))
        if low > 0.7 * high:
            raise SlxrdError(
                f"{pattern.source}: has no low-angle part: it begins at {pattern.q[0]:.3g} Å⁻¹, and {LOW} to "
                f"{high:.3g} is where the dips are"
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
    chosen = noise or _first(pattern)
    (data,) = select(pattern, [region], chosen if chosen != "scatter" else 1.0)
    if data.q.size < FEWEST:
        raise SlxrdError(
            f"region {region.low:g}:{region.high:g} holds {data.q.size} points of {pattern.source}; at least "
            f"{FEWEST} are needed"
        )
    if chosen == "file":
        return data, "σ from the file"
    if chosen == "counting":
        return data, "σ from counting statistics"
    if np.any(data.intensity <= 0.0):
        raise SlxrdError(
            f"{pattern.source}: σ cannot be read off the scatter of intensities at or below zero; give σ "
            "as a third column, or --noise counting for raw counts"
        )
    logs = np.log(data.intensity)
    scatter = float(np.median(np.abs(np.diff(logs, 3)))) / 0.6745 / math.sqrt(20.0)
    scatter = max(scatter, LEAST_SCATTER)
    return replace(
        data, sigma=scatter * data.intensity
    ), f"σ = {scatter:.2g} of each point, from their scatter"


def _first(pattern: Pattern) -> Noise:
    if pattern.sigma is not None:
        return "file"
    return "counting" if pattern.per_count is not None else "scatter"
