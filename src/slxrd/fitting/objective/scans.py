"""Several scans of one sample in one fit: the points of each, with its own regions, σ and instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Noise, Region, RegionData, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.default_noise import default_noise
from slxrd.fitting.objective.settings import ObjectiveName
from slxrd.instrument.diffractometer import Instrument


@dataclass(frozen=True)
class FurtherScan:
    """A further scan of the sample of a fit.

    Parameters
    ----------
    pattern : Pattern
        Over q, masked.
    instrument : Instrument
        Resolution and radiation of this scan, and kind of zero error.
    """

    pattern: Pattern
    instrument: Instrument


def select_points_of_further(
    further: Sequence[FurtherScan],
    regions: Sequence[Region],
    noise: Noise | None,
    objective: ObjectiveName = "linear",
) -> tuple[RegionData, ...]:
    """Select the points of further scans.

    Parameters
    ----------
    further : sequence of FurtherScan
        The second and following scans.
    regions : sequence of Region
        Those of all scans: of each scan the ones with points in it are used. If empty, those around the
        Bragg peaks of each scan.
    noise : float, str or None
        Source of σ; see :func:`slxrd.data.noise.noise_source`. None: by the dynamic range of each scan.
    objective : {"linear", "log", "paper2021"}
        Residuals.

    Returns
    -------
    tuple of RegionData
        With the number of their scan, 1 for the second, and the name of its file in the names of regions.

    Raises
    ------
    SlxrdError
        If no region has points in a scan.
    """
    found: list[RegionData] = []
    for scan, one in enumerate(further, start=1):
        own = covered(one.pattern, regions) if regions else find_regions(one.pattern)
        if not own:
            raise SlxrdError(
                f"{one.pattern.source}: none of the regions has points in it; add one (--region), or leave "
                "the scan out"
            )
        name = Path(one.pattern.source).name
        source = default_noise(one.pattern, own, objective).noise if noise is None else noise
        for points in select_points(one.pattern, own, source):
            region = replace(points.region, name=f"{name}: {points.region.name}")
            found.append(replace(points, region=region, scan=scan))
    return tuple(found)


def covered(pattern: Pattern, regions: Sequence[Region]) -> tuple[Region, ...]:
    """Return the regions that have points of a pattern."""
    q = pattern.q[~pattern.mask]
    return tuple(region for region in regions if ((q >= region.low) & (q <= region.high)).any())
