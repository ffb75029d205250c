"""Cuts as they are given to a fit, and their points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slxrd.data.noise import Noise, describe_noise
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Region, RegionData, select_points, source_in
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.default_noise import default_noise
from slxrd.fitting.objective.scans import covered
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.directions.direction import SCAN, Direction
from slxrd.model.simulation import as_instrument

#: A pattern, which is then the θ:2θ scan, or a pattern and its direction.
CutLike = Pattern | tuple[Pattern, str | Direction]


@dataclass(frozen=True, eq=False)
class Cut:
    """A pattern measured along a direction.

    Parameters
    ----------
    pattern : Pattern
        Over q, masked.
    direction : Direction
        Its direction.
    instrument : Instrument
        Its resolution and radiation.
    noise : Noise or None
        Source of σ.
    """

    pattern: Pattern
    direction: Direction
    instrument: Instrument
    noise: Noise | None

    @property
    def name(self) -> str:
        """Name of the file, and the direction."""
        return f"{Path(self.pattern.source).name} ({self.direction.name})"

    @property
    def known_noise(self) -> bool:
        """Whether σ is from counting statistics or from the file, not an assumed fraction."""
        return isinstance(source_in(self.pattern, self.noise).source, str)

    def describe(self) -> str:
        """Instrument and noise as text."""
        return f"{self.instrument}, {describe_noise(source_in(self.pattern, self.noise))}"


def prepare_cuts(
    cuts: Sequence[CutLike],
    regions: Sequence[Region],
    mask: Iterable[tuple[float, float]],
    noise: Noise | None,
    resolution: float | ResolutionShape | Sequence[float | ResolutionShape],
) -> tuple[tuple[Cut, ...], tuple[RegionData, ...]]:
    """Mask the cuts, and select their points.

    Parameters
    ----------
    cuts : sequence of Pattern or (Pattern, direction)
        At least one.
    regions : sequence of Region
        Those of all cuts: of each cut the ones with points in it are used. If empty, those around its Bragg
        peaks.
    mask : iterable of (q_min, q_max)
        Ranges in Å⁻¹ that are left out of all cuts.
    noise : float, str or None
        Source of σ; None: by what each pattern has.
    resolution : float, ResolutionShape, or sequence of these
        Of all cuts, or of each.

    Returns
    -------
    tuple of Cut
    tuple of RegionData
        With the number of their cut, and its name in the names of regions.

    Raises
    ------
    SlxrdError
        If there is no cut, or a cut has nothing to fit.
    """
    if not cuts:
        raise SlxrdError("no cut to fit; give at least one pattern, with its direction")
    widths = (
        [resolution] * len(cuts) if isinstance(resolution, float | int | ResolutionShape) else [*resolution]
    )
    if len(widths) != len(cuts):
        raise SlxrdError(f"{len(widths)} resolutions for {len(cuts)} cuts; give one for all, or one for each")
    mask = list(mask)
    found: list[Cut] = []
    data: list[RegionData] = []
    for index, (given, width) in enumerate(zip(cuts, widths, strict=True)):
        pattern, direction = _split(given)
        q = pattern.to_q().q
        pattern = pattern.to_q().without([(a, b) for a, b in mask if ((q >= a) & (q <= b)).any()])
        own = covered(pattern, regions) if regions else find_regions(pattern)
        if not own:
            raise SlxrdError(
                f"{pattern.source}: none of the regions has points in it; add one (--region), or leave the "
                "cut out"
            )
        source = default_noise(pattern, own, "linear").noise if noise is None else noise
        cut = Cut(pattern, direction, as_instrument(pattern, width, "q"), source)
        for points in select_points(pattern, own, source):
            cut.instrument.check_width(points.q, f"{points.region.low:g}:{points.region.high:g}")
            region = replace(points.region, name=f"{cut.name}: {points.region.name}")
            data.append(replace(points, region=region, scan=index))
        found.append(cut)
    return tuple(found), tuple(data)


def _split(given: CutLike) -> tuple[Pattern, Direction]:
    if isinstance(given, Pattern):
        return given, Direction.parse(SCAN)
    pattern, direction = given
    if not isinstance(pattern, Pattern):
        raise SlxrdError(f"cut {given!r}: give a pattern, or a pattern and its direction")
    return pattern, direction if isinstance(direction, Direction) else Direction.parse(direction)
