"""Types of series.json, from which its JSON schema is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from slxrd._layout import FieldsOf, Since
from slxrd.fitting.result.fit import Estimate
from slxrd.studies.series.joint.result import JointSolution
from slxrd.studies.series.patterns import LeftOut
from slxrd.studies.series.result import Path


class AreaDocument(TypedDict):
    """Integrated intensity of a region above its background."""

    region: str
    area: float
    error: float


class PatternDocument(TypedDict):
    """One pattern of a series."""

    label: str
    value: Annotated[float, "of the variable"]
    file: str
    simulated: bool
    failed: Annotated[NotRequired[str], "why there is no result"]
    result: Annotated[NotRequired[Mapping[str, Any]], "as in result.json, without curves and request"]
    assessment: NotRequired[str | None]
    fringes: bool | None
    low_angle: NotRequired[Mapping[str, Any]]
    areas: list[AreaDocument]
    from_neighbours: Annotated[
        list[Annotated[dict[str, Any], FieldsOf(Path)]], "minima reached from the neighbours"
    ]


class ChangeDocument(TypedDict):
    """Loss or gain of order between two patterns."""

    between: list[float]
    order: Literal["lost", "gained"]
    certain: bool
    growth: float | None
    growth_error: float | None
    intensity: float | None
    told: str


class JumpDocument(TypedDict):
    """Two neighbours in different minima."""

    between: list[float]
    step: Annotated[float, "Å"]
    in_d: float
    cost: float | None
    real: bool


class CovarianceDocument(TypedDict):
    """Covariance of some unknowns of a joint fit."""

    unknowns: list[str]
    matrix: list[list[float | None]]


class JointDocument(TypedDict):
    """Joint fit of a series."""

    labels: tuple[str, ...]
    values: tuple[float, ...]
    shared: tuple[str, ...]
    smooth: tuple[str, ...]
    degree: int
    names: tuple[str, ...]
    chi2: float
    rise: float
    constraints: int
    expected_rise: float
    p_value: float
    notes: tuple[str, ...]
    vector: list[float]
    covariances: Annotated[list[CovarianceDocument], Since(2)]
    estimates: list[dict[str, Annotated[dict[str, Any], FieldsOf(Estimate)]]]
    solutions: list[Annotated[dict[str, Any], FieldsOf(JointSolution)]]


class SeriesDocument(TypedDict):
    """A fitted series, as slxrd series writes it."""

    slxrd: Annotated[str, "version of slxrd that wrote it"]
    schema: Annotated[int, "version of the layout"]
    variable: str
    unit: str
    command: str
    patterns: list[PatternDocument]
    changes: list[ChangeDocument]
    jumps: list[JumpDocument]
    joint: JointDocument | None
    left_out: list[Annotated[dict[str, Any], FieldsOf(LeftOut)]]
    notes: list[str]
    printed: Annotated[NotRequired[str], "the table as it was printed"]
