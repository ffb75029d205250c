"""Whether the resolution contradicts the narrowest peak of a pattern."""

from __future__ import annotations

import math

import numpy as np

from slxrd.data.peaks import highest_fringe_width
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.search.film.curves import relative_errors
from slxrd.fitting.search.film.scan import peak_is_visible

#: Full width at half maximum of a Gaussian over its standard deviation.
FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: A peak is narrower than the resolution if its width is below this part of it, and measured if it is this
#: many times higher than its noise.
NARROWER, MEASURED = 0.95, 20.0


def too_wide(objective: Objective) -> list[str]:
    """Describe peaks that are narrower than the resolution, at most one in each region."""
    found = []
    for points in objective.data:
        top = int(np.argmax(points.intensity))
        noise = relative_errors(points.q, points.intensity, relative=0.0)[top]
        if points.q.size < 8 or not peak_is_visible(points) or points.intensity[top] < MEASURED * noise:
            continue
        width = highest_fringe_width(points.q, points.intensity)
        assumed = FWHM * float(objective.model.instrument.sigma(points.q[top : top + 1])[0])
        if width < NARROWER * assumed:
            found.append(
                f"the peak at {points.q[top]:.3f} Å⁻¹ has a width of {width:.2g} Å⁻¹ (FWHM), less than the "
                f"resolution of {assumed:.2g} Å⁻¹: σ_G is at most {width / FWHM:.2g} Å⁻¹ (--resolution), and "
                "with the one used the size and its spread are wrong"
            )
    return found
