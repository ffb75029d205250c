"""Resolution of films: whether the fringes contradict it, and its refinement where it is only an estimate.

The narrowest peak of a pattern limits the resolution from above. The contrast of the fringes determines it
together with the spread of sizes, which washes out the fringes far from the Bragg peak only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from slxrd.data.peaks import highest_fringe_width
from slxrd.errors import SlxrdError
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.budget import Budget, in_parallel
from slxrd.fitting.search.film.curves import relative_errors
from slxrd.fitting.search.film.minima import distinct_films
from slxrd.fitting.search.film.scan import peak_is_visible
from slxrd.fitting.search.scan import filled
from slxrd.model.intensity import Model
from slxrd.parameters.parameter_set import Parameters

#: Full width at half maximum of a Gaussian over its standard deviation.
FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: A peak is narrower than the resolution if its width is below this part of it, and measured if it is this
#: many times higher than its noise.
NARROWER, MEASURED = 0.95, 20.0
#: Trial widths in units of the given one, and further ones around the best.
TRIED, BESIDE = (0.25, 0.5, 0.71, 1.4, 2.0), (0.85, 1.18)
#: Improvement of χ², over its reduced value, from which on another width is used, or only noted.
USED, NOTED = 6.0, 25.0
_ROUGHLY, _EVALUATIONS = 1e-5, 40
#: Share of the time of the search after which no other width is tried.
_SHARE = 0.8


def too_wide(objective: Objective) -> str | None:
    """Describe a peak that is narrower than the resolution; None if there is none."""
    for points in objective.data:
        top = int(np.argmax(points.intensity))
        noise = relative_errors(points.q, points.intensity, relative=0.0)[top]
        if points.q.size < 8 or not peak_is_visible(points) or points.intensity[top] < MEASURED * noise:
            continue
        width = highest_fringe_width(points.q, points.intensity)
        assumed = FWHM * float(objective.model.instrument.sigma(points.q[top : top + 1])[0])
        if width < NARROWER * assumed:
            return (
                f"the peak at {points.q[top]:.3f} Å⁻¹ has a width of {width:.2g} Å⁻¹ (FWHM), less than the "
                f"resolution of {assumed:.2g} Å⁻¹: the resolution is at most σ_G = {width / FWHM:.2g} Å⁻¹ "
                "(--resolution), and with the one used sizes and their spread are wrong"
            )
    return None


@dataclass(frozen=True)
class Resolved:
    """A film with a refined resolution.

    Parameters
    ----------
    objective : Objective
        With the instrument.
    minima : tuple of Minimum
        The best first.
    notes : tuple of str
        What was changed, or would be better.
    """

    objective: Objective
    minima: tuple[Minimum, ...]
    notes: tuple[str, ...] = ()


def refine_resolution(
    objective: Objective,
    parameters: Parameters,
    minima: tuple[Minimum, ...],
    budget: Budget,
    *,
    estimated: bool,
) -> Resolved:
    """Find the width of a Gaussian resolution that describes the fringes best.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and a film.
    parameters : Parameters
        Those of the search.
    minima : tuple of Minimum
        The best first.
    budget : Budget
        Time.
    estimated : bool
        Whether the resolution is an estimate, which is replaced; a given one is kept, with a note.

    Returns
    -------
    Resolved
        Unchanged if no other width is clearly better.
    """
    instrument = objective.model.instrument
    unchanged = Resolved(objective, minima)
    if instrument.broadening is not None or instrument.sigma_G == 0.0 or budget.spent(_SHARE):
        return unchanged
    start = dict(minima[0].values)

    def one(width: float) -> tuple[float, Objective, Minimum] | None:
        model = Model(objective.model.stack, replace(instrument, sigma_G=width))
        other = Objective(model, objective.data, objective.settings)
        try:
            found = minimise(other, filled(parameters, start), _ROUGHLY, _EVALUATIONS, check=budget.check)
        except SlxrdError:
            return None
        return width, other, found

    known = [(instrument.sigma_G, objective, minima[0])]
    for factors in (TRIED, BESIDE):
        middle = min(known, key=lambda each: each[2].chi2)[0]
        found = in_parallel(one, [factor * middle for factor in factors], budget, _SHARE)
        known += [each for each in found if each is not None]
    width, other, best = min(known, key=lambda each: each[2].chi2)
    freedom = max(objective.n_points - len(best.names), 1)
    gain = (minima[0].chi2 - best.chi2) / max(best.chi2 / freedom, 1.0)
    if other is objective or gain < (USED if estimated else NOTED):
        return unchanged
    if not estimated:
        note = (
            f"the fringes are described better with a resolution of {width:.2g} Å⁻¹ (χ² {best.chi2:.4g} "
            f"instead of {minima[0].chi2:.4g}); check it (--resolution {width:.2g})"
        )
        return replace(unchanged, notes=(note,))
    again = [best, *minima[1:3]]
    refined = [minimise(other, filled(parameters, dict(m.values)), check=budget.check) for m in again]
    note = f"resolution σ_G = {width:.2g} Å⁻¹ from the contrast of the fringes (--resolution sets it)"
    return Resolved(other, distinct_films(refined, other), (note,))
