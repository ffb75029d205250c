"""Evidence of a model: the integral of likelihood times prior over the refined parameters.

The evidence is Z = ∫ exp(−χ²/2) π(θ) dθ over the refined parameters, with scale and background at their best
values (MacKay, *Information Theory, Inference, and Learning Algorithms*, 2003, ch. 28). The prior π is flat
within the bounds, times Gaussians where they are given, and normalised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slxrd.fitting.minimise.covariance import on_bound
from slxrd.fitting.minimise.least_squares import Minimum, prior_residuals
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.uncertainty.limits import fringes_detected, without_fringes

#: Below this slope of χ²/2, per error of the parameter, a point counts as a minimum.
_FLAT = 0.1

Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Integral:
    """Likelihood of a model integrated over its refined parameters.

    Parameters
    ----------
    logarithm : float
        ln ∫ exp(−χ²/2) π dθ, with Gaussian priors π scaled to a maximum of 1.
    names : tuple of str
        Parameters of the integral: those refined, without L and σ_L where no fringes were seen, since the
        likelihood does not depend on them then.
    limits : mapping of str to (float, float)
        Bounds of these parameters.
    priors : mapping of str to (float, float)
        Mean and standard deviation of the Gaussian priors.
    approximate : bool
        Whether this is a Laplace approximation rather than a sum over samples.
    """

    logarithm: float
    names: tuple[str, ...]
    limits: Ranges
    priors: Ranges
    approximate: bool

    def log_evidence(self, ranges: Ranges) -> float:
        """Return ln Z for flat priors over ``ranges``, which include the limits."""
        return self.logarithm - sum(self._log_volume(name, ranges[name]) for name in self.names)

    def _log_volume(self, name: str, limits: tuple[float, float]) -> float:
        """Logarithm of the integral of a prior whose maximum is 1."""
        low, high = limits
        if name not in self.priors:
            return math.log(high - low)
        mean, spread = self.priors[name]
        below, above = ((end - mean) / (math.sqrt(2.0) * spread) for end in (low, high))
        return math.log(spread * math.sqrt(math.pi / 2.0) * (math.erf(above) - math.erf(below)))


def without_visible_fringes(fit: Fit) -> bool:
    """Return whether fringes do not improve the χ² of a fit of stacked crystals significantly.

    L is undetermined for other reasons too, as where residuals are systematic.

    Parameters
    ----------
    fit : Fit
        Fit with all its minima.
    """
    if fit.stack.coherent == 1 or fit.parameters["L"].status != "undetermined":
        return False
    return not fringes_detected(fit.objective, fit.minima[0])[0]


def integral(fit: Fit) -> Integral:
    """Integrate the likelihood of a fitted model over all its solutions.

    Importance samples are used where the fit has them with its own noise, and otherwise the Laplace
    approximation at every minimum.

    Parameters
    ----------
    fit : Fit
        Fit with all its minima.
    """
    minima = fit.minima
    if "L" in fit.names and without_visible_fringes(fit):
        minima = (without_fringes(fit.objective, minima[0]),)
    first, samples = minima[0], fit.ensemble
    if fit.assessment is not None and fit.assessment.widening != 1.0:
        samples = None  # they were drawn with the widened noise, which differs from model to model
    if samples is not None:
        logarithm = samples.log_integral
    else:
        logarithm = float(np.logaddexp.reduce([laplace(minimum) for minimum in minima]))
    rows = {name: first.parameters[name] for name in first.names}
    return Integral(
        logarithm,
        first.names,
        {name: (row.lower, row.upper) for name, row in rows.items()},
        first.parameters.priors,
        samples is None and bool(first.names),
    )


def _active_bound(slope: float, curvature: float) -> str | None:
    """Bound towards which χ² still falls, if any: a refinement may stop just short of a bound."""
    if abs(slope) < _FLAT * math.sqrt(curvature):
        return None
    return "lower" if slope > 0.0 else "upper"


def laplace(minimum: Minimum) -> float:
    """Return ln ∫ exp(−χ²/2) dθ about one minimum, with χ² as a parabola.

    A parameter on a bound is integrated separately, from the bound inwards. One on which χ² does not depend
    contributes its whole range.

    Parameters
    ----------
    minimum : Minimum
        Result of one refinement.
    """
    from scipy.special import erfcx

    names, J = minimum.names, minimum.jacobian
    if not names:
        return -0.5 * minimum.chi2
    lower, upper = minimum.parameters.limits()
    extent = upper - lower
    # The added curvature gives a flat direction a Gaussian as wide as its range; others hardly change.
    curvature = J.T @ J + np.diag(2.0 * math.pi / extent**2)
    residual = np.concatenate(
        (minimum.evaluation.residual, prior_residuals(minimum.parameters, minimum.values)[0])
    )
    slope = J.T @ residual
    sides = [
        on_bound(minimum, name) or _active_bound(float(slope[i]), float(curvature[i, i]))
        for i, name in enumerate(names)
    ]
    inside = [i for i, side in enumerate(sides) if side is None]
    total = -0.5 * minimum.chi2
    if inside:
        total -= 0.5 * float(np.linalg.slogdet(curvature[np.ix_(inside, inside)] / (2.0 * math.pi))[1])
    for i, side in enumerate(sides):
        if side is None:
            continue
        inward = max(float(slope[i] if side == "lower" else -slope[i]), 0.0)
        h = float(curvature[i, i])
        width = math.sqrt(math.pi / (2.0 * h)) * float(erfcx(inward / math.sqrt(2.0 * h)))
        total += math.log(min(width, float(extent[i])))
    return total
