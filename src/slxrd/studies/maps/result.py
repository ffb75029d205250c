"""The result of a map: values, errors and grades of every pattern, and their summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from slxrd._escape import on_one_line
from slxrd.errors import SlxrdError
from slxrd.parameters.definitions import info
from slxrd.studies.maps.blocks import assessment as levels
from slxrd.studies.maps.blocks.refinement import EMPTY, NOT_FINITE, SATURATED
from slxrd.studies.maps.check import Check
from slxrd.studies.maps.layout import MapSummary
from slxrd.units import FloatArray

#: Words for the grades and kinds of patterns, and for the statuses of parameters, by their numbers.
GRADES = ("described", "systematic residuals", "rejected", "not converged", "not fitted")
KINDS = ("with signal", "empty", "saturated", "not finite")
STATUSES = ("fixed", "determined", "ambiguous", "undetermined", "at bound", "not fitted")


@dataclass(frozen=True, eq=False)
class MapFit:
    """A fitted map.

    Parameters
    ----------
    source : str
        Origin of the patterns.
    shape : tuple of int
        Shape of the map.
    names : tuple of str
        Parameters of the structure.
    free : tuple of str
        Those that were refined.
    best : ndarray, shape (..., p)
        Best solution of each pattern, whether or not it is a result; NaN without a fit.
    errors : ndarray, shape (..., p)
        Standard deviations from the noise; NaN where there is none.
    status : ndarray of uint8, shape (..., p)
        Index in :data:`STATUSES`.
    grade, kind : ndarray of uint8, shape (...)
        Index in :data:`GRADES` and :data:`KINDS`.
    chi2, reduced_chi2, widening : ndarray, shape (...)
        Against the noise of each pattern; the errors contain the widening.
    solutions : ndarray, shape (..., k, p)
        All solutions that were kept, the best first; NaN where there are fewer.
    rises : ndarray, shape (..., k)
        Δχ² of these solutions; infinite where there are fewer.
    competing : ndarray of uint8, shape (...)
        Number of solutions that compete with the best.
    doubtful : ndarray of bool, shape (...)
        Patterns that were searched in full with another result, and those closer to one of them than to any
        other searched pattern.
    check : Check
        Comparison with full searches of a random sample.
    common : mapping of str to float
        Systematic errors of parameters of the mean pattern, which all patterns share and ``errors`` lack.
    noise : str
        Source of σ.
    notes : tuple of str
        Decisions and limits.
    simulated : bool
        Whether the patterns are simulated.
    """

    source: str
    shape: tuple[int, ...]
    names: tuple[str, ...]
    free: tuple[str, ...]
    best: FloatArray
    errors: FloatArray
    status: NDArray[np.uint8]
    grade: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    chi2: FloatArray
    reduced_chi2: FloatArray
    widening: FloatArray
    solutions: FloatArray
    rises: FloatArray
    competing: NDArray[np.uint8]
    doubtful: NDArray[np.bool_]
    check: Check
    common: Mapping[str, float] = field(default_factory=dict)
    noise: str = ""
    notes: tuple[str, ...] = ()
    simulated: bool = False

    def value(self, name: str) -> FloatArray:
        """Map of a parameter: NaN where the model does not describe the pattern or the value is not unique.

        Parameters
        ----------
        name : str
            A parameter of the structure.

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        SlxrdError
            If the map has no such parameter.
        """
        i = self._index(name)
        return np.where(self.shown(name), self.best[..., i], np.nan)

    def error(self, name: str) -> FloatArray:
        """Map of the standard deviation of a parameter, NaN where :meth:`value` is.

        It contains the noise of the pattern and, where residuals are systematic, its widening, but not the
        systematic errors that all patterns have in common (``common``).
        """
        return np.where(self.shown(name), self.errors[..., self._index(name)], np.nan)

    def shown(self, name: str) -> NDArray[np.bool_]:
        """Where a parameter has a value."""
        status = self.status[..., self._index(name)]
        return (self.grade <= levels.SYSTEMATIC) & np.isin(status, (levels.DETERMINED, levels.FIXED))

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise SlxrdError(f"the map has no parameter {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)

    def counts(self) -> dict[str, int]:
        """Numbers of patterns by kind and grade."""
        found = {"patterns": int(self.grade.size)}
        for code in (EMPTY, SATURATED, NOT_FINITE):
            found[KINDS[code]] = int(np.count_nonzero(self.kind == code))
        for code in (levels.DESCRIBES, levels.SYSTEMATIC, levels.REJECTED, levels.FAILED):
            found[GRADES[code]] = int(np.count_nonzero(self.grade == code))
        found["ambiguous"] = int(np.count_nonzero((self.competing > 0) & (self.grade <= levels.SYSTEMATIC)))
        found["doubtful"] = int(np.count_nonzero(self.doubtful))
        return found

    def __repr__(self) -> str:
        return f"<MapFit {self.source}: {' × '.join(map(str, self.shape))} patterns>"

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def as_dictionary(self) -> MapSummary:
        """Plain data of the summary."""
        return {
            "source": self.source,
            "simulated": self.simulated,
            "shape": list(self.shape),
            "noise": self.noise,
            "counts": self.counts(),
            "parameters": {name: _row(self, name) for name in self.free},
            "common": dict(self.common),
            "check": {
                "patterns": list(self.check.patterns),
                "verdicts": list(self.check.verdicts),
                "seed": self.check.seed,
                "interval": list(self.check.interval),
            },
            "notes": list(self.notes),
        }


def _row(found: MapFit, name: str) -> dict[str, float | str]:
    """Spread of a parameter over the map, and how often it has no value."""
    values, errors = found.value(name), found.error(name)
    kept = values[np.isfinite(values)]
    status = found.status[..., found.names.index(name)][found.grade <= levels.SYSTEMATIC]
    row: dict[str, float | str] = {"patterns": int(kept.size), "unit": info(name).unit}
    for code in (levels.AMBIGUOUS_VALUE, levels.UNDETERMINED, levels.AT_BOUND):
        row[STATUSES[code]] = int(np.count_nonzero(status == code))
    if kept.size:
        low, middle, high = np.percentile(kept, (5.0, 50.0, 95.0)).tolist()
        row |= {"median": middle, "percentile_5": low, "percentile_95": high,
                "median_error": float(np.nanmedian(errors))}  # fmt: skip
    return row


def _lines(found: MapFit) -> list[str]:
    simulated = " [simulated]" if found.simulated else ""
    grid = " × ".join(map(str, found.shape))
    counts = found.counts()
    total = counts.pop("patterns")
    lines = [f"{on_one_line(found.source)}{simulated}: map of {grid} = {total} patterns"]
    lines += [found.noise, ""]
    texts = {
        "empty": "empty: no peak above the noise; not fitted",
        "saturated": "saturated; not fitted",
        "not finite": "with points that are not numbers; not fitted",
        "described": "described by the model within the noise",
        "systematic residuals": "described with systematic residuals; errors widened",
        "rejected": "REJECTED: the model does not describe them; no value",
        "not converged": "refinement failed; no value",
        "ambiguous": "of the described: other solutions compete; parameters that differ have no value",
        "doubtful": "searched in full with another result, or next to such a pattern: doubtful",
    }
    for name, number in counts.items():
        if number or name == "described":
            lines.append(f"  {number:>8} ({100.0 * number / total:5.1f} %)  {texts[name]}")
    lines += ["", "             median    5 % … 95 % of the patterns    error of one   patterns with a value"]
    lines += [_line(found, name) for name in found.free]
    lines.append("errors are those of the noise of one pattern, for comparing patterns with one another")
    if found.common:
        rows = [f"{info(n).symbol} ±{error:.2g} {info(n).unit}".strip() for n, error in found.common.items()]
        lines.append(
            "systematic errors that all patterns have in common (of the mean pattern): " + ", ".join(rows)
        )
    else:
        lines.append("systematic errors that all patterns have in common are not known and not included")
    return [*lines, "", *found.check.lines, *(f"! {note}" for note in found.notes)]


def _line(found: MapFit, name: str) -> str:
    row = _row(found, name)
    label = f"  {info(name).symbol:<5} {info(name).unit:<6}"
    lost = ", ".join(f"{row[s]} {s}" for s in ("ambiguous", "undetermined", "at bound") if row[s])
    lost = f" ({lost})" if lost else ""
    if not row["patterns"]:
        return f"{label} no pattern determines it{lost}"
    return (
        f"{label}{row['median']:>10.5g}  {row['percentile_5']:>10.5g} … {row['percentile_95']:<10.5g}"
        f"   ±{row['median_error']:<10.2g}{row['patterns']:>12}{lost}"
    )
