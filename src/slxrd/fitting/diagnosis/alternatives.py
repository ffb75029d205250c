"""Other models for a pattern whose first fit does not describe it, or describes only a part of it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.errors import SlxrdError
from slxrd.fitting.diagnosis.beside_substrate import mask_satellite
from slxrd.fitting.diagnosis.options import diagnosis_for, excluded_resolution, means_stack
from slxrd.fitting.diagnosis.other_resolution import best_resolution
from slxrd.fitting.diagnosis.readings import (
    CRYSTALS,
    FILM,
    SECONDS,
    Setup,
    best_reading,
    roughly_on_substrate,
)
from slxrd.fitting.diagnosis.result import Diagnosis
from slxrd.fitting.fit_options import FitOptions, prepare_objective
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.pipeline import Searched, assess_searched, fit_pattern, search_pattern
from slxrd.fitting.result.assessment import Assessment, Rival
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.budget import Budget
from slxrd.fitting.search.q_zero import fix_q_zero
from slxrd.fitting.search.satellites.scan import Scanned, scan_satellites
from slxrd.fitting.search.scan import Progress
from slxrd.parameters.parameter_set import Parameters

#: Number of crystals from which that of a stack is estimated: of one with satellites, and without.
CRYSTALS_IN_STACK, FEW_CRYSTALS = 8, 4
#: A stack without clear satellites is fitted if its χ² is less than this part of that of a film, and one with
#: systematic residuals is preferred; another resolution is used if χ² with it is less than this part.
WORTH_FITTING = 0.7
#: Peaks within this relative distance of the substrate's may be satellites; the least number of them.
NEAR, FEWEST_SATELLITES = 0.3, 3
#: By so much the information criterion of a stack must be less than that of a film that is not rejected.
DECISIVE = 20.0
#: Reduced χ² above which a fit that is not rejected is poor: a film with fringes is compared with a stack
#: too, and an assumed resolution with others.
POOR = 10.0


def fit_best(
    pattern: Pattern, options: Mapping[str, Any], setup: Setup, report: Progress | None = None
) -> Fit:
    """Fit a pattern with the model that its diagnosis proposes, and with others where that one fails.

    A film without fringes, or with large residuals, is compared with a stack, also where it describes its own
    region. A multilayer that was rejected is fitted as a stack of equal crystals with gaps. If the sharpest
    peak excludes the resolution that was given, and the fit with it does not describe the pattern, the limit
    from that peak is tried; if none was given and the fit is rejected or poor, narrower ones. Where one of
    them describes the pattern clearly better, the assessment states it.

    Parameters
    ----------
    pattern, options, setup
        As in :func:`slxrd.fitting.diagnosis.readings.best_reading`.
    report : callable, optional
        Called with steps done and steps in all.

    Raises
    ------
    SlxrdError
        If the options do not suit each other or the pattern.
    """
    fit = _with_other_models(pattern, options, setup, report)
    if fit.assessment is None:
        return fit
    reduced = fit.assessment.reduced_chi2
    if (fit.rejected or reduced > POOR) and (width := best_resolution(fit, options)):
        assumed = fit.objective.model.instrument.sigma_G
        why = (
            f"σ_G = {assumed:.3g} Å⁻¹, which was assumed and with which reduced χ² is {reduced:.3g}, was "
            f"replaced by σ_G = {width:.3g} Å⁻¹, with which χ² is lowest: measure it (slxrd resolution)"
        )
        return _with_resolution(pattern, options, setup, report, width, fit, why)
    limit = excluded_resolution(pattern, options)
    if limit is None or fit.assessment.misfit is None:
        return fit
    narrower = float(f"{limit.sigma:.3g}")
    why = (
        f"σ_G = {options['resolution']:.3g} Å⁻¹ (--resolution), which the width of the peak at "
        f"{limit.q:.4f} Å⁻¹ excludes and with which reduced χ² is {reduced:.3g}, was "
        f"replaced by σ_G = {narrower:.3g} Å⁻¹, the upper limit from that peak"
    )
    return _with_resolution(pattern, options, setup, report, narrower, fit, why)


def _with_resolution(
    pattern: Pattern,
    options: Mapping[str, Any],
    setup: Setup,
    report: Progress | None,
    sigma_G: float,
    first: Fit,
    why: str,
) -> Fit:
    """Fit again with another resolution; return the first fit if that one is not clearly better."""
    tried = _with_other_models(pattern, {**options, "resolution": sigma_G}, setup, report)
    if tried.assessment is None or first.assessment is None:
        return first
    if not _describes_better(tried.assessment, first.assessment):
        return first
    if tried.assessment.replaced:
        why += f"; {tried.assessment.replaced}"
    return replace(tried, assessment=replace(tried.assessment, replaced=why))


def _describes_better(one: Assessment, other: Assessment) -> bool:
    """Whether a fit that is not rejected has clearly smaller residuals than another, of the same pattern."""
    return not one.rejected and one.reduced_chi2 < WORTH_FITTING * other.reduced_chi2


def _with_other_models(
    pattern: Pattern, options: Mapping[str, Any], setup: Setup, report: Progress | None
) -> Fit:
    """Fit a pattern with the model that is proposed and with others; see :func:`fit_best`."""
    reading = best_reading(pattern, options, setup)
    first = fit_pattern(reading.pattern, reading.options, report)
    tried = None
    if not (first.rejected and reading.crystals_excluded):
        tried = _with_crystals(pattern, options, setup, first, reading.options, report)
    if tried is not None:
        return tried
    if first.rejected and (wider := mask_satellite(pattern, options, first)):
        first = _with_wider_mask(pattern, wider, setup, first, report)
    return _with_rival(first, reading.other_order)


def _with_crystals(
    pattern: Pattern,
    options: Mapping[str, Any],
    setup: Setup,
    first: Fit,
    first_options: FitOptions,
    report: Progress | None,
) -> Fit | None:
    """Fit a stack of equal crystals with gaps; None if it is not better than the first fit."""
    other = None
    with contextlib.suppress(SlxrdError):  # options may name parameters that crystals with gaps do not have
        other = setup_other(pattern, options, setup, first)
    if other is None:
        return None
    searched = search_pattern(*other, report)
    if first.rejected:
        tried = assess_searched(searched)
        return tried if not tried.rejected and _determines(tried) else None
    if other[1].regions != first_options.regions:  # χ² of the same points
        first = fit_pattern(*setup(pattern, {**options, "regions": other[1].regions, "coherent": 1}), report)
    if not first.rejected and not _has_lower_chi2(searched, first):
        return None
    tried = assess_searched(searched)
    return tried if first.rejected or _is_better(tried, first) else None


def _with_rival(fit: Fit, rival: Rival | None) -> Fit:
    """Add a model of the same points to those with which a fit is compared."""
    if rival is None or fit.assessment is None or fit.rejected:
        return fit
    rival = replace(rival, log_odds=rival.log_odds / fit.assessment.widening**2)
    return replace(fit, assessment=replace(fit.assessment, rivals=(*fit.assessment.rivals, rival)))


def _with_wider_mask(
    pattern: Pattern, mask: tuple[float, float], setup: Setup, first: Fit, report: Progress | None
) -> Fit:
    """Fit again without the satellites beside the substrate, from the minima of a fit that was rejected.

    The first fit is returned if the other one is rejected too, or if too few points are left.
    """
    assert first.options is not None
    assert first.assessment is not None
    others = []
    for low, high in sorted(first.options.request["mask"] or ()):
        if low <= mask[1] and high >= mask[0]:  # what was masked stays masked
            mask = min(low, mask[0]), max(high, mask[1])
        else:
            others.append((low, high))
    known = Scanned([dict(minimum.values) for minimum in first.minima], found=True, decisive=True)
    try:
        masked, chosen = setup(pattern, {**first.options.request, "mask": tuple(sorted([*others, mask]))})
        chosen = replace(chosen, notes=(*first.options.notes, *chosen.notes), satellites=known)
        tried = fit_pattern(masked, chosen, report)
    except SlxrdError:  # of a region hardly anything may be left
        return first
    if tried.assessment is None or tried.rejected or not _determines(tried):
        return first
    replaced = (
        f"the fit with the satellites beside the peak of the substrate is rejected (reduced χ² "
        f"{first.assessment.reduced_chi2:.3g}); {mask[0]:g} to {mask[1]:g} Å⁻¹ were left out (--mask)"
    )
    return replace(tried, assessment=replace(tried.assessment, replaced=replaced))


def setup_other(
    pattern: Pattern, options: Mapping[str, Any], setup: Setup, first: Fit
) -> tuple[Pattern, FitOptions] | None:
    """Set up the fit of a stack to a pattern that was taken for that of a film or multilayer on a substrate.

    Parameters
    ----------
    pattern, options, setup
        As in :func:`fit_best`.
    first : Fit
        The fit of the film or multilayer.

    Returns
    -------
    tuple or None
        None if the model was not the choice of the program, if it has fringes and describes the pattern, or
        if there are no satellites and no stack is much better than a film.
    """
    found = diagnosis_for(pattern, options)
    if found is None or options["coherent"] is not None or means_stack(options):
        return None
    if found.proposal.kind == "multilayer" and first.rejected:
        if first.stack.stack == "pure" and first.stack.coherent > 1:
            return None
        count, regions = found.proposal.options["coherent"], options["regions"]
    elif found.proposal.kind == "film on substrate" and (
        first.rejected or first.reduced_chi2 > POOR or _without_fringes(found)
    ):
        count, regions = CRYSTALS_IN_STACK, options["regions"] or _around_peaks(found, pattern)
    else:
        return None
    regions = regions or found.proposal.options["regions"]
    other = _with_satellites(pattern, {**options, "regions": regions, "coherent": count}, setup)
    if other is None and first.stack.coherent == 1:
        regions = options["regions"] or found.proposal.options["regions"]
        given = {**options, "regions": regions, "coherent": FEW_CRYSTALS}
        other = _of_few_crystals(pattern, given, setup, first)
    if other is None:
        return None
    masked, stacked = other
    model = FILM if first.stack.coherent == 1 else "the multilayer"
    note = f"{model} does not describe all of the pattern: {CRYSTALS} were tried instead"
    return masked, replace(stacked, estimated_coherent=True, notes=(*stacked.notes, note))


def _with_satellites(
    pattern: Pattern, given: Mapping[str, Any], setup: Setup
) -> tuple[Pattern, FitOptions] | None:
    """Set up the fit of a stack on a substrate, if its satellites are found."""
    masked, stacked = setup(pattern, given)
    objective, parameters = _prepared(masked, stacked)
    if objective.model.stack.substrate is None:
        return None
    if not scan_satellites(objective, parameters, Budget(SECONDS)).found:
        return None
    return masked, stacked


def _of_few_crystals(
    pattern: Pattern, given: Mapping[str, Any], setup: Setup, film: Fit
) -> tuple[Pattern, FitOptions] | None:
    """Set up the fit of a stack on a substrate whose satellites are hidden, if it is much better than a film.

    The crystals are few, or their gaps far from equal, so that the fringes are those of one crystal.
    """
    masked, stacked = setup(pattern, given)
    objective, parameters = _prepared(masked, stacked)
    found = roughly_on_substrate(objective, parameters, Budget(SECONDS))
    if found is None or found[0].chi2 / objective.n_points > WORTH_FITTING * film.reduced_chi2:
        return None
    return masked, stacked


def _determines(fit: Fit) -> bool:
    """Whether the fit of a stack determines a length of it that was refined."""
    estimates, names = {**fit.parameters, **fit.derived}, {"period", *fit.minima[0].names}
    return any(estimates[name].value is not None for name in ("L", "N", "period") if name in names)


def _prepared(pattern: Pattern, options: FitOptions) -> tuple[Objective, Parameters]:
    objective, _ = prepare_objective(pattern, options)
    return objective, fix_q_zero(options.parameters.within(objective.model.stack.table))


def _has_lower_chi2(stack: Searched, film: Fit) -> bool:
    """Whether χ² of a stack for the same points is clearly less than that of a film.

    If residuals of the stack are systematic, the noise is that with which its reduced χ² would be 1, and
    χ² must be less by more than what the correlation of residuals can make.
    """
    names = len(stack.found.minima[0].names) - len(film.minima[0].names)
    penalty = names * math.log(stack.objective.n_points)
    gain = (film.reduced_chi2 - stack.reduced_chi2) * stack.objective.n_points / max(stack.reduced_chi2, 1.0)
    return gain > penalty + DECISIVE


def _is_better(stack: Fit, film: Fit) -> bool:
    """Whether a stack of a lower χ² describes the pattern, or its residuals are clearly smaller."""
    describes = stack.assessment is not None and stack.assessment.grade == "describes"
    return describes or stack.reduced_chi2 < WORTH_FITTING * film.reduced_chi2


def _without_fringes(found: Diagnosis) -> bool:
    return not any(period.kind == "Laue" for period in found.fringes)


def _around_peaks(found: Diagnosis, pattern: Pattern) -> tuple[tuple[float, float], ...]:
    """Return the range of the peaks near the substrate's, which may be satellites; empty if too few."""
    if found.substrate is None:
        return ()
    middle = found.substrate.q
    near = [
        peak.q
        for peak in found.peaks
        if peak.kind in ("Bragg", "fringe") and abs(peak.q / middle - 1.0) < NEAR
    ]
    if len(near) < FEWEST_SATELLITES:
        return ()
    q, beyond = pattern.to_q().q, 0.5 * (max(near) - min(near)) / (len(near) - 1)
    return ((max(min(near) - beyond, float(q[0])), min(max(near) + beyond, float(q[-1]))),)
