"""The options of a fit as objects, and the objective that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slxrd.data.isolated import isolated_points
from slxrd.data.jumps import find_jump
from slxrd.data.pattern import Pattern
from slxrd.data.peaks import find_regions
from slxrd.data.regions import Noise, Region, select_points
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.default_noise import DefaultNoise, default_noise
from slxrd.fitting.objective.residuals import Objective
from slxrd.fitting.objective.scans import FurtherScan, covered, select_points_of_further
from slxrd.fitting.objective.settings import AUTO, Settings
from slxrd.fitting.search.background import SEARCHED
from slxrd.fitting.search.budget import DEFAULT_BUDGET
from slxrd.fitting.search.satellites.scan import Scanned
from slxrd.fitting.systematics.settings import Systematics
from slxrd.instrument.diffractometer import Instrument
from slxrd.model.intensity import Model
from slxrd.model.kernel.native.library import why_missing
from slxrd.parameters.definitions import STACKING
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.stack import Stack
from slxrd.units import FloatArray


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
    noise = noise_of(pattern, of_first, options)
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


def noise_of(pattern: Pattern, regions: Sequence[Region], options: FitOptions) -> DefaultNoise:
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
