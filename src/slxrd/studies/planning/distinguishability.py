"""What a pattern without noise foretells of measured ones: how long a measurement excludes other solutions.

At the pattern that is expected, χ² of the true solution is 0. That of another one, refined, is the mean of
what it lies above the best one in measured patterns, Δ, and there it scatters by 2√Δ; both follow from
Gaussian noise and a model that is nearly linear about each solution (G. Cowan et al., Eur. Phys. J. C 2011,
71, 1554, call such a pattern the Asimov data set). Δ grows as the counting time. So one fit tells, about,
what many simulations at every counting time would. With region weights below 1 the scatter is smaller than
that, and the answer on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.limits import FRINGES_SEEN, fringes_seen
from slxrd.fitting.pipeline import FitOptions, fit_pattern
from slxrd.fitting.result.fit import AMBIGUOUS, Fit, Solution
from slxrd.units import FloatArray

#: Share of the measurements that are to have one solution only.
SURE = 0.95
#: Information, relative to the measurement, that is looked at: most, least, and how it is lessened.
MOST, LEAST, LESSENED = 1e4, 1e-4, 8.0


@dataclass(frozen=True)
class Foresight:
    """What is to be expected of solutions and fringes at any counting time.

    Parameters
    ----------
    fringes : float
        What fringes improve χ² by; 0 for a single crystal.
    rivals : mapping of int to float
        Δχ² of other solutions, by how many d their L lies from the true one.
    stacked : bool
        Whether there is an L at all.
    """

    fringes: float
    rivals: Mapping[int, float]
    stacked: bool

    def unique(self, more: float = 1.0) -> float:
        """Share of the measurements with one solution only, and that the true one.

        Parameters
        ----------
        more : float
            Counting time, or 1/σ², in units of that foreseen.
        """
        if not self.stacked:
            return 1.0
        return math.prod(
            [_exceeds(more * self.fringes, FRINGES_SEEN)]
            + [_exceeds(more * rival, AMBIGUOUS) for rival in self.rivals.values()]
        )

    def needed(self, share: float = SURE) -> float | None:
        """Find the counting time that gives one solution only.

        Parameters
        ----------
        share : float
            Of the measurements in which it does.

        Returns
        -------
        float or None
            In units of that foreseen (1/σ², where σ is not from counts); None if none would do.
        """
        if self.unique(MOST) < share:
            return None
        low, high = math.log(LEAST), math.log(MOST)
        while high - low > 1e-3:
            middle = (low + high) / 2.0
            low, high = (low, middle) if self.unique(math.exp(middle)) >= share else (middle, high)
        return math.exp(high)


def _exceeds(expected: float, threshold: float) -> float:
    """Probability that Δχ² of this expectation is larger than a threshold."""
    if expected <= 0.0:
        return 0.0
    return 0.5 * math.erfc((threshold - expected) / math.sqrt(8.0 * expected))


def foresee(
    clear: Pattern, sigma: FloatArray, options: FitOptions, true: Mapping[str, float]
) -> Foresight | None:
    """Fit a pattern without noise, as if it had noise.

    Parameters
    ----------
    clear : Pattern
        What is expected.
    sigma : ndarray, shape (n,)
        Standard deviation that a measurement will have.
    options : FitOptions
        As for the measured patterns; σ is always that given.
    true : mapping of str to float
        What the pattern was made with.

    Returns
    -------
    Foresight or None
        None if it cannot be fitted, or not to the truth.
    """
    options = replace(options, noise="file")

    def at(more: float) -> Fit:
        return fit_pattern(replace(clear, sigma=sigma / math.sqrt(more)), options)

    try:
        fit = at(1.0)
        if fit.stack.coherent == 1:
            return Foresight(0.0, {}, False)
        gain = fringes_seen(fit.objective, fit.minima[0])[1]
        more = 1.0
        if gain < FRINGES_SEEN:
            more = 2.0 * FRINGES_SEEN / max(gain, 1e-12)
            if more > MOST:
                return Foresight(gain, {}, True)
            fit = at(more)
        found = Foresight(gain, _rivals(fit, true, more), True)
        while not found.rivals and more > LEAST and fit.parameters["L"].status != "undetermined":
            more /= LESSENED
            fit = at(more)
            found = replace(found, rivals=_rivals(fit, true, more))
        needed = found.needed()
        if needed is None:
            return found
        # There all that count are close enough to be listed.
        return replace(found, rivals={**_rivals(at(needed), true, needed), **found.rivals})
    except SlxrdError:
        return None


def _rivals(fit: Fit, true: Mapping[str, float], more: float) -> dict[int, float]:
    """Δχ² of the other solutions per information; of those as far from the truth, the lowest."""
    if fit.parameters["L"].status == "undetermined":
        return {}
    if steps_away(fit.solutions[0], true) != 0:
        raise SlxrdError("the best solution is not the true one")
    found: dict[int, float] = {}
    for solution in fit.solutions[1:]:
        step = steps_away(solution, true)
        if step:
            found.setdefault(step, solution.delta_chi2 / more)
    return found


def steps_away(solution: Solution, true: Mapping[str, float]) -> int:
    """How many d a solution's L lies from the true one."""
    return round((solution.values["L"] - true["L"]) / true["d"])
