"""Counting time needed to exclude other solutions, from the fit of one noise-free pattern.

For the noise-free pattern, χ² of the true solution is 0. The refined χ² of another solution, Δ, is the mean
of its χ² above the best one in measured patterns, where it scatters by 2√Δ. Both follow from Gaussian noise
and a model that is nearly linear about each solution (G. Cowan et al., Eur. Phys. J. C 2011, 71, 1554, call
such a pattern the Asimov data set). Δ is proportional to the counting time, so one fit replaces many
simulations at every counting time. With region weights below 1 the scatter is smaller, and the time is an
upper estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.fit_options import FitOptions
from slxrd.fitting.pipeline import fit_pattern
from slxrd.fitting.result.fit import AMBIGUOUS, Fit, Solution
from slxrd.fitting.systematics.settings import NONE
from slxrd.fitting.uncertainty.limits import FRINGES_DETECTED, fringes_detected
from slxrd.units import FloatArray

#: Fraction of the measurements that should have a single solution.
UNIQUE_FRACTION = 0.95
#: Counting times considered, relative to the measurement: longest, shortest, and factor between steps.
LONGEST, SHORTEST, FACTOR = 1e4, 1e-4, 8.0


@dataclass(frozen=True)
class Distinguishability:
    """Expected Δχ² of fringes and of other solutions, from which to predict any counting time.

    Parameters
    ----------
    fringes : float
        Decrease of χ² with fringes; 0 for a single crystal.
    rivals : mapping of int to float
        Δχ² of other solutions, by the distance of their L from the true one in units of d.
    stacked : bool
        Whether the sample is a stack, which has an L.
    """

    fringes: float
    rivals: Mapping[int, float]
    stacked: bool

    def unique(self, time: float = 1.0) -> float:
        """Return the fraction of measurements with a single solution, which is the true one.

        Parameters
        ----------
        time : float
            Counting time, or 1/σ², in units of that of the measurement.
        """
        if not self.stacked:
            return 1.0
        return math.prod(
            [_exceeds(time * self.fringes, FRINGES_DETECTED)]
            + [_exceeds(time * rival, AMBIGUOUS) for rival in self.rivals.values()]
        )

    def needed(self, fraction: float = UNIQUE_FRACTION) -> float | None:
        """Return the counting time needed for a single solution.

        Parameters
        ----------
        fraction : float
            Required fraction of measurements with a single solution.

        Returns
        -------
        float or None
            In units of that of the measurement (1/σ², if σ is not from counts); None if no time suffices.
        """
        if self.unique(LONGEST) < fraction:
            return None
        low, high = math.log(SHORTEST), math.log(LONGEST)
        while high - low > 1e-3:
            middle = (low + high) / 2.0
            low, high = (low, middle) if self.unique(math.exp(middle)) >= fraction else (middle, high)
        return math.exp(high)


def _exceeds(expected: float, threshold: float) -> float:
    """Return the probability that Δχ² with the given expectation exceeds a threshold."""
    if expected <= 0.0:
        return 0.0
    return 0.5 * math.erfc((threshold - expected) / math.sqrt(8.0 * expected))


def distinguishability(
    noise_free: Pattern, sigma: FloatArray, options: FitOptions, true: Mapping[str, float]
) -> Distinguishability | None:
    """Fit a noise-free pattern with the σ of a measurement.

    Parameters
    ----------
    noise_free : Pattern
        Expected pattern.
    sigma : ndarray, shape (n,)
        Standard deviation of the measurement.
    options : FitOptions
        Options of the fit; σ is always that given.
    true : mapping of str to float
        Parameters of the pattern.

    Returns
    -------
    Distinguishability or None
        None if the pattern cannot be fitted, or the best solution is not the true one.
    """
    options = replace(options, noise="file", systematics=NONE)

    def at(time: float) -> Fit:
        pattern = replace(noise_free, sigma=sigma / math.sqrt(time))
        return fit_pattern(pattern, options, intervals=False)  # only the solutions and their χ² are needed

    try:
        fit = at(1.0)
        if fit.stack.coherent == 1:
            return Distinguishability(0.0, {}, False)
        gain = fringes_detected(fit.objective, fit.minima[0])[1]
        time = 1.0
        if gain < FRINGES_DETECTED:
            time = 2.0 * FRINGES_DETECTED / max(gain, 1e-12)
            if time > LONGEST:
                return Distinguishability(gain, {}, True)
            fit = at(time)
        found = Distinguishability(gain, _rivals(fit, true, time), True)
        while not found.rivals and time > SHORTEST and fit.parameters["L"].status != "undetermined":
            time /= FACTOR
            fit = at(time)
            found = replace(found, rivals=_rivals(fit, true, time))
        needed = found.needed()
        if needed is None:
            return found
        # At this counting time, all solutions that matter have a Δχ² small enough to be listed.
        return replace(found, rivals={**_rivals(at(needed), true, needed), **found.rivals})
    except SlxrdError:
        return None


def _rivals(fit: Fit, true: Mapping[str, float], time: float) -> dict[int, float]:
    """Return the lowest Δχ² per counting time of the other solutions at each distance of L."""
    if fit.parameters["L"].status == "undetermined":
        return {}
    if steps_away(fit.solutions[0], true) != 0:
        raise SlxrdError("the best solution is not the true one")
    found: dict[int, float] = {}
    for solution in fit.solutions[1:]:
        step = steps_away(solution, true)
        if step:
            found.setdefault(step, solution.delta_chi2 / time)
    return found


def steps_away(solution: Solution, true: Mapping[str, float]) -> int:
    """Return the distance of L of a solution from the true one, in units of d, rounded."""
    return round((solution.values["L"] - true["L"]) / true["d"])
