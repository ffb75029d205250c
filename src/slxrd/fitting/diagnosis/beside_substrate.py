"""The range beside the peak of a substrate in which satellites of a multilayer are not described."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.fitting.diagnosis.options import diagnosis_for
from slxrd.fitting.result.fit import Fit

#: Least number of satellites in the region beyond the masked range.
FEWEST_LEFT = 4.0


def mask_satellite(pattern: Pattern, options: Mapping[str, Any], fit: Fit) -> tuple[float, float] | None:
    """Return the range of the satellites that are nearer to the substrate's peak than their distance.

    The kinematic theory is least accurate there: the substrate scatters as much as the satellites, and its
    dynamical diffraction changes their amplitudes and phases.

    Parameters
    ----------
    pattern : Pattern
        Over q, or over 2θ with a known wavelength.
    options : mapping
        All options by name.
    fit : Fit
        A fit of the pattern.

    Returns
    -------
    tuple of float or None
        None unless the pattern is that of a multilayer on a substrate, the fit has the period of its
        satellites, and enough of them are left. Also None if a mask is given.
    """
    found = diagnosis_for(pattern, options)
    if found is None or found.proposal.kind != "multilayer" or found.substrate is None or options["mask"]:
        return None
    satellites = [peak for peak in found.peaks if peak.kind in ("Bragg", "fringe") and not peak.masked]
    period = fit.derived["period"].value if "period" in fit.derived else None
    if not satellites or not period:
        return None
    apart, middle = 2.0 * math.pi / period, found.substrate.q
    one = max(satellites, key=lambda peak: peak.height).q
    low = one + (math.ceil((middle - apart - one) / apart) - 0.5) * apart
    high = one + (math.floor((middle + apart - one) / apart) + 0.5) * apart
    left = sum(
        max(min(low, region.high) - region.low, 0.0) + max(region.high - max(high, region.low), 0.0)
        for region in (fitted.region for fitted in fit.regions)
    )
    return (round(low, 4), round(high, 4)) if left > FEWEST_LEFT * apart else None
