"""What was found in a pattern, for the proposal."""

from __future__ import annotations

from dataclasses import dataclass

from slxrd.data.pattern import Pattern
from slxrd.fitting.diagnosis.families import Family
from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.noise import ResolutionEstimate
from slxrd.fitting.diagnosis.result import (
    FringePeriod,
    SubstratePeak,
)
from slxrd.fitting.diagnosis.shapes import ShapeTest


@dataclass(frozen=True)
class Findings:
    """What was found in a pattern, for the proposal.

    Parameters
    ----------
    pattern : Pattern
        Over q.
    maxima, bragg : list of Maximum
        All maxima; those that may be Bragg peaks, without that of the substrate.
    main : Maximum, optional
        The strongest of these.
    substrate : SubstratePeak, optional
        The peak of a substrate.
    fringes : tuple of FringePeriod
        Periods of fringes around the strongest peak.
    families : list of Family
        Series of orders of one plane distance.
    crystals : bool
        Whether the peaks are those of crystals without fringes.
    shape : ShapeTest, optional
        Shape of the strongest peak.
    resolution : ResolutionEstimate, optional
        Upper limit of the resolution.
    order : int
        Order of the strongest peak.
    isolated : tuple of float
        Positions of single points that are far from both neighbours, Å⁻¹; the pattern has in their place
        what the neighbours lead to expect.
    """

    pattern: Pattern
    maxima: list[Maximum]
    bragg: list[Maximum]
    main: Maximum | None
    substrate: SubstratePeak | None
    fringes: tuple[FringePeriod, ...]
    families: list[Family]
    crystals: bool
    shape: ShapeTest | None
    resolution: ResolutionEstimate | None
    order: int
    isolated: tuple[float, ...] = ()

    def period(self, kind: str) -> FringePeriod | None:
        """Return the fringes of a kind."""
        return next((period for period in self.fringes if period.kind == kind), None)
