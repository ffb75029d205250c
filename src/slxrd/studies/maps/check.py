"""Full searches of a random sample of patterns, against which the refinement is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd.errors import SlxrdError
from slxrd.fitting.result.fit import AMBIGUOUS
from slxrd.studies.maps.plan import Plan, search_one
from slxrd.units import FloatArray

#: Decrease of χ², against the noise of the pattern, from which on the search has found a better solution.
BETTER = 0.1
#: Probability of the interval of the fraction.
LEVEL = 0.95
#: How a refinement compares with the search of the same pattern.
AGREES, LOWER, COMPETING, NOT_SEARCHED = 0, 1, 2, 3


@dataclass(frozen=True)
class Check:
    """Comparison of the refinement with full searches of a random sample.

    Parameters
    ----------
    patterns : tuple of int
        Indices of the patterns that were searched.
    verdicts : tuple of int
        For each of them: 0 if the refinement has found the same, 1 if the search has found a lower χ² in
        another solution, 2 if it has found a further solution that competes, 3 if the search failed.
    seed : int
        Of the sample.
    """

    patterns: tuple[int, ...]
    verdicts: tuple[int, ...]
    seed: int

    @property
    def searched(self) -> int:
        """Number of patterns that were searched."""
        return sum(verdict != NOT_SEARCHED for verdict in self.verdicts)

    @property
    def wrong(self) -> int:
        """Number of them in which the search has found a lower χ² in another solution."""
        return sum(verdict == LOWER for verdict in self.verdicts)

    @property
    def incomplete(self) -> int:
        """Number of them in which the search has found a further solution that competes."""
        return sum(verdict == COMPETING for verdict in self.verdicts)

    @property
    def disagreeing(self) -> tuple[int, ...]:
        """Indices of the patterns in which the search has found something else."""
        return tuple(i for i, v in zip(self.patterns, self.verdicts, strict=True) if v in (LOWER, COMPETING))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the fraction of fitted patterns in which a search finds something else."""
        return binomial_interval(self.wrong + self.incomplete, self.searched)

    @property
    def lines(self) -> tuple[str, ...]:
        """What the check has found, in words."""
        if not self.searched:
            return ("no pattern was searched afresh: whether solutions were missed is not known",)
        differ, of = self.wrong + self.incomplete, self.searched
        low, high = (f"{100.0 * end:.2g}" for end in self.interval)
        head = (
            f"{of} patterns, drawn at random (seed {self.seed}), were searched in full: in {differ} of them "
            f"the search found something else ({self.wrong} a lower χ², {self.incomplete} a further solution "
            "that competes)"
        )
        if differ:
            return (
                head,
                f"so about {100.0 * differ / of:.2g} % of all fitted patterns (95 % interval {low} to "
                f"{high} %) lack a solution that a search finds; most of these are not marked",
            )
        return (
            head,
            f"so at most {high} % of the fitted patterns (95 % limit) lack a solution that such a search "
            "finds; a search can miss one too",
        )

    def as_dictionary(self) -> dict[str, Any]:
        """Plain data."""
        return {"patterns": list(self.patterns), "verdicts": list(self.verdicts), "seed": self.seed}

    @classmethod
    def from_dictionary(cls, plain: Mapping[str, Any]) -> Check:
        """The check of which :meth:`as_dictionary` made plain data."""
        return cls(tuple(plain["patterns"]), tuple(plain["verdicts"]), int(plain["seed"]))


def binomial_interval(found: int, of: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a fraction of which ``found`` of ``of`` were seen (Clopper and Pearson, Biometrika 1934).

    Where none or all were seen it is one-sided.

    Parameters
    ----------
    found, of : int
        Numbers of those that were found, and of all.
    level : float
        Probability of the interval.
    """
    from scipy.special import betaincinv

    if of == 0:
        return 0.0, 1.0
    tail = (1.0 - level) / (1.0 if found in (0, of) else 2.0)
    low = 0.0 if found == 0 else float(betaincinv(found, of - found + 1, tail))
    high = 1.0 if found == of else float(betaincinv(found + 1, of - found, 1.0 - tail))
    return low, high


def draw_sample(fitted: NDArray[np.intp], number: int, seed: int, stream: int) -> NDArray[np.intp]:
    """Draw some of the fitted patterns at random, in increasing order."""
    random = np.random.default_rng([seed, stream])
    return np.sort(random.choice(fitted, size=min(number, fitted.size), replace=False))


def compare(plan: Plan, row: FloatArray, scale2: float, values: FloatArray, chi2: FloatArray) -> int:
    """Search one pattern in full, and compare the result with the refinement.

    Parameters
    ----------
    plan : Plan
        Of the map.
    row : ndarray, shape (n,)
        Intensities.
    scale2 : float
        Squared ratio of the noise of the pattern to that of the plan.
    values, chi2 : ndarray, shapes (KEPT, p) and (KEPT,)
        Solutions of the refinement, χ² with the σ of the plan.

    Returns
    -------
    int
        Verdict, as in :class:`Check`.
    """
    try:
        theirs, heights = search_one(plan, row)
    except SlxrdError:
        return NOT_SEARCHED
    known = values[np.isfinite(chi2)]

    def is_known(solution: FloatArray) -> bool:
        return bool(len(known)) and bool(np.any(plan.are_same(known, solution)))

    best = float(chi2[0])
    if heights[0] < best - BETTER * scale2 and not (len(known) and bool(plan.are_same(known[0], theirs[0]))):
        return LOWER
    rises = (heights - min(best, float(heights[0]))) / scale2
    near = rises < AMBIGUOUS
    return COMPETING if any(not is_known(each) for each in theirs[near]) else AGREES
