"""Fit of cuts in several directions together, with parameters that axes share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from slxrd._arguments import check_arguments
from slxrd.data.backgrounds import BACKGROUNDS
from slxrd.data.noise import Noise
from slxrd.data.regions import RegionLike, as_regions
from slxrd.errors import SlxrdError
from slxrd.fitting.assessment.estimates import reduced_chi2
from slxrd.fitting.assessment.grade import grade_minimum
from slxrd.fitting.minimise.least_squares import Minimum, minimise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.settings import Settings
from slxrd.fitting.result.assessment import Assessment
from slxrd.fitting.search.budget import DEFAULT_BUDGET, Budget
from slxrd.fitting.search.identity import distinct
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.broadening import ResolutionShape
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.directions.axes import Axes, Disorder
from slxrd.model.directions.model import DirectionsModel
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack
from slxrd.studies.directions.cuts import CutLike, prepare_cuts
from slxrd.studies.directions.estimates import estimate_all
from slxrd.studies.directions.result import DirectionsFit
from slxrd.studies.directions.search import search_directions

#: Number of times that σ of counts is recalculated from the fitted curves.
RECOUNTED = 2


@check_arguments
def fit_directions(
    cuts: Sequence[CutLike],
    *,
    share: Iterable[str] = (),
    separate: Iterable[str] = (),
    disorder: Disorder = "cumulative",
    coherent: int = Stack.coherent,
    coherent_in_plane: int | None = None,
    regions: Iterable[RegionLike] = (),
    mask: Iterable[tuple[float, float]] = (),
    noise: Noise | None = None,
    background: str = "linear",
    resolution: float | ResolutionShape | Sequence[float] = Instrument.sigma_G,
    start: Mapping[str, float] | None = None,
    fix: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    free: Iterable[str] = (),
    budget: float = DEFAULT_BUDGET,
    report: Progress | None = None,
) -> DirectionsFit:
    """Fit cuts through reciprocal space in several directions together.

    Parameters are named as those of a stack, with the ending of their axes: ``L_z`` along the normal of the
    film, ``L_xy`` in the plane, ``L`` of all axes where ``share`` contains it.

    Parameters
    ----------
    cuts : sequence of Pattern or (Pattern, direction)
        A pattern alone is the θ:2θ scan. Directions are ``"100"``, ``"110"``, ``"1,0.5,0"``, ``"in-plane"``
        (averaged over the azimuth), ``"fibre-101"``; with the ending ``-wide`` integrated across.
    share : iterable of str
        Parameters that all axes share, such as ``("d", "N", "sigma_N")``.
    separate : iterable of str
        Parameters that differ between x and y; the others are equal.
    disorder : {"cumulative", "sinusoidal"}
        Kind of disorder: σ_L and σ_T of steps that add up, or amplitudes A_L and A_T and wavelength W of a
        sinusoidal displacement.
    coherent : int
        M, number of crystals along z that scatter coherently.
    coherent_in_plane : int, optional
        The same along x and y; default: ``coherent``.
    regions : iterable of Region or (q_min, q_max)
        Regions in Å⁻¹; of each cut, those with points in it are used. By default those around its Bragg
        peaks.
    mask : iterable of (q_min, q_max)
        Ranges in Å⁻¹ to exclude.
    noise : float, str, optional
        Source of σ, as in :func:`slxrd.fit`.
    background : str
        Background of each region, as in :func:`slxrd.fit`, but not chosen from the data.
    resolution : float, ResolutionShape, or sequence of float
        Of all cuts, or of each; as in :func:`slxrd.fit`.
    start, fix : mapping of str to float, optional
        Start values, and values to fix parameters at.
    bounds : mapping of str to (float, float), optional
        Lower and upper bounds.
    free : iterable of str
        Parameters to refine in any case: the zero errors ``q_zero``, ``q_zero_2``, … of the cuts, which are
        fixed at 0 otherwise.
    budget : float
        Time in seconds after which the search ends.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    DirectionsFit
        Print it for a table.

    Raises
    ------
    SlxrdError
        If a pattern or an option is at fault.
    """
    axes = _axes(share, separate, coherent, coherent_in_plane, disorder)
    prepared, data = prepare_cuts(cuts, as_regions(regions), mask, noise, resolution)
    model = DirectionsModel(
        instrument=prepared[0].instrument,
        further=tuple(cut.instrument for cut in prepared[1:]),
        directions=tuple(cut.direction for cut in prepared),
        axes=axes,
    )
    if background not in BACKGROUNDS:
        raise SlxrdError(f"background {background!r} is not one of {', '.join(BACKGROUNDS)}")
    if not budget > 0.0:
        raise SlxrdError(f"budget {budget:g}: must be a positive time in seconds")
    parameters = _parameters(model, start or {}, fix or {}, bounds or {}, free)
    objective = Objective(model, data, Settings(background=background))
    _check_points(objective, parameters)
    clock = Budget(budget)
    minima = search_directions(objective, model, parameters, clock, report)
    for _ in range(RECOUNTED if objective.counted else 0):
        objective = objective.recounted(minima[0].evaluation.regions)
        minima = distinct([minimise(objective, minimum.parameters) for minimum in minima])
    assessment = _assessment(objective, minima[0], all(cut.known_noise for cut in prepared))
    found = estimate_all(objective, model, minima, assessment)
    best = found.minima[0]
    notes = [*found.notes]
    if not any(name.startswith("q_zero") for name in parameters.free_names):
        notes.append("zero errors of the cuts are fixed at 0, and are not in the errors (--free q_zero)")
    notes.append("errors contain noise and misfit, not the systematic effects that slxrd fit includes")
    if clock.reached:
        notes.append("the search ended with the time budget: other solutions may be missing (--budget)")
    return DirectionsFit(
        cuts=prepared,
        axes=axes,
        settings=objective.settings,
        parameters=found.parameters,
        derived=found.derived,
        names=best.names,
        covariance=best.covariance.matrix,
        chi2=best.chi2,
        reduced_chi2=reduced_chi2(objective, best),
        n_points=objective.n_points,
        solutions=found.solutions,
        regions=best.evaluation.regions,
        converged=best.converged,
        why_stopped=best.why,
        notes=tuple(notes),
        assessment=assessment,
        objective=objective,
        minima=found.minima,
    )


def _axes(
    share: Iterable[str], separate: Iterable[str], coherent: int, in_plane: int | None, disorder: Disorder
) -> Axes:
    in_plane = coherent if in_plane is None else in_plane
    for M in (coherent, in_plane):
        Stack(M)  # raises if it is no number of crystals
    return Axes(tuple(share), tuple(separate), (in_plane, in_plane, coherent), disorder)


def _parameters(
    model: DirectionsModel,
    start: Mapping[str, float],
    fix: Mapping[str, float],
    bounds: Mapping[str, tuple[float, float]],
    free: Iterable[str],
) -> Parameters:
    """Parameters of all axes with their starts, bounds and fixed values."""
    free = tuple(free)
    for name in (*start, *fix, *bounds, *free):
        if name not in model.table:
            raise SlxrdError(f"{name} is not a parameter of these cuts, which have {', '.join(model.table)}")
    for name in fix:
        if name in start or name in free:
            raise SlxrdError(f"{name} is fixed, and has a start or is freed too; leave one out")
    found = Parameters(table=model.table)
    for name in dict.fromkeys((*bounds, *start)):
        row = found[name]
        found = found.redefine(name, *bounds.get(name, (row.lower, row.upper)), start.get(name, row.value))
    return found.fix(**fix).release(*free)


def _check_points(objective: Objective, parameters: Parameters) -> None:
    linear = sum(objective.settings.n_coefficients(points.q) for points in objective.data)
    needed = len(parameters.free_names) + linear
    if objective.n_points <= needed:
        raise SlxrdError(
            f"{objective.n_points} points, not more than the {needed} free parameters with scales and "
            "backgrounds; widen the regions or fix some"
        )


def _assessment(objective: Objective, best: Minimum, known: bool) -> Assessment:
    """Grade of the best minimum, with advice that suits these options."""
    found = grade_minimum(objective, best, known=known)
    if not found.advice:
        return found
    advice = (
        "the other kind of disorder (--disorder)",
        "another resolution or background (--resolution, --background)",
        "narrower regions (--region)",
    )
    return replace(found, advice=advice)
