"""Steps of a fit, from the pattern to the structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slxrd.data.isolated import isolated_points
from slxrd.data.jumps import find_jump
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Noise, Region, RegionData, select_points, source_in
from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.assess import assess_minima
from slxrd.fitting.assessment.q_zero import (
    WORTH_REFINING,
    not_separable,
    q_zero_error,
    signals,
    why_not_refined,
)
from slxrd.fitting.objective.default_noise import DefaultNoise, default_noise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.scans import FurtherScan, covered, select_points_of_further
from slxrd.fitting.objective.settings import AUTO, Settings
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.background import SEARCHED, backgrounds_within, choose_background
from slxrd.fitting.search.budget import DEFAULT_BUDGET, Budget
from slxrd.fitting.search.certificate import SUPPORTED
from slxrd.fitting.search.film.continuation import extend
from slxrd.fitting.search.film.resolution import too_wide
from slxrd.fitting.search.minima import SearchResult, refine_all, search, search_again
from slxrd.fitting.search.q_zero import fix_q_zero, undecided_zeros
from slxrd.fitting.search.repetitions import search_repetitions
from slxrd.fitting.search.satellites.scan import Scanned
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.systematics.covariance import check_effects
from slxrd.fitting.systematics.settings import Systematics
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.kernel.native.library import why_missing
from slxrd.parameters.definitions import STACKING
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray

#: Number of times that σ of counts is recalculated from the fitted curve.
RECOUNTED = 2


@dataclass(frozen=True)
class FitOptions:
    """The options of a fit as objects; the defaults are those of the command line.

    Parameters
    ----------
    regions : sequence of Region
        Regions; if empty, those around the Bragg peaks.
    parameters : Parameters
        Starts, bounds, ties, and whether each parameter is fixed or free.
    stack : Stack
        Structure.
    instrument : Instrument
        Resolution, radiation and kind of zero error.
    noise : float, str or None
        Source of σ; see :func:`slxrd.data.regions.select_points`.
    settings : Settings
        Residuals, scale, background.
    estimated_coherent : bool
        Whether the number of coherent crystals is an estimate, which the fit improves.
    systematics : Systematics
        Systematic effects that contribute to the errors, and their priors.
    budget : float
        Wall time in seconds after which the search ends; the estimates that follow may take as long again.
    further : tuple of FurtherScan
        Further scans of the sample, which are fitted with the pattern.
    request : mapping
        Options of :func:`slxrd.fit`, those from the pattern included; empty if the fit was started in another
        way.
    notes : sequence of str
        Notes on the choice of options.
    resolution_note : str
        That of these notes which states that the resolution is too wide; empty without one. It is left out
        where a peak in a region gives a limit itself.
    satellites : Scanned, optional
        Of a stack on a substrate: structures with the period of the satellites, if they are known.
    """

    regions: Sequence[Region] = ()
    parameters: Parameters = field(default_factory=Parameters)
    stack: Stack = field(default_factory=Stack)
    instrument: Instrument = field(default_factory=Instrument)
    noise: Noise | None = None
    settings: Settings = field(default_factory=lambda: Settings(background=AUTO))
    budget: float = DEFAULT_BUDGET
    further: tuple[FurtherScan, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    notes: Sequence[str] = field(default=(), compare=False, repr=False)
    estimated_coherent: bool = False
    systematics: Systematics = field(default_factory=Systematics)
    resolution_note: str = field(default="", compare=False, repr=False)
    satellites: Scanned | None = field(default=None, compare=False, repr=False)


def fit_pattern(
    pattern: Pattern,
    options: FitOptions | None = None,
    report: Progress | None = None,
    *,
    intervals: bool = True,
) -> Fit:
    """Fit a pattern: find regions and starts if none are given, and all minima of χ².

    Parameters
    ----------
    pattern : Pattern
        Pattern over q, or over 2θ with a known wavelength.
    options : FitOptions, optional
        Options of the fit.
    report : callable, optional
        Called with steps done and steps in all while the solutions are searched.
    intervals : bool
        Whether to sample the posterior for the intervals and the probabilities of the solutions.

    Raises
    ------
    SlxrdError
        If the pattern or an option is invalid.
    """
    options = options or FitOptions()
    pattern = pattern.to_q()
    objective, notes = prepare_objective(pattern, options)
    check_effects(objective, options.systematics)
    noise = _noise(pattern, [points.region for points in objective.data if points.scan == 0], options).noise
    parameters = options.parameters.within(objective.model.stack.table)
    if objective.model.stack.coherent == 1:
        parameters = without_neighbours(parameters)
        if wide := too_wide(objective):
            notes = [note for note in notes if note != options.resolution_note] + wide
    gap = parameters["L"]
    objective.model.stack.check_gap({"L": gap.upper if gap.free or gap.value is None else gap.value})
    if options.settings.background == AUTO:
        names = backgrounds_within(objective, len(fix_q_zero(parameters).free_names))
        objective = objective.with_background(SEARCHED if SEARCHED in names else names[-1])
    _check_points(objective.data, fix_q_zero(parameters), objective.settings)
    budget = Budget(options.budget)
    found = search(objective, parameters, report, budget, options.satellites)
    if options.estimated_coherent and objective.model.stack.coherent > 1:
        objective, found = search_repetitions(objective, parameters, found, budget)
        notes.append(f"M = {objective.model.stack.coherent} has the lowest χ² (--coherent)")
    if objective.model.stack.coherent == 1 and objective.model.stack.substrate is not None:
        if objective.counted:  # observed counts give the minima between fringes too much weight
            objective = objective.recounted(found.minima[0].evaluation.regions)
            found = replace(found, minima=refine_all(objective, found.parameters, found.minima, budget))
        extended = extend(
            objective, found.parameters, found.minima, budget, kept=_named_parameters(options.request)
        )
        objective, notes = extended.objective, [*notes, *extended.notes]
        found = replace(found, minima=extended.minima, parameters=extended.parameters)
        # Whether q_zero is refined is decided below.
        parameters = Parameters(
            {**extended.parameters, "q_zero": parameters["q_zero"]}, objective.model.stack.table
        )
    choice = None
    if options.settings.background == AUTO:
        assumed = not isinstance(source_in(pattern, noise).source, str)
        objective, minima, choice = choose_background(
            objective, found.parameters, found.minima, budget, assumed=assumed
        )
        found = replace(found, minima=minima)
        notes.append(choice.note)
    for _ in range(RECOUNTED if objective.counted else 0):
        objective = objective.recounted(found.minima[0].evaluation.regions)
        found = replace(found, minima=refine_all(objective, found.parameters, found.minima, budget))
    found = _decide_q_zero(objective, parameters, found, notes, budget)
    certificate = replace(found.certificate, budget_reached=budget.reached, not_examined=budget.left_out)
    notes += certificate.notes
    of_estimates = Budget(options.budget)
    fit = assess_minima(
        pattern,
        objective,
        parameters,
        found.minima,
        noise,
        notes,
        intervals=intervals,
        incomplete=certificate.budget_reached,
        unsupported=budget.starts_left and certificate.ended_in_best < SUPPORTED,
        budget=of_estimates,
        systematics=options.systematics,
    )
    if of_estimates.reached:
        left_out = "; ".join(of_estimates.left_out)
        fit = replace(fit, notes=(*fit.notes, f"not finished within the time budget (--budget): {left_out}"))
    return replace(fit, certificate=certificate, background_choice=choice, options=options)


def prepare_objective(pattern: Pattern, options: FitOptions) -> tuple[Objective, list[str]]:
    """Set up the objective of a fit.

    Parameters
    ----------
    pattern : Pattern
        Pattern over q.
    options : FitOptions
        Options of the fit.

    Returns
    -------
    Objective
        Residuals of the selected points and the model; with the background of the search if it is chosen.
    list of str
        Notes on decisions and omissions.

    Raises
    ------
    SlxrdError
        If a region has nothing to fit, or an option is invalid.
    """
    notes = list(options.notes)
    regions = tuple(options.regions)
    of_first = covered(pattern, regions) if options.further else regions
    if not regions:
        of_first = find_regions(pattern)
        notes.append("regions found around the Bragg peaks: " + ", ".join(r.name for r in of_first))
    noise = _noise(pattern, of_first, options)
    if noise.note:
        notes.append(noise.note)
    data = select_points(pattern, of_first, noise.noise)
    data += select_points_of_further(options.further, regions, options.noise, options.settings.objective)
    instruments = (options.instrument, *(scan.instrument for scan in options.further))
    sources = [pattern.source, *(scan.pattern.source for scan in options.further)]
    for points in data:
        source = sources[points.scan]
        low, high = points.region.low, points.region.high
        instruments[points.scan].check_width(points.q, f"{low:g}:{high:g}")
        if points.q.size > 1 and np.ptp(points.intensity) == 0.0:
            raise SlxrdError(
                f"region {low:g}:{high:g} of {source} is flat: every "
                f"intensity in it is {points.intensity[0]:g}; choose another region"
            )
        jump = find_jump(points.q, points.intensity)
        if jump is not None:
            notes.append(
                f"region {low:g}:{high:g}: the intensity jumps by a factor of {jump.factor:.2g} at "
                f"{jump.q:.4g} Å⁻¹: divide steps that were counted for different times by these times, or "
                "end the region there (--region)"
            )
        single = points.q[isolated_points(points.q, points.intensity)[0]].tolist()
        if single:
            notes.append(
                f"region {low:g}:{high:g}: far from both neighbours, as after a fault of the detector: "
                f"{', '.join(f'{q:.4f}' for q in single)} Å⁻¹; leave such points out (--mask)"
            )
    stack = options.stack.using(options.parameters)
    if stack.crystal is not None and options.instrument.wavelength is None:
        notes.append("the wavelength is not known: f′ and f″ of the atoms are left out (--wavelength)")
    if stack.substrate is not None and len({_order(points.q, stack.substrate.d) for points in data}) > 1:
        notes.append(
            "f_S has one value in all regions, although the amplitudes of the planes of substrate and stack "
            "differ between orders of reflection, as their form factors do: fit one order at a time"
        )
    instruments = tuple(scan.instrument for scan in options.further)
    settings = options.settings
    if settings.background == AUTO:
        settings = replace(settings, background=SEARCHED)
    objective = Objective(Model(stack, options.instrument, instruments), data, settings)
    if why_missing():
        notes.append(f"calculated with NumPy, many times slower than with the native core, {why_missing()}")
    return objective, [*notes, *objective.notes]


def _noise(pattern: Pattern, regions: Sequence[Region], options: FitOptions) -> DefaultNoise:
    """Source of σ that was given, or the default."""
    if options.noise is not None:
        return DefaultNoise(options.noise)
    return default_noise(pattern, regions, options.settings.objective)


def _order(q: FloatArray, d: float) -> int:
    """Order of reflection of a substrate in the middle of a region."""
    return round(float(q.mean()) * d / (2.0 * np.pi))


def without_neighbours(parameters: Parameters) -> Parameters:
    """Fix L and σ_L at 0 for a single crystal.

    Raises
    ------
    SlxrdError
        If there is an option for them.
    """
    for name in STACKING:
        if not parameters.is_default(name):
            raise SlxrdError(f"{name} means nothing for a single crystal (coherent 1); leave it out")
    return parameters.fix(L=0.0, sigma_L=0.0)


def _named_parameters(request: Mapping[str, Any]) -> set[str]:
    """Parameters that options of a fit name."""
    of_parameters = ("parameters", "start", "fix", "bounds", "tie", "prior", "free")
    return {name for option in of_parameters for name in request.get(option) or ()}


def _check_points(data: Iterable[RegionData], parameters: Parameters, settings: Settings) -> None:
    for points in data:
        needed = len(parameters.free_names) + settings.n_coefficients(points.q)
        if points.q.size <= needed:  # a curve through every point is no test of the model
            raise SlxrdError(
                f"region {points.region.low:g}:{points.region.high:g} has {points.q.size} points, not more "
                f"than the {needed} free parameters; widen it or fix some"
            )


def _decide_q_zero(
    objective: Objective, parameters: Parameters, found: SearchResult, notes: list[str], budget: Budget
) -> SearchResult:
    """Refine q_zero if the data separate it from d; raise an error if it was freed and they do not."""
    parameters, found = _refine_zeros_of_scans(objective, parameters, found, notes)
    row = parameters["q_zero"]
    if row.free is False:
        return found
    best = found.minima[0]
    error = q_zero_error(best)
    if row.free:
        if error > WORTH_REFINING:
            raise SlxrdError(
                "q_zero was freed, but "
                + not_separable(error).split(": ", 1)[1]
                + "; or fix it (--fix q_zero=0)"
            )
        if (
            "d" in best.names
            and "q_zero" not in parameters.priors
            and signals(objective, best.values["d"]) < 2
        ):
            raise SlxrdError(
                "q_zero was freed, but the regions contain one Bragg peak, which determines only the sum of "
                "q_zero and 2π/d; add another (--region), or fix d or q_zero (--fix q_zero=0)"
            )
        return found
    why = why_not_refined(objective, best, error)
    refined = "q_zero" in best.names
    if why:
        notes.append(why)
        return search(objective, fix_q_zero(parameters), None, budget) if refined else found
    notes.append(f"q_zero was refined: these data separate it from d, to {error:.2g} Å⁻¹")
    if refined:
        return found
    return search_again(objective, parameters.release("q_zero"), found, budget)


def _refine_zeros_of_scans(
    objective: Objective, parameters: Parameters, found: SearchResult, notes: list[str]
) -> tuple[Parameters, SearchResult]:
    """Refine the zero errors of further scans where the other scans determine d."""
    names = undecided_zeros(parameters)
    while names:
        freed = fix_q_zero(parameters.release(*names))
        minima = refine_all(objective, freed, found.minima)
        errors = {name: minima[0].covariance.error(name) or np.inf for name in names}
        worst = max(names, key=lambda name: errors[name])
        if errors[worst] <= WORTH_REFINING:
            for name in names:
                notes.append(
                    f"{name} was refined: the scans together determine it to ±{errors[name]:.2g} Å⁻¹"
                )
            further = replace(found, minima=minima, parameters=found.parameters.release(*names))
            return parameters.release(*names), further
        value = parameters[worst].value or 0.0
        notes.append(f"{worst} was fixed at {value:g}: the scans do not determine it better")
        names.remove(worst)
        parameters = parameters.fix(**{worst: value})
        found = replace(found, minima=refine_all(objective, fix_q_zero(parameters), found.minima))
    return parameters, found
