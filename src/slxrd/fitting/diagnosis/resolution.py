"""Upper limit of the resolution of the instrument from the sharpest peak and from the contrast of fringes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from slxrd.fitting.diagnosis.maxima import Maximum
from slxrd.fitting.diagnosis.result import FringePeriod, ResolutionEstimate
from slxrd.units import FloatArray

#: Full width at half maximum of a Gaussian, in standard deviations.
FWHM = 2.3548
#: Smallest significance and relative height of a peak whose width is used.
CLEAR, HIGH = 15.0, 0.05
#: Smallest significance of a fringe whose contrast is used.
CONTRAST = 20.0
#: Factor on the limit from the contrast, which noise and the fall of the fringes change a little.
SAFETY = 1.25


def estimate_resolution(
    maxima: Sequence[Maximum], intensity: FloatArray, fringes: Sequence[FringePeriod]
) -> ResolutionEstimate | None:
    """Estimate an upper limit of the resolution.

    No peak is narrower than the resolution. A Gaussian of standard deviation σ reduces the visibility of
    sinusoidal fringes of spacing δ to exp(−½(2πσ/δ)²).

    Parameters
    ----------
    maxima : sequence of Maximum
        All maxima.
    intensity : ndarray, shape (n,)
        Intensity of the pattern.
    fringes : sequence of FringePeriod
        Their periods.
    """
    highest = max((peak.height for peak in maxima), default=0.0)
    clear = [peak for peak in maxima if peak.significance > CLEAR and peak.height > HIGH * highest]
    if not clear:
        return None
    sharpest = min(clear, key=lambda peak: peak.width)
    best = ResolutionEstimate(sharpest.width / FWHM, sharpest.q, "sharpest peak")
    for period in fringes:
        if period.kind != "Laue":
            continue
        spacing = 2.0 * math.pi / period.period
        inside = [peak for peak in maxima if period.low < peak.q < period.high]
        inside = [peak for peak in inside if peak.significance > CONTRAST and peak.width < 0.7 * spacing]
        if len(inside) < 3:
            continue
        lows = np.array([max(0.5 * (intensity[peak.left] + intensity[peak.right]), 0.0) for peak in inside])
        tops = np.array([peak.height + peak.background for peak in inside])
        visibility = np.quantile((tops - lows) / (tops + lows), 0.75)
        limit = (
            SAFETY
            * spacing
            / (2.0 * math.pi)
            * math.sqrt(2.0 * math.log(1.0 / min(float(visibility), 0.999)))
        )
        if limit < best.sigma:
            best = ResolutionEstimate(limit, inside[0].q, "fringes")
    return best
