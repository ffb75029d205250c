"""Second thoughts: where the covariance cannot be trusted, the profile of χ² decides."""

from __future__ import annotations

from dataclasses import replace

from slxrd.estimates import covariance
from slxrd.merit import derived_quantities
from slxrd.result import Estimate, Fit
from slxrd.table import STACKING
from slxrd.uncertainty.interval import judge


def settled(fit: Fit) -> Fit:
    """Return the fit with the estimates that the covariance leaves in doubt taken from the profile.

    In doubt is a parameter without an error bar, or one whose error reaches to its bound: there χ² is
    no parabola, as with σ_N below half a plane, when N and σ_N are exchanged along a short ridge.

    Parameters
    ----------
    fit : Fit
        As its covariance says.
    """
    doubted = [name for name in fit.names if _in_doubt(fit, name)]
    if not doubted:
        return fit
    estimates = {**fit.parameters, **{name: judge(fit, name) for name in doubted}}
    best = fit.minima[0]
    return replace(
        fit, parameters=estimates, derived=derived_quantities(estimates, best.values, covariance(best))
    )


def _in_doubt(fit: Fit, name: str) -> bool:
    estimate: Estimate = fit.parameters[name]
    row = fit.minima[0].parameters[name]
    if name in STACKING and fit.parameters["L"].status == "undetermined":
        return False  # the fringes have been judged
    if estimate.status == "undetermined":
        return True
    if estimate.value is None or estimate.error is None:
        return False
    return (
        not row.lower
        <= estimate.value - 2.0 * estimate.error
        <= estimate.value + 2.0 * estimate.error
        <= row.upper
    )
