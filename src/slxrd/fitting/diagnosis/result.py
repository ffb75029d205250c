"""The diagnosis of a pattern, and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from slxrd._frozen import FrozenDict
from slxrd._short_repr import short_repr
from slxrd.fitting.diagnosis.noise import NoiseEstimate, ResolutionEstimate
from slxrd.fitting.request.plain import plain

PeakKind = Literal["Bragg", "substrate", "fringe", "broad"]
FringeKind = Literal["Laue", "superlattice"]
SampleKind = Literal[
    "stack",
    "single film",
    "film on substrate",
    "multilayer",
    "crystals without a superlattice",
    "no structure of this kind",
]


@short_repr
@dataclass(frozen=True)
class DiagnosedPeak:
    """A maximum of the pattern.

    Parameters
    ----------
    q, d : float
        Position in Å⁻¹, and 2π/q in Å.
    width : float
        Full width at half maximum, Å⁻¹.
    height : float
        Intensity above the minima on either side.
    significance : float
        Prominence relative to the noise.
    kind : {"Bragg", "substrate", "fringe", "broad"}
        Fringes are Laue fringes or satellites; a broad maximum is no Bragg peak of a crystal.
    series : int, optional
        Number of the series of orders in :attr:`Diagnosis.series`, from 0.
    order : int, optional
        Order within that series.
    masked : bool
        Whether the point is masked.
    """

    q: float
    d: float
    width: float
    height: float
    significance: float
    kind: PeakKind = "Bragg"
    series: int | None = None
    order: int | None = None
    masked: bool = False


@dataclass(frozen=True)
class OrderSeries:
    """Orders 00l of one lattice plane distance.

    Parameters
    ----------
    d, error : float
        Plane distance and its standard error, Å, with a common shift of q allowed for.
    orders : tuple of int
        Orders that are present.
    size : float
        Scherrer size from the sharpest of them, Å.
    size_is_limit : bool
        Whether the size is a lower limit, because the peaks are as sharp as the resolution.
    """

    d: float
    error: float
    orders: tuple[int, ...]
    size: float
    size_is_limit: bool


@dataclass(frozen=True)
class SubstratePeak:
    """The Bragg peak of a substrate.

    Parameters
    ----------
    q, d, width : float
        Position and full width at half maximum in Å⁻¹, and 2π/q in Å.
    height : float
        Intensity above its surroundings.
    material, plane : str
        Name and Miller indices, if they were recognised; empty otherwise.
    others : tuple of str
        Other materials with a plane distance as near.
    """

    q: float
    d: float
    width: float
    height: float
    material: str = ""
    plane: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class FringePeriod:
    """A period of fringes in real space.

    Parameters
    ----------
    kind : {"Laue", "superlattice"}
        From the thickness of a film, or from the period of a superlattice.
    period, error : float
        Å, with the standard error from the scatter of the fringes.
    low, high : float
        Range of q in which the fringes are, Å⁻¹.
    count : int
        Number of significant fringes.
    significance : float
        Prominence of the weakest of them relative to the noise.
    repeats : int, optional
        Repetitions of the superlattice, from the fringes between its satellites or the width of these.
    """

    kind: FringeKind
    period: float
    error: float
    low: float
    high: float
    count: int
    significance: float
    repeats: int | None = None


@short_repr
@dataclass(frozen=True)
class Proposal:
    """A proposed analysis.

    Parameters
    ----------
    kind : str
        What the sample is taken to be.
    reasons : tuple of str
        Observations that it rests on.
    options : mapping
        Options of :func:`slxrd.fit` that suit it.
    command : str
        The command with these options.
    rivals : tuple of str
        Other explanations that the pattern does not exclude.
    """

    kind: SampleKind
    reasons: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    rivals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", FrozenDict(self.options))


@short_repr
@dataclass(frozen=True)
class Diagnosis:
    """What a pattern shows before any fit. Print it for a summary.

    Parameters
    ----------
    source : str
        Origin of the pattern.
    low, high : float
        Range of the data in Å⁻¹.
    noise : NoiseEstimate
        Noise of the points.
    peaks : tuple of DiagnosedPeak
        All significant maxima in the order of q.
    series : tuple of OrderSeries
        Series of orders 00l among the Bragg peaks.
    substrate : SubstratePeak or None
        Peak of a substrate.
    fringes : tuple of FringePeriod
        Periods of Laue fringes and superlattice fringes.
    resolution : ResolutionEstimate or None
        None without a peak.
    proposal : Proposal
        The proposed analysis.
    isolated : tuple of float
        Positions of single points that are far from both neighbours, as after a cosmic ray or a fault of the
        detector, Å⁻¹. They are no peaks, and the proposal masks them.
    """

    source: str
    low: float
    high: float
    noise: NoiseEstimate
    peaks: tuple[DiagnosedPeak, ...]
    series: tuple[OrderSeries, ...]
    substrate: SubstratePeak | None
    fringes: tuple[FringePeriod, ...]
    resolution: ResolutionEstimate | None
    proposal: Proposal
    isolated: tuple[float, ...] = ()

    def as_dictionary(self) -> dict[str, Any]:
        """Return the diagnosis as plain data, for JSON; lengths in Å, scattering vectors in Å⁻¹."""
        document: dict[str, Any] = plain(asdict(self), "diagnosis")
        return document

    def __str__(self) -> str:
        from slxrd.fitting.diagnosis.text import describe

        return describe(self)
