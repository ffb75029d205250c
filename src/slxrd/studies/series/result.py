"""What the fits of a series say, pattern by pattern, and where its solutions jump; frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from slxrd.fitting.result.fit import AMBIGUOUS, Estimate
from slxrd.studies.series.patterns import LeftOut, Series

if TYPE_CHECKING:
    from slxrd.studies.series.joint.result import JointFit
    from slxrd.studies.series.lowangle import SeriesGap
    from slxrd.studies.series.onset import Change

#: L of neighbours that differs by more than this many d is in another minimum of χ².
JUMP = 0.5


@dataclass(frozen=True)
class Path:
    """Where a neighbour's solution leads in a pattern.

    Parameters
    ----------
    label : str
        The neighbour.
    values : mapping
        All parameters at the minimum that was reached.
    delta_chi2 : float
        How much higher χ² is there than in the pattern's own best solution.
    """

    label: str
    values: Mapping[str, float]
    delta_chi2: float


@dataclass(frozen=True)
class SeriesMember:
    """One pattern of a series and what its fit gave.

    Parameters
    ----------
    label, source : str
        Its name in the series, and its file.
    value : float
        Of the variable.
    record : mapping
        ``result`` (as in result.json), ``curves`` and ``areas``; or ``failed``, why there is none.
    paths : tuple of Path
        From the neighbours' solutions.
    """

    label: str
    source: str
    value: float
    record: Mapping[str, Any] = field(repr=False)
    paths: tuple[Path, ...] = ()

    @property
    def failed(self) -> str:
        """Why it could not be fitted; empty if it was."""
        return str(self.record.get("failed", ""))

    @property
    def result(self) -> Mapping[str, Any]:
        """The fit, as in result.json."""
        return self.record["result"]  # type: ignore[no-any-return]

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Parameters and derived quantities; none if it could not be fitted."""
        if self.failed:
            return {}
        rows = {**self.result["parameters"], **self.result["derived"]}
        return {name: estimate_of(row) for name, row in rows.items()}

    @property
    def best(self) -> Mapping[str, float]:
        """Values of all parameters in the best solution."""
        return self.result["solutions"][0]["parameters"]  # type: ignore[no-any-return]

    @property
    def fringes(self) -> bool | None:
        """Whether there are fringes; None where that was not asked, or nothing was fitted."""
        if self.failed or self.result["input"]["coherent"] == 1:
            return None
        if any(note.startswith("no fringes") for note in self.result["notes"]):
            return False
        stacking = {"L", "sigma_L"} & set(self.result["refined"])
        return True if stacking else None


def estimate_of(row: Mapping[str, Any]) -> Estimate:
    """Read an estimate of a kept result."""
    pieces = {
        name: tuple((low, high) for low, high in row.get(name, ())) for name in ("interval_68", "interval_95")
    }
    return Estimate(row["value"], row["error"], row["unit"], row["status"], row.get("why", ""), **pieces)


@dataclass(frozen=True)
class Jump:
    """Two neighbours whose best solutions are in different minima of χ².

    Parameters
    ----------
    before, after : SeriesMember
        The neighbours.
    step : float
        From the one L to the other, in Å.
    in_d : float
        The same in units of d.
    cost : float or None
        By how much χ² of the one rises where it follows the solution of the other instead, the lesser
        of the two ways; None where that leads back to its own.
    """

    before: SeriesMember
    after: SeriesMember
    step: float
    in_d: float
    cost: float | None

    @property
    def real(self) -> bool:
        """Whether the patterns themselves exclude that the series goes on without it."""
        return self.cost is None or self.cost >= AMBIGUOUS


@dataclass(frozen=True)
class SeriesFit:
    """A fitted series; print it for a table.

    Parameters
    ----------
    series : Series
        The patterns.
    members : tuple of SeriesMember
        What each gave, in the same order.
    jumps : tuple of Jump
        Where the best solutions of neighbours do not belong together.
    changes : tuple of Change
        Where order is lost, or gained.
    joint : JointFit, optional
        The fit with shared or smooth parameters.
    gaps : tuple of SeriesGap
        From the low angles of each pattern, where that was asked for.
    options : mapping
        What the fits were told.
    complete : bool
        False if it was interrupted.
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
        """What was given and is not in the results: not read, copies, not fitted."""
        failed = [LeftOut(member.source, member.failed) for member in self.members if member.failed]
        return (*self.series.left_out, *failed)

    def __str__(self) -> str:
        from slxrd.studies.series.table import series_text

        return series_text(self)


def find_jumps(members: Sequence[SeriesMember]) -> tuple[Jump, ...]:
    """Find neighbours, among those with fringes, whose L differ by more than half a d."""
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
