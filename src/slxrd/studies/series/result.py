"""Results of a series: the fit of each pattern, jumps between solutions, and gaps; frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from slxrd._cached import cached_property
from slxrd._short_repr import short_repr
from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.studies.series.patterns import LeftOut, Series
from slxrd.studies.series.text import series_html, series_text

if TYPE_CHECKING:
    from slxrd.studies.series.joint.result import JointFit
    from slxrd.studies.series.onset import Change

#: Difference of L between neighbours, in units of d, above which they are in different minima of χ².
JUMP = 0.5


@dataclass(frozen=True)
class Path:
    """Minimum of a pattern that was reached from the solution of a neighbour.

    Parameters
    ----------
    label : str
        Label of the neighbour.
    values : mapping
        Values of all parameters at the minimum.
    delta_chi2 : float
        χ² there minus χ² of the pattern's own best solution.
    """

    label: str
    values: Mapping[str, float]
    delta_chi2: float


@short_repr
@dataclass(frozen=True)
class SeriesMember:
    """One pattern of a series with its fit.

    Parameters
    ----------
    label, source : str
        Unique name in the series, and file.
    value : float
        Value of the variable.
    record : mapping
        ``result`` (as in result.json), ``curves`` and ``areas``; or ``failed``, the reason why there is none.
    paths : tuple of Path
        Minima reached from the solutions of the neighbours.
    """

    label: str
    source: str
    value: float
    record: Mapping[str, Any] = field(repr=False)
    paths: tuple[Path, ...] = ()

    @property
    def failed(self) -> str:
        """Reason why the pattern could not be fitted; empty if it was."""
        return str(self.record.get("failed", ""))

    @property
    def result(self) -> Mapping[str, Any]:
        """The fit, as in result.json."""
        return self.record["result"]  # type: ignore[no-any-return]

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Parameters and derived quantities; empty if the pattern could not be fitted."""
        if self.failed:
            return {}
        rows = {**self.result["parameters"], **self.result["derived"]}
        return {name: estimate_of(row) for name, row in rows.items()}

    @property
    def best(self) -> Mapping[str, float]:
        """Values of all parameters in the best solution."""
        return self.result["solutions"][0]["parameters"]  # type: ignore[no-any-return]

    @property
    def grade(self) -> str:
        """Whether the model describes the pattern, as in :class:`slxrd.Assessment`; empty if not tested."""
        if self.failed:
            return ""
        return str((self.result.get("assessment") or {}).get("grade", ""))

    @property
    def widening(self) -> float:
        """Factor by which the errors are widened for systematic residuals."""
        return 1.0 if self.failed else float((self.result.get("assessment") or {}).get("widening", 1.0))

    @property
    def fringes(self) -> bool | None:
        """Whether there are fringes.

        None if neither L nor σ_L was refined, the fit failed, or the model does not describe the pattern well
        enough to decide it.
        """
        if self.failed or self.result["input"]["coherent"] == 1 or self.grade == "rejected":
            return None
        if self.grade == "systematic" and self.estimates["L"].status == "undetermined":
            return None
        if any(note.startswith("no fringes") for note in self.result["notes"]):
            return False
        stacking = {"L", "sigma_L"} & set(self.result["refined"])
        return True if stacking else None


def estimate_of(row: Mapping[str, Any]) -> Estimate:
    """Convert an estimate of a stored result."""
    of_68, of_95 = (
        tuple((low, high) for low, high in row.get(name, ())) for name in ("interval_68", "interval_95")
    )
    return Estimate(
        row["value"],
        row["error"],
        row["unit"],
        row["status"],
        row.get("why", ""),
        of_68,
        of_95,
        row.get("statistical"),
        row.get("systematic"),
    )


@dataclass(frozen=True)
class Jump:
    """Two neighbours whose best solutions are in different minima of χ².

    Parameters
    ----------
    before, after : SeriesMember
        The neighbours.
    step : float
        Difference of L in Å.
    in_d : float
        The same in units of d.
    cost : float or None
        Increase of χ² of one pattern if it follows the solution of the other; the smaller one of both
        directions. None if that refinement returns to the pattern's own solution.
    """

    before: SeriesMember
    after: SeriesMember
    step: float
    in_d: float
    cost: float | None

    @property
    def real(self) -> bool:
        """Whether the patterns exclude a series without the jump."""
        return self.cost is None or self.cost >= AMBIGUOUS


