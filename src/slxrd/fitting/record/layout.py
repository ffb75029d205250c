"""Types of result.json and of saved sessions, from which their JSON schemas are made.

A text in ``Annotated`` describes a field; fields that later versions of a layout added may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from slxrd._layout import FieldsOf, Since
from slxrd.fitting.request.declaration import json_schema
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.fit import Status
from slxrd.fitting.search.certificate import SearchCertificate

Numbers = Mapping[str, float]
Metadata = Mapping[str, str | float | None]
Interval = tuple[float, float]
Resolution = Annotated[float | Mapping[str, Any], "σ of a Gaussian in Å⁻¹, or the table of a measured one"]


class EstimateDocument(TypedDict):
    """Estimate of one quantity."""

    value: Annotated[float | None, "null where undetermined; the limit of a lower or upper bound"]
    error: Annotated[float | None, "standard deviation"]
    unit: str
    status: Status
    interval_68: Annotated[tuple[Interval, ...], "pieces of the interval of 68 %"]
    interval_95: Annotated[tuple[Interval, ...], "pieces of the interval of 95 %"]
    statistical: Annotated[float | None, Since(4), "part of the error by the noise of the points"]
    systematic: Annotated[float | None, Since(4), "part of the error by everything else"]
    why: Annotated[NotRequired[str], "why there is no error, or another remark"]


class SubstrateDocument(TypedDict):
    """Substrate of a film."""

    d: Annotated[float, "distance of its planes in Å"]
    name: str | None


class StructureDocument(TypedDict):
    """Options and description of a structure."""

    crystal: Annotated[str | None, "with the layers that end it"]
    partner: str | None
    slab: Annotated[float | None, "electron density between the crystals, e/Å³, at the start"]
    stack: str
    weighting: str
    coherent_spread: float
    substrate: NotRequired[SubstrateDocument | None]
    text: Annotated[str, "the whole structure"]


class FurtherScanDocument(TypedDict):
    """A scan that was fitted together with the first."""

    file: str
    metadata: Metadata
    wavelength: Annotated[float | None, "Å"]
    history: list[str]
    resolution: Resolution
    second_line: Annotated[list[float] | None, "wavelength in Å and intensity of a second line"]


class InputDocument(TypedDict):
    """What was fitted, and how."""

    file: Annotated[str, "measured file"]
    metadata: Annotated[Metadata, "of the file, with its sha256"]
    wavelength: Annotated[float | None, "Å"]
    history: Annotated[list[str], "corrections"]
    coherent: Annotated[int, "number of crystals that scatter coherently"]
    size_window: float
    structure: Annotated[StructureDocument, Since(2)]
    resolution: Resolution
    second_line: Annotated[list[float] | None, "wavelength in Å and intensity of a second line"]
    zero: str
    further_scans: NotRequired[list[FurtherScanDocument]]
    noise: str
    objective: str
    scale: Annotated[str | None, "free, or fixed to the peak"]
    background: str
    background_evidence: NotRequired[Numbers | None]
    command: Annotated[str, "command line; empty in Python"]


class ContributionDocument(TypedDict):
    """One systematic effect in an error budget."""

    name: str
    label: str
    prior: float | None
    unit: str
    errors: Annotated[Numbers, "standard deviation of each parameter by this effect"]
    without: Annotated[Numbers, "error of each parameter without this effect"]
    remedy: str


class BudgetDocument(TypedDict):
    """Error budget."""

    statistical: Numbers
    contributions: list[ContributionDocument]
    total: Numbers


class SolutionDocument(TypedDict):
    """One minimum of χ²."""

    parameters: Numbers
    chi2: float
    delta_chi2: Annotated[float, "χ² above the lowest of all solutions"]
    probability: float


class CurvesDocument(TypedDict):
    """Points and curves of a region."""

    q: Annotated[list[float], "Å⁻¹"]
    measured: list[float]
    sigma: list[float]
    calculated: list[float]
    residual: list[float]


class RegionDocument(TypedDict):
    """A fitted region."""

    name: str
    low: Annotated[float, "Å⁻¹"]
    high: Annotated[float, "Å⁻¹"]
    weight: float
    n_points: int
    scale: float
    background: list[float]
    curves: Annotated[CurvesDocument, Since(2)]


class ResultDocument(TypedDict):
    """A fit, as slxrd fit --out, slxrd.save and slxrd.result_dictionary write it."""

    slxrd: Annotated[str, "version of slxrd that wrote it"]
    schema: Annotated[int, "version of the layout"]
    versions: Annotated[Mapping[str, str], Since(2), "of Python, NumPy and SciPy"]
    asked: Annotated[Mapping[str, Any] | None, Since(2), json_schema, "request that repeats the fit"]
    input: InputDocument
    assessment: NotRequired[
        Annotated[dict[str, Any] | None, FieldsOf(Assessment, {"headline": str}), "null if not assessed"]
    ]
    parameters: Annotated[dict[str, EstimateDocument], "refined and fixed parameters by name"]
    derived: Annotated[dict[str, EstimateDocument], "quantities that follow from them"]
    budget: Annotated[BudgetDocument | None, Since(4), "null if it was not calculated"]
    chi2: float
    reduced_chi2: Annotated[float | None, "null without degrees of freedom"]
    n_points: int
    solutions: Annotated[list[SolutionDocument], "the most probable first"]
    unique: bool
    search: NotRequired[Annotated[dict[str, Any] | None, FieldsOf(SearchCertificate)]]
    converged: bool
    why_stopped: str
    notes: list[str]
    refined: Annotated[list[str], "names of the refined parameters, in the order of the matrices"]
    covariance: list[list[float | None]]
    correlation: list[list[float | None]]
    regions: list[RegionDocument]
    printed: Annotated[str | None, Since(2), "the table as it was printed"]


class BootstrapDocument(TypedDict):
    """Bootstrap of a kept fit."""

    seed: Annotated[int, "of the random numbers"]
    requested: Annotated[int, "replicates that were requested"]
    done: Annotated[int, "replicates that were made"]
    every: Annotated[int, "every how many replicates one is kept"]
    values: Annotated[Mapping[str, list[float]], "replicates of each quantity"]
    solution: Annotated[list[int], "solution that each replicate was reached from, from 1"]
    text: Annotated[str, "as it was printed"]


class CurveDocument(TypedDict):
    """χ² along a parameter."""

    values: Annotated[list[float], "of the parameter, increasing"]
    chi2: list[float]
    minima: Annotated[list[tuple[float, float]], "value and χ² of each local minimum"]


class MapDocument(TypedDict):
    """χ² map of one parameter."""

    name: Annotated[str, "of the parameter"]
    section: Annotated[CurveDocument, "the other parameters fixed"]
    profile: Annotated[CurveDocument | None, "the other parameters refined"]
    rises: Annotated[tuple[float, float], "rise of χ² at 68 % and 95 %"]


class MapsDocument(TypedDict):
    """χ² maps of a kept fit."""

    maps: list[MapDocument]
    text: Annotated[str, "as it was printed"]


class FollowUpsDocument(TypedDict):
    """Results of the steps after a kept fit."""

    bootstrap: NotRequired[BootstrapDocument]
    maps: NotRequired[MapsDocument]


class KeptFitDocument(TypedDict):
    """A fit that was made in a session."""

    number: Annotated[int, "number in the session, from 1"]
    time: Annotated[str | None, "when it ended, ISO 8601; null if it is not known"]
    result: ResultDocument
    followups: Annotated[NotRequired[FollowUpsDocument], Since(4), "bootstrap and χ² maps of the fit"]


class SampleResultDocument(TypedDict):
    """A result of the sample by another method."""

    name: Annotated[str, "periods, orientation or directions, or the name of the file"]
    document: Annotated[Mapping[str, Any], "as the command writes it"]
    command: Annotated[str, "command that gives the same; empty for a file"]
    printed: Annotated[str, "as it was printed; empty for a file"]
    curves: Annotated[str, "as CSV; empty without curves"]
    picture: Annotated[str, "figure: PNG, then base64; empty without one"]


class SessionDocument(TypedDict):
    """A session without a fit; one with a fit has the fields of a result, too."""

    slxrd: Annotated[str, "version of slxrd that wrote it"]
    schema: Annotated[int, "version of the layout"]
    asked: Annotated[Mapping[str, Any], json_schema, "what is to be fitted, and how"]
    log: Annotated[list[str], "steps that led to it"]
    fits: Annotated[
        NotRequired[list[KeptFitDocument]], Since(4), "fits made in the session, the oldest first"
    ]
    sample: Annotated[
        NotRequired[list[SampleResultDocument]], Since(4), "results of the sample by other methods"
    ]
    content: Annotated[NotRequired[str], "measured file without a path: zlib, then base64"]


class FittedSessionDocument(ResultDocument):
    """A session with its fit."""

    log: Annotated[list[str], "steps that led to it"]
    fits: Annotated[
        NotRequired[list[KeptFitDocument]], Since(4), "fits made in the session, the oldest first"
    ]
    sample: Annotated[
        NotRequired[list[SampleResultDocument]], Since(4), "results of the sample by other methods"
    ]
    content: Annotated[NotRequired[str], "measured file without a path: zlib, then base64"]
