"""A fit of cuts as it is saved: what its document shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.record.read import read_assessment, read_estimate
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.result.fit import Estimate, Solution


@dataclass(frozen=True)
class SavedDirections:
    """A fit of cuts in several directions, read from plain data.

    Parameters
    ----------
    cuts : tuple of (str, str)
        Files and directions.
    disorder : str
        Kind of disorder.
    coherent : tuple of int
        M_x, M_y, M_z.
    share : tuple of str
        Parameters that all axes share.
    parameters, derived : mapping of str to Estimate
        As those of :class:`slxrd.DirectionsFit`.
    solutions : tuple of Solution
        All minima, the best first.
    reduced_chi2 : float or None
        Reduced χ².
    n_points : int
        Number of points fitted.
    notes : tuple of str
        Decisions, and limits of the result.
    assessment : Assessment
        Whether the model describes the data.
    """

    cuts: tuple[tuple[str, str], ...]
    disorder: str
    coherent: tuple[int, ...]
    share: tuple[str, ...]
    parameters: Mapping[str, Estimate]
    derived: Mapping[str, Estimate]
    solutions: tuple[Solution, ...]
    reduced_chi2: float | None
    n_points: int
    notes: tuple[str, ...]
    assessment: Assessment

    @classmethod
    def from_dictionary(cls, document: Mapping[str, Any]) -> SavedDirections:
        """Convert plain data, as :meth:`slxrd.DirectionsFit.as_dictionary` returns them.

        Raises
        ------
        SlxrdError, KeyError, TypeError, ValueError, AttributeError
            If something is missing or invalid.
        """
        assessment = read_assessment(document["assessment"])
        if assessment is None:
            raise SlxrdError("the fit of cuts is not assessed")
        reduced = document["reduced_chi2"]
        return cls(
            cuts=tuple((str(cut["file"]), str(cut["direction"])) for cut in document["cuts"]),
            disorder=str(document["disorder"]),
            coherent=tuple(int(number) for number in document["coherent"]),
            share=tuple(map(str, document["share"])),
            parameters={name: read_estimate(item) for name, item in document["parameters"].items()},
            derived={name: read_estimate(item) for name, item in document["derived"].items()},
            solutions=tuple(map(_solution, document["solutions"])),
            reduced_chi2=None if reduced is None else float(reduced),
            n_points=int(document["n_points"]),
            notes=tuple(map(str, document["notes"])),
            assessment=assessment,
        )

    @property
    def rejected(self) -> bool:
        """Whether the model does not describe the data, so that no quantity is a result."""
        return self.assessment.rejected


def _solution(item: Mapping[str, Any]) -> Solution:
    values = {str(name): float(value) for name, value in item["values"].items()}
    return Solution(values, *(float(item[name]) for name in ("chi2", "delta_chi2", "probability")))