@short_repr
@dataclass(frozen=True)
class SeriesGap:
    """Gap of one pattern from its low angles.

    Parameters
    ----------
    label : str
        Label of the pattern.
    value : float
        Value of the variable.
    record : mapping
        As :meth:`slxrd.studies.lowangle.result.LowAngle.as_dictionary`; or ``failed``, the reason why there
        is none.
    width : Estimate
        Width w of the gap in Å.
    difference, d : Estimate
        L − w, and the distance of the planes that it should equal, from the fit of the Bragg peaks; in Å.
    """

    label: str
    value: float
    record: Mapping[str, Any] = field(repr=False)
    width: Estimate
    difference: Estimate
    d: Estimate


def gap_of(member: SeriesMember, record: Mapping[str, Any]) -> SeriesGap:
    """Combine the low-angle result of a pattern with L and d of its fit."""
    missing = Estimate(None, None, "Å", "undetermined", str(record.get("failed", "")))
    width = estimate_of(record["estimates"]["gap"]) if "failed" not in record else missing
    L = member.estimates.get("L", missing)
    known = [estimate for estimate in (L, width) if estimate.status in ("determined", "ambiguous")]
    difference = missing
    if len(known) == 2 and all(e.value is not None and e.error is not None for e in known):
        value, error = (L.value or 0.0) - (width.value or 0.0), math.hypot(L.error or 0.0, width.error or 0.0)
        ambiguous = "ambiguous" in (L.status, width.status)
        difference = Estimate(value, error, "Å", "ambiguous" if ambiguous else "determined")
    return SeriesGap(
        member.label, member.value, record, width, difference, member.estimates.get("d", missing)
    )


def average_difference(gaps: Sequence[SeriesGap]) -> Estimate:
    """Return the weighted mean of L − w over a series, in Å.

    Its error is the mean error, because most of the error, from refraction and the shape of the background,
    is common to all patterns.
    """
    known = [(g.difference.value, g.difference.error) for g in gaps if g.difference.status == "determined"]
    pairs = [(value, error) for value, error in known if value is not None and error is not None]
    if not pairs:
        return Estimate(None, None, "Å", "undetermined", "no pattern determines both L and w")
    weights = [error**-2.0 for _, error in pairs]
    mean = sum(weight * value for weight, (value, _) in zip(weights, pairs, strict=True)) / sum(weights)
    return Estimate(mean, sum(error for _, error in pairs) / len(pairs), "Å")


@dataclass(frozen=True)
class SeriesFit:
    """A fitted series; print it for a table.

    Parameters
    ----------
    series : Series
        The patterns.
    members : tuple of SeriesMember
        The fit of each pattern, in the same order.
    jumps : tuple of Jump
        Neighbours whose best solutions are in different minima.
    changes : tuple of Change
        Neighbours between which order is lost or gained.
    joint : JointFit, optional
        The fit with shared or smooth parameters.
    gaps : tuple of SeriesGap
        Gap of each pattern, if the low angles were fitted.
    options : mapping
        Options of the fits.
    complete : bool
        False if the run was interrupted.
    """

    series: Series
    members: tuple[SeriesMember, ...]
    jumps: tuple[Jump, ...]
    changes: tuple[Change, ...] = ()
    joint: JointFit | None = None
    gaps: tuple[SeriesGap, ...] = ()
    options: Mapping[str, Any] = field(repr=False, default_factory=dict)
    complete: bool = True

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Patterns without a result: not readable, copies, or not fitted."""
        failed = [LeftOut(member.source, member.failed) for member in self.members if member.failed]
        return (*self.series.left_out, *failed)

    @cached_property
    def mean_difference(self) -> Estimate:
        """Mean of L − w over the patterns, in Å."""
        return average_difference(self.gaps)

    def __str__(self) -> str:
        return series_text(self)

    def __repr__(self) -> str:
        done = sum(not member.failed for member in self.members)
        return f"<SeriesFit of {len(self.members)} patterns over {self.series.variable}: {done} fitted>"

    def _repr_html_(self) -> str:
        return series_html(self)


def find_jumps(members: Sequence[SeriesMember]) -> tuple[Jump, ...]:
    """Find neighbours, among the patterns with fringes, whose L differs by more than half a d."""
    stacked = [member for member in members if member.fringes]
    found = []
    for one, other in pairwise(stacked):
        step = other.best["L"] - one.best["L"]
        d = (one.best["d"] + other.best["d"]) / 2.0
        if abs(step) <= JUMP * d:
            continue
        costs = [
            path.delta_chi2
            for here, there in ((one, other), (other, one))
            for path in here.paths
            if path.label == there.label and abs(path.values["L"] - there.best["L"]) <= JUMP * d
        ]
        found.append(Jump(one, other, step, step / d, min(costs, default=None)))
    return tuple(found)
