"""Grade of a fit: whether the model describes the data, before any value is estimated.

A model describes the data if noise alone explains the residuals. Otherwise the share of the structure of
the data that it explains decides: above the limits its residuals are systematic, and the errors are
widened by √(reduced χ²) times the correlation time of the residuals; below them the model is rejected.
The limits and the widening were calibrated with departures of known kinds (docs/assessment.md).
"""

from __future__ import annotations

import math

from slxrd.data.backgrounds import is_signed
from slxrd.fitting.assessment.goodness_of_fit import GoodnessOfFit, RegionFit, goodness_of_fit
from slxrd.fitting.assessment.misfit import NegativeBackground, largest_misfit, negative_background
from slxrd.fitting.assessment.structure import difference_of_logarithms, explained_structure
from slxrd.fitting.minimise.least_squares import Minimum
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.result.assessment import Assessment

#: Least share of the structure of the square roots and of the logarithms of the data that a model explains.
LEAST_OF_ROOTS, LEAST_OF_LOGARITHMS = 0.85, 0.85
#: Largest root mean square of the differences of the logarithms, less that of the noise.
LARGEST_DIFFERENCE = 0.5
#: The same for a film on a substrate whose reduced χ² is more than so many times the largest expected one: a
#: stack may look like a film from far away.
LARGEST_OF_FILM, FAR_BEYOND = 0.1, 20.0


def grade_minimum(objective: Objective, minimum: Minimum, *, known: bool) -> Assessment:
    """Grade the best minimum of a fit.

    Parameters
    ----------
    objective : Objective
        Residuals of the data and the model.
    minimum : Minimum
        The best minimum.
    known : bool
        Whether σ is from counting statistics or from the file, not an assumed fraction.
    """
    tested = goodness_of_fit(objective, minimum, known=known)
    regions = minimum.evaluation.regions
    ratio = math.sqrt(
        sum(each.noise.ratio**2 * each.standardised.size for each in tested.regions)
        / sum(each.standardised.size for each in tested.regions)
    )
    dependent = [each for each in tested.regions if each.correlation is not None]
    if dependent:
        ratio = max(ratio, *(each.slow for each in dependent))
    below = negative_background(objective, minimum, [each.noise.slow for each in tested.regions])
    # In data from which too much was subtracted, the background is below zero in the model that is right.
    negative = below is not None and not is_signed(objective.settings.background)
    if tested.good and not negative and not dependent:
        return Assessment(
            "describes",
            reasons=(*_noise_reason(ratio), *_background_reason(below, rejected=False)),
            widening=max(1.0, ratio),
            reduced_chi2=tested.reduced_chi2,
            limit=tested.limit,
            noise_ratio=ratio,
            correlation_time=tested.correlation_time,
        )
    shares = [
        explained_structure(
            region.measured, region.calculated, each.noise.slow, logarithmic=logarithmic
        ).share
        for logarithmic in (False, True)
        for region, each in zip(regions, tested.regions, strict=True)
    ]
    half = len(regions)
    of_roots, of_logarithms = min(shares[:half]), min(shares[half:])
    difference = max(
        difference_of_logarithms(region.measured, region.calculated, each.noise.slow)
        for region, each in zip(regions, tested.regions, strict=True)
    )
    unlike = (
        of_roots < LEAST_OF_ROOTS or of_logarithms < LEAST_OF_LOGARITHMS or difference > LARGEST_DIFFERENCE
    )
    substrate = "f_S" in objective.model.names
    stack = objective.model.stack
    film = stack.coherent == 1
    if film and substrate and tested.reduced_chi2 > FAR_BEYOND * tested.limit:
        unlike = unlike or difference > LARGEST_OF_FILM
    rejected = negative or (unlike and not tested.good)
    misfit, advice = largest_misfit(
        regions,
        tested.regions,
        film=film,
        substrate=substrate,
        alternating=stack.alternating,
        strained="strain_bottom" in stack.names,
    )
    if tested.good:
        misfit = None  # type: ignore[assignment]
    explained = 1.0 if tested.good else min(of_roots, of_logarithms)
    of_noise = _dependence(dependent) if dependent else _noise_reason(ratio)
    reasons = [*of_noise, *_reasons(tested)] if dependent else [*_reasons(tested), *of_noise]
    reasons += _background_reason(below, rejected=negative)
    if negative:
        advice = ("a background that is not negative (--background constant)", *advice)
    if not tested.good:
        reasons.append(
            f"the model explains {max(explained, 0.0):.1%} of the structure of the data, and differs from "
            f"them by {math.expm1(difference):.0%} (root mean square)"
        )
    return Assessment(
        "rejected" if rejected else "systematic",
        reasons=tuple(reasons),
        misfit=misfit,
        advice=advice,
        widening=1.0 if rejected else _widening(objective, minimum, tested),
        reduced_chi2=tested.reduced_chi2,
        limit=tested.limit,
        noise_ratio=ratio,
        correlation_time=tested.correlation_time,
        explained=explained,
        noise_time=max((each.noise.time for each in dependent), default=1.0),
    )


def _widening(objective: Objective, minimum: Minimum, tested: GoodnessOfFit) -> float:
    """Factor of the errors: those of the σ of the fit, and at least the root of what the noise asks for."""
    expected = minimum.covariance.expected_chi2
    reduced = minimum.evaluation.chi2 / expected if expected > 0.0 else 1.0
    of_fit = math.sqrt(reduced) * tested.correlation_time
    of_noise = math.sqrt(tested.reduced_chi2) * tested.correlation_time
    of_correlation = max(each.slow for each in tested.regions)
    if tested.good:  # the correlation of the residuals is that of the noise
        return max(1.0, of_correlation)
    return max(1.0, of_fit, math.sqrt(of_noise), of_correlation)


def _background_reason(below: NegativeBackground | None, *, rejected: bool) -> tuple[str, ...]:
    if below is None:
        return ()
    why = "an intensity cannot be" if rejected else "too much was subtracted, or the model is wrong"
    return (f"{below.text}: {why}",)


def _dependence(regions: list[RegionFit]) -> tuple[str, ...]:
    """Sentence on the correlation of neighbouring points that has the most evidence."""
    found = [each.correlation for each in regions if each.correlation is not None]
    return (max(found, key=lambda each: each.evidence).text,)


def _reasons(tested: GoodnessOfFit) -> list[str]:
    found = []
    for region in tested.regions:
        if region.good:
            continue
        parts = []
        if region.reduced_chi2 > region.limit:
            parts.append(f"reduced χ² {region.reduced_chi2:.3g}, at most {region.limit:.3g} expected")
        if region.probability < 1e-3:
            parts.append(
                f"neighbouring residuals are correlated ({region.autocorrelation:.2f}; by chance with "
                f"p {'< 1e-6' if region.probability < 1e-6 else f'= {region.probability:.1g}'})"
            )
        found.append(f"region {region.name}: {'; '.join(parts)}")
    return found


def _noise_reason(ratio: float) -> tuple[str, ...]:
    if 0.67 < ratio < 1.5:
        return ()
    return (
        f"the noise of the data, from the scatter of neighbouring points, is {ratio:.2g} times the σ of the "
        "fit, and the model was tested against it (--noise)",
    )
