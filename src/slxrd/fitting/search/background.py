"""Choice of the background by its evidence, among none and polynomials that are not negative.

The minima are searched with a straight line. They are then refined with each background, and the backgrounds
compared by the Bayesian information criterion of their best minima,

    ln E = −χ²/2s² − ½ Σ k ln n,

with k coefficients for the n points of each region. s² is the reduced χ² of the richest background where σ is
an assumed fraction of the maximum, and at least 1 otherwise: if the model does not describe the pattern, or σ
is too small, a background must improve χ² by more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from slxrd._frozen import FrozenDict
from slxrd.fitting.minimise.least_squares import INTERMEDIATE_TOLERANCE, TOLERANCE, Minimum
from slxrd.fitting.minimise.problem import is_compiled
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.minima import refine_all
from slxrd.parameters.parameter_set import Parameters

#: Backgrounds that are compared, the simplest first; that of the search.
COMPARED = ("none", "constant", "linear", "quadratic")
SEARCHED = "linear"
#: Number of minima that are refined with each background, in compiled code and otherwise.
MOST_REFINED, MOST_REFINED_SLOWLY = 8, 2


@dataclass(frozen=True)
class BackgroundChoice:
    """A background chosen by its evidence.

    Parameters
    ----------
    name : str
        The background.
    evidence : mapping of str to float
        Logarithm of the evidence of each background, minus that of none.
    """

    name: str
    evidence: Mapping[str, float]

    @property
    def note(self) -> str:
        """The choice as a note."""
        own = self.evidence[self.name]
        if self.name == "none":
            name, other = max(
                ((name, value) for name, value in self.evidence.items() if name != "none"),
                key=lambda item: item[1],
                default=("", 0.0),
            )
            return f"background: none (ln evidence {-other:.1f} above {name})" if name else "background: none"
        return f"background: {self.name}, not negative (ln evidence {own:.3g} above none)"


def backgrounds_within(objective: Objective, n_free: int) -> tuple[str, ...]:
    """Backgrounds that leave more points than coefficients and free parameters in every region."""
    least = min(points.q.size for points in objective.data)
    return tuple(name for k, name in enumerate(COMPARED) if k == 0 or least > n_free + 1 + k)


def choose_background(
    objective: Objective,
    parameters: Parameters,
    minima: tuple[Minimum, ...],
    budget: Budget | None = None,
    *,
    assumed: bool,
    tolerance: float = TOLERANCE,
) -> tuple[Objective, tuple[Minimum, ...], BackgroundChoice]:
    """Choose the background of a fit, and refine the minima with it.

    Parameters
    ----------
    objective : Objective
        Objective of the search.
    parameters : Parameters
        Parameters of the fit.
    minima : tuple of Minimum
        Its minima, the best first.
    budget : Budget, optional
        Time budget; none by default.
    assumed : bool
        Whether σ is an assumed fraction of the maximum.
    tolerance : float
        Relative change of χ² at which the refinement with the chosen background ends.

    Returns
    -------
    Objective
        Objective with the chosen background.
    tuple of Minimum
        Its minima, the best first.
    BackgroundChoice
        The background and the evidence.
    """
    if objective.counted:
        objective = objective.recounted(minima[0].evaluation.regions)
    if parameters["L"].free:
        gap = minima[0].parameters["L"]
        parameters = parameters.bound(L=(gap.lower, gap.upper))
    most = MOST_REFINED if is_compiled(objective, parameters) else MOST_REFINED_SLOWLY
    budget = budget or Budget()
    starts = minima[:most]
    if objective.counted:
        starts = refine_all(objective, parameters, starts, budget, INTERMEDIATE_TOLERANCE)

    def refined(name: str) -> tuple[Objective, tuple[Minimum, ...]]:
        other = objective.with_background(name)
        return other, refine_all(other, parameters, starts, budget, INTERMEDIATE_TOLERANCE)

    names = backgrounds_within(objective, len(minima[0].names))
    # Every background is tried, if only roughly where the time has passed.
    tried = dict(zip(names, in_parallel(refined, names, budget, math.inf), strict=True))
    scale = _scale(tried[list(tried)[-1]][1][0], assumed)
    logs = {
        name: -0.5 * of_background[0].chi2 / scale - _penalty(other)
        for name, (other, of_background) in tried.items()
    }
    best = max(logs, key=lambda name: logs[name])
    evidence = FrozenDict({name: value - logs["none"] for name, value in logs.items()})
    chosen = tried[best][0]
    return chosen, refine_all(chosen, parameters, minima, budget, tolerance), BackgroundChoice(best, evidence)


def _penalty(objective: Objective) -> float:
    pairs = zip(objective.data, objective.backgrounds, strict=True)
    return 0.5 * float(sum(columns.shape[1] * math.log(points.q.size) for points, columns in pairs))


def _scale(best: Minimum, assumed: bool) -> float:
    """Variance of the residuals over σ²."""
    expected = best.covariance.expected_chi2
    reduced = best.chi2 / expected if expected > 0.0 else 1.0
    return max(reduced, 1e-12) if assumed else max(reduced, 1.0)
