"""The short way: ``read``, ``fit``, ``simulate`` for a notebook; the command line uses the same."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any

from slxrd.data.pattern import Pattern
from slxrd.data.regions import Noise, Region
from slxrd.errors import SlxrdError
from slxrd.fitting.objective.settings import ObjectiveName, Scale, Settings
from slxrd.fitting.pipeline import FitOptions, fit_pattern
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.search.scan import Progress
from slxrd.instrument.broadening import Broadening
from slxrd.instrument.diffractometer import Instrument, Zero
from slxrd.model.simulation import as_instrument
from slxrd.parameters.definitions import info
from slxrd.parameters.lmfit_bridge import from_lmfit
from slxrd.parameters.parameter_set import Parameters
from slxrd.sample.library.ligands import gap_range
from slxrd.sample.specification import CrystalLike, as_stack
from slxrd.sample.stack import Stack, StackKind, Weighting

#: A region, or its ends, or its ends and weight.
RegionLike = Region | tuple[float, float] | tuple[float, float, float]
#: Arguments of a fit that make its parameters, and those that make its structure.
PARAMETERS = ("start", "fix", "bounds", "free", "tie", "prior", "ligand")
STRUCTURE = tuple(name for name in inspect.signature(as_stack).parameters if name != "naming")


def build_parameters(
    parameters: Any = None,
    *,
    start: Mapping[str, float] | None = None,
    fix: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    free: Iterable[str] = (),
    tie: Mapping[str, str] | None = None,
    prior: Mapping[str, tuple[float, float]] | None = None,
    ligand: str | None = None,
    stack: Stack | None = None,
) -> Parameters:
    """Put a set of parameters together.

    Parameters
    ----------
    parameters : Parameters or lmfit.Parameters, optional
        To begin with; the table's defaults otherwise.
    start, fix : mapping of str to float, optional
        Values to start from, and values to keep.
    bounds : mapping of str to (float, float), optional
        Lower and upper bounds.
    free : iterable of str
        Parameters to refine in any case.
    tie : mapping of str to str, optional
        Expressions, ``{"sigma_N": "0.1*N"}``.
    prior : mapping of str to (float, float), optional
        What is known beforehand, as mean and standard deviation, ``{"L": (36, 2)}``.
    ligand : str, optional
        Name or chain length (``"C18"``) of the ligand, which bounds L; see
        :mod:`slxrd.sample.library.ligands`.
    stack : Stack, optional
        The structure that they belong to; the paper's if left out.

    Raises
    ------
    SlxrdError
        If a name is unknown, a start lies outside its bounds, or a parameter is told two things.
    """
    if parameters is None:
        result = Parameters()
    elif isinstance(parameters, Parameters):
        result = parameters
    elif hasattr(parameters, "valuesdict"):
        result = from_lmfit(parameters)
    else:
        raise SlxrdError(
            f"parameters: expected slxrd.Parameters or lmfit.Parameters, got {type(parameters).__name__}"
        )
    start, fix, tie, free, prior = start or {}, fix or {}, tie or {}, tuple(free), prior or {}
    bounds = dict(bounds or {})
    if ligand is not None:
        if "L" in bounds:
            raise SlxrdError(f"ligand {ligand}: L has bounds of its own; leave one out")
        bounds["L"] = gap_range(ligand)
    for name in (*start, *fix, *bounds, *tie, *free, *prior):
        info(name)
    result = result.within((stack or Stack()).using(result).table)
    told = [*fix, *tie, *free]
    for name in told:
        if told.count(name) > 1:
            raise SlxrdError(f"{name} cannot be fixed, tied and free at once")
    kept = {name for name, row in result.items() if row.free is False}
    for name in start:
        if name in {*fix, *tie} or (name in kept and name not in free):
            raise SlxrdError(f"{name} has a start but is {'tied' if name in tie else 'fixed'}; leave one out")
    # Together: a start may lie outside the bounds that are being replaced, and the other way round.
    for name in {*bounds, *start}:
        row = result[name]
        lower, upper = bounds.get(name, (row.lower, row.upper))
        value = start.get(name, row.value)
        inside = value is not None and lower <= value <= upper
        if name == "q_zero" and name not in start and not inside:
            value = min(max(0.0, lower), upper)
        result = result.redefine(name, lower, upper, value)
    return result.fix(**fix).tie(**tie).release(*free).know(**prior)


def as_region(region: RegionLike) -> Region:
    """Make a region of its ends and weight.

    Raises
    ------
    SlxrdError
        If it is neither a region nor two or three numbers.
    """
    if isinstance(region, Region):
        return region
    try:
        low, high, *rest = (float(number) for number in region)
    except (TypeError, ValueError):
        rest = [math.nan, math.nan]
    if len(rest) > 1:
        raise SlxrdError(f"region {region!r}: give (q_min, q_max) or (q_min, q_max, weight) in Å⁻¹")
    return Region(low, high, rest[0] if rest else 1.0)


def sample_of(given: Mapping[str, Any]) -> tuple[Stack, Parameters]:
    """The structure, with the parameters that are named, and these, as arguments of :func:`fit` have them.

    Parameters
    ----------
    given : mapping
        The arguments by their names; those that are left out are at their defaults.

    Raises
    ------
    SlxrdError
        If there is no such structure, it does not have one of the parameters, or they contradict one another.
    """
    known = given.get("parameters")
    told = {name: given[name] for name in PARAMETERS if name in given}
    naming = [name for key in PARAMETERS if key != "ligand" for name in told.get(key) or ()]
    naming += known if isinstance(known, Parameters) else ()
    stack = as_stack(**{name: given[name] for name in STRUCTURE if name in given}, naming=naming)
    return stack, build_parameters(known, **told, stack=stack)


def options_of(pattern: Pattern, given: Mapping[str, Any]) -> FitOptions:
    """The arguments of :func:`fit`, all of them by their names, as the steps of a fit take them.

    Parameters
    ----------
    pattern : Pattern
        Over q, masked.
    given : mapping
        The arguments.

    Raises
    ------
    SlxrdError
        If one is at fault.
    """
    stack, parameters = sample_of(given)
    return FitOptions(
        tuple(as_region(region) for region in given["regions"]),
        parameters,
        stack,
        as_instrument(pattern, given["resolution"], given["zero"]),
        given["noise"],
        Settings(given["objective"], given["scale"], given["background"]),
    )


def fit(
    pattern: Pattern,
    *,
    regions: Iterable[RegionLike] = (),
    mask: Iterable[tuple[float, float]] = (),
    parameters: Any = None,
    start: Mapping[str, float] | None = None,
    fix: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    free: Iterable[str] = (),
    tie: Mapping[str, str] | None = None,
    prior: Mapping[str, tuple[float, float]] | None = None,
    ligand: str | None = None,
    coherent: int = Stack.coherent,
    size_window: float = Stack.size_window,
    crystal: CrystalLike | None = None,
    partner: CrystalLike | None = None,
    slab: float | str | None = None,
    stack: StackKind = "pure",
    weighting: Weighting = "number",
    coherent_spread: float = 0.0,
    resolution: float | Broadening = Instrument.sigma_G,
    zero: Zero = "q",
    noise: Noise | None = None,
    objective: ObjectiveName = "linear",
    scale: Scale | None = None,
    background: str = "none",
    report: Progress | None = None,
) -> Fit:
    """Fit the structure of a superlattice to its diffraction pattern.

    Parameters
    ----------
    pattern : Pattern
        Measured pattern, over q or over 2θ with a known wavelength.
    regions : iterable of Region or (q_min, q_max[, weight])
        Å⁻¹; those around the Bragg peaks where none are given. A weight multiplies the region's
        share of χ².
    mask : iterable of (q_min, q_max)
        Å⁻¹, to be left out, such as a substrate's peak.
    parameters, start, fix, bounds, free, tie, prior, ligand
        As in :func:`build_parameters`. What is not given is found from the pattern.
    coherent : int
        M, number of crystals that scatter coherently (the paper's 2C); 1 for a thin film.
    size_window : float
        Sizes within this many σ_N of N are counted; 3 in the paper.
    crystal, partner : Crystal or str, optional
        Atomic planes, ``"CsPbBr3:Br"``, and a second crystal that alternates with them; see
        :func:`slxrd.sample.specification.as_crystal`.
    slab : float or str, optional
        Electron density between the crystals in e/Å³, or the ligand whose bulk has it.
    stack : {"pure", "mixed", "alternating"}
        Stacks of one size each (the paper), of mixed sizes, or of two crystals in turn.
    weighting : {"number", "volume"}
        Whether sizes are shares of the area that crystals cover, or of their number as cubes.
    coherent_spread : float
        Standard deviation of M.
    resolution : float or Broadening
        σ_G in Å⁻¹, 0 for none; or the line that a standard showed, from
        :func:`slxrd.read_resolution`.
    zero : {"q", "angle", "displacement"}
        What q_zero is: a shift of q (the 2021 paper), a zero error of the angle, or of the sample's height.
    noise : float, "counting", "file" or None
        σ as a fraction of each region's maximum, from counting statistics, or from the file. None:
        from the file where it has σ, else 0.03.
    objective : {"linear", "log", "paper2021"}
        Residuals of intensities, of their logarithms, or those of the 2021 program.
    scale : {"free", "peak"}, optional
        A free factor per region (default), or the calculated maximum on the measured one.
    background : {"none", "constant", "linear", "quadratic", "cubic"}
        Added to each region, free.
    report : callable, optional
        Called with steps done and steps in all.

    Returns
    -------
    Fit
        Print it for a table.

    Raises
    ------
    SlxrdError
        If the pattern or an option is at fault.
    """
    given = {
        "regions": regions, "parameters": parameters, "start": start, "fix": fix, "bounds": bounds,
        "free": tuple(free), "tie": tie, "prior": prior, "ligand": ligand, "coherent": coherent,
        "size_window": size_window, "crystal": crystal, "partner": partner, "slab": slab, "stack": stack,
        "weighting": weighting, "coherent_spread": coherent_spread, "resolution": resolution, "zero": zero,
        "noise": noise, "objective": objective, "scale": scale, "background": background,
    }  # fmt: skip
    pattern = pattern.without(mask)
    return fit_pattern(pattern, options_of(pattern, given), report)
