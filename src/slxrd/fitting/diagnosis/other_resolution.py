"""Another width of the resolution, where it was assumed and the fit with it does not describe the pattern."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.estimates import reduced_chi2
from slxrd.fitting.fit_options import FitOptions
from slxrd.fitting.minimise.least_squares import INTERMEDIATE_TOLERANCE, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.pipeline import Searched, search_pattern
from slxrd.fitting.result.fit import Fit

#: Widths that are tried, relative to the assumed one, and relative precision of the best one.
TRIED, PRECISION = (0.5, 0.25, 0.125), 0.02
#: Reduced χ² with another width must be less than this part of that with the assumed one.
WORTH_CHANGING = 0.5
#: Share of the time budget of a fit for each of them.
SHARE_OF_BUDGET = 0.25


def best_resolution(fit: Fit, options: Mapping[str, Any]) -> float | None:
    """Find the narrower resolution with which a stack or film has the lowest χ².

    Parameters
    ----------
    fit : Fit
        A fit that was rejected.
    options : mapping
        All options by name, as they were given.

    Returns
    -------
    float or None
        σ_G in Å⁻¹. None if the resolution was given, for structures on a substrate, whose own peak shows the
        resolution, for several scans, and if no narrower one is much better.
    """
    of_fit = fit.options
    if (
        options["resolution"] is not None
        or of_fit is None
        or of_fit.further
        or fit.stack.substrate is not None
    ):
        return None
    assumed = of_fit.instrument.sigma_G
    tried = [found for share in TRIED if (found := _searched(fit, of_fit, share * assumed)) is not None]
    if not tried:
        return None
    best = min(tried, key=lambda searched: searched.reduced_chi2)
    width, chi2 = _refined(best)
    if reduced_chi2(best.objective, best.found.minima[0]) * chi2 > WORTH_CHANGING * fit.reduced_chi2:
        return None
    return float(f"{width:.3g}")


def _searched(fit: Fit, options: FitOptions, sigma_G: float) -> Searched | None:
    """Search the structure with a resolution; None if that is not possible."""
    options = replace(
        options,
        stack=fit.stack,
        instrument=replace(options.instrument, sigma_G=sigma_G),
        estimated_coherent=False,
        budget=SHARE_OF_BUDGET * options.budget,
    )
    try:
        return search_pattern(fit.pattern, options)
    except SlxrdError:
        return None


def _refined(searched: Searched) -> tuple[float, float]:
    """Return the width with the lowest χ² near one that was searched, and how much χ² is less there."""
    from scipy.optimize import minimize_scalar

    best, model = searched.found.minima[0], searched.objective.model
    begin = model.instrument.sigma_G

    def chi2(log_width: float) -> float:
        instrument = replace(model.instrument, sigma_G=begin * math.exp(log_width))
        objective = Objective(
            replace(model, instrument=instrument), searched.objective.data, searched.objective.settings
        )
        return minimise(objective, best.parameters, INTERMEDIATE_TOLERANCE).chi2

    found: Any = minimize_scalar(
        chi2, bounds=(-math.log(2.0), math.log(2.0)), method="bounded", options={"xatol": PRECISION}
    )
    return begin * math.exp(float(found.x)), float(found.fun) / max(best.chi2, 1e-300)
